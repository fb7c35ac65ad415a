/**
 * The direct route: QR of the centred samples in memory, then the SVD of the small triangle. No squaring, all digits.
 *
 * @module
 */
import { zeros } from '../matrix.js';
import type { Matrix } from '../matrix.js';
import type { Engine, Handle, HostMatrix } from '../engines/engine.js';
import { FLOAT32_TOLERANCE, FLOAT64_TOLERANCE, orient } from './factor.js';
import type { Factor } from './factor.js';
import { scaleColumns, transpose } from './small.js';

/** A factor with the orthonormal basis `U` `[samples, rank]` of its centred samples; dispose `basis` after use. */
export interface Layer {
  readonly factor: Factor;
  readonly basis: Handle;
}

/**
 * Factors a layer held in memory to full float64 accuracy, down to `1e-13 · s[0]`; for float32 input the rounding of the
 * data themselves ends at `1e-7 · s[0]`.
 */
export async function factorDirect(engine: Engine, x: Matrix): Promise<Layer> {
  const uploaded = await engine.upload(x);
  const mean = await engine.columnMeans(uploaded);
  engine.dispose(uploaded);
  const centred = centre(x, mean);
  const { v, s, basis } = x.rows >= x.cols ? await tall(engine, centred) : await wide(engine, centred);
  const tolerance = x.data instanceof Float32Array ? FLOAT32_TOLERANCE : FLOAT64_TOLERANCE;
  const oriented = orient(v, s, tolerance, x.rows);
  return {
    factor: {
      samples: x.rows,
      neurons: x.cols,
      dead: deadColumns(centred),
      mean,
      v: oriented.v,
      s: oriented.s,
      method: 'direct',
      tolerance,
    },
    basis: await basis(oriented.signs),
  };
}

interface Parts {
  readonly v: HostMatrix;
  readonly s: Float64Array;
  /** Makes the leading columns of `U`, each times its sign. */
  readonly basis: (signs: Int8Array) => Promise<Handle>;
}

/** `X = QR`, `R = A·S·Vᵀ`: the basis is `Q·A`. */
async function tall(engine: Engine, x: Matrix): Promise<Parts> {
  const uploaded = await engine.upload(x);
  const { q, r } = await engine.qr(uploaded);
  const { u, s, v } = await engine.svd(r);
  const [left, right] = [await engine.download(u), await engine.download(v)];
  engine.dispose(uploaded, r, u, v);
  const basis = async (signs: Int8Array) => {
    const turned = await engine.upload(scaleColumns(left, signs));
    const product = await engine.multiply(q, turned);
    engine.dispose(q, turned);
    return product;
  };
  return { v: right, s, basis };
}

/** Fewer samples than neurons: `Xᵀ = QR`, `Rᵀ = A·S·Bᵀ`; the basis is `A`, and `V = Q·B`. */
async function wide(engine: Engine, x: Matrix): Promise<Parts> {
  const uploaded = await engine.upload(transpose(x));
  const { q, r } = await engine.qr(uploaded);
  const flipped = await engine.upload(transpose(await engine.download(r)));
  const { u, s, v } = await engine.svd(flipped);
  const product = await engine.multiply(q, v);
  const [left, right] = [await engine.download(u), await engine.download(product)];
  engine.dispose(uploaded, q, r, flipped, u, v, product);
  return { v: right, s, basis: (signs) => engine.upload(scaleColumns(left, signs)) };
}

function centre({ rows, cols, data }: Matrix, mean: Float64Array): HostMatrix {
  const out = zeros(rows, cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) out.data[i * cols + j] = data[i * cols + j] - mean[j];
  }
  return out;
}

function deadColumns({ cols, data }: HostMatrix): number {
  const alive = new Uint8Array(cols);
  for (let at = 0; at < data.length; at++) if (data[at] !== 0) alive[at % cols] = 1;
  return alive.reduce((dead, live) => dead + 1 - live, 0);
}

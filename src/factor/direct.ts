/**
 * The direct route: QR of the centred samples in memory, then the SVD of the small triangle. No squaring, all digits.
 *
 * @module
 */
import type { Matrix } from '../matrix.js';
import type { Engine } from '../engines/engine.js';
import { centre, layerOf } from './centred.js';
import type { Layer } from './centred.js';
import { columnNorms, roundingOf } from './rounding.js';
import type { Rounding } from './rounding.js';
import { isClear, thinQr } from './thin-qr.js';
import type { ThinQr } from './thin-qr.js';
import { factorWide } from './wide.js';

/** Centred samples `X − μ = Q·R` of a layer with at least as many samples as neurons; dispose `q` and `r` after use. */
export interface Triangle extends ThinQr {
  readonly mean: Float64Array;
  readonly dead: number;
  readonly rounding: Rounding;
  /** Whether every direction is known to be more than rounding. */
  readonly clear: boolean;
}

/** Centres a layer and takes its thin QR. */
export async function triangulate(engine: Engine, x: Matrix, known?: Rounding): Promise<Triangle> {
  const { samples, mean, dead } = await centre(engine, x);
  const rounding = known ?? roundingOf(x, samples, mean);
  const uploaded = await engine.upload(samples);
  const parts = await thinQr(engine, uploaded);
  engine.dispose(uploaded);
  const clear = isClear(rounding, columnNorms(samples), parts.condition);
  return { ...parts, mean, dead, rounding, clear };
}

/**
 * Factors a layer held in memory to full float64 accuracy, down to `1e-13 · s[0]`; for float32 input the rounding of the
 * data themselves ends at `1e-7 · s[0]`.
 *
 * @param known - the rounding in the samples where it is not that of their storage.
 */
export async function factorDirect(engine: Engine, x: Matrix, known?: Rounding): Promise<Layer> {
  if (x.rows < x.cols) return factorWide(engine, x, known);
  return factorTriangle(engine, x, await triangulate(engine, x, known));
}

/** `X − μ = QR`, `R = A·S·Vᵀ`: the basis is `Q·A`. Disposes the triangle. */
export async function factorTriangle(engine: Engine, x: Matrix, triangle: Triangle): Promise<Layer> {
  const { q, r, rounding } = triangle;
  const { u, s, v } = await engine.svd(r);
  const [left, right] = [await engine.download(u), await engine.download(v)];
  engine.dispose(r, u, v);
  const layer = await layerOf(x, triangle, { v: right, s, method: 'direct', rounding }, async (pick) => {
    const turned = await engine.upload(pick(left));
    const basis = await engine.multiply(q, turned);
    engine.dispose(turned);
    return basis;
  });
  engine.dispose(q);
  return layer;
}

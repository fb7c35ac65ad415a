/**
 * Small dense matrices in host memory: what the formulas of the measures are made of.
 *
 * @module
 */
import { zeros } from '../matrix.js';
import type { Matrix } from '../matrix.js';
import type { Engine, HostMatrix } from '../engines/engine.js';

/** `aᵀ`. */
export function transpose({ rows, cols, data }: Matrix): HostMatrix {
  const out = zeros(cols, rows);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) out.data[j * rows + i] = data[i * cols + j]!;
  return out;
}

/** The first `rows` rows and `cols` columns. */
export function leadingBlock(a: HostMatrix, rows: number, cols: number): HostMatrix {
  if (rows === a.rows && cols === a.cols) return a;
  const out = zeros(rows, cols);
  for (let i = 0; i < rows; i++) out.data.set(a.data.subarray(i * a.cols, i * a.cols + cols), i * cols);
  return out;
}

/** `diag(scale) · a`. */
export function scaleRows({ rows, cols, data }: HostMatrix, scale: ArrayLike<number>): HostMatrix {
  return { rows, cols, data: data.map((value, at) => value * scale[Math.floor(at / cols)]) };
}

/** The leading `scale.length` columns, each times its scale. */
export function scaleColumns({ rows, cols, data }: HostMatrix, scale: ArrayLike<number>): HostMatrix {
  const out = zeros(rows, scale.length);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < scale.length; j++) out.data[i * out.cols + j] = scale[j] * data[i * cols + j];
  }
  return out;
}

/** `a · b`, either transposed on request. */
export async function multiply(
  engine: Engine,
  a: HostMatrix,
  b: HostMatrix,
  transposed?: { a?: boolean; b?: boolean },
): Promise<HostMatrix> {
  const [left, right] = [await engine.upload(a), await engine.upload(b)];
  const product = await engine.multiply(left, right, transposed);
  const result = await engine.download(product);
  engine.dispose(left, right, product);
  return result;
}

/** Thin SVD, cut where singular values fall to `tolerance · s[0]` or below. */
export async function thinSvd(
  engine: Engine,
  a: HostMatrix,
  tolerance = 0,
): Promise<{ u: HostMatrix; s: Float64Array; v: HostMatrix }> {
  const handle = await engine.upload(a);
  const { u, s, v } = await engine.svd(handle);
  const [left, right] = [await engine.download(u), await engine.download(v)];
  engine.dispose(handle, u, v);
  let rank = 0;
  while (rank < s.length && (tolerance === 0 || s[rank] > tolerance * s[0])) rank++;
  return {
    u: leadingBlock(left, left.rows, rank),
    s: s.slice(0, rank),
    v: leadingBlock(right, right.rows, rank),
  };
}

/** Orthonormal basis of the columns, in their order (the Q of a thin QR). */
export async function orthonormalise(engine: Engine, a: HostMatrix): Promise<HostMatrix> {
  const handle = await engine.upload(a);
  const { q, r } = await engine.qr(handle);
  const basis = await engine.download(q);
  engine.dispose(handle, q, r);
  return basis;
}

/** Singular values, largest first; none of an empty matrix. */
export async function singularValues(engine: Engine, a: HostMatrix): Promise<Float64Array> {
  if (a.rows === 0 || a.cols === 0) return new Float64Array(0);
  const handle = await engine.upload(a);
  const values = await engine.singularValues(handle);
  engine.dispose(handle);
  return values;
}

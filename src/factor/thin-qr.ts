/**
 * Orthonormal basis of a tall matrix by CholeskyQR2 where its condition allows, by Householder reflections elsewhere.
 *
 * @module
 */
import type { Engine, Handle, HostMatrix } from '../engines/engine.js';
import { conditionOf } from './condition.js';
import { lengthOf } from './rounding.js';
import type { Rounding } from './rounding.js';

/**
 * Condition up to which CholeskyQR2 is as accurate as Householder QR: its first basis then is orthonormal to
 * `ε·condition² ≪ 1` (Yamamoto, Nakatsukasa, Yanagisawa, Fukaya 2015, bound 8). A power of ten below `ε^(−1/2)`, since
 * the condition is estimated.
 */
export const CHOLESKY_UP_TO = 3e6;

/** `x = q·r` of a condition that is at most {@link CHOLESKY_UP_TO}, so that the rank is full, or infinite: unknown. */
export interface ThinQr {
  readonly q: Handle;
  readonly r: Handle;
  readonly condition: number;
}

/**
 * Thin QR of `x` `[n, d]`, `n ≥ d`: two passes of Cholesky QR, all products of matrices, else the engine's own
 * Householder QR. The caller disposes `q` and `r`.
 *
 * @param gram - `xᵀx` where it is known already; not disposed.
 */
export async function thinQr(engine: Engine, x: Handle, gram?: Handle): Promise<ThinQr> {
  const origin = new Float64Array(x.cols);
  const square = gram ?? (await engine.accumulateGram(x, origin));
  const found = await conditionedCholesky(engine, square, CHOLESKY_UP_TO);
  if (square !== gram) engine.dispose(square);
  if (found === undefined) return { ...(await engine.qr(x)), condition: Infinity };
  const { lower, condition } = found;
  const first = await engine.solveTriangular(lower, x, { side: 'right', transpose: true });
  const nearly = await engine.accumulateGram(first, origin);
  const second = (await engine.cholesky(nearly))!;
  const q = await engine.solveTriangular(second, first, { side: 'right', transpose: true });
  const r = await engine.multiply(second, lower, { a: true, b: true });
  engine.dispose(lower, first, nearly, second);
  return { q, r, condition };
}

/** A Cholesky factor, with the estimated condition of the samples and the norms of their columns. */
export interface Cholesky {
  readonly lower: Handle;
  readonly condition: number;
  readonly norms: Float64Array;
}

/** Cholesky factor of a Gram matrix, or nothing where the samples' estimated condition is above `limit`. */
export async function conditionedCholesky(
  engine: Engine,
  gram: Handle,
  limit: number,
): Promise<Cholesky | undefined> {
  const lower = await engine.cholesky(gram);
  if (lower === undefined) return undefined;
  const factor = await engine.download(lower);
  const condition = conditionOf(factor);
  if (condition <= limit) return { lower, condition, norms: lowerNorms(factor) };
  engine.dispose(lower);
  return undefined;
}

/** Norms of the rows of a lower triangle: those of the columns whose Gram matrix it is the factor of. */
function lowerNorms({ rows, data }: HostMatrix): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => lengthOf(data.subarray(i * rows, i * rows + i + 1)));
}

/** How far the estimate of a condition may be short. */
const SHORT = 4;

/** Whether, by the condition and the norms of the columns, no direction of the samples can be rounding. */
export function isClear(rounding: Rounding, norms: Float64Array, condition: number): boolean {
  const largest = norms.reduce((most, norm) => Math.max(most, norm), 0);
  return rounding.most * SHORT * condition < largest;
}

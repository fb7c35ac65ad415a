/**
 * Orthonormal basis of a tall matrix by CholeskyQR2 where its condition allows, by Householder reflections elsewhere.
 *
 * @module
 */
import type { Engine, Handle } from '../engines/engine.js';
import { conditionOf } from './condition.js';

/**
 * Condition up to which CholeskyQR2 is as accurate as Householder QR: its first basis then is orthonormal to
 * `ε·condition² ≪ 1` (Yamamoto, Nakatsukasa, Yanagisawa, Fukaya 2015, bound 8). A power of ten below `ε^(−1/2)`, since
 * the condition is estimated.
 */
export const CHOLESKY_UP_TO = 3e6;

/** `x = q·r`; where `conditioned`, the condition is known to be at most {@link CHOLESKY_UP_TO}, so the rank is full. */
export interface ThinQr {
  readonly q: Handle;
  readonly r: Handle;
  readonly conditioned: boolean;
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
  const lower = await conditionedCholesky(engine, square, CHOLESKY_UP_TO);
  if (square !== gram) engine.dispose(square);
  if (lower === undefined) return { ...(await engine.qr(x)), conditioned: false };
  const first = await engine.solveTriangular(lower, x, { side: 'right', transpose: true });
  const nearly = await engine.accumulateGram(first, origin);
  const second = (await engine.cholesky(nearly))!;
  const q = await engine.solveTriangular(second, first, { side: 'right', transpose: true });
  const r = await engine.multiply(second, lower, { a: true, b: true });
  engine.dispose(lower, first, nearly, second);
  return { q, r, conditioned: true };
}

/** Cholesky factor of a Gram matrix, or nothing where the samples' estimated condition is above `limit`. */
export async function conditionedCholesky(
  engine: Engine,
  gram: Handle,
  limit: number,
): Promise<Handle | undefined> {
  const lower = await engine.cholesky(gram);
  if (lower === undefined) return undefined;
  if (conditionOf(await engine.download(lower)) <= limit) return lower;
  engine.dispose(lower);
  return undefined;
}

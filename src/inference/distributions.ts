/**
 * Tails and quantiles of the distributions that tests and intervals need, accurate far out.
 *
 * @module
 */
import { incompleteBeta, incompleteGamma } from './special.js';

/** `P(χ² > x)` with `df` degrees of freedom. */
export function chiSquaredTail(x: number, df: number): number {
  return x <= 0 ? 1 : incompleteGamma(df / 2, x / 2).upper;
}

/** `P(F > f)` with `df1` and `df2` degrees of freedom, which need not be whole. */
export function fTail(f: number, df1: number, df2: number): number {
  if (f <= 0) return 1;
  if (f === Infinity) return 0;
  const ratio = (df1 / df2) * f;
  return incompleteBeta(df2 / 2, df1 / 2, 1 / (1 + ratio), 1 / (1 + 1 / ratio)).lower;
}

/** `P(T > t)` of Student's t. */
export function studentTail(t: number, df: number): number {
  const half = fTail(t * t, 1, df) / 2;
  return t < 0 ? 1 - half : half;
}

/** `P(Z > z)` of a standard normal. */
export function normalTail(z: number): number {
  const half = chiSquaredTail(z * z, 1) / 2;
  return z < 0 ? 1 - half : half;
}

/** The t with `P(T ≤ t) = p`, 0 < p < 1. */
export function studentQuantile(p: number, df: number): number {
  return quantile(p, (t) => studentTail(t, df));
}

/** The z with `P(Z ≤ z) = p`, 0 < p < 1. */
export function normalQuantile(p: number): number {
  return quantile(p, normalTail);
}

/** Inverts the upper tail of a distribution symmetric about 0. */
function quantile(p: number, tail: (t: number) => number): number {
  if (p === 0.5) return 0;
  if (p < 0.5) return -upperQuantile(p, tail);
  return upperQuantile(1 - p, tail);
}

/** The t > 0 beyond which `mass` lies, by halving to the last digit. */
function upperQuantile(mass: number, tail: (t: number) => number): number {
  let high = 1;
  while (tail(high) > mass) high *= 2;
  let low = high === 1 ? 0 : high / 2;
  for (;;) {
    const middle = low + (high - low) / 2;
    if (middle === low || middle === high) return high;
    if (tail(middle) > mass) low = middle;
    else high = middle;
  }
}

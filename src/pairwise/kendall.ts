/**
 * Kendall's rank correlation of two lists in O(m log m), exact in whole numbers (Knight 1966).
 *
 * @module
 */
import { allTied, eachRun, sorted } from './ranks-order.js';

/** Kendall's coefficients. */
export interface Kendall {
  /** `(concordant − discordant) / all pairs`: pairs tied on either side count as neither. */
  readonly tauA: number;
  /** The same over `√(pairs untied in x · pairs untied in y)`; 0 where one side is constant. */
  readonly tauB: number;
  /** Whether a side is constant but for rounding; both coefficients then are 0. */
  readonly tied: { readonly x: boolean; readonly y: boolean };
}

/**
 * Kendall's τ of values that are not negative; equal numbers are ties.
 *
 * @param x - `[m]`, at least 2.
 * @param y - `[m]`.
 */
export function kendall(x: Float64Array, y: Float64Array): Kendall {
  const constant = { x: allTied(x), y: allTied(y) };
  if (constant.x || constant.y) return { tauA: 0, tauB: 0, tied: constant };
  const pairs = choose2(x.length);
  const tied = { x: 0, y: 0, both: 0 };
  const byY = sorted(y);
  eachRun(byY.values, (from, to) => (tied.y += choose2(to - from)));
  const { values, order } = sorted(x, byY.order);
  const partners = byY.values;
  for (let i = 0; i < y.length; i++) partners[i] = y[order[i]];
  eachRun(values, (from, to) => {
    tied.x += choose2(to - from);
    if (to - from > 1) eachRun(partners.subarray(from, to), (a, b) => (tied.both += choose2(b - a)));
  });
  // Ordered by x, and by y where x is tied, an inversion of y is a discordant pair.
  const discordant = inversions(partners);
  const difference = pairs - tied.x - tied.y + tied.both - 2 * discordant;
  const untied = Math.sqrt(pairs - tied.x) * Math.sqrt(pairs - tied.y);
  return {
    tauA: difference / pairs,
    tauB: Math.max(-1, Math.min(1, difference / untied)),
    tied: constant,
  };
}

function choose2(count: number): number {
  return (count * (count - 1)) / 2;
}

/** Number of pairs `i < j` with `values[i] > values[j]`, by merge sort; the values are sorted in place or lost. */
function inversions(values: Float64Array): number {
  let from = values;
  let to: Float64Array = new Float64Array(values.length);
  let count = 0;
  for (let width = 1; width < values.length; width *= 2) {
    for (let start = 0; start < values.length; start += 2 * width) {
      const middle = Math.min(start + width, values.length);
      const end = Math.min(middle + width, values.length);
      let [left, right] = [start, middle];
      for (let at = start; at < end; at++) {
        if (left < middle && (right === end || from[left] <= from[right])) to[at] = from[left++];
        else {
          to[at] = from[right++];
          count += middle - left;
        }
      }
    }
    [from, to] = [to, from];
  }
  return count;
}

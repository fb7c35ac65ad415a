/**
 * Samples that are parallel but for rounding.
 *
 * @module
 */
import type { Rows } from './rows.js';
import type { PairwiseValues } from './values.js';

/**
 * Angles, times the square root of the neurons, below which two samples point the same way: what dividing them by their
 * lengths rounds, with room.
 */
const ROUNDING = 8 * Number.EPSILON;

/** Whether all samples point the same way; `unit` are their unit rows less the mean of these. */
export function allParallel({ rows, squaredNorms }: Rows): boolean {
  // No two of them then are farther apart than twice that.
  const most = rows.cols * (ROUNDING / 2) ** 2;
  return squaredNorms.every((norm) => norm <= most);
}

/**
 * `1 − cos` of a side, exactly 0 for samples that are parallel but for rounding: their order would be chance, and a list of
 * ranks or neighbours takes it for a fact.
 */
export function parallelAsEqual(angular: PairwiseValues): PairwiseValues {
  const least = 0.5 * angular.rows.cols * ROUNDING ** 2;
  return {
    ...angular,
    apply(values, tile) {
      angular.apply(values, tile);
      for (let at = 0; at < values.length; at++) if (values[at] < least) values[at] = 0;
    },
  };
}

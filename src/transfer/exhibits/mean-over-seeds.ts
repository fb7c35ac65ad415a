/**
 * The mean of a figure over seeds, and how sure it is with so few of them.
 *
 * Two things vary: training (another seed gives another network) and the test images. Seeds are to a training what readers are to a
 * diagnostic test, so the interval is that of multi-reader multi-case studies: Obuchowski and Rockette, Hypothesis testing of
 * diagnostic accuracy for multiple readers and multiple tests, Communications in Statistics 24 (1995), with the degrees of freedom
 * of Hillis, A comparison of denominator degrees of freedom methods for multiple observer ROC analysis, Statistics in Medicine 26
 * (2007). With r seeds, the variance s² between them and the mean covariance c that their figures share through the images, the
 * variance of the mean is `(s² + r·max(c, 0)) / r`, on `(r − 1)·(s² + r·max(c, 0))² / s⁴` degrees of freedom. Seeds that agree by
 * chance make that narrow, and of no width where they tie: so ends and p are never surer than those of these very networks on
 * other images.
 *
 * In simulations of 468 images (AUC 0.87, standard deviation over seeds 0 or 0.024, scores correlated 0.5 or 0.8 between
 * networks; 1,000 studies each of 2, 3 and 5 seeds) intervals meant to cover 95 % covered the AUC that training reaches on average
 * in 91 to 97 % of the studies, and the gain in 93 to 99 %: without that bound 89 to 95 % and 91 to 95 %, over images alone
 * 76 to 95 % and 47 to 96 %.
 *
 * @module
 */
import { normalQuantile, normalTail, studentQuantile, studentTail } from '../../inference/distributions.js';
import type { Estimate, PerformanceRow } from '../exhibit-records.js';

/** Probability that the intervals cover. */
const LEVEL = 0.95;
/** Degrees of freedom from which Student's t is normal to six digits. */
const MANY = 1e6;

/** The mean of one figure over seeds. */
export interface MeanOverSeeds {
  readonly mean: Estimate;
  readonly interval: PerformanceRow['interval'];
  readonly parts: PerformanceRow['parts'];
  /** Two-sided, of a mean of 0. */
  readonly p: number;
}

/**
 * @param values - the figure of each seed.
 * @param influences - for each seed what each image says of the figure (`aucInfluence`, or a difference of two); one that is not
 * known leaves the interval open.
 * @param range - what the figure can be.
 */
export function meanOverSeeds(
  values: readonly number[],
  influences: readonly (Float64Array | undefined)[],
  range: readonly [least: number, most: number],
): MeanOverSeeds {
  const r = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / r;
  const known = influences.flatMap((influence) => influence ?? []);
  const between = r === 1 ? undefined : values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (r - 1);
  const seeds = between !== undefined && { seeds: estimate(mean, between / r, r - 1, range) };
  const interval = r === 1 ? 'test images' : 'seeds and test images';
  if (known.length < r) {
    const open = { value: mean, low: range[0], high: range[1] };
    return { mean: open, interval, parts: { images: open, ...seeds }, p: 1 };
  }
  const images = dot(added(known), added(known)) / r ** 2;
  const parts = { images: estimate(mean, images, Infinity, range), ...seeds };
  if (between === undefined) {
    return { mean: parts.images, interval, parts, p: twoSided(mean, images, Infinity) };
  }
  const own = known.reduce((sum, influence) => sum + dot(influence, influence), 0);
  const shared = Math.max(0, (images * r ** 2 - own) / (r * (r - 1)));
  const total = between + r * shared;
  const freedom = between === 0 ? Infinity : (r - 1) * (total / between) ** 2;
  const both = estimate(mean, total / r, freedom, range);
  return {
    mean: {
      value: mean,
      low: Math.min(both.low, parts.images.low),
      high: Math.max(both.high, parts.images.high),
    },
    interval,
    parts,
    p: Math.max(twoSided(mean, total / r, freedom), twoSided(mean, images, Infinity)),
  };
}

function estimate(
  value: number,
  variance: number,
  freedom: number,
  [least, most]: readonly [number, number],
): Estimate {
  const tail = (1 + LEVEL) / 2;
  const quantile = freedom > MANY ? normalQuantile(tail) : studentQuantile(tail, freedom);
  const reach = quantile * Math.sqrt(variance);
  return { value, low: Math.max(least, value - reach), high: Math.min(most, value + reach) };
}

function twoSided(value: number, variance: number, freedom: number): number {
  if (value === 0) return 1;
  const t = Math.abs(value) / Math.sqrt(variance);
  if (t === Infinity) return 0;
  return Math.min(1, 2 * (freedom > MANY ? normalTail(t) : studentTail(t, freedom)));
}

function added(vectors: readonly Float64Array[]): Float64Array {
  return vectors[0].map((_, i) => vectors.reduce((sum, vector) => sum + vector[i], 0));
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

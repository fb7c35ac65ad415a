/**
 * How sure an area under the ROC curve is, and whether two of the same samples differ.
 *
 * DeLong, DeLong, Clarke-Pearson: Comparing the areas under two or more correlated receiver operating characteristic curves,
 * Biometrics 44 (1988); computed by midranks as in Sun and Xu: Fast implementation of DeLong's algorithm, IEEE Signal
 * Processing Letters 21 (2014), in O(n log n).
 *
 * @module
 */
import { DataError, OptionError } from '../errors.js';
import { normalQuantile, normalTail } from '../inference/distributions.js';
import { keyword, knownKeys, show } from '../options.js';
import { midranks, twoGroups } from './midranks.js';
import type { TwoGroups } from './midranks.js';

/** Options of {@link delong}. */
export interface DeLongOptions {
  /** Probability that the interval covers. @defaultValue 0.95 */
  readonly level?: number;
  /**
   * `'plain'`: symmetric about the AUC and cut off at 0 and 1, as R's pROC has it. `'logit'`: symmetric in `ln(a / (1 − a))`,
   * which never leaves 0 … 1 and covers better close to its ends. @defaultValue `'plain'`
   */
  readonly scale?: 'plain' | 'logit';
}

/** An area under the ROC curve with its interval. */
export interface DeLong {
  readonly auc: number;
  /** Of the AUC, over samples of the same kind and numbers. */
  readonly variance: number;
  readonly low: number;
  readonly high: number;
  readonly level: number;
}

/** What {@link delongTest} finds. */
export interface DeLongTest {
  /** Areas of `a` and `b`. */
  readonly aucs: readonly [a: number, b: number];
  /** `a` minus `b`. */
  readonly difference: number;
  /** Of the difference. */
  readonly variance: number;
  readonly z: number;
  /** Two-sided, of no difference. */
  readonly p: number;
  /** Interval of the difference. */
  readonly low: number;
  readonly high: number;
  readonly level: number;
}

/**
 * Area under the ROC curve with DeLong's variance and interval.
 *
 * Scores that part both kinds without a fault have the variance 0 and an interval of no width, which says more than few samples
 * can: take it for a lower bound of the doubt.
 *
 * @param scores - one finite number a sample; only their order counts.
 * @param labels - 1 for samples with the property, 0 for others; at least two of each.
 * @throws as `auc`; DataError (`TOO_FEW_SAMPLES`) where one kind has a single sample; OptionError
 */
export function delong(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
  options: DeLongOptions = {},
): DeLong {
  knownKeys('delong', options, ['level', 'scale']);
  const level = checkLevel(options.level);
  const scale = keyword('scale', options.scale ?? 'plain', ['plain', 'logit']);
  const groups = twoGroups(scores, labels);
  checkTwoOfEach(groups);
  const { auc, placed, unplaced } = placements(groups);
  const variance = spread(placed, auc) + spread(unplaced, auc);
  return { auc, variance, ...aucInterval(auc, variance, level, scale), level };
}

/**
 * Do two sets of scores of the same samples have different areas under their ROC curves? DeLong's test, which takes into account
 * that both saw the same samples.
 *
 * @param a - scores of one model.
 * @param b - scores of the other, in the same order of samples.
 * @param labels - 1 for samples with the property, 0 for others; at least two of each.
 * @returns p is 1 where the difference and its variance are both 0, and 0 where only the variance is.
 * @throws as {@link delong}
 */
export function delongTest(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  labels: ArrayLike<number>,
  options: { readonly level?: number } = {},
): DeLongTest {
  knownKeys('delongTest', options, ['level']);
  const level = checkLevel(options.level);
  const sides = [twoGroups(a, labels, 'a'), twoGroups(b, labels, 'b')];
  sides.forEach(checkTwoOfEach);
  const [x, y] = sides.map(placements);
  const difference = x.auc - y.auc;
  const minus = (left: Float64Array, right: Float64Array) => left.map((value, i) => value - right[i]);
  const variance =
    spread(minus(x.placed, y.placed), difference) + spread(minus(x.unplaced, y.unplaced), difference);
  const error = Math.sqrt(variance);
  const z = difference === 0 ? 0 : difference / error;
  const reach = normalQuantile((1 + level) / 2) * error;
  return {
    aucs: [x.auc, y.auc],
    difference,
    variance,
    z,
    p: Math.min(1, 2 * normalTail(Math.abs(z))),
    low: Math.max(-1, difference - reach),
    high: Math.min(1, difference + reach),
    level,
  };
}

/** What each sample says of the area. */
export interface Placements {
  readonly auc: number;
  /** Share of the negatives below each positive (DeLong's V₁₀). */
  readonly placed: Float64Array;
  /** Share of the positives above each negative (V₀₁). */
  readonly unplaced: Float64Array;
}

/** Sun and Xu (2014), algorithm 2: ranks among all minus ranks among one's own. */
export function placements({ positive, negative }: TwoGroups): Placements {
  const [m, n] = [positive.length, negative.length];
  const pooled = new Float64Array(m + n);
  pooled.set(positive);
  pooled.set(negative, m);
  const all = midranks(pooled);
  const own = midranks(positive);
  const others = midranks(negative);
  const below = own.map((rank, i) => all[i] - rank);
  const placed = below.map((count) => count / n);
  const unplaced = others.map((rank, j) => 1 - (all[m + j] - rank) / m);
  return { auc: below.reduce((sum, count) => sum + count, 0) / (m * n), placed, unplaced };
}

/** Variance of the mean of values whose mean is known. */
function spread(values: Float64Array, mean: number): number {
  const sum = values.reduce((total, value) => total + (value - mean) ** 2, 0);
  return sum / (values.length - 1) / values.length;
}

/** Ends of an interval within 0 … 1. */
export function aucInterval(
  auc: number,
  variance: number,
  level: number,
  scale: 'plain' | 'logit',
): { readonly low: number; readonly high: number } {
  if (variance === 0) return { low: auc, high: auc };
  const reach = normalQuantile((1 + level) / 2) * Math.sqrt(variance);
  if (scale === 'plain' || auc === 0 || auc === 1) {
    return { low: Math.max(0, auc - reach), high: Math.min(1, auc + reach) };
  }
  const centre = Math.log(auc / (1 - auc));
  const width = reach / (auc * (1 - auc));
  const back = (x: number) => 1 / (1 + Math.exp(-x));
  return { low: back(centre - width), high: back(centre + width) };
}

/** @throws OptionError unless it is between 0 and 1 */
export function checkLevel(level: unknown = 0.95): number {
  if (typeof level === 'number' && level > 0 && level < 1) return level;
  throw new OptionError(`level is ${show(level)}: give a probability between 0 and 1, such as 0.95`);
}

function checkTwoOfEach({ positive, negative }: TwoGroups): void {
  if (positive.length > 1 && negative.length > 1) return;
  throw new DataError(
    `there are ${positive.length} positive and ${negative.length} negative samples: an interval needs two of each`,
    { code: 'TOO_FEW_SAMPLES' },
  );
}

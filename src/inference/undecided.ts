/**
 * Canonical correlations that may be chance, and what of a score is theirs.
 *
 * @module
 */
import { chanceCorrelations } from '../measures/chance.js';
import type { SimilarityResult } from '../measures/measure.js';
import { wilks } from './wilks.js';

/** Correlations that may be 0 in truth. */
export interface Undecided {
  /** How many: all from the first on that Wilks' lambda does not tell from chance. */
  readonly correlations: number;
  /** What they add to the score on average if all of them are 0 in truth. */
  readonly part: number;
}

/**
 * A smaller p takes a correlation for real. A chance correlation taken for real raises the lower end of an interval; a real one taken for
 * chance only widens it.
 */
const REAL_UP_TO = 0.01;

/**
 * Finds them in results whose score falls with 1/√n where there is nothing.
 *
 * @param samples - independent datapoints: blocks, where datapoints belong together.
 * @returns nothing where the score falls with 1/n, as squares do, or where all correlations are real; `'unknown'` where no law says
 * which are and what they add.
 */
export function undecided(result: SimilarityResult, samples: number): Undecided | 'unknown' | undefined {
  const { correlations = [], x, y, options } = result;
  if (falls(result)) return 'unknown';
  const weights = weightsOf(result);
  if (weights === undefined || x.kept === undefined || y.kept === undefined || correlations.length === 0) {
    return undefined;
  }
  if (options['centred'] === false || samples - 1 < x.kept + y.kept) return 'unknown';
  const tests = wilks(correlations, { samples, x: x.kept, y: y.kept });
  const first = tests.findIndex(({ rao }) => rao.p > REAL_UP_TO);
  if (first < 0) return undefined;
  const sizes = { x: x.kept - first, y: y.kept - first };
  const part = chanceCorrelations(samples - first, sizes).reduce(
    (sum, rho, i) => sum + weights[first + i] * rho,
    0,
  );
  return part > 0 ? { correlations: correlations.length - first, part } : undefined;
}

/** Whether a score without a law is made of singular values that fall with 1/√n, or is the root of what falls with 1/n. */
function falls({ measure, options }: SimilarityResult): boolean {
  if (measure === 'distanceCorrelation')
    return options['estimator'] === 'biased' && options['squared'] === false;
  return measure === 'procrustes' || measure === 'pls';
}

/** The score as a weighted sum of the correlations, where it is one. */
function weightsOf({ measure, correlations = [], weights, score, options }: SimilarityResult) {
  if (measure === 'pwcca') return weights;
  const { summary } = options;
  if ((measure !== 'cca' && measure !== 'svcca') || summary === 'meanSquared') return undefined;
  const sum = correlations.reduce((total, rho) => total + rho, 0);
  if (summary === 'mean' || summary === 'sum') return correlations.map(() => score / sum);
  const count = leading(correlations, score);
  return correlations.map((_, i) => (i < count ? 1 / count : 0));
}

/** How many of the leading correlations have the score as their mean. */
function leading(correlations: readonly number[], score: number): number {
  let [sum, best, count] = [0, Infinity, 1];
  correlations.forEach((rho, i) => {
    sum += rho;
    const off = Math.abs(sum / (i + 1) - score);
    if (off < best) [best, count] = [off, i + 1];
  });
  return count;
}

/**
 * Chance levels before there are data: how similar unrelated representations of given sizes look, and how many samples bring that down.
 *
 * @module
 */
import { OptionError } from '../errors.js';
import { keyword, show, wholeNumber } from '../options.js';
import { chanceMean } from '../measures/chance.js';

/** Sizes of a comparison. */
export interface Sizes {
  /** Number of datapoints, independent of each other. */
  readonly samples: number;
  /** Neurons of x, or the directions kept of it. */
  readonly x: number;
  /** Neurons of y, or the directions kept of it. */
  readonly y: number;
}

const levels: Record<ChanceMeasure, (sizes: Sizes) => number> = {
  cca: ({ samples, x, y }: Sizes) => chanceMean(samples, { x, y }),
  svcca: ({ samples, x, y }: Sizes) => chanceMean(samples, { x, y }),
  pwcca: ({ samples, x, y }: Sizes) => chanceMean(samples, { x, y }),
  cka: ({ samples, x, y }: Sizes) => share(samples, x) * share(samples, y),
  rvCoefficient: ({ samples, x, y }: Sizes) => share(samples, x) * share(samples, y),
  regression: ({ samples, x }: Sizes) => Math.min(1, x / (samples - 1)),
};

/**
 * Mean of `tr K / (‖K‖ √N)` of d isotropic Gaussian neurons, N = n − 1; the mean CKA of unrelated sides is the product of two. It is
 * about `√(d / (N + d + 1))`. For few samples the spread of `t = ‖K‖²/(tr K)²` matters, which does not depend on the trace, so that
 * its moments are those of a Wishart matrix: `E t = (N + d + 1)/(Nd + 2)`, and t² from the variance of `‖K‖²`.
 */
function share(samples: number, d: number): number {
  const n = samples - 1;
  const m = n * d;
  const mean = (n + d + 1) / (m + 2);
  const variance = 4 * m * (2 * n * n + 2 * d * d + 5 * m + 5 * (n + d + 1));
  const square = ((m * (n + d + 1)) ** 2 + variance) / (m * (m + 2) * (m + 4) * (m + 6));
  return (1 + (3 / 8) * (square / mean ** 2 - 1)) / Math.sqrt(mean * n);
}

/** Measures whose chance level follows from sizes alone. */
export type ChanceMeasure = 'cca' | 'svcca' | 'pwcca' | 'cka' | 'rvCoefficient' | 'regression';

/**
 * The score that unrelated isotropic Gaussian representations reach on average, under the default options of a measure: of `cca`,
 * `svcca` and `pwcca` the mean correlation, of `cka` and `rvCoefficient` about `√(d₁d₂ / ((n + d₁)(n + d₂)))`, of
 * `regression` of y on x `d₁/(n − 1)`. A result's own `chance` knows the spectra of its data; for CKA it is lower the fewer
 * directions hold the variance.
 *
 * @example
 * ```ts
 * chanceLevel('cca', { samples: 500, x: 100, y: 100 }); // 0.388
 * ```
 * @throws OptionError for a measure without a law, or sizes that are not whole numbers
 */
export function chanceLevel(measure: ChanceMeasure, { samples, x, y }: Sizes): number {
  const level = levels[keyword('measure', measure, Object.keys(levels) as ChanceMeasure[])];
  return level({
    samples: wholeNumber('samples', samples, 2),
    x: wholeNumber('x', x),
    y: wholeNumber('y', y),
  });
}

/**
 * Smallest number of samples for which unrelated representations of d₁ and d₂ directions have a mean canonical correlation of at
 * most `tolerance`: what CCA, SVCCA and PWCCA need. It grows with the directions of the larger side, and as 1/tolerance².
 *
 * @param d1 - neurons of x, or the directions that SVCCA keeps of it.
 * @param d2 - the same of y.
 * @param tolerance - between 0 and 1.
 * @example
 * ```ts
 * samplesNeeded(100, 100, 0.1); // 7204
 * ```
 */
export function samplesNeeded(d1: number, d2: number, tolerance: number): number {
  const directions = { x: wholeNumber('d1', d1), y: wholeNumber('d2', d2) };
  if (!(typeof tolerance === 'number' && tolerance > 0 && tolerance < 1)) {
    throw new OptionError(`tolerance is ${show(tolerance)}: give a number between 0 and 1`);
  }
  const most = Math.max(d1, d2);
  // The mean is at most the root of the mean square, max(d₁, d₂)/(n − 1).
  let enough = Math.ceil(most / tolerance ** 2) + 1;
  let few = Math.min(most + 1, enough - 1);
  while (enough - few > 1) {
    const middle = Math.floor((few + enough) / 2);
    if (chanceMean(middle, directions) <= tolerance) enough = middle;
    else few = middle;
  }
  return enough;
}

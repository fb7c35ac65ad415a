/**
 * Distance correlation (Székely, Rizzo, Bakirov 2007): the cosine between doubly centred matrices of the distances between
 * samples. Of the population it is 0 only where the two sides are independent, not merely uncorrelated.
 *
 * @module
 */
import type { Engine } from '../engines/engine.js';
import { DataError, OptionError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import { flag, keyword, knownKeys, show } from '../options.js';
import { IMPRECISE, alignment } from '../pairwise/centred-products.js';
import { pairwiseSums } from '../pairwise/sums.js';
import { centredRows, largestToOne } from '../pairwise/rows.js';
import { squaredDistancesOf } from '../pairwise/values.js';
import type { PairwiseValues } from '../pairwise/values.js';
import type { Measure, Outcome, SampledPair } from './measure.js';

/** Options of {@link distanceCorrelation}. */
export interface DistanceCorrelationOptions {
  /**
   * `'biased'`: of doubly centred distances, above 0 even for independent sides, the more the fewer the samples. `'debiased'`: of
   * U-centred ones (Székely and Rizzo 2014), near 0 then, and possibly below 0; at least 4 samples.
   * @defaultValue `'biased'`
   */
  readonly estimator?: 'biased' | 'debiased';
  /**
   * Whether the score is the squared distance correlation, the ratio of covariances itself, or its root; where that ratio is
   * below 0 (`'debiased'`) the root keeps its sign.
   * @defaultValue `false`
   */
  readonly squared?: boolean;
  /** Power of the Euclidean distances, above 0 and at most 2; at 2 the squared score is linear CKA. @defaultValue `1` */
  readonly exponent?: number;
}

/**
 * Distance correlation. Its `chance` is of the squared score exact, the average over all orders of one side's samples, 0 where
 * debiased; of the root it is the root of that, which the average of roots does not exceed, and none where debiased: there the
 * roots of negative ratios are negative, and no law of their average is known.
 */
export const distanceCorrelationMeasure: Measure<DistanceCorrelationOptions> = {
  name: 'distanceCorrelation',
  reference:
    'Székely, Rizzo, Bakirov, Measuring and testing dependence by correlation of distances, Annals of Statistics 35, 2007, ' +
    'definition 5; debiased: Székely, Rizzo, Partial distance correlation with methods for dissimilarities, Annals of ' +
    'Statistics 42, 2014, section 3',
  invariances: ['orthogonal', 'isotropic scaling', 'translation'],
  cost: 'n²·d a pair, in tiles',
  symmetric: true,
  defaults: Object.freeze({ estimator: 'biased', squared: false, exponent: 1 }),

  resolve(options) {
    knownKeys('distanceCorrelation', options, Object.keys(this.defaults));
    const all = { ...this.defaults, ...options };
    return {
      estimator: keyword('estimator', all.estimator, ['biased', 'debiased']),
      squared: flag('squared', all.squared),
      exponent: checkExponent(all.exponent),
    };
  },

  needs: () => ({ samples: true }),

  evaluateSamples: (pair, options, engine) => evaluateDistances(pair, options, engine),
};

async function evaluateDistances(
  { x, y, breathe }: SampledPair,
  { estimator, squared, exponent }: Required<DistanceCorrelationOptions>,
  engine: Engine,
): Promise<Outcome> {
  if (estimator === 'debiased' && x.rows < 4) {
    throw new DataError(`debiased distance correlation of ${x.rows} samples: at least 4 are needed`, {
      code: 'TOO_FEW_SAMPLES',
    });
  }
  const [a, b] = [distances(x, exponent), distances(y, exponent)];
  // A constant side, which is reported as such.
  if ([a, b].some(({ squaredNorms }) => squaredNorms.every((norm) => norm === 0))) return { score: 0 };
  const found = alignment(await pairwiseSums(engine, a, b, breathe), estimator);
  if (found.undefined) {
    return {
      score: 0,
      warnings: ['Distance correlation is undefined here: the self-similarity of a side is not positive.'],
    };
  }
  const warnings = found.imprecise ? [IMPRECISE] : [];
  if (squared) return { score: found.score, chance: found.chance, warnings };
  const score = Math.sign(found.score) * Math.sqrt(Math.abs(found.score));
  // Signed roots of numbers whose mean is 0 have some other mean.
  return { score, ...(estimator === 'biased' && { chance: Math.sqrt(found.chance) }), warnings };
}

/** `‖xᵢ − xⱼ‖^exponent`, in units in which no power of them overflows or vanishes. */
function distances(x: Matrix, exponent: number): PairwiseValues {
  const squares = squaredDistancesOf(largestToOne(centredRows(x)));
  if (exponent === 2) return squares;
  return {
    ...squares,
    apply(products, tile) {
      squares.apply(products, tile);
      if (exponent === 1) for (let at = 0; at < products.length; at++) products[at] = Math.sqrt(products[at]);
      else for (let at = 0; at < products.length; at++) products[at] **= exponent / 2;
    },
  };
}

function checkExponent(value: unknown): number {
  if (typeof value === 'number' && value > 0 && value <= 2) return value;
  throw new OptionError(`exponent is ${show(value)}: give a number above 0 and at most 2`);
}

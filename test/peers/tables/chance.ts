/** Chance levels that the library states as exact: the mean of the peer's score over all 720 orders of six samples. */
import { ckaMeasure } from '../../../src/measures/cka.js';
import { distanceCorrelationMeasure } from '../../../src/measures/distance-correlation.js';
import type { Measure } from '../../../src/measures/measure.js';
import { mutualKnnMeasure } from '../../../src/measures/mutual-knn.js';
import { regressionMeasure } from '../../../src/measures/regression.js';
import { rsaMeasure } from '../../../src/measures/rsa.js';
import { rvCoefficientMeasure } from '../../../src/measures/rv-coefficient.js';
import { by } from '../agreement.js';
import type { Agreement, Value } from '../agreement.js';

/** Some are 0: they are compared beside 1. */
const besideOne = (chance: Value): Value => 1 + (chance as number);

function chance<O extends object>(
  of: string,
  call: string,
  options: object,
  measure: Measure<O>,
  ours: O,
): Agreement {
  return {
    of: `chance of ${of}, over all orders`,
    call,
    options: { ...options, all_orders: true },
    pairs: ['tiny'],
    theirs: besideOne,
    ours: by(measure, ours, (result) => besideOne(result.chance!)),
  };
}

export const sklearnChance: readonly Agreement[] = [
  chance('linear CKA', 'cka', { kernel: 'linear' }, ckaMeasure, {}),
  chance('RBF CKA', 'cka', { kernel: 'rbf', gamma: 0.1 }, ckaMeasure, {
    kernel: 'rbf',
    sigma: { fixed: Math.sqrt(5) },
  }),
  chance('cosine CKA', 'cka', { kernel: 'cosine' }, ckaMeasure, { kernel: 'cosine' }),
  chance('R²', 'regression', {}, regressionMeasure, {}),
  chance('2 neighbours', 'mutual_knn', { k: 2, metric: 'euclidean' }, mutualKnnMeasure, {
    k: 2,
    metric: 'euclidean',
  }),
  chance('2 neighbours by Jaccard', 'jaccard_knn', { k: 2, metric: 'euclidean' }, mutualKnnMeasure, {
    k: 2,
    metric: 'euclidean',
    overlap: 'jaccard',
  }),
];

export const rsatoolboxChance: readonly Agreement[] = (
  [
    ['corr', 'pearson'],
    ['spearman', 'spearman'],
    ['rho-a', 'rhoA'],
    ['tau-a', 'kendall'],
    ['cosine', 'cosine'],
    ['corr_cov', 'whitenedPearson'],
    ['cosine_cov', 'whitenedCosine'],
  ] as const
).map(([correlation, ours]) =>
  chance(`RSA ${ours}`, 'rsa', { dissimilarity: 'euclidean', correlation }, rsaMeasure, {
    dissimilarity: 'squaredEuclidean',
    correlation: ours,
  }),
);

export const hoggormChance: readonly Agreement[] = [
  chance('RV', 'rv', {}, rvCoefficientMeasure, {}),
  chance('modified RV', 'modified', {}, rvCoefficientMeasure, { modified: true }),
];

export const dcorChance: readonly Agreement[] = [
  chance('distance correlation', 'biased_squared', {}, distanceCorrelationMeasure, { squared: true }),
  chance('bias-corrected distance correlation', 'debiased_squared', {}, distanceCorrelationMeasure, {
    estimator: 'debiased',
    squared: true,
  }),
];

/**
 * The measures as functions of two matrices, samples × neurons.
 *
 * @module
 */
import type { MatrixLike } from '../matrix.js';
import { ccaMeasure } from './cca.js';
import type { CcaOptions } from './cca.js';
import { ckaMeasure } from './cka.js';
import type { CkaOptions } from './cka.js';
import { distanceCorrelationMeasure } from './distance-correlation.js';
import type { DistanceCorrelationOptions } from './distance-correlation.js';
import type { SimilarityResult } from './measure.js';
import { mutualKnnMeasure } from './mutual-knn.js';
import type { MutualKnnOptions } from './mutual-knn.js';
import { plsMeasure } from './pls.js';
import type { PlsOptions } from './pls.js';
import { procrustesMeasure } from './procrustes.js';
import type { ProcrustesOptions } from './procrustes.js';
import { pwccaMeasure } from './pwcca.js';
import type { PwccaOptions } from './pwcca.js';
import { regressionMeasure } from './regression.js';
import type { RegressionOptions } from './regression.js';
import { rsaMeasure } from './rsa.js';
import type { RsaOptions } from './rsa.js';
import { measurePair } from './run-pair.js';
import type { PairOptions } from './run-pair.js';
import { rvCoefficientMeasure } from './rv-coefficient.js';
import type { RvCoefficientOptions } from './rv-coefficient.js';
import { svccaMeasure } from './svcca.js';
import type { SvccaOptions } from './svcca.js';

/**
 * Canonical correlation analysis: invariant under any invertible linear map of either side.
 *
 * Use {@link svcca} where small directions are noise, or where samples are not many times the neurons.
 *
 * @param x - `[samples, neurons of x]`.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @returns the correlations and their summary (default: mean ρ over the kept rank).
 * @throws ShapeError when sample counts differ; DataError for NaN, empty input, or `samples ≤ neurons` (code
 * `TOO_FEW_SAMPLES`); OptionError for a bad option.
 * @example
 * ```ts
 * const { score, correlations } = await cca(x, y);
 * ```
 */
export function cca(
  x: MatrixLike,
  y: MatrixLike,
  options: CcaOptions & PairOptions = {},
): Promise<SimilarityResult> {
  return measurePair(ccaMeasure, x, y, options);
}

/**
 * SVCCA (Raghu et al. 2017): CCA of the leading singular directions, by default those that hold 99 % of the variance.
 *
 * @param x - `[samples, neurons of x]`.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @throws as {@link cca}.
 * @example
 * ```ts
 * const { score, x: side } = await svcca(a, b, { keep: { variance: 0.99 } });
 * console.log(score, side.kept);
 * ```
 */
export function svcca(
  x: MatrixLike,
  y: MatrixLike,
  options: SvccaOptions & PairOptions = {},
): Promise<SimilarityResult> {
  return measurePair(svccaMeasure, x, y, options);
}

/**
 * Projection-weighted CCA (Morcos et al. 2018), in the paper's definition or in google's or anatome's.
 *
 * @param x - `[samples, neurons of x]`.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @throws as {@link cca}.
 */
export function pwcca(
  x: MatrixLike,
  y: MatrixLike,
  options: PwccaOptions & PairOptions = {},
): Promise<SimilarityResult> {
  return measurePair(pwccaMeasure, x, y, options);
}

/**
 * Centred kernel alignment (Kornblith et al. 2019), linear or with another kernel, biased, debiased or over minibatches.
 * Meaningful with fewer samples than neurons too, then best debiased.
 *
 * @param x - `[samples, neurons of x]`.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @throws as {@link cca}, but for the number of samples: 2, and 4 where debiased.
 */
export function cka(
  x: MatrixLike,
  y: MatrixLike,
  options: CkaOptions & PairOptions = {},
): Promise<SimilarityResult> {
  return measurePair(ckaMeasure, x, y, options);
}

/**
 * Orthogonal Procrustes similarity of the centred, normalised sides, or one of its distances.
 *
 * @param x - `[samples, neurons of x]`.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @throws as {@link cca}, but for the number of samples.
 */
export function procrustes(
  x: MatrixLike,
  y: MatrixLike,
  options: ProcrustesOptions & PairOptions = {},
): Promise<SimilarityResult> {
  return measurePair(procrustesMeasure, x, y, options);
}

/**
 * Singular values of the cross-covariance `XᵀY/(n−1)` (PLS-SVD); the score is the largest, in the units of the data.
 *
 * @param x - `[samples, neurons of x]`.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @throws as {@link cca}, but for the number of samples.
 */
export function pls(
  x: MatrixLike,
  y: MatrixLike,
  options: PlsOptions & PairOptions = {},
): Promise<SimilarityResult> {
  return measurePair(plsMeasure, x, y, options);
}

/**
 * Linear regression of one side on the other: the share R² of variance that it explains. Not symmetric.
 *
 * @param x - `[samples, neurons of x]`, by default what predicts.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @throws as {@link cca}, where the predicting side has as many directions as samples.
 */
export function regression(
  x: MatrixLike,
  y: MatrixLike,
  options: RegressionOptions & PairOptions = {},
): Promise<SimilarityResult> {
  return measurePair(regressionMeasure, x, y, options);
}

/**
 * RV coefficient of the samples' inner products, whole or with the diagonals left out (modified).
 *
 * @param x - `[samples, neurons of x]`.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @throws as {@link cca}, but for the number of samples.
 */
export function rvCoefficient(
  x: MatrixLike,
  y: MatrixLike,
  options: RvCoefficientOptions & PairOptions = {},
): Promise<SimilarityResult> {
  return measurePair(rvCoefficientMeasure, x, y, options);
}

/**
 * Representational similarity analysis (Kriegeskorte et al. 2008): the correlation of how much the samples differ within one
 * representation and within the other. Compares every sample with every other, in tiles.
 *
 * @param x - `[samples, neurons of x]`.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @throws as {@link cca}, but for the number of samples: 3.
 */
export function rsa(
  x: MatrixLike,
  y: MatrixLike,
  options: RsaOptions & PairOptions = {},
): Promise<SimilarityResult> {
  return measurePair(rsaMeasure, x, y, options);
}

/**
 * Distance correlation (Székely, Rizzo, Bakirov 2007): of the population 0 only where the sides are independent. Compares every
 * sample with every other, in tiles.
 *
 * @param x - `[samples, neurons of x]`.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @throws as {@link cca}, but for the number of samples: 2, and 4 where debiased.
 */
export function distanceCorrelation(
  x: MatrixLike,
  y: MatrixLike,
  options: DistanceCorrelationOptions & PairOptions = {},
): Promise<SimilarityResult> {
  return measurePair(distanceCorrelationMeasure, x, y, options);
}

/**
 * Mutual k-nearest-neighbour overlap (Huh et al. 2024): the share of each sample's k nearest neighbours that both sides find.
 *
 * @param x - `[samples, neurons of x]`.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @throws as {@link cca}, but for the number of samples: more than k.
 */
export function mutualKnn(
  x: MatrixLike,
  y: MatrixLike,
  options: MutualKnnOptions & PairOptions = {},
): Promise<SimilarityResult> {
  return measurePair(mutualKnnMeasure, x, y, options);
}

/**
 * The area under the ROC curve, exactly.
 *
 * @module
 */
import { midranks, twoGroups } from './midranks.js';

/**
 * Area under the ROC curve: the probability that a sample with the property scores higher than one without, ties counted as
 * half (the Mann–Whitney statistic divided by the number of pairs). It is computed of whole and half ranks, so that nothing is
 * rounded but the last division.
 *
 * @param scores - one finite number a sample, of any scale: only their order counts. Logits do as well as probabilities.
 * @param labels - 1 for samples with the property, 0 for others.
 * @returns 0 … 1; 0.5 is chance.
 * @throws ShapeError if lengths differ; DataError for other labels, labels that all have one value, or scores that are not finite
 * @example
 * ```ts
 * auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]); // 0.75
 * ```
 */
export function auc(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const { positive, negative } = twoGroups(scores, labels);
  const [m, n] = [positive.length, negative.length];
  const pooled = new Float64Array(m + n);
  pooled.set(positive);
  pooled.set(negative, m);
  const sum = midranks(pooled)
    .subarray(0, m)
    .reduce((total, rank) => total + rank, 0);
  return (sum - (m * (m + 1)) / 2) / (m * n);
}

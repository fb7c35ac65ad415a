/**
 * Ranks with ties, and the checks of scores and labels that every figure of a ROC curve needs.
 *
 * @module
 */
import { DataError, ShapeError } from '../errors.js';

/** Scores of the samples that have the property and of those that have not. */
export interface TwoGroups {
  readonly positive: Float64Array;
  readonly negative: Float64Array;
}

/**
 * Ranks from 1 in ascending order; equal values share the mean of their ranks.
 *
 * @param values - finite numbers.
 */
export function midranks(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => values[a] - values[b]);
  const ranks = new Float64Array(values.length);
  for (let start = 0; start < order.length;) {
    let end = start + 1;
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let k = start; k < end; k++) ranks[order[k]] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}

/**
 * Parts scores by their labels.
 *
 * @throws ShapeError if lengths differ; DataError for a label that is not 0 or 1, a score that is not finite, or labels that
 * all have one value
 */
export function twoGroups(scores: ArrayLike<number>, labels: ArrayLike<number>, name = 'scores'): TwoGroups {
  if (scores.length !== labels.length) {
    throw new ShapeError(`there are ${scores.length} ${name} and ${labels.length} labels: give one of each`);
  }
  const positives = countPositives(labels);
  if (positives === 0 || positives === labels.length) {
    throw new DataError(
      labels.length === 0
        ? 'there are no labels: an AUC needs samples of both kinds'
        : `all ${labels.length} labels are ${labels[0]}: an AUC needs samples of both kinds`,
    );
  }
  const positive = new Float64Array(positives);
  const negative = new Float64Array(labels.length - positives);
  let [p, n] = [0, 0];
  for (let i = 0; i < labels.length; i++) {
    const score = scores[i];
    if (!Number.isFinite(score)) {
      throw new DataError(`${name} has ${score} at ${i}: it cannot be ranked; did the training diverge?`);
    }
    if (labels[i] === 1) positive[p++] = score;
    else negative[n++] = score;
  }
  return { positive, negative };
}

function countPositives(labels: ArrayLike<number>): number {
  let positives = 0;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] === 1) positives++;
    else if (labels[i] !== 0) {
      throw new DataError(
        `labels has ${labels[i]} at ${i}: give 1 to samples with the property, 0 to others`,
      );
    }
  }
  return positives;
}

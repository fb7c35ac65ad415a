/**
 * From the outputs of a classifier to its loss, in double precision.
 *
 * @module
 */
import type { LabelledImages } from './labelled-images.js';

type Labels = Pick<LabelledImages, 'labels' | 'task' | 'classes'>;

/** Mean cross-entropy: of softmax over `'classes'`, of a sigmoid of each of `'labels'`. */
export function logitLoss(logits: ArrayLike<number>, { labels, task, classes }: Labels): number {
  const outputs = classes.length;
  let sum = 0;
  if (task === 'labels') {
    for (let i = 0; i < labels.length; i++) sum += softplus(labels[i] === 1 ? -logits[i] : logits[i]);
  } else {
    for (let i = 0; i < labels.length; i++) {
      sum += logSumExp(logits, i * outputs, outputs) - logits[i * outputs + labels[i]];
    }
  }
  return sum / labels.length;
}

/** log Σ exp over `count` values from `start` on. */
function logSumExp(values: ArrayLike<number>, start: number, count: number): number {
  let most = -Infinity;
  for (let i = 0; i < count; i++) most = Math.max(most, values[start + i]);
  let sum = 0;
  for (let i = 0; i < count; i++) sum += Math.exp(values[start + i] - most);
  return most + Math.log(sum);
}

/** log(1 + exp(x)) */
function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

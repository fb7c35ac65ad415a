/**
 * Whether a batch is what a model takes.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { ShapeError } from '../errors.js';
import type { InputInfo } from './probe.js';

/**
 * @param model - how messages call the model.
 * @param batch - the samples of which the batch must be a multiple.
 * @throws ShapeError naming the input
 */
export function checkInputs(
  model: string,
  inputs: readonly InputInfo[],
  tensors: readonly tf.Tensor[],
  batch = 1,
): void {
  if (tensors.length !== inputs.length) {
    const takes = `${inputs.length} input${inputs.length === 1 ? '' : 's'} (${inputs.map(({ name }) => name).join(', ')})`;
    throw new ShapeError(`${model} takes ${takes}, the data has ${tensors.length}`);
  }
  inputs.forEach(({ name, shape }, i) => {
    const given = tensors[i].shape;
    // A graph may leave even the number of axes open.
    if (shape.length === 0) return;
    const fits =
      given.length === shape.length &&
      shape.every((axis, k) => k === 0 || axis === null || axis === given[k]);
    if (fits && given[0] % batch === 0) return;
    const takes = shape.map((axis) => axis ?? 'null').join(', ');
    throw new ShapeError(
      `the data has shape [${given.join(', ')}], but input '${name}' of ${model} takes [${takes}]` +
        hintFor(fits, given.length === shape.length - 1, batch),
    );
  });
}

function hintFor(fits: boolean, oneAxisLess: boolean, batch: number): string {
  if (fits) return `: give a multiple of ${batch} samples, and a batchSize that is one`;
  return oneAxisLess ? '; the first axis must be samples (of a tf.data.Dataset: call batch())' : '';
}

/**
 * Whether images and a network fit together.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { ShapeError } from '../errors.js';
import { checkLabelled } from './labelled-images.js';
import type { LabelledImages } from './labelled-images.js';

/**
 * Number of outputs of a network that classifies these images.
 *
 * @throws ShapeError
 */
export function checkModelInput(
  model: tf.LayersModel,
  { images, shape }: Pick<LabelledImages, 'images' | 'shape'>,
): number {
  const { inputs, outputs } = model;
  const input = inputs[0].shape;
  const output = outputs[0].shape;
  if (inputs.length !== 1 || outputs.length !== 1 || input.length !== 4 || output.length !== 2) {
    const shapes = (tensors: readonly tf.SymbolicTensor[]) =>
      tensors.map((tensor) => `[${tensor.shape.slice(1).join(', ')}]`).join(' and ');
    throw new ShapeError(
      `the model takes ${shapes(inputs)} and gives ${shapes(outputs)}: a classifier of images takes ` +
        '[height, width, channels] and gives [classes]',
    );
  }
  const [count, height, width, channels] = shape;
  if (images.length !== count * height * width * channels) {
    throw new ShapeError(`${images.length} values are not images of shape [${shape.join(', ')}]`);
  }
  const size = [height, width, channels];
  if (!size.every((axis, i) => input[i + 1] === null || input[i + 1] === axis)) {
    throw new ShapeError(
      `the model takes images [${input.slice(1).join(', ')}], these are [${size.join(', ')}]: ` +
        'resizeImages and toChannels give them the size of the model',
    );
  }
  return output[1]!;
}

/**
 * Checks images and labels, and that the network has an output for each class or label.
 *
 * @param part - how messages call the data.
 * @throws ShapeError, DataError
 */
export function checkFit(model: tf.LayersModel, data: LabelledImages, part: string): void {
  const { classes, task } = checkLabelled(data, `the ${part} data`);
  const outputs = checkModelInput(model, data);
  if (outputs === classes.length) return;
  throw new ShapeError(
    `the model has ${outputs} outputs, the ${part} data have ${classes.length} ${task}: ${classes.join(', ')}`,
  );
}

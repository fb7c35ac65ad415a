/**
 * Whether images and a network fit together.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { ShapeError } from '../errors.js';
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
 * Checks labels, and that the network has an output for each class or label.
 *
 * @throws ShapeError
 */
export function checkLabelled(model: tf.LayersModel, data: LabelledImages, part: string): void {
  const outputs = checkModelInput(model, data);
  const { classes, labels, task, shape } = data;
  if (outputs !== classes.length) {
    throw new ShapeError(
      `the model has ${outputs} outputs, the ${part} images have ${classes.length} ${task}: ${classes.join(', ')}`,
    );
  }
  const needed = task === 'classes' ? shape[0] : shape[0] * classes.length;
  if (labels.length !== needed) {
    throw new ShapeError(`${shape[0]} ${part} images need ${needed} labels, there are ${labels.length}`);
  }
  const limit = task === 'classes' ? classes.length : 2;
  const at = labels.findIndex((label) => !(label >= 0 && label < limit));
  if (at >= 0) {
    throw new ShapeError(`label ${at} of the ${part} images is ${labels[at]}: labels are 0 … ${limit - 1}`);
  }
  if (shape[0] === 0) throw new ShapeError(`there are no ${part} images`);
}

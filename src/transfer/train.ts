/**
 * Training of a classifier of images with every order, change and rate fixed by the seed.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { UnsupportedError } from '../errors.js';
import type { Splits } from './labelled-images.js';
import { checkLabelled } from './model-shape.js';
import type { TrainOptions, TrainResult } from './training.js';

/**
 * Trains a network in place, over `model.fitDataset`.
 *
 * @param model - its outputs are logits, one of each class or label; it need not be compiled.
 * @param data - `train` and `validation` images of the model's size.
 */
export async function train(
  model: tf.LayersModel,
  data: Pick<Splits, 'train' | 'validation'>,
  options: TrainOptions,
): Promise<TrainResult> {
  checkLabelled(model, data.train, 'training');
  checkLabelled(model, data.validation, 'validation');
  await Promise.resolve(options);
  throw new UnsupportedError('training is being written');
}

/**
 * Training of a classifier of images with every order, change and rate fixed by the seed.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { loadTfjs } from '../capture/tfjs.js';
import type { Splits } from './labelled-images.js';
import { checkFit } from './model-shape.js';
import { completeBackend } from './train-kernels.js';
import { enterTraining, frozenLayers } from './train-mode.js';
import { resolveTraining } from './train-options.js';
import { TrainRun } from './train-run.js';
import type { TrainOptions, TrainResult } from './training.js';

/**
 * Trains a network in place, over `model.fitDataset`, with softmax (`'classes'`) or sigmoid (`'labels'`) cross-entropy of its
 * logits. On a deterministic backend, the same model, data and options give the same bits, whether a training was interrupted
 * and went on from its checkpoint or not.
 *
 * - Each epoch takes every image once, in an order of its own; its last batch has what is left.
 * - The network is evaluated on the validation images at step 0, every `evaluateEvery` steps and at the end.
 * - Frozen stages keep their weights. Their batch norms use, and keep, their running statistics, as in Keras (TensorFlow.js alone
 *   would go on moving them). The layers' `trainable` is afterwards what it was.
 * - A checkpoint is written every `checkpoint.every` steps (default: after each evaluation), where `signal` stops the training,
 *   and at its end; a training called again after its end has its weights and result from there. Remove it by
 *   `store.remove(name)` when they are kept elsewhere.
 * - The model need not be compiled; how it is compiled is left alone. Where a training stops by `signal` or an error, the model
 *   has the weights of the last step.
 *
 * @param model - one input `[height, width, channels]`; its outputs are logits, one of each class or label.
 * @param data - images of the model's size (`resizeImages`, `toChannels`).
 * @throws ShapeError where model and data do not fit; OptionError, also for a checkpoint of another training; FormatError for a
 *   damaged checkpoint; DataError for wrong labels, or where the validation images have no AUC; NumericalError where the loss is no longer finite;
 *   UnsupportedError where the backend has no gradients for a layer, as `'wasm'` for depthwise convolutions; the signal's reason.
 * @example
 * ```ts
 * const model = await cbr('Tiny', { inputShape: [28, 28, 1], classes: 2 });
 * const { history, kept } = await train(model, { train: images, validation }, { epochs: 4, augment: { shift: 2 } });
 * ```
 */
export async function train(
  model: tf.LayersModel,
  data: Pick<Splits, 'train' | 'validation'>,
  options: TrainOptions,
): Promise<TrainResult> {
  checkFit(model, data.train, 'training');
  checkFit(model, data.validation, 'validation');
  const training = resolveTraining(options, data.train);
  const frozen = frozenLayers(model, training.frozen);
  options.signal?.throwIfAborted();
  const tf = await loadTfjs();
  await tf.ready();
  completeBackend(tf, model);
  const leave = enterTraining(tf, model, frozen);
  try {
    return await new TrainRun(tf, model, data, training, options).run();
  } finally {
    leave();
  }
}

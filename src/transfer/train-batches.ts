/**
 * Which images come in which step, and how they are changed: decided by the seed alone.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import type { Tfjs } from '../capture/tfjs.js';
import { Random } from '../random.js';
import { drawChange } from './augment.js';
import { imageBatch } from './image-batch.js';
import type { LabelledImages } from './labelled-images.js';
import type { ResolvedTraining } from './train-options.js';

/**
 * The images of one step. Every epoch takes each image once, in an order of its own; the last batch of an epoch has what is left.
 *
 * @param step - 0 for the first.
 */
export function rowsOfStep(
  step: number,
  count: number,
  { batchSize, seed }: Pick<ResolvedTraining, 'batchSize' | 'seed'>,
): Uint32Array {
  const perEpoch = Math.ceil(count / batchSize);
  const [epoch, batch] = [Math.floor(step / perEpoch), step % perEpoch];
  // Epochs have the streams 0, 1, …; steps have −2, −3, … for their changes.
  return new Random(seed, epoch).permutation(count).slice(batch * batchSize, (batch + 1) * batchSize);
}

/** Inputs and targets of one step; the caller disposes them. */
export function batchOfStep(
  tf: Tfjs,
  data: LabelledImages,
  step: number,
  training: Pick<ResolvedTraining, 'batchSize' | 'seed' | 'augment' | 'pixels'>,
): { xs: tf.Tensor4D; ys: tf.Tensor2D } {
  const { augment, pixels, seed } = training;
  const [count, height, width, channels] = data.shape;
  const rows = rowsOfStep(step, count, training);
  const random = new Random(seed, -2 - step);
  const changes = augment && Array.from(rows, () => drawChange(random, augment));
  const targets = targetsOf(data, rows);
  return {
    xs: tf.tensor4d(imageBatch(data, rows, pixels, changes), [rows.length, height, width, channels]),
    ys: tf.tensor2d(targets, [rows.length, data.classes.length]),
  };
}

/** One 1 a row for classes, the labels themselves for labels. */
function targetsOf({ labels, task, classes }: LabelledImages, rows: Uint32Array): Float32Array {
  const width = classes.length;
  const out = new Float32Array(rows.length * width);
  rows.forEach((row, i) => {
    if (task === 'classes') out[i * width + labels[row]] = 1;
    else out.set(labels.subarray(row * width, (row + 1) * width), i * width);
  });
  return out;
}

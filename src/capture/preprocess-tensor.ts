/**
 * Steps of preprocessing on a batch of tensors, on the device where they are.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { OptionError, ShapeError } from '../errors.js';
import { show } from '../options.js';
import type { Recipe } from './preprocess.js';
import { geometryOf } from './preprocess-geometry.js';
import { LUMA, checkChannels, isOne } from './preprocess-image.js';
import type { InputInfo } from './probe.js';
import { isTensor } from './recognise.js';
import { denseWeights, onlyPicks } from './resample.js';
import type { Taps } from './resample.js';
import type { Tfjs } from './tfjs.js';

/**
 * The batch `[samples, …]` after all steps; `[samples, height, width]` counts as grey where a step needs an image. To be called
 * within `tf.tidy`.
 *
 * @throws ShapeError where the batch does not fit the steps
 */
export function prepareTensor(tf: Tfjs, given: tf.Tensor, recipe: Recipe, input: InputInfo): tf.Tensor {
  let batch = given.toFloat();
  if (recipe.channels !== undefined || recipe.resize !== undefined || recipe.crop !== undefined) {
    batch = withChannels(tf, asImages(batch), recipe.channels);
    const [, height, width] = batch.shape;
    const { down, across } = geometryOf(recipe, height, width, input, 'each image of the data');
    batch = resampled(tf, resampled(tf, batch, down, 1), across, 2);
  }
  if (recipe.reversed) batch = batch.reverse(-1);
  checkChannels(recipe, batch.shape.at(-1)!, 'a sample of the data');
  if (!isOne(recipe.scale)) batch = batch.mul(vector(tf, recipe.scale));
  if (recipe.mean.some((value) => value !== 0)) batch = batch.sub(vector(tf, recipe.mean));
  if (!isOne(recipe.std)) batch = batch.div(vector(tf, recipe.std));
  if (!recipe.channelsFirst) return batch;
  return asImages(batch).transpose([0, 3, 1, 2]);
}

/** The user's function on a batch, which stays the caller's, as a tensor of its own. @throws OptionError, ShapeError for what it returns */
export function called(
  tf: Tfjs,
  batch: tf.Tensor,
  preprocess: (batch: tf.Tensor, input: string) => tf.Tensor,
  input: string,
): tf.Tensor {
  return tf.tidy(() => {
    const result: unknown = preprocess(batch.clone(), input);
    if (!isTensor(result)) {
      throw new OptionError(`preprocess returned ${show(result)}: it must return a tensor, at once`);
    }
    if (result.shape[0] !== batch.shape[0]) {
      throw new ShapeError(
        `preprocess returned the shape [${result.shape.join(', ')}] for [${batch.shape.join(', ')}]: it must keep the samples`,
      );
    }
    return result.clone();
  });
}

function asImages(batch: tf.Tensor): tf.Tensor {
  if (batch.rank === 4) return batch;
  if (batch.rank === 3) return batch.expandDims(-1);
  throw new ShapeError(
    `preprocess: resize, crop, channels and layout are for images [samples, height, width, channels]; the data are ` +
      `[${batch.shape.join(', ')}]`,
  );
}

function withChannels(tf: Tfjs, batch: tf.Tensor, wanted: 1 | 3 | undefined): tf.Tensor {
  const channels = batch.shape[3];
  if (wanted === undefined || wanted === channels) return batch;
  if (wanted === 3 && channels === 1) return batch.tile([1, 1, 1, 3]);
  if (wanted === 1 && channels === 3)
    return batch.mul(tf.tensor1d(LUMA as [number, number, number])).sum(-1, true);
  throw new ShapeError(
    `preprocess: channels is ${wanted}, and the data have ${channels}: 1 becomes 3 and 3 becomes 1, nothing else`,
  );
}

/** Resamples one axis, 1 or 2, of `[samples, height, width, channels]`. */
function resampled(tf: Tfjs, batch: tf.Tensor, taps: Taps, axis: 1 | 2): tf.Tensor {
  const [samples, height, width, channels] = batch.shape;
  const from = axis === 1 ? height : width;
  const to = taps.first.length;
  if (onlyPicks(taps)) {
    if (to === from && taps.first.every((at, i) => at === i)) return batch;
    return batch.gather(tf.tensor1d([...taps.first], 'int32'), axis);
  }
  const weights = tf.tensor3d(denseWeights(taps, from), [1, to, from]);
  if (axis === 1) {
    return weights
      .matMul(batch.reshape([samples, height, width * channels]))
      .reshape([samples, to, width, channels]);
  }
  return weights
    .matMul(batch.reshape([samples * height, width, channels]))
    .reshape([samples, height, to, channels]);
}

function vector(tf: Tfjs, list: readonly number[]): tf.Tensor {
  return list.length === 1 ? tf.scalar(list[0]) : tf.tensor1d([...list]);
}

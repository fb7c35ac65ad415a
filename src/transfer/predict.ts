/**
 * What a network says of images.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { loadTfjs } from '../capture/tfjs.js';
import { NumericalError } from '../errors.js';
import { breather, knownKeys, wholeNumber } from '../options.js';
import { imageBatch } from './image-batch.js';
import type { LabelledImages } from './labelled-images.js';
import { checkModelInput } from './model-shape.js';
import { pixelScale } from './pixel-scale.js';
import type { PixelScale } from './training.js';

/** Options of {@link predict}. */
export interface PredictOptions {
  /** Images per batch. @defaultValue 32 */
  readonly batchSize?: number;
  /** @defaultValue `{ offset: 0, scale: 255 }` */
  readonly pixels?: PixelScale;
  /** Stops the call; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * The outputs of a network, batch by batch, in inference mode.
 *
 * @param model - one input `[height, width, channels]`, one output of any width.
 * @param data - images of the model's own size (`resizeImages`, `toChannels`).
 * @returns `count × outputs` values, row by row: logits of a network whose classifier has no activation.
 * @throws ShapeError where images and model do not fit; OptionError; NumericalError for outputs that are not finite.
 */
export async function predict(
  model: tf.LayersModel,
  data: Pick<LabelledImages, 'images' | 'shape'>,
  options: PredictOptions = {},
): Promise<Float32Array> {
  knownKeys('predict', options, ['batchSize', 'pixels', 'signal']);
  const batchSize = wholeNumber('batchSize', options.batchSize ?? 32);
  const pixels = pixelScale(options.pixels);
  const outputs = checkModelInput(model, data);
  options.signal?.throwIfAborted();
  const tf = await loadTfjs();
  const breathe = breather(options.signal);
  const [count, ...size] = data.shape;
  const logits = new Float32Array(count * outputs);
  for (let start = 0; start < count; start += batchSize) {
    const rows = Uint32Array.from({ length: Math.min(batchSize, count - start) }, (_, i) => start + i);
    const values = imageBatch(data, rows, pixels);
    const output = tf.tidy(
      () => model.predict(tf.tensor4d(values, [rows.length, ...size]), { batchSize }) as tf.Tensor,
    );
    try {
      logits.set(await output.data<'float32'>(), start * outputs);
    } finally {
      output.dispose();
    }
    await breathe();
  }
  const at = logits.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) {
    throw new NumericalError(
      `the network gives ${logits[at]} for image ${Math.floor(at / outputs)}: its weights are not those of a training that went well`,
    );
  }
  return logits;
}

/**
 * A batch of images made ready for every model that reads it: each is decoded once, and only one is held at a time.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { ShapeError } from '../errors.js';
import type { Print } from './fingerprint.js';
import type { DecodedImage, ImageBatch, ImageReader } from './images.js';
import type { Side } from './prepare.js';
import { NO_STEPS } from './preprocess.js';
import { channelsFor, prepareImage, withChannels } from './preprocess-image.js';
import { called } from './preprocess-tensor.js';
import type { Tfjs } from './tfjs.js';

/** Collects images of one side. */
interface Stack {
  add(image: DecodedImage): void;
  finish(): tf.Tensor;
  dispose(): void;
}

/**
 * Prepares images for all sides, a tensor each.
 *
 * @param print - takes every image as it was decoded.
 * @throws ShapeError where an image does not fit its side, or is of another size than the first; whatever decoding throws.
 */
export async function ofImages(
  tf: Tfjs,
  { images }: ImageBatch,
  sides: readonly Side[],
  print: Print | undefined,
  signal: AbortSignal | undefined,
): Promise<tf.Tensor[]> {
  const stacks = sides.map((side) => stackOf(tf, side, images.length));
  const out: tf.Tensor[] = [];
  try {
    for (const image of images) {
      signal?.throwIfAborted();
      const decoded = await decode(image);
      print?.image(decoded);
      for (const stack of stacks) stack.add(decoded);
    }
    for (const stack of stacks) out.push(stack.finish());
    return out;
  } catch (error) {
    for (const tensor of out) tensor.dispose();
    throw error;
  } finally {
    for (const stack of stacks) stack.dispose();
  }
}

async function decode(image: DecodedImage | ImageReader): Promise<DecodedImage> {
  const decoded = typeof image === 'function' ? await image() : image;
  const { height, width, channels, data, name } = decoded;
  if ((channels === 1 || channels === 3) && data.length === height * width * channels) return decoded;
  throw new ShapeError(
    `image ${name === undefined ? '' : `'${name}' `}of ${height} × ${width} with ${channels} channels has ${data.length} values: ` +
      'give 1 channel or 3, and a value for each pixel and channel',
  );
}

function stackOf(tf: Tfjs, { preprocess, input }: Side, count: number): Stack {
  if (typeof preprocess === 'function') {
    const parts: tf.Tensor[] = [];
    return {
      add({ height, width, ...image }) {
        const whole = { height, width, ...image };
        const channels = channelsFor(whole, NO_STEPS, input);
        const tensor = tf.tensor(Float32Array.from(withChannels(whole, channels)), [
          1,
          height,
          width,
          channels,
        ]);
        try {
          parts.push(called(tf, tensor, preprocess, input.name));
        } finally {
          tensor.dispose();
        }
        checkSame(parts[0].shape, parts.at(-1)!.shape, image.name);
      },
      finish: () => tf.concat(parts),
      dispose: () => {
        for (const part of parts) part.dispose();
      },
    };
  }
  let shape: readonly number[] = [];
  let values = new Float32Array(0);
  let done = 0;
  return {
    add(image) {
      const prepared = prepareImage(image, preprocess ?? NO_STEPS, input);
      if (done === 0) {
        shape = prepared.shape;
        values = new Float32Array(count * prepared.data.length);
      }
      checkSame(shape, prepared.shape, image.name);
      values.set(prepared.data, done++ * prepared.data.length);
    },
    finish: () => tf.tensor(values, [count, ...shape]),
    dispose: () => undefined,
  };
}

function checkSame(first: readonly number[], other: readonly number[], name: string | undefined): void {
  if (first.length === other.length && first.every((axis, i) => axis === other[i])) return;
  throw new ShapeError(
    `image ${name === undefined ? '' : `'${name}' `}is ${other.join(' × ')} where the first of its batch is ${first.join(' × ')}: ` +
      'bring them to one size, for example preprocess: { resize: [224, 224] }',
  );
}

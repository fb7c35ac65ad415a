/**
 * One batch of the data made ready for every model that reads it.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { OptionError, ShapeError } from '../errors.js';
import { show } from '../options.js';
import { Print } from './fingerprint.js';
import type { DecodedImage, ImageBatch, ImageReader } from './images.js';
import { NO_STEPS, recipeOf } from './preprocess.js';
import type { Preprocess, Recipe } from './preprocess.js';
import { channelsFor, prepareImage, withChannels } from './preprocess-image.js';
import { prepareTensor } from './preprocess-tensor.js';
import type { InputInfo } from './probe.js';
import { isTensor } from './recognise.js';
import type { Tfjs } from './tfjs.js';

/** Samples of one input: a tensor, or images that are still to be decoded. */
export type Cut = tf.Tensor | ImageBatch;

/** What one model does to the data and takes of them. */
export interface Preparation {
  readonly preprocess: Recipe | ((batch: tf.Tensor, input: string) => tf.Tensor) | undefined;
  readonly inputs: readonly InputInfo[];
}

/** Checks what one model is to do to the data. @param name - how messages call the option. @throws OptionError */
export function preparationOf(
  name: string,
  preprocess: Preprocess | undefined,
  inputs: readonly InputInfo[],
): Preparation {
  if (preprocess === undefined || typeof preprocess === 'function') return { preprocess, inputs };
  const recipe = recipeOf(name, preprocess);
  if (inputs.length === 1) return { preprocess: recipe, inputs };
  throw new OptionError(
    `${name} has steps, and the model has ${inputs.length} inputs (${inputs.map((input) => input.name).join(', ')}): give a ` +
      'function (batch, input) that says what is done to each',
  );
}

/** Inputs of all models for a batch. */
export interface PreparedBatch {
  /** For each preparation one tensor per input; two that do the same share theirs. */
  readonly inputs: readonly (readonly tf.Tensor[])[];
  /** Of the data as they were given, where it was asked for. */
  readonly print: number | undefined;
  /** Frees the tensors. */
  dispose(): void;
}

/**
 * Prepares a batch. Images are decoded one by one, each for all models.
 *
 * @param cuts - the samples of each input; they stay the caller's.
 * @param options - `printed`: whether a fingerprint is taken; `signal` is heard between images.
 * @throws ShapeError where the data do not fit what is to be done, or the model; whatever decoding throws.
 */
export async function prepareBatch(
  tf: Tfjs,
  cuts: readonly Cut[],
  preparations: readonly Preparation[],
  { printed, signal }: { readonly printed: boolean; readonly signal?: AbortSignal },
): Promise<PreparedBatch> {
  const made = new Set<tf.Tensor>();
  const dispose = (): void => {
    for (const tensor of made) tensor.dispose();
  };
  const print = printed ? new Print() : undefined;
  const distinct = preparations.filter((one, i) => preparations.findIndex((other) => same(one, other)) === i);
  try {
    const inputs: tf.Tensor[][] = distinct.map(() => []);
    for (const [i, cut] of cuts.entries()) {
      const sides = distinct.map(({ preprocess, inputs: infos }) => ({ preprocess, input: infos[i] }));
      const tensors = isTensor(cut)
        ? await ofTensor(tf, cut, sides, print)
        : await ofImages(tf, cut, sides, print, signal);
      for (const [side, tensor] of tensors.entries()) {
        if (tensor !== cut) made.add(tensor);
        inputs[side].push(tensor);
      }
    }
    return {
      inputs: preparations.map((one) => inputs[distinct.findIndex((other) => same(one, other))]),
      print: print?.value,
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

interface Side {
  readonly preprocess: Preparation['preprocess'];
  readonly input: InputInfo;
}

function same(a: Preparation, b: Preparation): boolean {
  const shapes = ({ inputs }: Preparation) => JSON.stringify(inputs.map(({ shape }) => shape));
  return a === b || (a.preprocess === b.preprocess && shapes(a) === shapes(b));
}

async function ofTensor(
  tf: Tfjs,
  cut: tf.Tensor,
  sides: readonly Side[],
  print: Print | undefined,
): Promise<tf.Tensor[]> {
  await print?.tensor(tf, cut);
  const out: tf.Tensor[] = [];
  try {
    for (const { preprocess, input } of sides) {
      if (preprocess === undefined) out.push(cut);
      else if (typeof preprocess === 'function') out.push(called(tf, cut, preprocess, input.name));
      else out.push(tf.tidy(() => prepareTensor(tf, cut, preprocess, input).clone()));
    }
    return out;
  } catch (error) {
    for (const tensor of out) if (tensor !== cut) tensor.dispose();
    throw error;
  }
}

/** The user's function on a batch, with a tensor of its own. */
function called(
  tf: Tfjs,
  batch: tf.Tensor,
  preprocess: (batch: tf.Tensor, input: string) => tf.Tensor,
  input: string,
): tf.Tensor {
  return tf.tidy(() => {
    const result: unknown = preprocess(batch, input);
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

/** Collects images of one side. */
interface Stack {
  add(image: DecodedImage): void;
  finish(): tf.Tensor;
  dispose(): void;
}

async function ofImages(
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

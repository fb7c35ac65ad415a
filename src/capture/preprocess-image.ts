/**
 * Steps of preprocessing on one decoded image, in host memory.
 *
 * @module
 */
import { ShapeError } from '../errors.js';
import type { DecodedImage } from './images.js';
import type { Recipe } from './preprocess.js';
import { geometryOf } from './preprocess-geometry.js';
import type { InputInfo } from './probe.js';
import { resampleInto } from './resample.js';

/** Weights of red, green and blue in luma: ITU-R BT.601. */
export const LUMA: readonly [number, number, number] = [0.299, 0.587, 0.114];

/** An image as a model takes it: one sample, without the axis of samples. */
export interface PreparedImage {
  readonly shape: readonly [number, number, number];
  readonly data: Float32Array;
}

/** @throws ShapeError where the image does not fit the steps, or the result the model's input; OptionError as `geometryOf` */
export function prepareImage(image: DecodedImage, recipe: Recipe, input: InputInfo): PreparedImage {
  const { height, width } = image;
  const name = image.name === undefined ? 'the image' : `image '${image.name}'`;
  const channels = channelsFor(image, recipe, input);
  const { down, across } = geometryOf(recipe, height, width, input, name);
  const [rows, cols] = [down.first.length, across.first.length];
  const values = new Float32Array(rows * cols * channels);
  resampleInto(values, withChannels(image, channels), width, channels, down, across);
  if (recipe.reversed) reverse(values, channels);
  scaleValues(values, channels, recipe, name);
  const shape = recipe.channelsFirst ? ([channels, rows, cols] as const) : ([rows, cols, channels] as const);
  const wanted = input.shape.slice(1);
  // A graph may leave even the number of axes open.
  const open = input.shape.length === 0;
  if (!open && (wanted.length !== 3 || wanted.some((axis, i) => axis !== null && axis !== shape[i]))) {
    const takes = wanted.map((axis) => axis ?? '?').join(' × ');
    throw new ShapeError(
      `${name} is ${shape.join(' × ')}, and the model takes ${takes}: say how it gets there, for example ` +
        "preprocess: { resize: 'input', channels: 3 }",
    );
  }
  return { shape, data: recipe.channelsFirst ? toChannelsFirst(values, channels) : values };
}

/** The channels that the image is given: what loses nothing and fits the model, unless they are chosen. */
export function channelsFor(
  { channels }: DecodedImage,
  { channels: chosen, channelsFirst }: Pick<Recipe, 'channels' | 'channelsFirst'>,
  { shape }: InputInfo,
): 1 | 3 {
  if (chosen !== undefined) return chosen;
  return channels === 1 && (channelsFirst ? shape[1] : shape.at(-1)) === 1 ? 1 : 3;
}

/** The pixels with one channel or three. */
export function withChannels({ data, channels }: DecodedImage, wanted: 1 | 3): ArrayLike<number> {
  if (channels === wanted) return data;
  const pixels = data.length / channels;
  if (wanted === 1) {
    const grey = new Float32Array(pixels);
    const [r, g, b] = LUMA;
    for (let i = 0; i < pixels; i++) grey[i] = r * data[3 * i] + g * data[3 * i + 1] + b * data[3 * i + 2];
    return grey;
  }
  const rgb = new Uint8Array(3 * pixels);
  for (let i = 0; i < rgb.length; i++) rgb[i] = data[Math.floor(i / 3)];
  return rgb;
}

function reverse(values: Float32Array, channels: number): void {
  for (let at = 0; at < values.length; at += channels) values.subarray(at, at + channels).reverse();
}

function scaleValues(values: Float32Array, channels: number, recipe: Recipe, name: string): void {
  const { scale, mean, std } = recipe;
  checkChannels(recipe, channels, name);
  if (isOne(scale) && isOne(std) && mean.every((value) => value === 0)) return;
  // Rounded at each step as tensors are, so that a file of images and an array of them give the same.
  const of = (list: readonly number[], channel: number) => Math.fround(list[list.length === 1 ? 0 : channel]);
  for (let channel = 0; channel < channels; channel++) {
    const [factor, less, by] = [of(scale, channel), of(mean, channel), of(std, channel)];
    for (let i = channel; i < values.length; i += channels)
      values[i] = Math.fround(Math.fround(values[i] * factor) - less) / by;
  }
}

/** Whether all are 1. */
export function isOne(list: readonly number[]): boolean {
  return list.every((value) => value === 1);
}

/** @throws ShapeError where a step has one number for each channel, and there are other channels. */
export function checkChannels(recipe: Recipe, channels: number, name: string): void {
  for (const step of ['scale', 'mean', 'std'] as const) {
    const { length } = recipe[step];
    if (length === 1 || length === channels) continue;
    throw new ShapeError(
      `preprocess: ${step} has ${length} numbers, and ${name} has ${channels} ${channels === 1 ? 'channel' : 'channels'}`,
    );
  }
}

function toChannelsFirst(values: Float32Array, channels: number): Float32Array {
  const out = new Float32Array(values.length);
  const pixels = values.length / channels;
  for (let channel = 0, to = 0; channel < channels; channel++) {
    for (let i = 0; i < pixels; i++) out[to++] = values[i * channels + channel];
  }
  return out;
}

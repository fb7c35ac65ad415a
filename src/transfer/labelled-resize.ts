/**
 * Images of a data set in the size and channels that a network wants.
 *
 * @module
 */
import { resampleInto, resizeTaps, sameTaps } from '../capture/resample.js';
import { OptionError, ShapeError } from '../errors.js';
import { show, wholeNumber } from '../options.js';
import type { LabelledImages } from './labelled-images.js';

/**
 * Resizes all images: bilinear, with antialiasing where they shrink (as PIL and torchvision do). Bytes stay bytes, rounded.
 *
 * @param size - `[height, width]` of the result; the sides are scaled each by itself.
 * @throws OptionError for a size that is none
 */
export function resizeImages(
  data: LabelledImages,
  size: readonly [height: number, width: number],
): LabelledImages {
  const [toHeight, toWidth] = checkSize(size);
  const [count, height, width, channels] = data.shape;
  if (toHeight === height && toWidth === width) return data;
  const [from, to] = [height * width * channels, toHeight * toWidth * channels];
  const resize = resizer([height, width], [toHeight, toWidth], channels);
  const images =
    data.images instanceof Uint8Array ? new Uint8Array(count * to) : new Float32Array(count * to);
  for (let i = 0; i < count; i++) {
    resize(data.images.subarray(i * from, (i + 1) * from), images.subarray(i * to, (i + 1) * to));
  }
  return { ...data, images, shape: [count, toHeight, toWidth, channels] };
}

/**
 * Repeats grey images over three channels, or makes colours grey by their luma (ITU-R BT.601, as PIL does).
 *
 * @throws OptionError unless `channels` is 1 or 3; ShapeError for images of neither
 */
export function toChannels(data: LabelledImages, channels: 1 | 3): LabelledImages {
  const [count, height, width, own] = data.shape;
  if ((channels as unknown) !== 1 && (channels as unknown) !== 3) {
    throw new OptionError(`channels is ${show(channels)}: choose 1 or 3`);
  }
  if (own === channels) return data;
  if (own !== 1 && own !== 3) {
    throw new ShapeError(`the images have ${own} channels: only 1 and 3 become one another`);
  }
  const pixels = count * height * width;
  const from = data.images;
  const isBytes = from instanceof Uint8Array;
  const images = isBytes ? new Uint8Array(pixels * channels) : new Float32Array(pixels * channels);
  for (let i = 0; i < pixels; i++) {
    if (channels === 3) images.fill(from[i], 3 * i, 3 * i + 3);
    else {
      const luma = 0.299 * from[3 * i] + 0.587 * from[3 * i + 1] + 0.114 * from[3 * i + 2];
      images[i] = isBytes ? Math.round(luma) : luma;
    }
  }
  return { ...data, images, shape: [count, height, width, channels] };
}

/** Resizes one image after another from one size to another, each into the place given. */
export function resizer(
  [height, width]: readonly [number, number],
  [toHeight, toWidth]: readonly [number, number],
  channels: number,
): (from: Uint8Array | Float32Array, into: Uint8Array | Float32Array) => void {
  const taps = (a: number, b: number) => (a === b ? sameTaps(a) : resizeTaps(a, b, 'bilinear', true));
  const [down, across] = [taps(height, toHeight), taps(width, toWidth)];
  const values = new Float32Array(toHeight * toWidth * channels);
  return (from, into) => {
    resampleInto(values, from, width, channels, down, across);
    if (into instanceof Uint8Array) values.forEach((value, i) => (into[i] = Math.round(value)));
    else into.set(values);
  };
}

/** @throws OptionError unless it is two whole numbers */
export function checkSize(size: unknown, name = 'size'): readonly [number, number] {
  if (!Array.isArray(size) || size.length !== 2) {
    throw new OptionError(`${name} is ${show(size)}: give [height, width]`);
  }
  return [wholeNumber(`${name}[0]`, size[0]), wholeNumber(`${name}[1]`, size[1])];
}

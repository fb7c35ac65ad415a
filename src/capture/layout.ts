/**
 * Where channels stand: last, as here and in TensorFlow, or first, as in PyTorch.
 *
 * @module
 */
import type { FloatArray } from '../matrix.js';
import { keyword } from '../options.js';
import { newLike } from './grid.js';

/**
 * Order of the axes of arrays of rank 3 and above: channels after the positions (`[n, t, c]`, `[n, h, w, c]`) or before them
 * (`[n, c, t]`, `[n, c, h, w]`). Arrays of rank 1 and 2 are the same in both.
 */
export type Layout = 'channelsLast' | 'channelsFirst' | 'NHWC' | 'NCHW';

/** Whether a layout has channels first. @throws OptionError for what is none */
export function isChannelsFirst(layout: Layout = 'channelsLast'): boolean {
  const known = keyword('layout', layout, ['channelsLast', 'channelsFirst', 'NHWC', 'NCHW']);
  return known === 'channelsFirst' || known === 'NCHW';
}

/** The shape with channels last of an array that has them first. */
export function lastShape(shape: readonly number[]): number[] {
  if (shape.length < 3) return [...shape];
  const [samples, channels, ...grid] = shape as [number, number, ...number[]];
  return [samples, ...grid, channels];
}

/** Moves the channels of `samples` samples of such an array behind the positions. */
export function toChannelsLast(data: FloatArray, samples: number, shape: readonly number[]): FloatArray {
  if (shape.length < 3) return data;
  const [, channels, ...grid] = shape as [number, number, ...number[]];
  const positions = grid.reduce((product, axis) => product * axis, 1);
  const size = positions * channels;
  const out = newLike(data, data.length);
  for (let n = 0; n < samples; n++) {
    for (let c = 0; c < channels; c++) {
      const from = n * size + c * positions;
      for (let p = 0, to = n * size + c; p < positions; p++, to += channels) out[to] = data[from + p]!;
    }
  }
  return out;
}

/**
 * Arrays that say which positions of a layer count: `tokens.mask` beside `tokens`.
 *
 * @module
 */
import { DataError } from '../errors.js';
import type { NumberArray } from '../matrix.js';
import { lastShape } from './layout.js';

/** What the name of a layer is followed by in that of its mask. */
export const MASK = '.mask';

/**
 * Which arrays are masks of which layers: those with the layer's name and `.mask`, and its shape without channels. Layers
 * without positions have none.
 *
 * @param shapes - by name, samples first.
 * @param channelsFirst - whether layers have their channels before the positions.
 */
export function masksAmong(
  shapes: ReadonlyMap<string, readonly number[]>,
  channelsFirst: boolean,
): Map<string, string> {
  const masks = new Map<string, string>();
  for (const [name, given] of shapes) {
    const shape = channelsFirst ? lastShape(given) : given;
    const mask = shapes.get(name + MASK);
    const isMask = shape.length > 2 && mask?.length === shape.length - 1;
    if (isMask && mask.every((axis, i) => axis === shape[i])) masks.set(name, name + MASK);
  }
  return masks;
}

/** A mask's values. @throws DataError for one that is neither 0 nor 1 */
export function readMask(values: NumberArray, layer: string, start: number, samples: number): Uint8Array {
  const mask = Uint8Array.from(values);
  for (let i = 0; i < mask.length; i++) {
    if (values[i] === mask[i] && mask[i] <= 1) continue;
    const size = mask.length / samples;
    throw new DataError(
      `the mask of ${layer} is ${values[i]} at sample ${start + Math.floor(i / size)}, position ${i % size}: 1 is for ` +
        'positions that count, 0 for the others',
    );
  }
  return mask;
}

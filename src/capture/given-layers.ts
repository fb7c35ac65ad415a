/**
 * Arrays that a program gives, as layers.
 *
 * @module
 */
import type { NumberArray } from '../matrix.js';
import { checkFiniteBlock } from './block-checks.js';
import { lastShape, toChannelsLast } from './layout.js';
import { masksAmong, readMask } from './masks.js';
import { toBlock, type ReadBlock } from './spatial.js';

/** An array as it was given, samples first. */
export interface GivenArray {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: NumberArray;
}

/** A layer, channels last. */
export interface GivenLayer {
  readonly name: string;
  readonly shape: readonly number[];
  readonly block: ReadBlock;
}

/**
 * Reads arrays as layers: channels are moved last, and masks, which have none, go to their layers.
 *
 * @param start - global number of the first sample.
 * @throws ShapeError for a rank that is not understood or data of another length; DataError for NaN and infinity, and for masks
 * that are neither 0 nor 1
 */
export function layersOf(
  arrays: readonly GivenArray[],
  { channelsFirst, start }: { readonly channelsFirst: boolean; readonly start: number },
): GivenLayer[] {
  const masks = masksAmong(new Map(arrays.map(({ name, shape }) => [name, shape])), channelsFirst);
  const taken = new Set(masks.values());
  return arrays
    .filter(({ name }) => !taken.has(name))
    .map(({ name, shape, data }) => {
      const what = `layer '${name}'`;
      const given = toBlock(shape, data, what);
      const last = channelsFirst ? lastShape(shape) : shape;
      const moved = channelsFirst ? toChannelsLast(given.data, given.samples, shape) : given.data;
      const block = toBlock(last, moved, what);
      checkFiniteBlock(block, what, start);
      const found = arrays.find((array) => array.name === masks.get(name));
      if (found === undefined) return { name, shape: last, block };
      const { samples, data: values } = toBlock(found.shape, found.data, `the mask of ${what}`);
      return { name, shape: last, block: { ...block, mask: readMask(values, what, start, samples) } };
    });
}

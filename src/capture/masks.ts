/**
 * Arrays that say which positions of a layer count: `tokens.mask` beside `tokens`.
 *
 * @module
 */
import { DataError } from '../errors.js';
import type { NumberArray } from '../matrix.js';
import type { ReadBlock } from './spatial.js';

/** What the name of a layer is followed by in that of its mask. */
export const MASK = '.mask';

/**
 * Which arrays are masks of which layers: those with the layer's name and `.mask`, and its shape without channels. Layers
 * without positions have none.
 *
 * @param shapes - by name, samples first and channels last.
 */
export function masksAmong(shapes: ReadonlyMap<string, readonly number[]>): Map<string, string> {
  const masks = new Map<string, string>();
  for (const [name, shape] of shapes) {
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

/** Gives layers their masks, which are then no layers. */
export function withMasks<
  L extends { readonly name: string; readonly shape: readonly number[]; readonly block: ReadBlock },
>(layers: readonly L[], start: number): L[] {
  const masks = masksAmong(new Map(layers.map(({ name, shape }) => [name, shape])));
  if (masks.size === 0) return [...layers];
  const taken = new Set(masks.values());
  return layers
    .filter(({ name }) => !taken.has(name))
    .map((layer) => {
      const found = layers.find(({ name }) => name === masks.get(layer.name));
      if (found === undefined) return layer;
      const { samples } = layer.block;
      const mask = readMask(found.block.data, `layer '${layer.name}'`, start, samples);
      return { ...layer, block: { ...layer.block, mask } };
    });
}

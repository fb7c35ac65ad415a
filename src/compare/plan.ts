/**
 * What a comparison must factor: each layer once per grid on which it meets a partner.
 *
 * @module
 */
import type { ActivationBlock } from '../capture/activations.js';
import type { DeviceBlock } from '../capture/device.js';
import { commonGrid } from '../capture/spatial.js';
import { DataError } from '../errors.js';
import type { Batch, Batches } from './stream.js';

/** A layer of one of the networks; `side` is the network's place among them. */
export interface LayerOf {
  readonly side: number;
  readonly layer: string;
}

/** Two layers to compare. */
export interface LayerPair {
  readonly a: LayerOf;
  readonly b: LayerOf;
}

/** A layer on one grid; factored once, used by every pair that meets on that grid. */
export interface View extends LayerOf {
  readonly grid: readonly [number, number];
}

/** All views, and for each pair of layers the two views it compares. */
export interface Plan {
  readonly views: readonly View[];
  readonly cells: readonly { readonly a: number; readonly b: number }[];
}

/** Plans from the first batch of all sides, where every grid is known. */
export function planComparison(pairs: readonly LayerPair[], first: Batches): Plan {
  const views: View[] = [];
  const index = new Map<string, number>();
  const viewOf = ({ side, layer }: LayerOf, grid: readonly [number, number]): number => {
    const key = JSON.stringify([side, layer, grid]);
    const known = index.get(key);
    if (known !== undefined) return known;
    index.set(key, views.length);
    return views.push({ side, layer, grid }) - 1;
  };
  const cells = pairs.map(({ a, b }) => {
    const grid = commonGrid(blockOf(first[a.side], a.layer), blockOf(first[b.side], b.layer));
    return { a: viewOf(a, grid), b: viewOf(b, grid) };
  });
  return { views, cells };
}

/** The block of a layer. @throws DataError when a batch lacks it */
export function blockOf(batch: Batch, layer: string): ActivationBlock | DeviceBlock {
  const block = batch.layers.get(layer);
  if (block === undefined)
    throw new DataError(`layer '${layer}' is missing from the batch at sample ${batch.start}`);
  return block;
}

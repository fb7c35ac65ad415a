/**
 * What a comparison must factor: each layer once per grid on which it meets a partner.
 *
 * @module
 */
import type { ActivationBlock } from '../capture/activations.js';
import type { DeviceBlock } from '../capture/device.js';
import { commonGrid } from '../capture/spatial.js';
import { DataError } from '../errors.js';
import type { Batch } from './stream.js';

/** Which network a layer belongs to. */
export type Side = 'a' | 'b';

/** A layer of one side on one grid; factored once, used by every pair that meets on that grid. */
export interface View {
  readonly side: Side;
  readonly layer: string;
  readonly grid: readonly [number, number];
}

/** All views, and for each cell of the matrix, row by row, the two views it compares. */
export interface Plan {
  readonly rows: readonly string[];
  readonly cols: readonly string[];
  readonly views: readonly View[];
  readonly cells: readonly {
    readonly row: string;
    readonly col: string;
    readonly a: number;
    readonly b: number;
  }[];
}

/** Plans from the first batch of both sides, where every grid is known. */
export function planComparison(rows: readonly string[], cols: readonly string[], a: Batch, b: Batch): Plan {
  const views: View[] = [];
  const index = new Map<string, number>();
  const viewOf = (side: Side, layer: string, grid: readonly [number, number]): number => {
    const key = JSON.stringify([side, layer, grid]);
    const known = index.get(key);
    if (known !== undefined) return known;
    index.set(key, views.length);
    return views.push({ side, layer, grid }) - 1;
  };
  const cells = rows.flatMap((row) =>
    cols.map((col) => {
      const grid = commonGrid(blockOf(a, row), blockOf(b, col));
      return { row, col, a: viewOf('a', row, grid), b: viewOf('b', col, grid) };
    }),
  );
  return { rows, cols, views, cells };
}

/** The block of a layer. @throws DataError when a batch lacks it */
export function blockOf(batch: Batch, layer: string): ActivationBlock | DeviceBlock {
  const block = batch.layers.get(layer);
  if (block === undefined)
    throw new DataError(`layer '${layer}' is missing from the batch at sample ${batch.start}`);
  return block;
}

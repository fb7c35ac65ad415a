/**
 * The datapoints of a view in one batch: in host memory, or inside the engine.
 *
 * @module
 */
import { datapointsOnDevice, onDevice, toGridOnDevice, toHost } from '../capture/device.js';
import type { DeviceBlock } from '../capture/device.js';
import { commonMask, toGrid } from '../capture/grid.js';
import type { Positioned } from '../capture/grid.js';
import { countDatapoints, datapoints } from '../capture/positions.js';
import type { Positions } from '../capture/positions.js';
import type { Engine, Handle } from '../engines/engine.js';
import { FLOAT32_TOLERANCE, FLOAT64_TOLERANCE } from '../factor/factor.js';
import type { Matrix } from '../matrix.js';
import { blockOf } from './plan.js';
import type { View } from './plan.js';
import type { Batches } from './stream.js';

/** How positions are drawn. */
export interface Draw {
  readonly positions: Positions;
  readonly seed: number;
}

/** Datapoints × neurons of a view in one batch. */
export async function matrixOf(view: View, batches: Batches, { positions, seed }: Draw): Promise<Matrix> {
  const { start } = batches[view.side];
  const block = blockOf(batches[view.side], view.layer);
  const host = onDevice(block) ? await toHost(block) : block;
  return datapoints({ ...toGrid(host, view.grid), ...countedIn(view, batches) }, { positions, seed, start });
}

/** The same inside the engine; what the model left on its device does not leave it, if the engine computes there. */
export async function handleOf(engine: Engine, view: View, batches: Batches, draw: Draw): Promise<Handle> {
  const { start } = batches[view.side];
  const block = blockOf(batches[view.side], view.layer);
  const from = { ...draw, start, ...countedIn(view, batches) };
  const adopted = onDevice(block) ? await adopt(engine, block, view, from) : undefined;
  return adopted ?? engine.upload(await matrixOf(view, batches, draw));
}

async function adopt(
  engine: Engine,
  block: DeviceBlock,
  { grid }: View,
  { mask, ...draw }: Draw & { readonly start: number; readonly mask?: Uint8Array },
): Promise<Handle | undefined> {
  const resampled = await toGridOnDevice(block, grid);
  try {
    const tensor = await datapointsOnDevice({ ...resampled, ...(mask && { mask }) }, draw);
    try {
      return await engine.adopt?.(tensor);
    } finally {
      tensor.dispose();
    }
  } finally {
    resampled.tensor.dispose();
  }
}

/** Number of datapoints and neurons of a view in one batch. */
export function shapeOf(
  view: View,
  batches: Batches,
  { positions }: Draw,
): { readonly rows: number; readonly cols: number } {
  const { samples, channels } = blockOf(batches[view.side], view.layer);
  const { grid } = view;
  return { rows: countDatapoints({ samples, grid, ...countedIn(view, batches) }, positions), cols: channels };
}

/** For each sample of a batch: its positions on the view's grid that count, and how many of them are datapoints. */
export function countsOf(
  view: View,
  batches: Batches,
  { positions }: Draw,
): { readonly available: Uint32Array; readonly taken: Uint32Array } {
  const { samples } = batches[view.side];
  const { mask } = countedIn(view, batches);
  const size = view.grid[0] * view.grid[1];
  const count = (most: Positions) =>
    Uint32Array.from({ length: samples }, (_, n) => {
      const own = mask && { mask: mask.subarray(n * size, (n + 1) * size) };
      return countDatapoints({ samples: 1, grid: view.grid, ...own }, most);
    });
  return { available: count('all'), taken: count(positions) };
}

const known = new WeakMap<Batches, Map<string, Uint8Array | undefined>>();

/** The positions that count in every layer of every side on the view's grid, so that pairs meet in the same datapoints. */
function countedIn({ grid }: View, batches: Batches): { readonly mask?: Uint8Array } {
  const masks = known.get(batches) ?? new Map<string, Uint8Array | undefined>();
  known.set(batches, masks);
  const key = grid.join();
  if (!masks.has(key)) {
    const blocks = batches.flatMap(({ layers }): Positioned[] => [...layers.values()]);
    masks.set(key, commonMask(blocks, grid));
  }
  const mask = masks.get(key);
  return mask === undefined ? {} : { mask };
}

/** Share of the view's stored values that is rounding. */
export function precisionIn(view: View, batches: Batches): number {
  const block = blockOf(batches[view.side], view.layer);
  return onDevice(block) || block.data instanceof Float32Array ? FLOAT32_TOLERANCE : FLOAT64_TOLERANCE;
}

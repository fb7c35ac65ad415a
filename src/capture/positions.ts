/**
 * Positions of a grid as datapoints: all of those that count, or so many of each sample drawn by a seed.
 *
 * @module
 */
import { matrix, type Matrix } from '../matrix.js';
import { wholeNumber } from '../options.js';
import { Random } from '../random.js';
import type { ActivationBlock } from './activations.js';
import { newLike, type Positioned } from './grid.js';

/** How many positions of each sample are taken as datapoints: all, or so many drawn by a seed. */
export type Positions = 'all' | number;

/** How positions are drawn from a grid as datapoints. */
export interface PositionOptions {
  /** Positions taken of each sample; a number that reaches the whole grid means all. @defaultValue `'all'` */
  readonly positions?: Positions;
  /** Seed of the draw, at least 0. @defaultValue `0` */
  readonly seed?: number;
}

/** Options of a draw with their defaults. @throws OptionError */
export function drawOf({ positions = 'all', seed = 0 }: PositionOptions): Required<PositionOptions> {
  if (positions !== 'all') wholeNumber('positions', positions);
  return { positions, seed: wholeNumber('seed', seed, 0) };
}

/** The same, for a block that is part of a set. */
export interface DrawOptions extends PositionOptions {
  /** Global number of the block's first sample. @defaultValue `0` */
  readonly start?: number;
}

/**
 * The block as datapoints × neurons, `[Σ p, channels]`: sample by sample, positions in ascending order, masked ones left out.
 * A sample that is masked as a whole gives none.
 *
 * A draw of positions is without replacement and depends on the seed, the global number of the sample and the number of its
 * positions that count, only: two layers on one grid with one mask, two passes and batches of any size all take the same
 * positions.
 *
 * @returns a view of the block's storage where every position is taken, else a copy.
 * @throws OptionError when `positions` is neither `'all'` nor a whole number of at least 1.
 */
export function datapoints(block: ActivationBlock, options: DrawOptions = {}): Matrix {
  const { samples, grid, channels, data } = block;
  const rows = takenRows(block, options);
  if (rows === undefined) return matrix(samples * grid[0] * grid[1], channels, data);
  const out = newLike(data, rows.length * channels);
  rows.forEach((row, to) => {
    out.set(data.subarray(row * channels, (row + 1) * channels), to * channels);
  });
  return matrix(rows.length, channels, out);
}

/** Number of datapoints that {@link datapoints} takes. */
export function countDatapoints({ samples, grid, mask }: Positioned, positions: Positions): number {
  const size = grid[0] * grid[1];
  const most = positions === 'all' ? size : Math.min(size, positions);
  if (mask === undefined) return samples * most;
  let sum = 0;
  for (let n = 0; n < samples; n++) sum += Math.min(most, countOf(mask, n * size, size));
  return sum;
}

/**
 * Rows that are taken of all `samples · grid[0] · grid[1]` positions, ascending; nothing where that is every one.
 *
 * @throws as {@link datapoints}
 */
export function takenRows(
  { samples, grid, mask }: Positioned,
  { positions = 'all', seed = 0, start = 0 }: DrawOptions,
): Int32Array | undefined {
  const size = grid[0] * grid[1];
  const most = positions === 'all' ? size : wholeNumber('positions', positions);
  if (most >= size && mask === undefined) return undefined;
  const rows = new Int32Array(countDatapoints({ samples, grid, ...(mask && { mask }) }, positions));
  let to = 0;
  for (let n = 0; n < samples; n++) {
    const counting = mask === undefined ? undefined : unmasked(mask, n * size, size);
    const available = counting?.length ?? size;
    const drawn = most < available ? drawPositions(seed, start + n, available, most) : undefined;
    const taken = drawn?.length ?? available;
    for (let i = 0; i < taken; i++) {
      const nth = drawn === undefined ? i : drawn[i];
      rows[to++] = counting === undefined ? n * size + nth : counting[nth];
    }
  }
  return rows;
}

/** `count` of the positions 0 … size − 1, ascending (Floyd's sampling: as many draws as positions, not as the grid). */
function drawPositions(seed: number, sample: number, size: number, count: number): Uint32Array {
  const random = new Random(seed, sample);
  const chosen = new Set<number>();
  for (let last = size - count; last < size; last++) {
    const position = random.integer(last + 1);
    chosen.add(chosen.has(position) ? last : position);
  }
  return Uint32Array.from(chosen).sort();
}

function unmasked(mask: Uint8Array, from: number, size: number): number[] {
  const rows: number[] = [];
  for (let i = from; i < from + size; i++) if (mask[i] !== 0) rows.push(i);
  return rows;
}

function countOf(mask: Uint8Array, from: number, size: number): number {
  let count = 0;
  for (let i = from; i < from + size; i++) if (mask[i] !== 0) count++;
  return count;
}

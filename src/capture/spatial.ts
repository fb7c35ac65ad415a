/**
 * Where the positions of a grid go: kept as datapoints, averaged, or laid out as neurons; and how two grids meet.
 *
 * @module
 */
import { ShapeError } from '../errors.js';
import { matrix, type FloatArray, type Matrix, type NumberArray } from '../matrix.js';
import { wholeNumber } from '../options.js';
import { Random } from '../random.js';
import type { ActivationBlock, Spatial } from './activations.js';

/** Rows and columns of a grid of positions. */
export type Grid = readonly [number, number];

/** How many positions of each sample are taken as datapoints: all, or so many drawn by a seed. */
export type Positions = 'all' | number;

/** How positions are drawn from a grid as datapoints. */
export interface PositionOptions {
  /** Positions taken of each sample; a number that reaches the whole grid means all. @defaultValue `'all'` */
  readonly positions?: Positions;
  /** Seed of the draw, at least 0. @defaultValue `0` */
  readonly seed?: number;
}

/**
 * Reads an activation with samples first and channels last as a block.
 *
 * `[n]` has one channel and the grid `[1, 1]`, `[n, d]` has `d` channels and the grid `[1, 1]`, `[n, t, c]` has the
 * grid `[t, 1]`, `[n, h, w, c]` the grid `[h, w]`. float32 and float64 storage is shared, the rest becomes float64.
 *
 * @param name - how messages call the layer.
 * @throws ShapeError for any other rank, for an empty axis, or when `data` does not have the length of `shape`.
 */
export function toBlock(
  shape: readonly number[],
  data: NumberArray,
  name = 'the activation',
): ActivationBlock {
  const dimensions = dimensionsOf(shape, name);
  const size = shape.reduce((product, axis) => product * axis, 1);
  if (size !== data.length) {
    throw new ShapeError(`${name} of shape [${shape.join(', ')}] needs ${size} values, got ${data.length}`);
  }
  const kept = data instanceof Float32Array || data instanceof Float64Array;
  return { ...dimensions, data: kept ? data : Float64Array.from(data, Number) };
}

/** Samples, grid and channels of a shape, as {@link toBlock} reads it. @throws ShapeError */
export function dimensionsOf(shape: readonly number[], name: string): Omit<ActivationBlock, 'data'> {
  const shown = `[${shape.join(', ')}]`;
  if (shape.length < 1 || shape.length > 4) {
    throw new ShapeError(
      `${name} has shape ${shown}: rank 1 to 4 is understood ([n], [n, d], [n, t, c], [n, h, w, c])`,
    );
  }
  const [samples, ...rest] = shape as [number, ...number[]];
  const channels = rest.pop() ?? 1;
  const grid: Grid = [rest[0] ?? 1, rest[1] ?? 1];
  if (grid[0] * grid[1] * channels === 0)
    throw new ShapeError(`${name} has shape ${shown}: an axis is empty`);
  return { samples, grid, channels };
}

/**
 * Applies the spatial rule to one block: `'positions'` leaves it alone, `'mean'` averages over the grid, `'flatten'`
 * turns every position's channels into neurons of their own (row, column, channel), `'last'` takes the last step of a sequence. Applying it twice changes nothing.
 */
export function applySpatial(block: ActivationBlock, spatial: Spatial): ActivationBlock {
  switch (spatial) {
    case 'positions':
      return block;
    case 'mean':
      return toGrid(block, [1, 1]);
    case 'last':
      return lastStep(block);
    case 'flatten':
      return { ...block, grid: [1, 1], channels: block.grid[0] * block.grid[1] * block.channels };
  }
}

/** The last step of a sequence; a block without steps is left as it is. @throws ShapeError for an image */
function lastStep(block: ActivationBlock): ActivationBlock {
  const { samples, grid, channels, data } = block;
  const [steps, width] = grid;
  if (width > 1) {
    throw new ShapeError(
      `spatial 'last' takes the last step of a sequence, and this layer has a grid of ${steps} × ${width}: choose other ` +
        "layers, or 'mean'",
    );
  }
  const out = newLike(data, samples * channels);
  for (let n = 0; n < samples; n++) {
    const from = (n * steps + steps - 1) * channels;
    out.set(data.subarray(from, from + channels), n * channels);
  }
  return { samples, grid: [1, 1], channels, data: out };
}

/** The coarser of two blocks' grids, axis by axis: the only one on which both can be compared inventing no detail. */
export function commonGrid(a: { readonly grid: Grid }, b: { readonly grid: Grid }): Grid {
  return [Math.min(a.grid[0], b.grid[0]), Math.min(a.grid[1], b.grid[1])];
}

/**
 * Resamples a block to another grid, each axis on its own.
 *
 * Where the target divides the axis, `k = from / to` neighbours are averaged. Otherwise linear interpolation with
 * half-pixel centres: position `i` reads `s = min(max((i + 0.5) · from / to − 0.5, 0), from − 1)` and gives
 * `(1 − f) · x[⌊s⌋] + f · x[⌊s⌋ + 1]` with `f = s − ⌊s⌋`; on both axes together this is bilinear interpolation, that
 * of `tf.image.resizeBilinear` with `halfPixelCenters`. Sums are float64, storage stays what it was.
 *
 * @throws OptionError when the grid is not two whole numbers of at least 1.
 */
export function toGrid(block: ActivationBlock, grid: Grid): ActivationBlock {
  const [rows, cols] = [wholeNumber('grid[0]', grid[0]), wholeNumber('grid[1]', grid[1])];
  const { samples, channels, data } = block;
  const [height, width] = block.grid;
  if (rows === height && cols === width) return block;
  const down = axisTaps(height, rows);
  const across = axisTaps(width, cols);
  const scale = down.scale * across.scale;
  const out = newLike(data, samples * rows * cols * channels);
  const sum = new Float64Array(channels);
  let to = 0;
  for (let n = 0; n < samples; n++) {
    for (const row of down.taps) {
      for (const col of across.taps) {
        sum.fill(0);
        for (const [r, weightR] of row) {
          for (const [c, weightC] of col) {
            const weight = weightR * weightC;
            const from = ((n * height + r) * width + c) * channels;
            for (let k = 0; k < channels; k++) sum[k] += weight * data[from + k];
          }
        }
        for (let k = 0; k < channels; k++) out[to++] = sum[k] / scale;
      }
    }
  }
  return { samples, grid: [rows, cols], channels, data: out };
}

/**
 * The block as datapoints × neurons, `[samples · p, channels]`: sample by sample, positions in ascending order.
 *
 * A draw of positions is without replacement and depends on the seed, the global number of the sample and the size of
 * the grid only: two layers on one grid, two passes and batches of any size all take the same positions.
 *
 * @param options - `start` is the global number of the block's first sample. @defaultValue `0`
 * @returns a view of the block's storage where every position is taken, else a copy.
 * @throws OptionError when `positions` is neither `'all'` nor a whole number of at least 1.
 */
export function datapoints(
  block: ActivationBlock,
  options: PositionOptions & { readonly start?: number } = {},
): Matrix {
  const { positions = 'all', seed = 0, start = 0 } = options;
  const { samples, channels, data } = block;
  const size = block.grid[0] * block.grid[1];
  const count = positions === 'all' ? size : wholeNumber('positions', positions);
  if (count >= size) return matrix(samples * size, channels, data);
  const out = newLike(data, samples * count * channels);
  drawnRows(samples, size, count, seed, start).forEach((row, to) => {
    out.set(data.subarray(row * channels, (row + 1) * channels), to * channels);
  });
  return matrix(samples * count, channels, out);
}

/** Rows of the drawn positions among all `samples · size` positions: `count` of each sample, ascending. */
export function drawnRows(
  samples: number,
  size: number,
  count: number,
  seed: number,
  start: number,
): Int32Array {
  const rows = new Int32Array(samples * count);
  for (let n = 0; n < samples; n++) {
    const positions = drawPositions(seed, start + n, size, count);
    positions.forEach((position, i) => (rows[n * count + i] = n * size + position));
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

/** For each output position, the input positions it reads and their weights, all to be divided by `scale`. */
export interface AxisTaps {
  readonly taps: readonly (readonly (readonly [index: number, weight: number])[])[];
  readonly scale: number;
}

/** How one axis of `from` positions becomes one of `to`; see {@link toGrid}. */
export function axisTaps(from: number, to: number): AxisTaps {
  if (from % to === 0) {
    const k = from / to;
    // Weights of 1 and one division at the end keep the mean of equal values exact.
    const taps = Array.from({ length: to }, (_, i) =>
      Array.from({ length: k }, (_, j) => [i * k + j, 1] as const),
    );
    return { taps, scale: k };
  }
  const taps = Array.from({ length: to }, (_, i) => {
    const source = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(source);
    const fraction = source - low;
    if (fraction === 0) return [[low, 1] as const];
    return [[low, 1 - fraction] as const, [low + 1, fraction] as const];
  });
  return { taps, scale: 1 };
}

function newLike(data: FloatArray, length: number): FloatArray {
  return data instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}

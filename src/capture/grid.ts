/**
 * Grids of positions: how two of them meet, and how a block is resampled from one to another.
 *
 * @module
 */
import type { FloatArray } from '../matrix.js';
import { wholeNumber } from '../options.js';
import type { ActivationBlock } from './activations.js';

/** Rows and columns of a grid of positions. */
export type Grid = readonly [number, number];

/** The positions of some samples, and which of them count. */
export interface Positioned {
  readonly samples: number;
  readonly grid: Grid;
  /** 1 where a position counts, 0 where the model masks it: `[samples, grid[0], grid[1]]`. Left out: all count. */
  readonly mask?: Uint8Array;
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
 * Of a block with a mask the weights of masked positions are 0 and the rest are scaled up to a sum of 1. A position of the
 * target counts if any that it reads does; else it is masked, and 0.
 *
 * @throws OptionError when the grid is not two whole numbers of at least 1.
 */
export function toGrid(block: ActivationBlock, grid: Grid): ActivationBlock {
  const [rows, cols] = [wholeNumber('grid[0]', grid[0]), wholeNumber('grid[1]', grid[1])];
  const { samples, channels, data, mask } = block;
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
        let unmasked = 0;
        for (const [r, weightR] of row) {
          for (const [c, weightC] of col) {
            const position = (n * height + r) * width + c;
            if (mask?.[position] === 0) continue;
            const weight = weightR * weightC;
            unmasked += weight;
            const from = position * channels;
            for (let k = 0; k < channels; k++) sum[k] += weight * data[from + k];
          }
        }
        const divisor = mask === undefined ? scale : unmasked;
        for (let k = 0; k < channels; k++) out[to++] = divisor === 0 ? 0 : sum[k] / divisor;
      }
    }
  }
  const resampled = { samples, grid: [rows, cols] as const, channels, data: out };
  const coarse = maskOnGrid(block, grid);
  return coarse === undefined ? resampled : { ...resampled, mask: coarse };
}

/** The mask that {@link toGrid} gives; nothing where the block has none. */
export function maskOnGrid({ samples, grid, mask }: Positioned, [rows, cols]: Grid): Uint8Array | undefined {
  const [height, width] = grid;
  if (mask === undefined || (rows === height && cols === width)) return mask;
  const [down, across] = [axisTaps(height, rows), axisTaps(width, cols)];
  const out = new Uint8Array(samples * rows * cols);
  let to = 0;
  for (let n = 0; n < samples; n++) {
    for (const row of down.taps) {
      for (const col of across.taps) {
        const counts = row.some(([r]) => col.some(([c]) => mask[(n * height + r) * width + c] !== 0));
        out[to++] = counts ? 1 : 0;
      }
    }
  }
  return out;
}

/**
 * The positions of a grid that count in every one of the blocks that can be seen on it, so that all of them give the same
 * datapoints there; nothing where all do. Blocks of the same samples; coarser ones are left out.
 */
export function commonMask(blocks: Iterable<Positioned>, grid: Grid): Uint8Array | undefined {
  let common: Uint8Array | undefined;
  for (const block of blocks) {
    if (block.mask === undefined || block.grid[0] < grid[0] || block.grid[1] < grid[1]) continue;
    const mask = maskOnGrid(block, grid)!;
    common = common === undefined ? mask : common.map((counts, i) => counts & mask[i]);
  }
  return common;
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

/** A new array of the same kind. */
export function newLike(data: FloatArray, length: number): FloatArray {
  return data instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}

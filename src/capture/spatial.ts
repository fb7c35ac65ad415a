/**
 * Activations as blocks, and where the positions of their grids go: kept as datapoints, averaged, or laid out as neurons.
 *
 * @module
 */
import { DataError, ShapeError } from '../errors.js';
import type { NumberArray } from '../matrix.js';
import type { ActivationBlock, Spatial } from './activations.js';
import { newLike, toGrid, type Positioned } from './grid.js';

export { commonGrid, toGrid, type Grid } from './grid.js';
export { datapoints, drawOf, type PositionOptions, type Positions } from './positions.js';

/**
 * A block as it is read, before its spatial rule. A volume `[n, d, h, w, c]` has the grid `[d · h, w]` until then, on which
 * `mean` and `flatten` do the same.
 */
export interface ReadBlock extends ActivationBlock {
  readonly volume?: readonly [number, number, number];
}

/** Where a block comes from, for messages. */
export interface Place {
  /** How messages call the layer. @defaultValue `'the layer'` */
  readonly layer?: string;
  /** Global number of the block's first sample. @defaultValue `0` */
  readonly start?: number;
}

/**
 * Reads an activation with samples first and channels last as a block.
 *
 * `[n]` has one channel and the grid `[1, 1]`, `[n, d]` has `d` channels and the grid `[1, 1]`, `[n, t, c]` has the
 * grid `[t, 1]`, `[n, h, w, c]` the grid `[h, w]`; `[n, d, h, w, c]` is read for `mean` and `flatten`. float32 and float64
 * storage is shared, the rest becomes float64.
 *
 * @param name - how messages call the layer.
 * @param mask - 1 where a position counts: `shape` without its last axis, of `[n]` the same.
 * @throws ShapeError for any other rank, for an empty axis, or when `data` or `mask` does not have the length of `shape`.
 */
export function toBlock(
  shape: readonly number[],
  data: NumberArray,
  name = 'the activation',
  mask?: Uint8Array,
): ReadBlock {
  const dimensions = dimensionsOf(shape, name, mask);
  const size = shape.reduce((product, axis) => product * axis, 1);
  if (size !== data.length) {
    throw new ShapeError(`${name} of shape [${shape.join(', ')}] needs ${size} values, got ${data.length}`);
  }
  const kept = data instanceof Float32Array || data instanceof Float64Array;
  return { ...dimensions, data: kept ? data : Float64Array.from(data, Number) };
}

/** Samples, grid, channels and mask of a shape, as {@link toBlock} reads it. @throws ShapeError */
export function dimensionsOf(
  shape: readonly number[],
  name: string,
  mask?: Uint8Array,
): Omit<ReadBlock, 'data'> {
  const shown = `[${shape.join(', ')}]`;
  if (shape.length < 1 || shape.length > 5) {
    throw new ShapeError(
      `${name} has shape ${shown}: rank 1 to 5 is understood ([n], [n, d], [n, t, c], [n, h, w, c], [n, d, h, w, c])`,
    );
  }
  const [samples, ...rest] = shape as [number, ...number[]];
  const channels = rest.pop() ?? 1;
  const positions = rest.reduce((product, axis) => product * axis, 1);
  if (positions * channels === 0) throw new ShapeError(`${name} has shape ${shown}: an axis is empty`);
  if (mask !== undefined && mask.length !== samples * positions) {
    throw new ShapeError(
      `${name} of shape ${shown} needs a mask of ${samples * positions} positions, got ${mask.length}`,
    );
  }
  const masked = mask === undefined ? {} : { mask };
  if (rest.length === 3) {
    const volume = rest as unknown as readonly [number, number, number];
    return { samples, grid: [rest[0] * rest[1], rest[2]], channels, volume, ...masked };
  }
  return { samples, grid: [rest[0] ?? 1, rest[1] ?? 1], channels, ...masked };
}

/**
 * Applies the spatial rule to one block: `'positions'` leaves it alone, `'mean'` averages over the grid, `'flatten'`
 * turns every position's channels into neurons of their own (row, column, channel), `'last'` takes the last step of a
 * sequence. Applying it twice changes nothing.
 *
 * Masked positions stay masked under `'positions'`, have no weight in `'mean'`, are never the last of `'last'`, and are 0 under
 * `'flatten'`.
 *
 * @throws ShapeError for `'last'` of an image, and for `'positions'` and `'last'` of a volume; DataError for `'mean'` or
 * `'last'` of a sample that is masked as a whole.
 */
export function applySpatial(block: ReadBlock, spatial: Spatial, place: Place = {}): ActivationBlock {
  checkRule(block, spatial, place);
  const { samples, grid, channels, data, mask } = block;
  switch (spatial) {
    case 'positions':
      return block;
    case 'mean':
      return { samples, grid: [1, 1], channels, data: toGrid(block, [1, 1]).data };
    case 'last': {
      if (grid[0] === 1 && mask === undefined) return block;
      const out = newLike(data, samples * channels);
      lastRows(block).forEach((row, n) => {
        out.set(data.subarray(row * channels, (row + 1) * channels), n * channels);
      });
      return { samples, grid: [1, 1], channels, data: out };
    }
    case 'flatten':
      return {
        samples,
        grid: [1, 1],
        channels: grid[0] * grid[1] * channels,
        data: mask === undefined ? data : data.map((v, i) => (mask[Math.floor(i / channels)] === 0 ? 0 : v)),
      };
  }
}

/** Throws as {@link applySpatial} where the rule is not defined on a block. */
export function checkRule(
  { samples, grid, mask, volume }: Omit<ReadBlock, 'data'>,
  spatial: Spatial,
  { layer = 'the layer', start = 0 }: Place,
): void {
  const sequence = spatial === 'last';
  if (volume !== undefined && (sequence || spatial === 'positions')) {
    throw new ShapeError(
      `${layer} gives a volume of ${volume.join(' × ')} positions, which spatial '${spatial}' does not read: choose ` +
        "'mean' or 'flatten', or leave it out by 'layers'",
    );
  }
  if (sequence && grid[1] > 1) {
    throw new ShapeError(
      `spatial 'last' takes the last step of a sequence, and ${layer} has a grid of ${grid[0]} × ${grid[1]}: choose ` +
        "other layers, or 'mean'",
    );
  }
  if (mask === undefined || (spatial !== 'mean' && !sequence)) return;
  const size = grid[0] * grid[1];
  for (let n = 0; n < samples; n++) {
    if (mask.subarray(n * size, (n + 1) * size).includes(1)) continue;
    throw new DataError(
      `${layer} masks every position of sample ${start + n}, so there is ${sequence ? 'no last one' : 'no mean'}: leave ` +
        "the sample out, or choose spatial 'positions' or 'flatten'",
    );
  }
}

/** The row of each sample's last step that counts, among all `samples · steps`. */
export function lastRows({ samples, grid: [steps], mask }: Positioned): Int32Array {
  return Int32Array.from({ length: samples }, (_, n) => {
    let step = steps - 1;
    while (step > 0 && mask?.[n * steps + step] === 0) step--;
    return n * steps + step;
  });
}

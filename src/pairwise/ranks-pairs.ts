/**
 * The dissimilarities of all pairs as lists, and those of a few pairs drawn at random.
 *
 * @module
 */
import type { Engine } from '../engines/engine.js';
import { Random } from '../random.js';
import { roundForTies } from './ranks-order.js';
import { eachTile } from './tiles.js';
import type { PairwiseValues, TileRange } from './values.js';
import type { Breathe } from '../options.js';

/** Both sides of a comparison, of the same samples. */
export type Sides = readonly [x: PairwiseValues, y: PairwiseValues];

/** Number of pairs of n samples. */
export function pairsOf(samples: number): number {
  return (samples * (samples - 1)) / 2;
}

/** The pairs of one sample in one tile: entries `from … to − 1` of the tile's values. */
export interface PairRun {
  readonly x: Float64Array;
  readonly y: Float64Array;
  readonly from: number;
  readonly to: number;
  /** The sample. */
  readonly row: number;
  /** The other sample of entry `from`; those of the next entries follow it. */
  readonly col: number;
}

/** Visits each pair of different samples once, in runs; the values are the visitor's to change. */
export async function eachPair(
  engine: Engine,
  sides: Sides,
  breathe: Breathe,
  visit: (run: PairRun) => void,
): Promise<void> {
  await eachTile(engine, sides, breathe, (tile, [x, y]) => {
    const { rowStart, colStart, rows, cols, diagonal } = tile;
    for (let i = 0; i < rows; i++) {
      const skipped = diagonal ? i + 1 : 0;
      const [from, to] = [i * cols + skipped, (i + 1) * cols];
      if (from < to) visit({ x, y, from, to, row: rowStart + i, col: colStart + skipped });
    }
  });
}

/** All dissimilarities of both sides, rounded for ties: n(n − 1)/2 each, in one order that is not told. */
export async function allPairs(
  engine: Engine,
  sides: Sides,
  breathe: Breathe,
): Promise<[x: Float64Array, y: Float64Array]> {
  const pairs = pairsOf(sides[0].rows.rows);
  const [left, right] = [new Float64Array(pairs), new Float64Array(pairs)];
  let next = 0;
  await eachPair(engine, sides, breathe, ({ x, y, from, to }) => {
    left.set(x.subarray(from, to), next);
    right.set(y.subarray(from, to), next);
    next += to - from;
  });
  roundForTies(left);
  roundForTies(right);
  return [left, right];
}

/** Values of `count` pairs of different samples drawn with a fixed seed. */
export async function somePairs(
  side: PairwiseValues,
  count: number,
  breathe: Breathe,
): Promise<Float64Array> {
  const { rows: samples, cols, data } = side.rows;
  const random = new Random(0);
  const values = new Float64Array(count);
  for (let drawn = 0; drawn < count; drawn++) {
    const i = random.integer(samples);
    const other = random.integer(samples - 1);
    const j = other < i ? other : other + 1;
    let product = 0;
    for (let k = 0; k < cols; k++) product += data[i * cols + k] * data[j * cols + k];
    const value = values.subarray(drawn, drawn + 1);
    value[0] = product;
    const tile: TileRange = { rowStart: i, colStart: j, rows: 1, cols: 1 };
    side.apply(value, tile);
    if (drawn % 1024 === 0) await breathe();
  }
  return values;
}

/**
 * Exact medians of squared distances, without the n × n matrix: a bracket about the median is guessed from a sample of the
 * pairs, then one pass counts what lies below and collects what lies within.
 *
 * @module
 */
import type { Engine } from '../engines/engine.js';
import { Random } from '../random.js';
import { Bracket } from './bracket.js';
import { squaredDifference } from './rows.js';
import type { Rows } from './rows.js';
import { eachTile } from './tiles.js';
import type { Tile, TileOptions } from './tiles.js';
import { squaredDistancesOf } from './values.js';
import type { Breathe } from '../options.js';

/** How a median is found; for tests and tuning. */
export interface MedianOptions extends Pick<TileOptions, 'edge'> {
  /** Distances that may be collected, of each side. @defaultValue 2²² (32 MB) */
  readonly capacity?: number;
}

/** Pairs that are sampled: fewer leave too much within the bracket, more cost too much for what they save. */
const SAMPLED = { least: 2 ** 16, most: 2 ** 22 };

/**
 * For each side the median of all n² squared distances, with the n zeros of the diagonal, as `np.median` of the whole matrix
 * gives it: the mean of the two middle ones where n² is even. It does not depend on chance, only the time does.
 *
 * @param sides - prepared rows of the same number of samples.
 */
export async function medianSquaredDistances(
  engine: Engine,
  sides: readonly Rows[],
  breathe: Breathe,
  { capacity = 2 ** 22, ...tiles }: MedianOptions = {},
): Promise<number[]> {
  const searches: Search[] = [];
  for (const [side, rows] of sides.entries()) {
    searches.push(new Search(rows, capacity, await firstBracket(rows, capacity, side, breathe)));
  }
  for (let open = searches; open.length > 0; open = open.filter(({ median }) => median === undefined)) {
    const passes = open.map((search) => search.pass());
    const values = open.map(({ rows }) => squaredDistancesOf(rows));
    await eachTile(
      engine,
      values,
      breathe,
      (tile, all) => passes.forEach((pass, at) => addTile(pass, tile, all[at])),
      tiles,
    );
    open.forEach((search, at) => search.learn(passes[at]));
  }
  return searches.map(({ median }) => median!);
}

/** Adds each pair of different samples once. */
function addTile(pass: Bracket, { rows, cols, diagonal }: Tile, values: Float64Array): void {
  if (!diagonal) pass.add(values);
  else for (let i = 0; i < rows; i++) pass.add(values.subarray(i * cols + i + 1, (i + 1) * cols));
}

/** The search for one side's median: a bracket for each pass, until it holds no more than can be collected. */
class Search {
  median: number | undefined;
  readonly #capacity: number;
  /** Ranks of the two middle ones among the pairs `i < j` in ascending order; −1 is a zero of the diagonal. */
  readonly #ranks: readonly [number, number];
  #low: number;
  #high: number;

  constructor(
    readonly rows: Rows,
    capacity: number,
    bracket: readonly [low: number, high: number],
  ) {
    this.#capacity = capacity;
    this.#ranks = middleRanks(rows.rows.rows);
    [this.#low, this.#high] = bracket;
  }

  pass(): Bracket {
    return new Bracket(this.#low, this.#high, this.#capacity);
  }

  /** Reads the median off a pass, or the bracket of the next. */
  learn(pass: Bracket): void {
    const [first, last] = this.#ranks;
    if (last < 0) {
      this.median = 0;
      return;
    }
    const found = pass.find(Math.max(0, first), last);
    if (Array.isArray(found)) this.median = first < 0 ? found[1] / 2 : (found[0] + found[1]) / 2;
    else [this.#low, this.#high] = [found.low, found.high];
  }
}

/** Ranks among the pairs of the two middle ones of the whole matrix, where the diagonal's zeros come first and pairs twice. */
function middleRanks(n: number): [number, number] {
  const rank = (place: number): number => (place < n ? -1 : Math.floor((place - n) / 2));
  return [rank(Math.floor((n * n - 1) / 2)), rank(Math.floor((n * n) / 2))];
}

/** A bracket that holds the median almost surely, and about half of what can be collected; everything where that fits. */
async function firstBracket(
  { rows }: Rows,
  capacity: number,
  seed: number,
  breathe: Breathe,
): Promise<[low: number, high: number]> {
  const n = rows.rows;
  const pairs = (n * (n - 1)) / 2;
  if (pairs <= capacity) return [0, Infinity];
  const random = new Random(0x5eed, seed);
  // Five standard deviations to either side of the middle hold 5/√count of the pairs.
  const wanted = Math.max(SAMPLED.least, Math.ceil(((10 * pairs) / capacity) ** 2));
  const count = Math.min(wanted, SAMPLED.most, pairs);
  const sample = new Float64Array(count);
  for (let at = 0; at < count; at++) {
    const i = random.integer(n);
    const j = (i + 1 + random.integer(n - 1)) % n;
    sample[at] = squaredDifference(rows, i, j);
    if (at % 4096 === 0) await breathe();
  }
  sample.sort();
  const middle = (middleRanks(n)[0] / pairs) * count;
  const reach = 2.5 * Math.sqrt(count);
  const [low, high] = [Math.floor(middle - reach), Math.ceil(middle + reach)];
  return [low < 0 ? 0 : sample[low], high >= count ? Infinity : sample[high]];
}

/**
 * The nearest neighbours of every sample, from tiles.
 *
 * @module
 */
import type { Engine } from '../engines/engine.js';
import { roundForTies } from './ranks-order.js';
import { eachTile } from './tiles.js';
import type { PairwiseValues } from './values.js';
import type { Breathe } from '../options.js';

/** The nearest neighbours of all samples. */
export interface Neighbours {
  /** `[samples, k]`, row-major: the k nearest other samples, nearest first; of equally near ones the lower index first. */
  readonly indices: Uint32Array;
  /** Samples whose k-th neighbour is no nearer than the next, so that the index decided which of them is one. */
  readonly tied: number;
}

/**
 * Finds the k nearest other samples of every sample of each side, in memory of the order of samples · k. Values are
 * rounded to 39 bits first, so that engines find the same neighbours, but for the rare one at which the rounding changes.
 *
 * @param sides - dissimilarities of the same samples, more than k of them.
 */
export async function nearestNeighbours(
  engine: Engine,
  sides: readonly PairwiseValues[],
  k: number,
  breathe: Breathe,
): Promise<Neighbours[]> {
  const samples = sides[0].rows.rows;
  const lists = sides.map(() => new NearestLists(samples, k));
  const options = { whole: true };
  await eachTile(
    engine,
    sides,
    breathe,
    async ({ rowStart, colStart, rows, cols }, values) => {
      for (const [side, list] of lists.entries()) {
        roundForTies(values[side]);
        for (let i = 0; i < rows; i++) {
          list.offer(rowStart + i, colStart, values[side], i * cols, cols);
          if (i % 64 === 63) await breathe();
        }
      }
    },
    options,
  );
  const found: Neighbours[] = [];
  for (const list of lists) found.push(await list.finish(breathe));
  return found;
}

/** Steps of sorting after which the event loop may run. */
const STEPS = 2 ** 18;

/** For each sample the k + 1 nearest so far, as a heap: each is at least as far as the two that it stands above, the first of all. */
class NearestLists {
  private readonly width: number;
  private readonly values: Float64Array;
  private readonly indices: Uint32Array;

  constructor(
    private readonly samples: number,
    private readonly k: number,
  ) {
    this.width = k + 1;
    this.values = new Float64Array(samples * this.width).fill(Infinity);
    this.indices = new Uint32Array(samples * this.width);
  }

  /** Offers `count` samples from `first` on to a sample; they must come in ascending order, call by call. */
  offer(sample: number, first: number, from: Float64Array, start: number, count: number): void {
    const { values, width } = this;
    const head = sample * width;
    for (let j = 0; j < count; j++) {
      const value = from[start + j];
      // One that is equally near comes later, and so has the higher index.
      if (value < values[head] && first + j !== sample) this.place(head, width, value, first + j);
    }
  }

  async finish(breathe: Breathe): Promise<Neighbours> {
    const { samples, k, width } = this;
    const indices = new Uint32Array(samples * k);
    let tied = 0;
    for (let i = 0, steps = 0; i < samples; i++) {
      this.sort(i * width);
      indices.set(this.indices.subarray(i * width, i * width + k), i * k);
      const last = this.values[i * width + k - 1];
      if (last === this.values[i * width + k]) tied++;
      steps += width;
      if (steps < STEPS) continue;
      steps = 0;
      await breathe();
    }
    return { indices, tied };
  }

  /** Turns the heap at `head` into a list, nearest first, of equally near ones the lower index first. */
  private sort(head: number): void {
    const { values, indices } = this;
    for (let size = this.width - 1; size > 0; size--) {
      const [value, index] = [values[head + size], indices[head + size]];
      values[head + size] = values[head];
      indices[head + size] = indices[head];
      this.place(head, size, value, index);
    }
  }

  /** Puts a sample into the heap of `size` at `head` instead of its first. */
  private place(head: number, size: number, value: number, index: number): void {
    const { values, indices } = this;
    let at = 0;
    for (let next = 1; next < size; next = 2 * at + 1) {
      if (next + 1 < size && farther(values, indices, head + next + 1, head + next)) next++;
      const [below, own] = [values[head + next], indices[head + next]];
      if (below < value || (below === value && own < index)) break;
      values[head + at] = below;
      indices[head + at] = own;
      at = next;
    }
    values[head + at] = value;
    indices[head + at] = index;
  }
}

/** Whether a comes after b: farther, or as far with a higher index. */
function farther(values: Float64Array, indices: Uint32Array, a: number, b: number): boolean {
  return values[a] > values[b] || (values[a] === values[b] && indices[a] > indices[b]);
}

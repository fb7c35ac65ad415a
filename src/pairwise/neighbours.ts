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
 * Finds the k nearest other samples of every sample of each side, in memory of the order of samples · k. Values that agree to
 * 39 bits are equally near, so that every engine finds the same neighbours.
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
    ({ rowStart, colStart, rows, cols }, values) => {
      for (const [side, list] of lists.entries()) {
        roundForTies(values[side]);
        for (let i = 0; i < rows; i++) list.offer(rowStart + i, colStart, values[side], i * cols, cols);
      }
    },
    options,
  );
  return lists.map((list) => list.finish());
}

/** For each sample the k + 1 nearest so far, nearest first. */
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
    const { values, indices } = this;
    const head = sample * this.width;
    const last = head + this.width - 1;
    for (let j = 0; j < count; j++) {
      const value = from[start + j];
      // One that is equally near comes later, and so has the higher index.
      if (value >= values[last] || first + j === sample) continue;
      let at = last;
      for (; at > head && values[at - 1] > value; at--) {
        values[at] = values[at - 1];
        indices[at] = indices[at - 1];
      }
      values[at] = value;
      indices[at] = first + j;
    }
  }

  finish(): Neighbours {
    const { samples, k, width } = this;
    const indices = new Uint32Array(samples * k);
    let tied = 0;
    for (let i = 0; i < samples; i++) {
      indices.set(this.indices.subarray(i * width, i * width + k), i * k);
      const last = this.values[i * width + k - 1];
      if (last === this.values[i * width + k]) tied++;
    }
    return { indices, tied };
  }
}

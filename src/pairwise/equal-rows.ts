/**
 * Samples that are equal, value by value.
 *
 * @module
 */
import type { Matrix } from '../matrix.js';

/** For each row the first row that equals it: itself where there is none before. */
export function firstEqualRows({ rows, cols, data }: Matrix): Uint32Array {
  const compare = (i: number, j: number): number => {
    for (let a = i * cols, b = j * cols, end = a + cols; a < end; a++, b++) {
      if (data[a] !== data[b]) return data[a] - data[b];
    }
    return 0;
  };
  const first = Uint32Array.from({ length: rows }, (_, i) => i);
  // Equal rows come together in order; most comparisons end at the first neuron.
  const order = first.slice().sort((i, j) => compare(i, j) || i - j);
  for (let at = 1; at < rows; at++) {
    const [before, row] = [order[at - 1], order[at]];
    if (compare(before, row) === 0) first[row] = first[before];
  }
  return first;
}

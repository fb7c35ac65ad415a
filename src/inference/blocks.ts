/**
 * Datapoints that belong together: positions of one image, frames of one film. They are permuted, left out and drawn as one.
 *
 * @module
 */
import { OptionError, ShapeError } from '../errors.js';
import { show, wholeNumber } from '../options.js';
import { zeros } from '../matrix.js';
import type { Matrix } from '../matrix.js';

/** Datapoints that belong together: so many consecutive rows, or a label for each row. */
export type Block = number | ArrayLike<number | string>;

/** Rows of each block, in order of first appearance. @throws OptionError, or ShapeError where labels do not fit the samples */
export function rowsOfBlocks(samples: number, block: Block = 1): Uint32Array[] {
  if (typeof block === 'number') {
    const size = wholeNumber('block', block);
    if (samples % size !== 0) {
      throw new OptionError(
        `block is ${size}, and ${samples} samples are not a multiple of it: give a label for each sample`,
      );
    }
    return Array.from({ length: samples / size }, (_, b) =>
      Uint32Array.from({ length: size }, (_, i) => b * size + i),
    );
  }
  if (typeof block !== 'object' || typeof block?.length !== 'number') {
    throw new OptionError(
      `block is ${show(block)}: give a number of consecutive samples, or a label for each sample`,
    );
  }
  if (block.length !== samples)
    throw new ShapeError(`block has ${block.length} labels for ${samples} samples`);
  const rows = new Map<number | string, number[]>();
  for (let i = 0; i < samples; i++) {
    const known = rows.get(block[i]);
    if (known) known.push(i);
    else rows.set(block[i], [i]);
  }
  return Array.from(rows.values(), (list) => Uint32Array.from(list));
}

/** The given rows, in their order, in the storage of the matrix. */
export function rowsOf<M extends Matrix>({ cols, data }: M, rows: Uint32Array): M {
  const taken =
    data instanceof Float32Array ? new Float32Array(rows.length * cols) : zeros(rows.length, cols).data;
  rows.forEach((row, i) => taken.set(data.subarray(row * cols, (row + 1) * cols), i * cols));
  return { rows: rows.length, cols, data: taken } as Matrix as M;
}

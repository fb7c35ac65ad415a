/**
 * Batches of samples pass through linear memory in chunks: while threads compute with one, this one fetches the next.
 *
 * @module
 */
import type { Scratch } from './arena.js';
import type { Machine } from './machine.js';
import type { Stored } from './stored.js';

/** Bytes of a chunk in float64, about. */
const CHUNK_BYTES = 2 ** 21;
/** The inner dimension is summed in blocks of 256, so chunks of other sizes would only add blocks. */
const BLOCK = 256;
const MOST_ROWS = 32 * BLOCK;

/** Rows of a chunk. It depends on the shape alone, and so do the bits of what is summed over chunks. */
export function chunkRows(cols: number): number {
  const rows = Math.floor(CHUNK_BYTES / 8 / cols / BLOCK) * BLOCK;
  return Math.min(MOST_ROWS, Math.max(BLOCK, rows));
}

/** The rows of a batch, chunk by chunk. */
export class Rows {
  readonly #source: Stored;
  readonly #rows: number;
  readonly #machine: Machine;
  /** Two buffers, where the matrix is not in linear memory. */
  readonly #buffers: readonly number[];
  readonly count: number;

  constructor(source: Stored, rows: number, scratch: Scratch) {
    this.#source = source;
    this.#machine = source.machine;
    this.#rows = rows;
    this.count = Math.ceil(source.rows / rows);
    const bytes = Math.min(rows, source.rows) * source.cols * source.size;
    this.#buffers = source.host
      ? Array.from({ length: Math.min(2, this.count) }, () => scratch.take(bytes))
      : [];
  }

  /** Rows of chunk `index`. */
  length(index: number): number {
    return Math.min(this.#rows, this.#source.rows - index * this.#rows);
  }

  /** Copies chunk `index` into the buffer that chunk `index − 2` no longer needs. */
  fetch(index: number): void {
    const { host, cols } = this.#source;
    if (host === undefined || index >= this.count) return;
    const from = index * this.#rows * cols;
    const part = host.subarray(from, from + this.length(index) * cols);
    this.#machine.arena.viewLike(host, this.#buffers[index % 2], part.length).set(part);
  }

  /** Where chunk `index` lies. */
  at(index: number): number {
    const { host, cols, size } = this.#source;
    if (host !== undefined) return this.#buffers[index % 2];
    return this.#source.address() + index * this.#rows * cols * size;
  }
}

/** `0 … total − 1` in about `count` ranges `[from, to)`, whose sizes are multiples of `step`. */
export function split(total: number, count: number, step: number): [number, number][] {
  const size = Math.max(1, Math.ceil(total / count / step)) * step;
  return Array.from({ length: Math.ceil(total / size) }, (_, i) => [
    i * size,
    Math.min(total, (i + 1) * size),
  ]);
}

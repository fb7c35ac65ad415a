/**
 * The linear memory, and who has which part of it: first fit over a list of free ranges that are joined again when freed.
 *
 * @module
 */
import { UnsupportedError } from '../../errors.js';
import type { FloatArray } from '../../matrix.js';

const PAGE = 65_536;
/** Ranges begin at multiples of a cache line, so that two threads never write to the same one. */
const ALIGNMENT = 64;
/** One page less than 4 GiB: the address after the last byte is still a 32-bit number. */
const MOST_PAGES = 65_535;

interface Range {
  at: number;
  size: number;
}

/** Hands out parts of a linear memory, and grows it where they do not fit. */
export class Arena {
  /** In the order of their addresses, no two adjacent. */
  readonly #free: Range[] = [];
  readonly #taken = new Map<number, number>();
  #end: number;
  #used = 0;

  constructor(
    readonly memory: WebAssembly.Memory,
    from: number,
  ) {
    const start = Math.ceil(from / ALIGNMENT) * ALIGNMENT;
    this.#end = memory.buffer.byteLength;
    this.#free.push({ at: start, size: this.#end - start });
  }

  /** Bytes taken and not freed. */
  get used(): number {
    return this.#used;
  }

  /** Bytes of the whole memory; they never become fewer. */
  get size(): number {
    return this.#end;
  }

  /** Address of `bytes` bytes, with whatever was there before. @throws UnsupportedError where the memory cannot grow. */
  take(bytes: number): number {
    const size = Math.max(1, Math.ceil(bytes / ALIGNMENT)) * ALIGNMENT;
    let index = this.#free.findIndex((range) => range.size >= size);
    if (index < 0) {
      this.#grow(size);
      index = this.#free.length - 1;
    }
    const range = this.#free[index];
    const { at } = range;
    range.at += size;
    range.size -= size;
    if (range.size === 0) this.#free.splice(index, 1);
    this.#taken.set(at, size);
    this.#used += size;
    return at;
  }

  /** Gives a range back. */
  free(at: number): void {
    const size = this.#taken.get(at);
    if (size === undefined) throw new Error(`wasm: address ${at} was not taken`);
    this.#taken.delete(at);
    this.#used -= size;
    this.#release({ at, size });
  }

  /** A view of float64; it is detached or too short once the memory has grown, so take it after everything else. */
  f64(at: number, length: number): Float64Array {
    return new Float64Array(this.memory.buffer, at, length);
  }

  /** A view of the element type of `like`. */
  viewLike(like: FloatArray, at: number, length: number): FloatArray {
    return like instanceof Float32Array
      ? new Float32Array(this.memory.buffer, at, length)
      : this.f64(at, length);
  }

  #grow(size: number): void {
    const last = this.#free.at(-1);
    const end = last ? last.at + last.size : 0;
    const spare = end === this.#end ? last!.size : 0;
    const needed = Math.ceil((size - spare) / PAGE);
    const most = MOST_PAGES - this.#end / PAGE;
    // An eighth more than needed where that can be had, so that a growing sum does not grow the memory at every step.
    for (const pages of [Math.min(most, needed + Math.ceil(this.#end / PAGE / 8)), needed]) {
      if (pages < needed || pages > most) continue;
      try {
        this.memory.grow(pages);
      } catch {
        continue;
      }
      this.#release({ at: this.#end, size: pages * PAGE });
      this.#end += pages * PAGE;
      return;
    }
    throw new UnsupportedError(
      `wasm: ${megabytes(size)} more do not fit into its memory, of which ${megabytes(this.#used)} are in use: ` +
        "a WebAssembly memory ends at 4096 MB. Compare fewer neurons at a time, or take the engine 'lapack'",
    );
  }

  #release(range: Range): void {
    let [low, high] = [0, this.#free.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#free[middle].at < range.at) low = middle + 1;
      else high = middle;
    }
    const before = this.#free[low - 1];
    const after = this.#free[low];
    this.#free.splice(low, 0, range);
    if (after?.at === range.at + range.size) {
      range.size += after.size;
      this.#free.splice(low + 1, 1);
    }
    if (before && before.at + before.size === range.at) {
      before.size += range.size;
      this.#free.splice(low, 1);
    }
  }
}

function megabytes(bytes: number): string {
  return `${Math.ceil(bytes / 2 ** 20)} MB`;
}

/** Ranges that live as long as one computation. */
export class Scratch {
  readonly #ranges: number[] = [];

  constructor(readonly arena: Arena) {}

  take(bytes: number): number {
    const at = this.arena.take(bytes);
    this.#ranges.push(at);
    return at;
  }

  /** A copy of `values`. */
  put(values: Float64Array): number {
    const at = this.take(8 * values.length);
    this.arena.f64(at, values.length).set(values);
    return at;
  }

  /** Leaves one of its ranges to the caller. */
  keep(at: number): number {
    this.#ranges.splice(this.#ranges.indexOf(at), 1);
    return at;
  }

  free(): void {
    for (const at of this.#ranges.splice(0)) this.arena.free(at);
  }
}

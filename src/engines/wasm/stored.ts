/**
 * Matrices of the engine: in linear memory, or still where the caller keeps them.
 *
 * @module
 */
import type { FloatArray, Matrix } from '../../matrix.js';
import type { Handle, HostMatrix } from '../engine.js';
import type { Machine } from './machine.js';

/** A handle. What was uploaded stays with the caller until an operation needs the whole of it in linear memory. */
export class Stored implements Handle {
  /** Its address in linear memory, once it is there. */
  #at: number | undefined;
  /** The caller's storage, until then. */
  #host: FloatArray | undefined;
  /** Whether only the upper triangle of a symmetric matrix is up to date. */
  #upper = false;
  #pins = 0;
  #disposed = false;
  /** Whether its elements are float32. */
  single: boolean;

  private constructor(
    readonly machine: Machine,
    readonly rows: number,
    readonly cols: number,
    place: { readonly at: number } | { readonly host: FloatArray },
  ) {
    if ('at' in place) this.#at = place.at;
    else this.#host = place.host;
    this.single = this.#host instanceof Float32Array;
  }

  /** A matrix of the caller. */
  static of(machine: Machine, { rows, cols, data }: Matrix): Stored {
    return new Stored(machine, rows, cols, { host: data });
  }

  /** A float64 matrix at an address, which the handle owns from now on. */
  static at(machine: Machine, rows: number, cols: number, at: number): Stored {
    return new Stored(machine, rows, cols, { at });
  }

  /** A float64 matrix with undefined elements. */
  static empty(machine: Machine, rows: number, cols: number): Stored {
    return Stored.at(machine, rows, cols, machine.arena.take(8 * rows * cols));
  }

  get length(): number {
    return this.rows * this.cols;
  }

  /** Bytes of one element. */
  get size(): number {
    return this.single ? 4 : 8;
  }

  /** The caller's storage, where it is not in linear memory. */
  get host(): FloatArray | undefined {
    return this.#host;
  }

  /** Its address; brings it into linear memory where it is not yet there. */
  address(): number {
    if (this.#at === undefined) {
      const { arena } = this.machine;
      const at = arena.take(this.size * this.length);
      arena.viewLike(this.#host!, at, this.length).set(this.#host!);
      this.#at = at;
      this.#host = undefined;
    }
    if (this.#upper) {
      this.machine.kernels['mirror'](this.rows, 0, this.rows, this.#at);
      this.#upper = false;
    }
    return this.#at;
  }

  /** Copies it to an address as float64. */
  copyTo(at: number): void {
    const { arena } = this.machine;
    const source = this.#host ?? this.#view();
    arena.f64(at, this.length).set(source);
  }

  /** A float64 copy for the caller. */
  toHost(): HostMatrix {
    const data = new Float64Array(this.length);
    data.set(this.#host ?? this.#view());
    return { rows: this.rows, cols: this.cols, data };
  }

  /** Makes it a float64 matrix in linear memory, to be added to; `upper` where only that triangle will be. */
  accumulator(upper: boolean): number {
    if (this.single) {
      const at = this.machine.arena.take(8 * this.length);
      this.copyTo(at);
      this.#release();
      this.#at = at;
      this.single = false;
    }
    // What is below the diagonal need not be mirrored before the next addition.
    const at = upper && this.#at !== undefined ? this.#at : this.address();
    this.#upper = upper;
    return at;
  }

  /** Throws where it has been disposed. */
  checkAlive(): void {
    if (this.#disposed) throw new Error('a handle was given to the wasm engine after it was disposed');
  }

  /** Keeps its memory until `unpin`, though it be disposed. */
  pin(): void {
    this.#pins++;
  }

  unpin(): void {
    this.#pins--;
    if (this.#disposed && this.#pins === 0) this.#release();
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    if (this.#pins === 0) this.#release();
  }

  #view(): FloatArray {
    const at = this.address();
    const { buffer } = this.machine.arena.memory;
    return this.single
      ? new Float32Array(buffer, at, this.length)
      : new Float64Array(buffer, at, this.length);
  }

  #release(): void {
    if (this.#at !== undefined) this.machine.arena.free(this.#at);
    this.#at = undefined;
    this.#host = undefined;
  }
}

/**
 * Where a problem has its matrices: what it gives to the caller, and what is freed when it is done.
 *
 * @module
 */
import { Scratch } from './arena.js';
import type { Prepared } from './lane.js';
import type { Machine } from './machine.js';
import { Stored } from './stored.js';

/** The matrices and vectors of one problem. */
export class Places {
  readonly scratch: Scratch;
  readonly outputs: Stored[] = [];

  constructor(readonly machine: Machine) {
    this.scratch = new Scratch(machine.arena);
  }

  output(rows: number, cols: number): Stored {
    const stored = Stored.empty(this.machine, rows, cols);
    this.outputs.push(stored);
    return stored;
  }

  /** A float64 copy of a matrix, for a function that overwrites it. */
  copy(a: Stored): number {
    const at = this.scratch.take(8 * a.length);
    a.copyTo(at);
    return at;
  }

  /** A matrix in float64, to be read: the matrix itself where it is that already. */
  read(a: Stored): number {
    return a.single || a.host ? this.copy(a) : a.address();
  }

  vector(length: number): number {
    return this.scratch.take(8 * length);
  }

  /** Copies a vector for the caller. */
  values(at: number, length: number): Float64Array {
    return Float64Array.from(this.machine.arena.f64(at, length));
  }

  abandon(): void {
    this.scratch.free();
    for (const output of this.outputs) output.dispose();
  }
}

/** Lays out a problem; what `plan` took is freed where it fails. */
export function prepare<T>(
  machine: Machine,
  plan: (places: Places) => Omit<Prepared<T>, 'abandon'>,
): Prepared<T> {
  const places = new Places(machine);
  try {
    const planned = plan(places);
    return {
      ...planned,
      finish: (results) => {
        try {
          const result = planned.finish(results);
          places.scratch.free();
          return result;
        } catch (error) {
          places.abandon();
          throw error;
        }
      },
      abandon: () => places.abandon(),
    };
  } catch (error) {
    places.abandon();
    throw error;
  }
}

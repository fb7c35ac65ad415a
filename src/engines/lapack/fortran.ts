/**
 * Calls of Fortran's BLAS and LAPACK: every argument is passed by its address.
 *
 * Integers are passed as 8 bytes, whichever size the library reads: where it reads 4, little-endian memory has the lower half
 * first, so that a library with 32-bit integers (LP64) and one with 64-bit integers (ILP64) both see the same value, and
 * neither can write beyond what is there.
 *
 * @module
 */
import { NumericalError, UnsupportedError } from '../../errors.js';
import type { NativeFunction, NativeLibrary } from './koffi.js';

/** Routines with their arguments: how many, and how many of these are characters. */
const routines = {
  dgemm: [13, 2],
  dsyrk: [10, 2],
  dtrsm: [11, 4],
  dger: [9, 0],
  dgemv: [11, 1],
  dcopy: [5, 0],
  dpotrf: [5, 1],
  dsytrd: [10, 1],
  dsterf: [4, 0],
  dstedc: [11, 1],
  dormtr: [13, 3],
  dgesdd: [14, 1],
  dgeqrf: [8, 0],
  dorgqr: [9, 0],
} as const;

/** A routine that the engine calls. */
export type Routine = keyof typeof routines;

/** An argument: an integer, a character, a real number wrapped by {@link real}, or an array that lives elsewhere. */
export type Argument = number | string | Float64Array | BigInt64Array;

/** How a library spells a routine: before and after its name. */
export interface Spelling {
  readonly prefix: string;
  readonly suffix: string;
}

/** Spellings, the most specific first: Accelerate and scipy's OpenBLAS have others of the same routines beside. */
export const spellings: readonly Spelling[] = [
  { prefix: '', suffix: '$NEWLAPACK' },
  { prefix: '', suffix: '$NEWLAPACK$ILP64' },
  { prefix: 'scipy_', suffix: '_64_' },
  { prefix: 'scipy_', suffix: '64_' },
  { prefix: 'scipy_', suffix: '_' },
  { prefix: '', suffix: '_64_' },
  { prefix: '', suffix: '64_' },
  { prefix: '', suffix: '_' },
  { prefix: '', suffix: '' },
];

/** Address of a real number. */
export function real(value: number): Float64Array {
  return Float64Array.of(value);
}

/** Leading dimension of an array of that many rows; LAPACK wants at least 1. */
export function leading(rows: number): number {
  return Math.max(1, rows);
}

/** The routines of one library. */
export class Fortran {
  /** Arguments of calls on other threads, which have their addresses alone: nothing else need keep them alive. */
  private readonly underWay = new Set<readonly unknown[]>();

  private constructor(private readonly functions: Readonly<Record<Routine, NativeFunction>>) {}

  /** Finds all routines, or says which is missing. */
  static bind(library: NativeLibrary): { fortran: Fortran; spelling: Spelling } | { missing: string } {
    const spelling = spellings.find((spelled) => has(library, 'dsyrk', spelled));
    if (spelling === undefined) return { missing: 'dsyrk' };
    const names = Object.keys(routines) as Routine[];
    const missing = names.find((name) => !has(library, name, spelling));
    if (missing !== undefined) return { missing };
    const functions = Object.fromEntries(names.map((name) => [name, find(library, name, spelling)]));
    return { fortran: new Fortran(functions as Record<Routine, NativeFunction>), spelling };
  }

  /** Calls a routine and waits for it. */
  call(name: Routine, ...values: readonly Argument[]): void {
    this.functions[name](...passed(name, values));
  }

  /** Calls a routine on a thread of Node's pool. */
  start(name: Routine, ...values: readonly Argument[]): Promise<void> {
    const all = passed(name, values);
    this.underWay.add(all);
    return new Promise((resolve, reject) => {
      this.functions[name].async(...all, (cause: unknown) => {
        this.underWay.delete(all);
        if (cause) reject(new UnsupportedError(`koffi could not call ${name}`, { cause }));
        else resolve();
      });
    });
  }

  /** Bytes of an integer: 4, or 8 in a library that reads all of them. */
  integerSize(): 4 | 8 {
    // The lower half is 1; all of it is negative, of which nothing is copied.
    const count = BigInt64Array.of((-1n << 32n) | 1n);
    const to = real(0);
    this.call('dcopy', count, real(1), 1, to, 1);
    return to[0] === 1 ? 4 : 8;
  }
}

/** Result code of a LAPACK routine, to be passed as its `info`. */
export class Info {
  readonly address = new BigInt64Array(1);

  /** The code, whichever size was written. */
  get code(): number {
    return Number(BigInt.asIntN(32, this.address[0]));
  }

  /** @throws NumericalError unless the routine has succeeded. */
  check(routine: Routine): void {
    if (this.code === 0) return;
    const why = this.code > 0 ? 'it did not converge' : 'an argument was not valid, or not finite';
    throw new NumericalError(`LAPACK's ${routine} failed with info = ${this.code}: ${why}`);
  }
}

function passed(name: Routine, values: readonly Argument[]): unknown[] {
  const all: unknown[] = values.map((value) => {
    if (typeof value === 'number') return BigInt64Array.of(BigInt(value));
    return typeof value === 'string' ? Uint8Array.of(value.charCodeAt(0)) : value;
  });
  // Lengths of the characters, which Fortran compilers pass after the last argument, by value.
  for (let i = 0; i < routines[name][1]; i++) all.push(1);
  return all;
}

function find(library: NativeLibrary, name: Routine, { prefix, suffix }: Spelling): NativeFunction {
  const [count, characters] = routines[name];
  return library.func(prefix + name + suffix, 'void', [
    ...Array<string>(count).fill('void *'),
    ...Array<string>(characters).fill('size_t'),
  ]);
}

function has(library: NativeLibrary, name: Routine, spelling: Spelling): boolean {
  try {
    find(library, name, spelling);
    return true;
  } catch {
    return false;
  }
}

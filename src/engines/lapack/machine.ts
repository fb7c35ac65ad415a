/**
 * The library at work: which calls block, which run on another thread, and with how many.
 *
 * @module
 */
import { Info } from './fortran.js';
import type { Argument, Fortran, Routine } from './fortran.js';
import type { Lanes } from './lanes.js';

/** Floating-point operations from which a call leaves the main thread: some tenths of a millisecond, ten times the way there. */
const WORTH_A_THREAD = 1e7;

/** Order up to which a decomposition is as fast on one thread, or faster; measured with OpenBLAS. */
const ONE_THREAD_UP_TO = 768;

/** How long the main thread may be busy, in milliseconds, before other events have their turn. */
const PATIENCE = 25;

/** A library with the threads that an engine gives it. */
export class Machine {
  private held = performance.now();

  /**
   * @param lanes - shared by all engines on this library.
   * @param threads - threads of a call that runs by itself.
   * @param asynchronous - whether calls may be made on other threads.
   */
  constructor(
    private readonly fortran: Fortran,
    private readonly lanes: Lanes,
    private readonly threads: number,
    private readonly asynchronous: boolean,
  ) {}

  /** Runs a product of matrices, `work` operations in all: on all threads where it is not small. */
  product<T>(work: number, run: () => Promise<T>): Promise<T> {
    if (work >= WORTH_A_THREAD) return this.lanes.byItself(this.threads, run);
    return this.lanes.atOnce(run);
  }

  /** Runs a decomposition of order `order`: small ones at once, others beside each other, large ones by themselves. */
  decomposition<T>(order: number, work: number, run: () => Promise<T>): Promise<T> {
    if (work < WORTH_A_THREAD) return this.lanes.atOnce(run);
    if (order > ONE_THREAD_UP_TO) return this.lanes.byItself(this.threads, run);
    return this.lanes.beside(this.threads, run);
  }

  /** Calls a routine of `work` operations; a long call lets the event loop go on. */
  async step(work: number, routine: Routine, ...values: readonly Argument[]): Promise<void> {
    if (this.asynchronous && work >= WORTH_A_THREAD) await this.fortran.start(routine, ...values);
    else this.fortran.call(routine, ...values);
  }

  /** Calls a short routine and waits for it. */
  call(routine: Routine, ...values: readonly Argument[]): void {
    this.fortran.call(routine, ...values);
  }

  /** Length of the work array that a routine asks for. `values` are its arguments up to that array, of which nothing is read. */
  workspace(routine: Routine, ...values: readonly Argument[]): Float64Array {
    const found = new Float64Array(1);
    const info = new Info();
    const rest = routine === 'dgesdd' ? [new BigInt64Array(1)] : [];
    this.fortran.call(routine, ...values, found, -1, ...rest, info.address);
    info.check(routine);
    return new Float64Array(Math.max(1, found[0]));
  }

  /** Between two blocking steps of a long computation: lets other events have their turn, now and then. */
  async breathe(): Promise<void> {
    if (performance.now() - this.held < PATIENCE) return;
    await new Promise<void>((resolve) => globalThis.setImmediate(resolve));
    this.held = performance.now();
  }
}

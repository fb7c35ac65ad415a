/**
 * Runs tables of tasks on this thread and its workers, all on one memory.
 *
 * Each element of a result is computed by one task, and tasks do not add to what others write: the bits are the same
 * whichever thread takes which task.
 *
 * @module
 */
import { NumericalError } from '../../errors.js';
import { canBlock, waitWhile } from './host.js';
import type { StartWorker } from './host.js';
import { CAPACITY, EPOCH, FAILED, HEAD, LEFT, NEXT, SLOT, TABLE } from './worker.js';

/** Functions that the module exports. */
export type Kernels = Readonly<Record<string, (...args: number[]) => number>>;

/** One call: a function of the module and its arguments but the last, which is a workspace. */
export interface Task {
  readonly run: string;
  readonly args: readonly number[];
}

/** Floating point operations below which waking another thread costs more than it saves. */
const WORTH_WAKING = 1_000_000;
/** Looks at the counter before going to sleep: the last task of another thread is about to end. */
const LOOKS = 2000;

/** This thread, `thread` 0, and `count − 1` workers, which start when there is something worth starting them for. */
export class Threads {
  readonly #names: readonly string[];
  readonly #control: Int32Array;
  readonly #table: Float64Array;
  readonly #start: (thread: number) => () => void;
  #ends: (() => void)[] | undefined;
  readonly kernels: Kernels;
  readonly count: number;

  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, count: number, start?: StartWorker) {
    this.kernels = new WebAssembly.Instance(module, { env: { memory } }).exports as unknown as Kernels;
    this.#names = Object.keys(this.kernels);
    // These views hold when the memory grows: a shared buffer stays as it is, and without workers they are not used.
    this.#control = new Int32Array(memory.buffer, 0, 2 * TABLE);
    this.#table = new Float64Array(memory.buffer, 0, TABLE + HEAD + SLOT * CAPACITY);
    this.count = start ? count : 1;
    this.#start = (thread) => start!({ module, memory, thread });
  }

  /**
   * Runs up to `CAPACITY` tasks, which take about `cost` floating point operations in all, each with a workspace of `bytes`
   * bytes at `work` (one per task, or one per thread where there are fewer of these). `meanwhile` runs on this thread
   * once the others have begun. Returns what the functions returned.
   */
  run(
    tasks: readonly Task[],
    cost: number,
    work: number,
    bytes: number,
    meanwhile?: () => void,
  ): number[] | Promise<number[]> {
    if (this.count === 1 || cost < WORTH_WAKING) {
      meanwhile?.();
      return tasks.map(({ run, args }) => this.kernels[run](...args, work));
    }
    this.#ends ??= Array.from({ length: this.count - 1 }, (_, i) => this.#start(i + 1));
    this.#announce(tasks, work, bytes);
    meanwhile?.();
    this.#drain();
    const waiting = this.#wait();
    const collect = () => tasks.map((_, index) => this.#table[TABLE + HEAD + index * SLOT]);
    return waiting ? waiting.then(collect) : collect();
  }

  /** Ends the workers. */
  close(): void {
    for (const end of this.#ends ?? []) end();
  }

  #announce(tasks: readonly Task[], work: number, bytes: number): void {
    const table = this.#table;
    table[TABLE] = work;
    table[TABLE + 1] = bytes;
    table[TABLE + 2] = tasks.length < this.count ? 1 : 0;
    for (const [index, { run, args }] of tasks.entries()) {
      const slot = TABLE + HEAD + index * SLOT;
      table[slot] = this.#names.indexOf(run);
      table[slot + 1] = args.length;
      table.set(args, slot + 2);
    }
    Atomics.store(this.#control, LEFT, tasks.length);
    // From here on a worker that is still looking may claim one.
    Atomics.store(this.#control, NEXT, tasks.length);
    Atomics.add(this.#control, EPOCH, 1);
    Atomics.notify(this.#control, EPOCH, Math.min(tasks.length, this.count - 1));
  }

  #drain(): void {
    const control = this.#control;
    const table = this.#table;
    for (;;) {
      const index = Atomics.sub(control, NEXT, 1) - 1;
      if (index < 0) return;
      const slot = TABLE + HEAD + index * SLOT;
      const args = Array.from(table.subarray(slot + 2, slot + 2 + table[slot + 1]));
      args.push(table[TABLE] + (table[TABLE + 2] ? index * table[TABLE + 1] : 0));
      try {
        table[slot] = this.kernels[this.#names[table[slot]]](...args);
      } catch {
        Atomics.store(control, FAILED, 1);
      }
      Atomics.sub(control, LEFT, 1);
    }
  }

  /** Waits for tasks that other threads have claimed. */
  #wait(): Promise<void> | undefined {
    for (let look = 0; look < LOOKS && canBlock(); look++) {
      if (Atomics.load(this.#control, LEFT) === 0) break;
    }
    for (;;) {
      const left = Atomics.load(this.#control, LEFT);
      if (left === 0) break;
      const pause = waitWhile(this.#control, LEFT, left);
      if (pause) return pause.then(() => this.#wait());
    }
    if (Atomics.exchange(this.#control, FAILED, 0)) {
      throw new NumericalError('wasm: a kernel stopped; this is an error of the library, please report it');
    }
    return undefined;
  }
}

/**
 * The queue of computations: those started together run side by side, others in the order in which they were started.
 *
 * @module
 */
import { UnsupportedError } from '../../errors.js';
import type { Machine, Work } from './machine.js';
import type { Stored } from './stored.js';

/** Bytes that a batch of whole problems may take before the first of them is finished. */
const BATCH_BYTES = 2 ** 27;
const BATCH_TASKS = 1000;

/** A problem that is ready to run with others. */
export interface Prepared<T> extends Work {
  /** Takes what the tasks returned; releases what only they needed. */
  finish(results: readonly number[]): T;
  /** Releases everything, after an error. */
  abandon?(): void;
  /** Another way to the same bits, which keeps several threads busy where nothing runs beside it. */
  readonly alone?: () => Promise<readonly number[]>;
}

interface Entry {
  readonly handles: readonly Stored[];
  /** Bytes that preparing takes; nothing for a computation that runs by itself. */
  readonly bytes?: number;
  readonly prepare?: () => Prepared<unknown>;
  readonly run?: () => Promise<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Runs computations on one machine, which can do one thing at a time. */
export class Lane {
  readonly #machine: Machine;
  #entries: Entry[] = [];
  #running = false;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** A problem that may run beside others. `bytes` is what preparing it takes, about. */
  together<T>(handles: readonly Stored[], bytes: number, prepare: () => Prepared<T>): Promise<T> {
    return this.#add({ handles, bytes, prepare });
  }

  /** A computation that uses all threads by itself. */
  alone<T>(handles: readonly Stored[], run: () => Promise<T>): Promise<T> {
    return this.#add({ handles, run });
  }

  #add<T>(entry: Omit<Entry, 'resolve' | 'reject'>): Promise<T> {
    for (const handle of entry.handles) handle.checkAlive();
    for (const handle of entry.handles) handle.pin();
    const result = new Promise<unknown>((resolve, reject) => {
      this.#entries.push({ ...entry, resolve, reject });
    });
    if (!this.#running) {
      this.#running = true;
      // In a microtask: whatever the caller starts at the same time is in the queue by then.
      void Promise.resolve().then(() => this.#flush());
    }
    return result as Promise<T>;
  }

  async #flush(): Promise<void> {
    while (this.#entries.length > 0) {
      const batch = this.#nextBatch();
      if (batch.length > 0) await this.#runBatch(batch);
      else await settle(this.#entries.shift()!, (entry) => entry.run!());
    }
    this.#running = false;
  }

  /** The problems at the head of the queue that may run together; none where a computation by itself is next. */
  #nextBatch(): Entry[] {
    let bytes = 0;
    let count = 0;
    for (const entry of this.#entries) {
      if (entry.bytes === undefined || count === BATCH_TASKS) break;
      bytes += entry.bytes;
      if (count > 0 && bytes > BATCH_BYTES) break;
      count++;
    }
    return this.#entries.splice(0, count);
  }

  async #runBatch(batch: readonly Entry[]): Promise<void> {
    const ready: { entry: Entry; prepared: Prepared<unknown> }[] = [];
    for (const entry of batch) {
      try {
        ready.push({ entry, prepared: entry.prepare!() });
      } catch (error) {
        entry.reject(error);
        unpin(entry);
      }
    }
    const all = ready.map(({ prepared }) => prepared);
    let results: readonly number[] | undefined;
    try {
      results = await this.#runMerged(all);
    } catch (error) {
      for (const { entry, prepared } of ready) {
        prepared.abandon?.();
        await settle(entry, async () => {
          throw error;
        });
      }
      return;
    }
    let from = 0;
    for (const { entry, prepared } of ready) {
      const own = results?.slice(from, from + prepared.tasks.length);
      from += prepared.tasks.length;
      await settle(entry, async () => prepared.finish(own ?? (await this.#runOne(prepared))));
    }
  }

  /** Results of all tasks; nothing where each problem should be run by itself. */
  async #runMerged(all: readonly Prepared<unknown>[]): Promise<readonly number[] | undefined> {
    const work = merge(all);
    if (work.tasks.length < this.#machine.threads && all.some((prepared) => prepared.alone)) return undefined;
    try {
      return await this.#machine.run(work);
    } catch (error) {
      // The workspaces of all did not fit into memory, and nothing was run.
      if (error instanceof UnsupportedError) return undefined;
      throw error;
    }
  }

  async #runOne(prepared: Prepared<unknown>): Promise<readonly number[]> {
    try {
      return await (prepared.alone?.() ?? this.#machine.run(prepared));
    } catch (error) {
      prepared.abandon?.();
      throw error;
    }
  }
}

function merge(all: readonly Prepared<unknown>[]): Work {
  return {
    tasks: all.flatMap(({ tasks }) => tasks),
    workspace: Math.max(0, ...all.map(({ workspace }) => workspace)),
    cost: all.reduce((sum, { cost }) => sum + cost, 0),
  };
}

async function settle(entry: Entry, run: (entry: Entry) => Promise<unknown>): Promise<void> {
  try {
    entry.resolve(await run(entry));
  } catch (error) {
    entry.reject(error);
  } finally {
    unpin(entry);
  }
}

function unpin({ handles }: Entry): void {
  for (const handle of handles) handle.unpin();
}

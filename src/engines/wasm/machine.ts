/**
 * A compiled module, its memory and its threads. Engines that were opened with the same options share one.
 *
 * @module
 */
import { UnsupportedError } from '../../errors.js';
import type { EngineOptions } from '../select.js';
import { Arena } from './arena.js';
import { binaries } from './binary.js';
import { cores, workers } from './host.js';
import { Lane } from './lane.js';
import { Threads } from './threads.js';
import type { Kernels, Task } from './threads.js';
import { CAPACITY } from './worker.js';

const INITIAL_PAGES = 32;
/** Without engines a machine sleeps until the next is opened; one that has grown beyond this is given up instead. */
const IDLE_BYTES = 2 ** 26;

/** Largest memories to ask for, in pages: some hosts refuse to set aside 4 GiB of addresses. */
const MAXIMUM_PAGES = [65_536, 32_768, 16_384];

/** What a computation is made of: tasks that may run in any order, and the size of the workspace that each needs. */
export interface Work {
  readonly tasks: readonly Task[];
  /** Bytes. */
  readonly workspace: number;
  /** Floating point operations, roughly. */
  readonly cost: number;
}

/** Where engines compute. */
export class Machine {
  readonly arena: Arena;
  /** Computations on it, one after another. */
  readonly lane: Lane;
  readonly #threads: Threads;
  /** Engines that use it. */
  users = 0;

  constructor(memory: WebAssembly.Memory, threads: Threads) {
    this.arena = new Arena(memory, threads.kernels['heapBase']());
    this.#threads = threads;
    this.lane = new Lane(this);
  }

  get kernels(): Kernels {
    return this.#threads.kernels;
  }

  get threads(): number {
    return this.#threads.count;
  }

  /** Runs tasks, and `meanwhile` on this thread when the others have begun; returns what the functions returned. */
  async run({ tasks, workspace, cost }: Work, meanwhile?: () => void): Promise<number[]> {
    const bytes = Math.ceil(workspace / 64) * 64;
    const places = Math.min(tasks.length, this.threads);
    const work = bytes * places > 0 ? this.arena.take(bytes * places) : 0;
    try {
      if (tasks.length <= CAPACITY) return await this.#threads.run(tasks, cost, work, bytes, meanwhile);
      const results: number[] = [];
      for (let from = 0; from < tasks.length; from += CAPACITY) {
        const part = tasks.slice(from, from + CAPACITY);
        results.push(
          ...(await this.#threads.run(part, cost, work, bytes, from === 0 ? meanwhile : undefined)),
        );
      }
      return results;
    } finally {
      if (work) this.arena.free(work);
    }
  }

  close(): void {
    this.#threads.close();
  }
}

const machines = new Map<string, Promise<Machine>>();

/** A machine for these options: one that is there already, or a new one. */
export async function acquire({ threads = cores(), fma = false }: EngineOptions): Promise<Machine> {
  const key = `${threads} ${fma}`;
  let opening = machines.get(key);
  if (opening === undefined) {
    opening = build(threads, fma);
    machines.set(key, opening);
    opening.catch(() => machines.delete(key));
  }
  const machine = await opening;
  machine.users++;
  return machine;
}

/** Ends the use of a machine by one engine. */
export function release(machine: Machine): void {
  machine.users--;
  if (machine.users > 0 || machine.arena.size <= IDLE_BYTES) return;
  for (const [key, value] of machines) {
    void value.then((known) => {
      if (known !== machine || machine.users > 0) return;
      machines.delete(key);
      machine.close();
    });
  }
}

async function build(threads: number, fma: boolean): Promise<Machine> {
  if (typeof WebAssembly === 'undefined') {
    throw new UnsupportedError("wasm: there is no WebAssembly here; take the engine 'ml-matrix'");
  }
  const found = threads > 1 ? workers() : undefined;
  const start = typeof found === 'function' ? found : undefined;
  const module = await compile(fma, start !== undefined);
  const memory = allocate(start !== undefined);
  return new Machine(memory, new Threads(module, memory, threads, start));
}

async function compile(fma: boolean, shared: boolean): Promise<WebAssembly.Module> {
  const bytes = decode(fma ? binaries.fused : binaries.separate, shared);
  if (WebAssembly.validate(bytes)) return WebAssembly.compile(bytes);
  if (fma && WebAssembly.validate(decode(binaries.separate, shared))) {
    throw new UnsupportedError(
      'wasm: fma needs relaxed SIMD, which this host lacks: Node 22 or newer has it; leave fma out',
    );
  }
  throw new UnsupportedError("wasm: this host lacks SIMD in WebAssembly; take the engine 'ml-matrix'");
}

/** The module as bytes; one byte says whether its memory is shared. */
function decode(
  { base64, sharedFlag }: { readonly base64: string; readonly sharedFlag: number },
  shared: boolean,
): Uint8Array<ArrayBuffer> {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  bytes[sharedFlag] = shared ? 3 : 1;
  return bytes;
}

function allocate(shared: boolean): WebAssembly.Memory {
  for (const maximum of MAXIMUM_PAGES) {
    try {
      return new WebAssembly.Memory({ initial: INITIAL_PAGES, maximum, shared });
    } catch {
      // Try a smaller one.
    }
  }
  throw new UnsupportedError("wasm: no memory of 1 GB can be set aside here; take the engine 'ml-matrix'");
}

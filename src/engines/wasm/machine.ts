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

/** Bytes of workspaces at a time: beyond, fewer threads take part. */
const WORKSPACE_BYTES = 2 ** 29;

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

  constructor(
    readonly key: string,
    memory: WebAssembly.Memory,
    threads: Threads,
  ) {
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
    const most = Math.max(1, Math.floor(WORKSPACE_BYTES / bytes));
    const places = Math.min(tasks.length, this.threads, most);
    // With fewer places than threads, each task of a table has its own.
    const size = places < this.threads ? Math.max(1, places) : CAPACITY;
    const work = bytes * places > 0 ? this.arena.take(bytes * places) : 0;
    try {
      const results: number[] = [];
      for (let from = 0; from === 0 || from < tasks.length; from += size) {
        const part = tasks.slice(from, from + size);
        const share = (cost * part.length) / tasks.length;
        results.push(
          ...(await this.#threads.run(part, share, work, bytes, from === 0 ? meanwhile : undefined)),
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

/** Machines by their options, each with the number of engines that use it. */
const machines = new Map<string, { users: number; readonly machine: Promise<Machine> }>();

/** A machine for these options: one that is there already, or a new one. */
export async function acquire({ threads = cores(), fma = false }: EngineOptions): Promise<Machine> {
  const key = `${threads} ${fma}`;
  let known = machines.get(key);
  if (known === undefined) {
    known = { users: 0, machine: build(threads, fma, key) };
    machines.set(key, known);
  }
  known.users++;
  try {
    return await known.machine;
  } catch (error) {
    machines.delete(key);
    throw error;
  }
}

/** Ends the use of a machine by one engine. */
export function release(machine: Machine): void {
  const known = machines.get(machine.key)!;
  known.users--;
  if (known.users > 0 || machine.arena.size <= IDLE_BYTES) return;
  machines.delete(machine.key);
  machine.close();
}

async function build(threads: number, fma: boolean, key: string): Promise<Machine> {
  if (typeof WebAssembly === 'undefined') {
    throw new UnsupportedError("wasm: there is no WebAssembly here; take the engine 'ml-matrix'");
  }
  const found = threads > 1 ? workers() : undefined;
  const start = typeof found === 'function' ? found : undefined;
  const module = await compile(fma, start !== undefined);
  const memory = allocate(start !== undefined);
  return new Machine(key, memory, new Threads(module, memory, threads, start));
}

async function compile(fma: boolean, shared: boolean): Promise<WebAssembly.Module> {
  const bytes = await unpack(fma ? binaries.fused : binaries.separate, shared);
  if (WebAssembly.validate(bytes)) return WebAssembly.compile(bytes);
  if (fma && WebAssembly.validate(await unpack(binaries.separate, shared))) {
    throw new UnsupportedError(
      'wasm: fma needs relaxed SIMD, which this host lacks: Node 22 or newer has it; leave fma out',
    );
  }
  throw new UnsupportedError("wasm: this host lacks SIMD in WebAssembly; take the engine 'ml-matrix'");
}

/** A compiled variant of the module, as the build writes it. */
interface Binary {
  /** In base64. */
  readonly deflated: string;
  readonly size: number;
  readonly sharedFlag: number;
}

/** The module as bytes; one byte says whether its memory is shared. */
async function unpack(
  { deflated, size, sharedFlag }: Binary,
  shared: boolean,
): Promise<Uint8Array<ArrayBuffer>> {
  const packed = Uint8Array.from(atob(deflated), (character) => character.charCodeAt(0));
  // By hand: `Response` would do it in a line, and in Node takes 40 ms to load.
  const { readable, writable } = new DecompressionStream('deflate-raw');
  const writer = writable.getWriter();
  void writer.write(packed).then(() => writer.close());
  const reader = readable.getReader();
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size;) {
    const { value } = await reader.read();
    bytes.set(value!, at);
    at += value!.length;
  }
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

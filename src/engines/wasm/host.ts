/**
 * What the place we run in offers: cores, threads, and whether a thread may be blocked.
 *
 * @module
 */
import { nodeWorker, pageWorker } from './worker.js';

type NodeWorkers = typeof import('node:worker_threads');
type NodeOs = typeof import('node:os');

interface Builtins {
  'node:worker_threads': NodeWorkers;
  'node:os': NodeOs;
}

/** A module of Node; nothing in a page, or in a Node before 20.16. */
function builtin<K extends keyof Builtins>(name: K): Builtins[K] | undefined {
  const { process } = globalThis as {
    process?: { getBuiltinModule?: (name: K) => Builtins[K] };
  };
  return process?.getBuiltinModule?.(name);
}

/** Cores that this process may use. */
export function cores(): number {
  const os = builtin('node:os');
  return os?.availableParallelism?.() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}

/** What a worker is given. */
export interface WorkerData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly thread: number;
}

/** Starts a worker; returns what ends it. */
export type StartWorker = (data: WorkerData) => () => void;

/** How to start workers that share memory with us, or why that cannot be. */
export function workers(): StartWorker | string {
  if (typeof SharedArrayBuffer === 'undefined') return 'memory cannot be shared here';
  const node = builtin('node:worker_threads');
  if (node) return (data) => startInNode(node, data);
  if (typeof Worker === 'undefined' || typeof Blob === 'undefined') return 'there are no workers here';
  if (!globalThis.crossOriginIsolated) return 'the page is not cross-origin isolated';
  if (!canBlock() && !waitAsync) return 'Atomics.waitAsync is missing';
  return startInPage;
}

function startInNode(node: NodeWorkers, data: WorkerData): () => void {
  // Without the flags of the parent: a loader it runs under would be started in every worker.
  const worker = new node.Worker(nodeWorker, { eval: true, workerData: data, execArgv: [] });
  worker.unref();
  // Without it the others do its share.
  worker.on('error', () => undefined);
  return () => void worker.terminate();
}

function startInPage(data: WorkerData): () => void {
  const url = URL.createObjectURL(new Blob([pageWorker], { type: 'text/javascript' }));
  try {
    const worker = new Worker(url);
    worker.postMessage(data);
    return () => worker.terminate();
  } finally {
    // The fetch has begun with the constructor; the address is no longer needed.
    URL.revokeObjectURL(url);
  }
}

interface Wait {
  readonly async: boolean;
  readonly value: string | Promise<string>;
}
type WaitAsync = (array: Int32Array, index: number, value: number) => Wait;
const { waitAsync } = Atomics as { waitAsync?: WaitAsync };

let blocks: boolean | undefined;

/** Whether this thread may sleep; the main thread of a page may not. */
export function canBlock(): boolean {
  if (blocks === undefined) {
    try {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
      blocks = true;
    } catch {
      blocks = false;
    }
  }
  return blocks;
}

/** Until the element is no longer `value`: asleep where that is allowed, else as a promise. */
export function waitWhile(array: Int32Array, index: number, value: number): Promise<unknown> | undefined {
  if (!canBlock()) {
    const { async, value: result } = waitAsync!(array, index, value);
    return async ? Promise.resolve(result) : undefined;
  }
  Atomics.wait(array, index, value);
  return undefined;
}

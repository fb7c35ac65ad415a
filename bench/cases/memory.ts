/**
 * Many layers of the widths of MobileNetV2, every one with every other, within the memory that `compare` is given: time, passes
 * over the networks, and the memory taken beyond what the runtime takes with the library loaded.
 */
import { fileURLToPath } from 'node:url';
import type { Bench } from '../case.js';
import { runChild } from '../child.js';
import type { MemoryAnswer, MemoryTask } from '../memory-child.js';

/** One comparison. */
export interface MemoryTiming {
  readonly memory: number;
  readonly spool: boolean;
  readonly ms: number;
  /** Passes over each network. */
  readonly passes: number;
  /** Bytes at most, beyond the process that has loaded what it needs and nothing else. */
  readonly taken: number;
  readonly score: number;
}

/** The memory case. */
export interface MemoryResult {
  readonly layers: number;
  /** Neurons of all layers of a side. */
  readonly neurons: number;
  readonly samples: number;
  readonly timings: readonly MemoryTiming[];
}

/** Neurons of 40 layers of MobileNetV2: expansions and projections of its blocks, its last depthwise layers, its ends. */
const WIDTHS: readonly number[] = [
  ...[32, 16, 96, 24, 144, 24, 144, 32, 192, 32, 192, 32, 192, 64, 384, 64, 384, 64, 384, 64],
  ...[384, 96, 576, 96, 576, 96, 576, 160, 960, 160, 960, 160, 960, 320, 576, 576, 960, 960, 960, 1280],
];

const script = fileURLToPath(new URL('../memory-child.ts', import.meta.url));

/** SVCCA of all layers with all, with little memory and with the usual one, with a spool and without. */
export async function runMemory({ library, threads, quick, log }: Bench): Promise<MemoryResult> {
  const widths = quick ? [8, 32, 16] : WIDTHS;
  const samples = quick ? 300 : 4096;
  const common = {
    build: library.build,
    engine: 'wasm',
    threads,
    measure: 'svcca',
    batch: 64,
    widths,
  } as const;
  const idle: MemoryTask = { ...common, samples: 0, memory: 0, spool: false };
  const { peak: runtime } = await runChild<MemoryAnswer>(script, idle);
  const timings: MemoryTiming[] = [];
  for (const memory of [300e6, 2 ** 30]) {
    for (const spool of [true, false]) {
      log(`memory: ${memory / 1e6} MB, ${spool ? 'with a spool' : 'models run again'}`);
      const task: MemoryTask = { ...common, samples, memory, spool };
      const { ms, passes, peak, mean } = await runChild<MemoryAnswer>(script, task);
      timings.push({ memory, spool, ms, passes, taken: peak - runtime, score: mean });
    }
  }
  return { layers: widths.length, neurons: widths.reduce((sum, width) => sum + width, 0), samples, timings };
}

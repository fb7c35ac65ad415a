/**
 * A process of its own that compares many layers of the widths of a network within a memory, and tells the most that it took;
 * run by `cases/memory.ts`. With no samples it loads the library, opens the engine and ends: what the runtime takes.
 */
import process from 'node:process';
import type { ActivationBatch, ActivationSet, EngineName } from 'svcca';
import { peakMemory } from './child.js';
import { uniform } from './data.js';
import { load, openLibrary } from './library.js';
import type { Build } from './library.js';

/** What the parent asks, as JSON in the one argument. */
export interface MemoryTask {
  readonly build: Build;
  readonly engine: EngineName;
  readonly threads: number;
  readonly measure: string;
  readonly samples: number;
  readonly batch: number;
  /** Neurons of the layers, the same on both sides. */
  readonly widths: readonly number[];
  /** What `compare` is given. */
  readonly memory: number;
  readonly spool: boolean;
  /** Whether the number of samples is not known before reading, as of a generator. */
  readonly unknown?: boolean;
}

/** What the child answers on its last line. */
export interface MemoryAnswer {
  readonly ms: number;
  /** Milliseconds of all cores. */
  readonly cpu: number;
  /** Passes over each side. */
  readonly passes: number;
  /** Stages with more than one part, as progress tells them. */
  readonly stages: readonly string[];
  readonly mean: number;
  /** Largest resident size of the process in bytes. */
  readonly peak: number;
}

const task = JSON.parse(process.argv[2]) as MemoryTask;
const library = await openLibrary(task.build, [task.engine], task.threads);
const { spoolTo } = await load<typeof import('svcca/node')>(task.build, 'node');
let passes = 0;
const stages = new Set<string>();
const start = performance.now();
const before = process.cpuUsage();
const mean = task.samples === 0 ? NaN : await compared();
const ms = performance.now() - start;
const { user, system } = process.cpuUsage(before);
await library.close();
const answer: MemoryAnswer = {
  ...{ ms, cpu: (user + system) / 1000, passes: passes / 2, stages: [...stages], mean },
  peak: peakMemory(),
};
process.stdout.write(`${JSON.stringify(answer)}\n`);

async function compared(): Promise<number> {
  const { scores } = await library.svcca.compare(network(1), network(2), undefined, {
    measure: task.measure,
    engine: library.engines[0],
    memory: task.memory,
    ...(task.spool && { spool: spoolTo() }),
    onProgress: ({ stage }) => stages.add(stage),
  });
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

/**
 * Layers made as they are read: noise that the networks have in common, and noise of their own, in neurons whose spread falls as
 * `1/i^0.85`, so that a quarter of the directions has 99 % of the variance, about.
 */
function network(seed: number): ActivationSet {
  const { widths, samples, batch } = task;
  const most = Math.max(...widths);
  const spare = 1 << 18;
  const [common, own] = [
    uniform(1, batch * most + spare, 1).data,
    uniform(1, batch * most + spare, 10 + seed).data,
  ];
  const layers = widths.map((width, i) => ({ name: `layer${i}`, width }));
  const scale = Float32Array.from({ length: most }, (_, j) => (j + 1) ** -0.85);
  async function* read(): AsyncGenerator<ActivationBatch> {
    passes++;
    for (let at = 0; at < samples; at += batch) {
      const rows = Math.min(batch, samples - at);
      const blocks = layers.map(({ name, width }, i) => {
        const data = new Float32Array(rows * width);
        const from = (at * 7919 + i * 104_729) % spare;
        for (let r = 0, k = 0; r < rows; r++) {
          for (let j = 0; j < width; j++, k++) {
            data[k] = scale[j] * (0.6 * common[((at * 7919) % spare) + k] + 0.8 * own[from + k]);
          }
        }
        return [name, { samples: rows, grid: [1, 1], channels: width, data }] as const;
      });
      yield { start: at, samples: rows, layers: new Map(blocks) };
    }
  }
  return {
    layers: layers.map(({ name, width }) => ({ name, kind: 'Noise', shape: [width] })),
    samples: task.unknown ? undefined : samples,
    spatial: 'positions',
    batches: read,
    matrices: () => Promise.reject(new Error('the layers are larger than memory')),
  };
}

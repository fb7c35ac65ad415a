/**
 * A process of its own that streams two layers through `compare` and tells the most memory it took; run by `cases/stream.ts`.
 * With no batches it loads the library, opens the engine and ends: the memory that the runtime takes.
 */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import type { ActivationBatch, ActivationSet, EngineName } from 'svcca';
import { peakMemory } from './child.js';
import { openLibrary } from './library.js';
import type { Build } from './library.js';

/** What the parent asks, as JSON in the one argument. */
export interface StreamTask {
  readonly build: Build;
  readonly engine: EngineName;
  readonly threads: number;
  readonly batches: number;
  readonly rows: number;
  readonly cols: number;
  /** Numbers by which the window of a batch moves on. */
  readonly step: number;
  /** Bytes that `compare` may hold between its passes. */
  readonly memory: number;
  /** npy files of float32 numbers, in which the batches are windows. */
  readonly x: string;
  readonly y: string;
}

/** What the child answers on its last line. */
export interface StreamAnswer {
  readonly ms: number;
  readonly score: number;
  /** Largest resident size of the process in bytes. */
  readonly peak: number;
}

const task = JSON.parse(process.argv[2]) as StreamTask;
const library = await openLibrary(task.build, [task.engine], task.threads);
const [engine] = library.engines;
const start = performance.now();
const score = task.batches === 0 ? NaN : await streamed();
const ms = performance.now() - start;
await library.close();
const answer: StreamAnswer = { ms, score, peak: peakMemory() };
process.stdout.write(`${JSON.stringify(answer)}\n`);

async function streamed(): Promise<number> {
  const options = { measure: 'cca', engine, memory: task.memory } as const;
  return (await library.svcca.compare(layer(task.x), layer(task.y), undefined, options)).scores[0];
}

/** One layer whose batches are made as they are read; each is a copy, as activations of a network would be new. */
function layer(file: string): ActivationSet {
  const { batches, rows, cols, step } = task;
  const { data } = library.svcca.readNpy(readFileSync(file));
  const numbers = data as Float32Array;
  const window = rows * cols;
  async function* read(): AsyncGenerator<ActivationBatch> {
    for (let batch = 0; batch < batches; batch++) {
      const at = (batch * step) % (numbers.length - window);
      const block = {
        samples: rows,
        grid: [1, 1],
        channels: cols,
        data: numbers.slice(at, at + window),
      } as const;
      yield { start: batch * rows, samples: rows, layers: new Map([['layer', block]]) };
    }
  }
  return {
    layers: [{ name: 'layer', kind: 'Noise', shape: [cols] }],
    samples: batches * rows,
    spatial: 'positions',
    batches: read,
    matrices: () => Promise.reject(new Error('the layer is larger than memory')),
  };
}

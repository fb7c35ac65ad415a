/**
 * More samples than memory holds: time, and the memory taken beyond what the runtime takes with the library loaded.
 */
import { fileURLToPath } from 'node:url';
import type { EngineName } from 'svcca';
import type { Bench } from '../case.js';
import { runChild } from '../child.js';
import { uniform } from '../data.js';
import { differenceOf, reasonOf } from '../harness.js';
import type { Absence } from '../harness.js';
import { Peer, SharedArrays } from '../python.js';
import type { StreamAnswer, StreamTask } from '../stream-child.js';

/** One participant's pass over all samples. */
export interface StreamTiming {
  readonly name: string;
  readonly kind: 'svcca' | 'peer';
  readonly ms: number;
  readonly score: number;
  /** Bytes at most, beyond the process that has loaded what it needs and nothing else. */
  readonly memory: number;
  readonly agrees: boolean;
}

/** The streaming case. */
export interface StreamResult {
  readonly samples: number;
  readonly neurons: number;
  readonly batch: number;
  /** Bytes that `compare` was allowed to hold between its passes. */
  readonly held: number;
  readonly timings: readonly StreamTiming[];
  readonly absent: readonly Absence[];
}

/** Batches are windows of this much noise more than one batch has: they are all different, and cost a copy. */
const SPARE = 1 << 18;

const script = fileURLToPath(new URL('../stream-child.ts', import.meta.url));

/** Streams CCA of two layers. */
export async function runStream(bench: Bench): Promise<StreamResult> {
  const { library, environment, threads, quick } = bench;
  const { batches, rows, cols } = quick
    ? { batches: 20, rows: 500, cols: 64 }
    : { batches: 1000, rows: 1000, cols: 512 };
  const held = quick ? 1 << 25 : 1e8;
  const step = 7919;
  const [x, noise] = [uniform(1, rows * cols + SPARE, 1), uniform(1, rows * cols + SPARE, 2)];
  const y = { ...x, data: x.data.map((value, i) => 0.6 * value + 0.8 * noise.data[i]) };
  const files = new SharedArrays({ x: flat(x.data), y: flat(y.data) }, library.svcca.writeNpy);
  const timings: StreamTiming[] = [];
  const absent: Absence[] = [];
  try {
    for (const { name } of library.engines) {
      if (name === 'ml-matrix' && !quick) {
        absent.push({ name, reason: 'plain JavaScript would need too long' });
        continue;
      }
      const task: StreamTask = {
        ...{
          build: library.build,
          engine: name as EngineName,
          threads,
          batches,
          rows,
          cols,
          step,
          memory: held,
        },
        ...{ x: files.paths['x'], y: files.paths['y'] },
      };
      bench.log(`stream: ${name}`);
      try {
        const idle = await runChild<StreamAnswer>(script, { ...task, batches: 0 });
        const { ms, score, peak } = await runChild<StreamAnswer>(script, task);
        timings.push({ name, kind: 'svcca', ms, score, memory: peak - idle.peak, agrees: true });
      } catch (error) {
        absent.push({ name, reason: reasonOf(error) });
      }
    }
    if (environment) {
      bench.log('stream: numpy');
      const peer = new Peer(environment, 'numpy_expert');
      await peer.load(files.paths);
      const { ms, value, memory } = await peer.run('stream_cca', { batches, rows, cols, step });
      peer.close();
      const agrees = timings.length === 0 || differenceOf(value, [timings[0].score]) <= 1e-6;
      timings.push({
        name: 'numpy: moments, batch by batch',
        kind: 'peer',
        ms,
        score: value[0],
        memory,
        agrees,
      });
    }
  } finally {
    files.remove();
  }
  return { samples: batches * rows, neurons: cols, batch: rows, held, timings, absent };
}

/** The peers read vectors; a matrix of one row is one. */
function flat(data: Float32Array) {
  return { shape: [data.length], data };
}

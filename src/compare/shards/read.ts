/**
 * Reading the samples of a shard, once.
 *
 * @module
 */
import type { ActivationBatch } from '../../capture/activations.js';
import { sliceBatch } from '../../capture/arrays.js';
import { DataError } from '../../errors.js';
import type { Engine } from '../../engines/engine.js';
import type { Joint } from '../../factor/joint-data.js';
import { breather, pause } from '../../options.js';
import type { RunOptions } from '../../options.js';
import { planComparison } from '../plan.js';
import type { Plan } from '../plan.js';
import type { Sources } from '../sources.js';
import type { Batches } from '../stream.js';
import { matrixOf, shapeOf } from '../views.js';
import type { Draw } from '../views.js';
import { Collector, assembled, groupsOf, rowsOf, segmentsOf } from './collect.js';

/** What was found, and of what. */
export interface Found {
  readonly plan: Plan;
  readonly joint: Joint;
}

/** What reading a shard needs to know. */
export interface CollectOptions {
  readonly draw: Draw;
  readonly memory: number;
  readonly rowNorms: boolean;
  /** Samples of all shards. */
  readonly total: number;
  /** Samples that models run at a time. @defaultValue any */
  readonly batchSize: number | undefined;
  readonly run: Pick<RunOptions, 'signal' | 'onProgress'>;
}

/** Reads the samples of a range, group by group of the views. */
export async function collect(
  engine: Engine,
  sources: Sources,
  [from, to]: readonly [number, number],
  { draw, memory, rowNorms, total, batchSize, run: { signal, onProgress } }: CollectOptions,
): Promise<Found> {
  const [rows, cols] = sources.sides;
  const pairs = rows.flatMap((row) =>
    cols.map((col) => ({ a: { side: 0, layer: row.name }, b: { side: 1, layer: col.name } })),
  );
  const breathe = breather(signal);
  const planFrom = (first: Batches) => {
    const plan = planComparison(pairs, first);
    const groups = groupsOf(plan);
    const sizes = groups.map(({ views, cells }) => {
      const shapes = views.map((v) => shapeOf(plan.views[v], first, draw));
      return {
        neurons: shapes.map((shape) => shape.cols),
        rows: Math.ceil(shapes[0].rows / first[0].samples) * (to - from),
        pairs: cells.map((c) => ({ a: views.indexOf(plan.cells[c].a), b: views.indexOf(plan.cells[c].b) })),
      };
    });
    const segments = segmentsOf(sizes, memory);
    const collectors = sizes.map((size, g) => new Collector(engine, size, segments[g], rowNorms));
    return { plan, groups, collectors };
  };
  let state: ReturnType<typeof planFrom> | undefined;
  let done = 0;
  // An empty shard still has to know its layers and how they are stored: those of the first sample.
  const range = from < to ? ([from, to] as const) : ([0, 1] as const);
  for await (const batches of aligned(sources, range, total, batchSize)) {
    state ??= planFrom(batches);
    const { plan, groups, collectors } = state;
    for (const [g, { views }] of groups.entries()) {
      const matrices = [];
      for (const v of views) matrices.push(await matrixOf(plan.views[v], batches, draw));
      await collectors[g].add(from < to ? matrices : matrices.map((all) => rowsOf(all, 0, 0)), breathe);
    }
    if (from === to) break;
    done += batches[0].samples;
    onProgress?.({ stage: 'moments', done, total: to - from });
    await pause(signal);
  }
  if (state === undefined || done < to - from) {
    throw new DataError(
      `samples ${from}:${to} were asked for, and the data ended after sample ${from + done}: give all data to every shard`,
    );
  }
  const { plan, groups, collectors } = state;
  const joints: Joint[] = [];
  for (const collector of collectors) joints.push(await collector.finish());
  return { plan, joint: assembled(plan, groups, joints) };
}

/**
 * The samples of a range, in the batches in which all samples would be read: what a model makes of a sample may depend, in its last
 * bits, on the others of its batch.
 */
async function* aligned(
  sources: Sources,
  [from, to]: readonly [number, number],
  total: number,
  batchSize: number | undefined,
): AsyncGenerator<Batches> {
  const step = batchSize ?? 1;
  const around = {
    from: Math.floor(from / step) * step,
    to: Math.min(total, Math.ceil(to / step) * step),
  };
  for await (const batches of sources.read(around)) {
    const { start, samples } = batches[0];
    const [low, high] = [Math.max(from - start, 0), Math.min(to - start, samples)];
    // Nothing here is on a device, so that all batches are in host memory.
    if (low < high) yield batches.map((batch) => sliceBatch(batch as ActivationBatch, low, high));
  }
}

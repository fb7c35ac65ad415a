/**
 * The first pass of a comparison: the samples of every view become its factor, by moments or whole, or are held as they are.
 *
 * @module
 */
import { DataError, OptionError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import type { Engine, HostMatrix } from '../engines/engine.js';
import { together } from '../engines/scope.js';
import { factorDirect } from '../factor/direct.js';
import type { Factor } from '../factor/factor.js';
import type { MethodChoice } from '../factor/in-memory.js';
import { Moments, factorMoments } from '../factor/moments.js';
import { sideOfMoments, sideOfSamples } from '../factor/products.js';
import type { ProductSide } from '../factor/products.js';
import { factorRows } from '../factor/wide.js';
import type { Needs } from '../measures/measure.js';
import type { Breathe } from '../options.js';
import type { Plan } from './plan.js';
import type { Batches, LockstepStream } from './stream.js';
import { handleOf, matrixOf, precisionIn, shapeOf } from './views.js';
import type { Draw } from './views.js';
import { waysOf } from './ways.js';
import type { Way } from './ways.js';

/** What the passes need to know beside the plan. */
export interface PassOptions extends Draw {
  readonly method: MethodChoice;
  readonly memory: number;
  /** Number of samples where it is known before reading. */
  readonly samples: number | undefined;
  /** Called within a batch, between long steps. */
  readonly breathe: Breathe;
  /** Called after each batch with the number of samples read so far. @throws to stop */
  readonly onBatch: (stage: 'moments' | 'cross', samples: number) => Promise<void>;
}

/** What the first pass found of a view. */
export interface ReadView {
  /** Where a measure needs factors. */
  readonly factored?: FactoredView;
  /** Where inner products are enough, and cheaper. */
  readonly products?: ProductSide;
  /** Where a measure needs the samples. */
  readonly samples?: Matrix;
}

/** A factored view; a basis in host memory where the direct route made one. */
export interface FactoredView {
  readonly factor: Factor;
  readonly basis?: HostMatrix;
}

/** Plans from the first batch, then reads every view, and counts the samples. */
export async function readViews(
  engine: Engine,
  planFrom: (first: Batches) => Plan,
  stream: LockstepStream,
  needs: Needs,
  options: PassOptions,
): Promise<{ plan: Plan; views: ReadView[]; samples: number }> {
  let collectors: Collector[] = [];
  let plan: Plan | undefined;
  let samples = 0;
  let held = 0;
  for await (const batches of stream.read()) {
    if (plan === undefined) {
      plan = planFrom(batches);
      const ways = waysOf(plan, batches, needs, options);
      collectors = plan.views.map((view, i) =>
        collectorOf(engine, ways[i], shapeOf(view, batches, options).cols, needs),
      );
    }
    for (const [i, view] of plan.views.entries()) {
      const { moments, parts } = collectors[i];
      if (parts) {
        const part = await matrixOf(view, batches, options);
        parts.push(part);
        held += needs.samples ? part.data.byteLength : 0;
        if (held > options.memory) throw tooLarge(held, samples + batches[0].samples, options);
      }
      if (moments) {
        const batch = await handleOf(engine, view, batches, options);
        await moments.add(batch, precisionIn(view, batches));
        engine.dispose(batch);
      }
      await options.breathe();
    }
    samples += batches[0].samples;
    await options.onBatch('moments', samples);
  }
  if (plan === undefined || samples < 2) {
    throw new DataError(`${samples} samples: at least 2 are needed to compare anything`, {
      code: 'TOO_FEW_SAMPLES',
    });
  }
  // Started together: an engine with threads factors them side by side.
  const views = await together(collectors, (collector) => finished(engine, collector, needs, options));
  return { plan, views, samples };
}

/** What is gathered of a view while the batches pass: its moments, its datapoints, or both. */
interface Collector {
  readonly way: Way;
  readonly moments?: Moments;
  readonly parts?: Matrix[];
}

function collectorOf(engine: Engine, way: Way, neurons: number, needs: Needs): Collector {
  const byMoments = way === 'factor by moments' || way === 'products by neurons';
  return {
    way,
    ...(byMoments && { moments: new Moments(engine, neurons) }),
    ...((!byMoments || needs.samples) && { parts: [] }),
  };
}

async function finished(
  engine: Engine,
  { way, moments, parts }: Collector,
  needs: Needs,
  { method }: PassOptions,
): Promise<ReadView> {
  const whole = parts && stack(parts);
  const held = whole && needs.samples ? { samples: whole } : {};
  if (moments) {
    const data = await moments.data();
    moments.dispose();
    if (way === 'products by neurons') return { ...held, products: sideOfMoments(data) };
    return { ...held, factored: { factor: await factorMoments(engine, data) } };
  }
  if (way === 'samples' || !whole) return held;
  if (way === 'products by samples') return { ...held, products: await sideOfSamples(engine, whole) };
  return { ...held, factored: await factorHeld(engine, whole, method) };
}

function tooLarge(bytes: number, samples: number, { memory }: PassOptions): OptionError {
  return new OptionError(
    `this measure compares samples with samples and holds them in memory: ${bytes} bytes after ${samples} samples, ` +
      `above the ${memory} bytes allowed: raise 'memory', choose fewer 'layers' or 'positions', or set spatial to 'mean'`,
  );
}

/** Factors a view whose datapoints are all in memory, and keeps its basis there. */
async function factorHeld(engine: Engine, x: Matrix, method: MethodChoice): Promise<FactoredView> {
  const rowwise = method !== 'direct' && x.rows < x.cols && x.data instanceof Float32Array;
  const { factor, basis } = await (rowwise ? factorRows(engine, x) : factorDirect(engine, x));
  if (basis === undefined) return { factor };
  const held = await engine.download(basis);
  engine.dispose(basis);
  return { factor, basis: held };
}

function stack(parts: readonly Matrix[]): Matrix {
  if (parts.length === 1) return parts[0];
  const { cols, data } = parts[0];
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const all = data instanceof Float32Array ? new Float32Array(rows * cols) : new Float64Array(rows * cols);
  let at = 0;
  for (const part of parts) {
    all.set(part.data, at);
    at += part.data.length;
  }
  return { rows, cols, data: all };
}

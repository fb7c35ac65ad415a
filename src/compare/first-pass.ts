/**
 * The first pass of a comparison: the samples of every view become its factor, by moments or whole, or are held as they are.
 *
 * @module
 */
import { onDevice } from '../capture/device.js';
import { DataError, OptionError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import type { Engine, HostMatrix } from '../engines/engine.js';
import { together } from '../engines/scope.js';
import { factorDirect } from '../factor/direct.js';
import type { Factor } from '../factor/factor.js';
import type { MethodChoice } from '../factor/in-memory.js';
import { Moments, factorMoments } from '../factor/moments.js';
import { factorRows } from '../factor/wide.js';
import type { Needs } from '../measures/measure.js';
import type { Breathe } from '../options.js';
import { blockOf } from './plan.js';
import type { Plan, View } from './plan.js';
import type { Batches, LockstepStream } from './stream.js';
import { handleOf, matrixOf, shapeOf } from './views.js';
import type { Draw } from './views.js';

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
  const collectors: Collector[] = [];
  let plan: Plan | undefined;
  let samples = 0;
  let held = 0;
  for await (const batches of stream.read()) {
    plan ??= planFrom(batches);
    for (const [i, view] of plan.views.entries()) {
      const { moments, parts } = (collectors[i] ??= collectorOf(engine, view, batches, needs, options));
      if (parts) {
        const part = await matrixOf(view, batches, options);
        parts.push(part);
        held += needs.samples ? part.data.byteLength : 0;
        if (held > options.memory) throw tooLarge(held, samples + batches[0].samples, options);
      }
      if (moments) {
        const batch = await handleOf(engine, view, batches, options);
        await moments.add(batch);
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
  const views = await together(collectors, async ({ moments, parts }): Promise<ReadView> => {
    const whole = parts && stack(parts);
    const held = whole && needs.samples ? { samples: whole } : {};
    if (moments) {
      const factor = await factorMoments(engine, await moments.data());
      moments.dispose();
      return { ...held, factored: { factor } };
    }
    if (!needs.keep || !whole) return held;
    return { ...held, factored: await factorHeld(engine, whole, options.method) };
  });
  return { plan, views, samples };
}

/** What is gathered of a view while the batches pass: its moments, its datapoints, or both. */
interface Collector {
  readonly moments?: Moments;
  readonly parts?: Matrix[];
}

function collectorOf(
  engine: Engine,
  view: View,
  batches: Batches,
  needs: Needs,
  options: PassOptions,
): Collector {
  if (!needs.keep) return { parts: [] };
  if (heldWhole(view, batches, options)) return { parts: [] };
  const moments = new Moments(engine, shapeOf(view, batches, options).cols);
  return needs.samples ? { moments, parts: [] } : { moments };
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

/**
 * Whether the datapoints of a view are held in memory to be factored as a whole: for method `direct`; by itself where there
 * are fewer of them than neurons, or where they are float64, as long as they and their basis fit the memory.
 */
function heldWhole(view: View, batches: Batches, options: PassOptions): boolean {
  const { method, memory, samples } = options;
  if (method === 'moments') return false;
  const { rows: inBatch, cols } = shapeOf(view, batches, options);
  const rows = samples === undefined ? undefined : (inBatch / batches[0].samples) * samples;
  const fits = rows !== undefined && 16 * rows * cols <= memory;
  if (method === 'direct') {
    if (fits || rows === undefined) return true;
    throw new OptionError(
      `method 'direct' holds ${Math.round(rows)} × ${cols} datapoints in memory, above the ${memory} bytes allowed: ` +
        "raise 'memory', or use method 'moments'",
    );
  }
  const block = blockOf(batches[view.side], view.layer);
  return fits && (rows < cols || (!onDevice(block) && block.data instanceof Float64Array));
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

/**
 * The two passes of a comparison: moments (or the samples themselves) to factors, then projections to cross blocks.
 *
 * @module
 */
import { onDevice } from '../capture/device.js';
import { DataError, OptionError } from '../errors.js';
import { zeros } from '../matrix.js';
import type { Matrix } from '../matrix.js';
import type { Engine, Handle, HostMatrix } from '../engines/engine.js';
import { inGroups, together } from '../engines/scope.js';
import { Projector, correctedCross, dot, squaredNorms } from '../factor/cross.js';
import { factorDirect } from '../factor/direct.js';
import type { Factor } from '../factor/factor.js';
import { keptDirections } from '../factor/keep.js';
import type { MethodChoice } from '../factor/in-memory.js';
import { Moments, factorMoments } from '../factor/moments.js';
import { factorRows } from '../factor/wide.js';
import type { Needs, Pair } from '../measures/measure.js';
import { absoluteProjections } from '../measures/pair.js';
import { blockOf } from './plan.js';
import type { Plan, View } from './plan.js';
import type { BatchPair, PairStream } from './stream.js';
import { handleOf, matrixOf, shapeOf } from './views.js';
import type { Draw } from './views.js';

/** What the passes need to know beside the plan. */
export interface PassOptions extends Draw {
  readonly method: MethodChoice;
  readonly memory: number;
  /** Number of samples where it is known before reading. */
  readonly samples: number | undefined;
  /** Called within a batch, between long steps: lets the event loop run now and then. @throws to stop */
  readonly breathe: () => Promise<void>;
  /** Called after each batch with the number of samples read so far. @throws to stop */
  readonly onBatch: (stage: 'moments' | 'cross', samples: number) => Promise<void>;
}

/** A factored view; a basis in host memory where the direct route made one. */
export interface FactoredView {
  readonly factor: Factor;
  readonly basis?: HostMatrix;
}

/** Pass one: plans from the first batch, then the factor of every view, and the number of samples. */
export async function factorViews(
  engine: Engine,
  planFrom: (first: BatchPair) => Plan,
  stream: PairStream,
  options: PassOptions,
): Promise<{ plan: Plan; factored: FactoredView[]; samples: number }> {
  const collectors: (Moments | Matrix[])[] = [];
  let plan: Plan | undefined;
  let samples = 0;
  for await (const pair of stream.read()) {
    plan ??= planFrom(pair);
    for (const [i, view] of plan.views.entries()) {
      const collector = (collectors[i] ??= heldWhole(view, pair, options)
        ? []
        : new Moments(engine, shapeOf(view, pair, options).cols));
      if (!(collector instanceof Moments)) {
        collector.push(await matrixOf(view, pair, options));
        continue;
      }
      const batch = await handleOf(engine, view, pair, options);
      await collector.add(batch);
      engine.dispose(batch);
      await options.breathe();
    }
    samples += pair[0].samples;
    await options.onBatch('moments', samples);
  }
  if (plan === undefined || samples < 2) {
    throw new DataError(`${samples} samples: at least 2 are needed to compare anything`, {
      code: 'TOO_FEW_SAMPLES',
    });
  }
  // Started together: an engine with threads factors them side by side.
  const factored = await together(collectors, async (collector) => {
    if (!(collector instanceof Moments)) return factorHeld(engine, stack(collector), options.method);
    const factor = await factorMoments(engine, await collector.data());
    collector.dispose();
    return { factor };
  });
  return { plan, factored, samples };
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
function heldWhole(view: View, pair: BatchPair, options: PassOptions): boolean {
  const { method, memory, samples } = options;
  if (method === 'moments') return false;
  const { rows: inBatch, cols } = shapeOf(view, pair, options);
  const rows = samples === undefined ? undefined : (inBatch / pair[0].samples) * samples;
  const fits = rows !== undefined && 16 * rows * cols <= memory;
  if (method === 'direct') {
    if (fits || rows === undefined) return true;
    throw new OptionError(
      `method 'direct' holds ${Math.round(rows)} × ${cols} datapoints in memory, above the ${memory} bytes allowed: ` +
        "raise 'memory', or use method 'moments'",
    );
  }
  const block = blockOf(pair[view.side === 'a' ? 0 : 1], view.layer);
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

/** Pass two: the {@link Pair} of every cell, in the order of the plan. */
export async function crossCells(
  engine: Engine,
  plan: Plan,
  stream: PairStream,
  factored: readonly FactoredView[],
  needs: Needs,
  options: PassOptions,
): Promise<Pair[]> {
  const projectors = await together(factored, async ({ factor, basis }) => {
    const kept = keptDirections(factor.s, needs.keep ?? 'all');
    return basis || kept === 0 ? undefined : Projector.open(engine, factor, kept);
  });
  const blocks: (Handle | undefined)[] = [];
  const norms = { self: new Float64Array(plan.views.length), cross: new Float64Array(plan.cells.length) };
  const offsets = new Uint32Array(plan.views.length);
  let samples = 0;
  for await (const pair of stream.read()) {
    const squared: Float64Array[] = [];
    const baseOf = async (view: View, i: number): Promise<Handle | undefined> => {
      const { factor, basis } = factored[i];
      const { rows: inBatch } = shapeOf(view, pair, options);
      const from = offsets[i];
      offsets[i] += inBatch;
      if (needs.rowNorms) {
        squared[i] = squaredNorms(await matrixOf(view, pair, options), factor.mean);
        norms.self[i] += dot(squared[i], squared[i]);
      }
      if (basis) return engine.upload(rowsOf(basis, from, inBatch));
      if (projectors[i] === undefined) return undefined;
      const batch = await handleOf(engine, view, pair, options);
      const rows = await projectors[i].rows(batch);
      engine.dispose(batch);
      return rows;
    };
    const bases = await inGroups(plan.views, baseOf, options.breathe);
    const addCell = async ({ a, b }: Plan['cells'][number], c: number): Promise<void> => {
      const [left, right] = [bases[a], bases[b]];
      if (left && right) blocks[c] = await engine.accumulateCross(left, right, blocks[c]);
      if (needs.rowNorms) norms.cross[c] += dot(squared[a], squared[b]);
    };
    await inGroups(plan.cells, addCell, options.breathe);
    engine.dispose(...bases.filter((handle) => handle !== undefined));
    samples += pair[0].samples;
    await options.onBatch('cross', samples);
  }
  const corrections = await together(projectors, async (projector) => projector?.correction());
  const pairs = await together(plan.cells, async ({ a, b }, c): Promise<Pair> => {
    const block = blocks[c];
    return {
      x: factored[a].factor,
      y: factored[b].factor,
      cross: block
        ? await correctedCross(engine, block, corrections[a], corrections[b])
        : zeros(
            keptDirections(factored[a].factor.s, needs.keep ?? 'all'),
            keptDirections(factored[b].factor.s, needs.keep ?? 'all'),
          ),
      ...(needs.rowNorms && {
        rowNorms: { xx: norms.self[a], xy: norms.cross[c], yy: norms.self[b] },
      }),
      ...(stream.held() && {
        absoluteProjections: (side: 'x' | 'y', directions: HostMatrix) =>
          absoluteSums(engine, plan.views[side === 'x' ? a : b], stream, directions, options),
      }),
    };
  });
  engine.dispose(...corrections.filter((handle) => handle !== undefined));
  for (const projector of projectors) projector?.dispose();
  return pairs;
}

function rowsOf({ cols, data }: HostMatrix, from: number, rows: number): HostMatrix {
  return { rows, cols, data: data.subarray(from * cols, (from + rows) * cols) };
}

async function absoluteSums(
  engine: Engine,
  view: View,
  stream: PairStream,
  directions: HostMatrix,
  options: PassOptions,
): Promise<Float64Array> {
  const sums = new Float64Array(directions.cols);
  for await (const pair of stream.read()) {
    const part = await absoluteProjections(engine, await matrixOf(view, pair, options), directions);
    part.forEach((value, j) => (sums[j] += value));
  }
  return sums;
}

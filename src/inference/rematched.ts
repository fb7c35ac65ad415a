/**
 * A measure of two sides whose datapoints are matched anew: what stays the same is computed once.
 *
 * @module
 */
import { zeros } from '../matrix.js';
import type { Matrix } from '../matrix.js';
import type { Engine, Handle, HostMatrix } from '../engines/engine.js';
import type { Layer } from '../factor/centred.js';
import { dot, squaredNorms } from '../factor/cross.js';
import { chooseRoute } from '../factor/in-memory.js';
import type { RowNorms } from '../factor/products.js';
import { together } from '../engines/scope.js';
import type { Measure, Pair, SampledPair, SimilarityResult } from '../measures/measure.js';
import { absoluteProjections, evaluate, evaluateSamples } from '../measures/pair.js';
import type { PairOptions } from '../measures/run-pair.js';
import { rowsOf } from './blocks.js';
import { layerInMemory } from './layers.js';

/** Scores of a side with itself: as it is, and with its datapoints shifted by one. */
export interface SelfScores {
  readonly matched: number;
  readonly shifted: number;
}

/** A measure of x and of y in any order of its rows. */
export interface Rematched {
  /** The similarity as observed. */
  readonly result: SimilarityResult;
  /** Orders that may be scored at once, by memory. */
  readonly together: number;
  /** Score with row `order[i]` of y beside row i of x. */
  score(order: Uint32Array): Promise<number>;
  /** Tells distances from similarities, whatever their scale. */
  self(side: 'x' | 'y'): Promise<SelfScores>;
}

/** Prepares a measure with resolved options. */
export async function rematched(
  measure: Measure,
  resolved: Record<string, unknown>,
  sides: SampledPair,
  options: PairOptions,
  engine: Engine,
): Promise<Rematched> {
  return measure.needs(resolved).samples
    ? bySamples(measure, resolved, sides, engine)
    : byBases(measure, resolved, sides, options, engine);
}

async function bySamples(
  measure: Measure,
  resolved: Record<string, unknown>,
  { x, y, breathe }: SampledPair,
  engine: Engine,
): Promise<Rematched> {
  const of = async (a: Matrix, b: Matrix) =>
    (await measure.evaluateSamples!({ x: a, y: b, breathe }, resolved, engine)).score;
  return {
    result: await evaluateSamples(measure, { x, y, breathe }, resolved, engine),
    together: 1,
    score: (order) => of(x, rowsOf(y, order)),
    self: async (side) => {
      const own = { x, y }[side];
      return { matched: await of(own, own), shifted: await of(own, rowsOf(own, shift(x.rows))) };
    },
  };
}

/** Bytes of bases in other orders that may be held at once. */
const ORDERS_IN_MEMORY = 2 ** 28;

/** A layer with its basis on both sides of the engine's border. */
interface Based {
  readonly samples: Matrix;
  readonly layer: Layer;
  readonly rows: HostMatrix;
  readonly norms: Float64Array | undefined;
}

async function byBases(
  measure: Measure,
  resolved: Record<string, unknown>,
  { x, y }: SampledPair,
  { method = 'auto', memory, onProgress }: PairOptions,
  engine: Engine,
): Promise<Rematched> {
  const { keep = 'all', rowNorms } = measure.needs(resolved);
  const route = chooseRoute(method, [x, y], memory);
  onProgress?.({ stage: 'factor', done: 0, total: 2 });
  const [left, right] = await together([x, y], async (samples): Promise<Based> => {
    const layer = await layerInMemory(engine, samples, route, keep);
    const rows = layer.basis ? await engine.download(layer.basis) : zeros(samples.rows, 0);
    return { samples, layer, rows, norms: rowNorms ? squaredNorms(samples, layer.factor.mean) : undefined };
  });
  onProgress?.({ stage: 'factor', done: 2, total: 2 });
  const of = async (a: Based, b: Based, order?: Uint32Array) =>
    (await measure.evaluate!(await pairOf(engine, a, b, order), resolved, engine)).score;
  return {
    result: await evaluate(measure, await pairOf(engine, left, right), resolved, engine),
    together: Math.max(1, Math.min(16, Math.floor(ORDERS_IN_MEMORY / (16 * right.rows.data.length + 1)))),
    score: (order) => of(left, right, order),
    self: async (side) => {
      const own = { x: left, y: right }[side];
      return { matched: await of(own, own), shifted: await of(own, own, shift(x.rows)) };
    },
  };
}

/** The pair with the rows of y in another order; factors, and sums over the rows of one side, do not change. */
async function pairOf(engine: Engine, x: Based, y: Based, order?: Uint32Array): Promise<Pair> {
  const sides = { x, y };
  return {
    x: x.layer.factor,
    y: y.layer.factor,
    cross: await crossOf(engine, x.layer.basis, y, order),
    ...(x.norms && y.norms && { rowNorms: normsOf(x.norms, y.norms, order) }),
    absoluteProjections: (side, directions) => absoluteProjections(engine, sides[side].samples, directions),
  };
}

async function crossOf(
  engine: Engine,
  left: Handle | undefined,
  { layer: { basis }, rows }: Based,
  order: Uint32Array | undefined,
): Promise<HostMatrix> {
  if (left === undefined || basis === undefined) return zeros(left?.cols ?? 0, basis?.cols ?? 0);
  const right = order ? await engine.upload(rowsOf(rows, order)) : basis;
  const block = await engine.accumulateCross(left, right);
  const cross = await engine.download(block);
  engine.dispose(block, ...(order ? [right] : []));
  return cross;
}

function normsOf(a: Float64Array, b: Float64Array, order: Uint32Array | undefined): RowNorms {
  const matched = order ? Float64Array.from(order, (row) => b[row]) : b;
  return { xx: dot(a, a), xy: dot(a, matched), yy: dot(b, b) };
}

function shift(samples: number): Uint32Array {
  return Uint32Array.from({ length: samples }, (_, i) => (i + 1) % samples);
}

/**
 * A measure of parts of the datapoints: all but one group of them, or groups drawn with repetition. What a group adds to the moments
 * of both sides is computed once; parts are merged from there, never subtracted, so that no digit is lost.
 *
 * @module
 */
import { DataError, SvccaError } from '../errors.js';
import { zeros } from '../matrix.js';
import type { Matrix } from '../matrix.js';
import type { Engine, HostMatrix } from '../engines/engine.js';
import { inGroups } from '../engines/scope.js';
import { wellConditioned, whitening } from '../factor/cross.js';
import type { Factor } from '../factor/factor.js';
import { DEFAULT_MEMORY, chooseRoute } from '../factor/in-memory.js';
import { keptDirections } from '../factor/keep.js';
import { Moments, factorMoments, mergeMoments } from '../factor/moments.js';
import type { MomentsData } from '../factor/moments.js';
import { precisionOf } from '../factor/rounding.js';
import { multiply } from '../factor/small.js';
import type { Measure, Pair, SampledPair, SimilarityResult } from '../measures/measure.js';
import { absoluteProjections, evaluate, evaluateSamples, pairInMemory } from '../measures/pair.js';
import type { PairOptions } from '../measures/run-pair.js';
import { rowsOf } from './blocks.js';

/** A measure of groups of datapoints. */
export interface Subsets {
  /** The similarity of all datapoints. */
  readonly result: SimilarityResult;
  /** Singular values of both sides, where they were factored. */
  readonly spectra?: Spectra;
  /** Scores of all groups but one, for each. */
  leaveOneOut(between: (done: number) => Promise<void>): Promise<number[]>;
  /** Score of the groups named, as often as they are named. */
  of(groups: Uint32Array): Promise<number>;
  /** Score of x with itself. */
  self(): Promise<number>;
}

/** Singular values of each side, largest first. */
export interface Spectra {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

/** A measure with its resolved options, and where it runs. */
interface Task {
  readonly measure: Measure;
  readonly resolved: Record<string, unknown>;
  readonly engine: Engine;
  readonly sides: SampledPair;
  readonly options: PairOptions;
  /** Rows of each group. */
  readonly groups: readonly Uint32Array[];
}

/** Condition up to which moments lose nothing that float64 samples hold; that of `'auto'` for a single pair. */
const FLOAT64_UP_TO = 1e3;

/** Prepares a measure: from moments where the measure and the condition of the data allow, else from the rows. */
export async function subsets(task: Task): Promise<Subsets> {
  const { measure, resolved, sides, options, groups } = task;
  const { samples, rowNorms } = measure.needs(resolved);
  const route = chooseRoute(options.method ?? 'auto', [sides.x, sides.y], options.memory);
  const neurons = sides.x.cols + sides.y.cols;
  // Moments of each group, and of all groups from each on.
  const bytes = 16 * (groups.length + 1) * neurons * neurons;
  const narrow = Math.max(sides.x.cols, sides.y.cols) < sides.x.rows;
  if (samples || rowNorms || route === 'direct' || !narrow || bytes > (options.memory ?? DEFAULT_MEMORY)) {
    return byRows(task);
  }
  const precise =
    route === 'moments'
      ? wellConditioned
      : ({ s, rank, neurons: d }: Factor) => rank === d && s[0] <= FLOAT64_UP_TO * s[rank - 1];
  return (await byMoments(task, precise)) ?? byRows(task);
}

async function byRows(task: Task): Promise<Subsets> {
  const { measure, resolved, engine, sides, options, groups } = task;
  const needs = measure.needs(resolved);
  let spectra: Spectra | undefined;
  const result = async (x: Matrix, y: Matrix) => {
    if (needs.samples) return evaluateSamples(measure, { x, y, breathe: sides.breathe }, resolved, engine);
    const route = chooseRoute(options.method ?? 'auto', [x, y], options.memory);
    const pair = await pairInMemory(engine, x, y, route, needs);
    // Of the first, which is of all datapoints.
    if ('s' in pair.x && 's' in pair.y) spectra ??= { x: pair.x.s, y: pair.y.s };
    return evaluate(measure, pair, resolved, engine);
  };
  const rows = async (taken: Uint32Array) =>
    (await result(rowsOf(sides.x, taken), rowsOf(sides.y, taken))).score;
  const whole = await result(sides.x, sides.y);
  return {
    result: whole,
    ...(spectra && { spectra }),
    leaveOneOut: (between) =>
      inGroups(
        groups,
        (_, left) => part(WITHOUT, () => rows(joined(groups.filter((__, g) => g !== left)))),
        between,
        1,
      ),
    of: (drawn) => part(DRAWN, () => rows(joined(Array.from(drawn, (group) => groups[group])))),
    self: async () => (await result(sides.x, sides.x)).score,
  };
}

const WITHOUT = 'with one group left out';
const DRAWN = 'of groups drawn with repetition';

/** Errors of a part have numbers that the caller never gave: they say whose. */
async function part(which: string, score: () => Promise<number>): Promise<number> {
  try {
    return await score();
  } catch (error) {
    if (!(error instanceof SvccaError)) throw error;
    const code = error.code === 'TOO_FEW_SAMPLES' ? error.code : 'DATA';
    throw new DataError(`${which}: ${error.message}`, { code, cause: error });
  }
}

function joined(groups: readonly Uint32Array[]): Uint32Array {
  return Uint32Array.from(groups.flatMap((rows) => Array.from(rows)));
}

/** Parts whose moments are held at once, beside those of the groups. */
const AT_ONCE = 4;

/** Nothing where moments would lose digits of a side. */
async function byMoments(
  task: Task,
  precise: (factor: Factor, kept: number) => boolean,
): Promise<Subsets | undefined> {
  const { measure, resolved, engine, sides, groups } = task;
  const { keep = 'all' } = measure.needs(resolved);
  const kept = (factor: Factor) => keptDirections(factor.s, keep);
  const parts: MomentsData[] = [];
  for (const rows of groups) {
    parts.push(await momentsOf(engine, sides, rows));
    await sides.breathe();
  }
  const from: MomentsData[] = [];
  for (let g = parts.length - 1; g >= 0; g--) from[g] = merged(parts[g], from[g + 1]);
  const score = async (moments: MomentsData, rows: () => Uint32Array) =>
    (await measure.evaluate!(await pairOfMoments(task, moments, rows, kept), resolved, engine)).score;
  const all = await pairOfMoments(task, from[0], () => joined(groups), kept);
  if (![all.x, all.y].every((factor) => precise(factor, kept(factor)))) return undefined;
  return {
    result: await evaluate(measure, all, resolved, engine),
    spectra: { x: all.x.s, y: all.y.s },
    leaveOneOut: (between) => {
      let before: MomentsData | undefined;
      return inGroups(
        groups,
        (_, left) => {
          const others = merged(before, from[left + 1]);
          before = merged(before, parts[left]);
          return part(WITHOUT, () => score(others, () => joined(groups.filter((__, g) => g !== left))));
        },
        between,
        AT_ONCE,
      );
    },
    of: (drawn) =>
      part(DRAWN, () =>
        score(weighted(parts, drawn), () => joined(Array.from(drawn, (group) => groups[group]))),
      ),
    self: async () => {
      const { x } = all;
      const cross = zeros(x.rank, x.rank);
      for (let i = 0; i < x.rank; i++) cross.data[i * x.rank + i] = 1;
      const projections = (_: 'x' | 'y', directions: HostMatrix) =>
        absoluteProjections(engine, sides.x, directions);
      return (await measure.evaluate!({ x, y: x, cross, absoluteProjections: projections }, resolved, engine))
        .score;
    },
  };
}

/** Moments of the neurons of both sides together, so that one matrix holds the Gram of x, that of y, and their products. */
async function momentsOf(engine: Engine, { x, y }: SampledPair, rows: Uint32Array): Promise<MomentsData> {
  const width = x.cols + y.cols;
  const both = zeros(rows.length, width);
  rows.forEach((row, i) => {
    both.data.set(x.data.subarray(row * x.cols, (row + 1) * x.cols), i * width);
    both.data.set(y.data.subarray(row * y.cols, (row + 1) * y.cols), i * width + x.cols);
  });
  const uploaded = await engine.upload(both);
  const moments = new Moments(engine, width);
  await moments.add(uploaded);
  const data = await moments.data();
  moments.dispose();
  engine.dispose(uploaded);
  return data;
}

function merged(a: MomentsData | undefined, b: MomentsData | undefined): MomentsData {
  if (a && b) return mergeMoments(a, b);
  const one = a ?? b;
  if (one === undefined) throw new DataError('one group of datapoints: nothing is left without it');
  return one;
}

/** Moments of groups that count as often as they are drawn. */
function weighted(parts: readonly MomentsData[], drawn: Uint32Array): MomentsData {
  const times = new Uint32Array(parts.length);
  for (const group of drawn) times[group]++;
  let sum: MomentsData | undefined;
  parts.forEach(({ samples, mean, gram }, group) => {
    const count = times[group];
    if (count === 0) return;
    const repeated = {
      samples: count * samples,
      mean,
      gram: { ...gram, data: gram.data.map((v) => count * v) },
    };
    sum = merged(repeated, sum);
  });
  return merged(sum, undefined);
}

async function pairOfMoments(
  { engine, sides }: Task,
  { samples, mean, gram }: MomentsData,
  rows: () => Uint32Array,
  kept: (factor: Factor) => number,
): Promise<Pair> {
  const [d1, d2] = [sides.x.cols, sides.y.cols];
  const x = await factorMoments(engine, {
    samples,
    mean: mean.slice(0, d1),
    gram: block(gram, 0, 0, d1, d1),
    precision: precisionOf(sides.x),
  });
  const y = await factorMoments(engine, {
    samples,
    mean: mean.slice(d1),
    gram: block(gram, d1, d1, d2, d2),
    precision: precisionOf(sides.y),
  });
  const [left, right] = [whitening(x, kept(x)), whitening(y, kept(y))];
  const cross =
    left.cols === 0 || right.cols === 0
      ? zeros(left.cols, right.cols)
      : await multiply(engine, await multiply(engine, left, block(gram, 0, d1, d1, d2), { a: true }), right);
  return {
    x,
    y,
    cross,
    absoluteProjections: (side, directions) =>
      absoluteProjections(engine, rowsOf(sides[side], rows()), directions),
  };
}

/** Part of a matrix from a row and a column on. */
function block(a: HostMatrix, row: number, col: number, rows: number, cols: number): HostMatrix {
  const out = zeros(rows, cols);
  for (let i = 0; i < rows; i++) {
    const from = (row + i) * a.cols + col;
    out.data.set(a.data.subarray(from, from + cols), i * cols);
  }
  return out;
}

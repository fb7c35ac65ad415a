/**
 * CCA of convolutional layers frequency by frequency (Raghu et al. 2017, section 3): where the samples are as likely as any of
 * their shifts, the coefficients of different spatial frequencies are uncorrelated, so that CCA of whole layers falls apart into
 * one small complex CCA of the channels at every frequency.
 *
 * @module
 */
import { ShapeError } from '../errors.js';
import { zeros } from '../matrix.js';
import type { Matrix, MatrixLike, NumberArray, TensorLike } from '../matrix.js';
import type { Engine, HostMatrix } from '../engines/engine.js';
import { centre } from '../factor/centred.js';
import { REFINE_ABOVE } from '../factor/cross.js';
import { FLOAT32_TOLERANCE, FLOAT64_TOLERANCE } from '../factor/factor.js';
import type { Side } from '../factor/factor.js';
import { chooseRoute, crossInMemory } from '../factor/in-memory.js';
import type { Route } from '../factor/in-memory.js';
import { checkKeep, keptDirections } from '../factor/keep.js';
import type { Crossing, Keep } from '../factor/keep.js';
import { leadingBlock } from '../factor/small.js';
import { flag, keyword, knownKeys } from '../options.js';
import { checkDivisor, checkSamples, checkSummary, correlationsOf, summarise } from './correlations.js';
import type { Divisor, Summary } from './correlations.js';
import { Transform, commonFrequencies, representatives } from './dft-cca-transform.js';
import type { Grid, Representative } from './dft-cca-transform.js';
import { withMatrices } from './functions.js';
import type { PairOptions } from './functions.js';
import type { SampledPair, SideSummary } from './measure.js';

/** Options of {@link dftCca}. */
export interface DftCcaOptions {
  /** Leading singular directions of the channels kept at every frequency (SVCCA). @defaultValue `'all'` (CCA) */
  readonly keep?: Keep | 'all';
  /** Whether the direction that reaches the share is kept. @defaultValue `'kept'` */
  readonly crossing?: Crossing;
  /** How the correlations of one frequency become its score. @defaultValue `'mean'`; google's code has `'thresholded'` */
  readonly summary?: Summary;
  /** What the means are divided by. @defaultValue `'kept'` */
  readonly divisor?: Divisor;
  /** Whether grids of different sizes are compared at the lowest frequencies, which both have. @defaultValue `true` */
  readonly resize?: boolean;
  /** Computes even where `samples ≤ channels` makes every correlation 1. @defaultValue `false` */
  readonly allowFewSamples?: boolean;
}

/** One layer of a {@link DftCcaResult}: channels are its neurons; `rank` and `kept` are the most at any frequency. */
export interface DftSide extends SideSummary {
  /** Height and width. */
  readonly grid: readonly [height: number, width: number];
}

/** The similarity of two convolutional layers at every spatial frequency. */
export interface DftCcaResult {
  readonly measure: 'dftCca';
  /** Mean of `frequencies`, but for those where neither layer has anything. */
  readonly score: number;
  /**
   * Score of each frequency `[height, width]` of the common grid, frequencies in the order of `numpy.fft.fftfreq`; entry 0 is the
   * spatial mean. 0 where a layer has nothing.
   */
  readonly frequencies: HostMatrix;
  /** Canonical correlations of each frequency, row-major as `frequencies`. */
  readonly correlations: readonly (readonly number[])[];
  readonly samples: number;
  readonly x: DftSide;
  readonly y: DftSide;
  /** Every option as it was used, defaults included. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly engine: string;
  readonly method: 'moments' | 'direct';
  readonly warnings: readonly string[];
}

const defaults = Object.freeze({
  keep: 'all',
  crossing: 'kept',
  summary: 'mean',
  divisor: 'kept',
  resize: true,
  allowFewSamples: false,
});

/**
 * DFT-CCA of two convolutional layers: the activations of every sample and channel are Fourier-transformed over height and
 * width, then the channels are compared by complex CCA at every frequency, the images being the samples. As `dft_ccas.py` of
 * google/svcca, without its loss of precision in complex64.
 *
 * A dense layer `[samples, neurons]` counts as a 1 × 1 grid, and is then compared with the spatial mean of the other; a layer
 * `[samples, length, channels]` as one of height 1.
 *
 * @param x - `{ shape: [samples, height, width, channels], data }` or a tensor of that shape.
 * @param y - the same samples in the same order, of any grid and channels.
 * @throws ShapeError for other ranks, different sample counts, and different grids where `resize` is false; DataError for NaN,
 * empty input, or `samples ≤ channels` (code `TOO_FEW_SAMPLES`); OptionError for a bad option.
 * @example
 * ```ts
 * const { score, frequencies } = await dftCca(convA, convB); // tensors [images, height, width, channels]
 * ```
 */
export async function dftCca(
  x: MatrixLike,
  y: MatrixLike,
  options: DftCcaOptions & PairOptions = {},
): Promise<DftCcaResult> {
  const resolved = resolve(options);
  const [left, right] = [flatten(x, 'x'), flatten(y, 'y')];
  return withMatrices(left.matrix, right.matrix, options, (sides, engine) => {
    const grids = { x: gridOf(left.grid, sides.x), y: gridOf(right.grid, sides.y) };
    if (!resolved.resize && (grids.x.height !== grids.y.height || grids.x.width !== grids.y.width)) {
      throw new ShapeError(
        `x has a grid of ${grids.x.height} × ${grids.x.width}, y of ${grids.y.height} × ${grids.y.width}: give layers of ` +
          'one grid, or set resize to compare the frequencies that both have',
      );
    }
    return compareFrequencies(engine, sides, grids, resolved, options);
  });
}

type Resolved = Required<DftCcaOptions>;

function resolve({
  engine: _engine,
  threads: _threads,
  signal: _signal,
  onProgress: _onProgress,
  method: _method,
  memory: _memory,
  ...own
}: DftCcaOptions & PairOptions): Resolved {
  knownKeys('dftCca', own, Object.keys(defaults));
  const all = { ...defaults, ...own };
  return {
    keep: checkKeep(all.keep),
    crossing: keyword('crossing', all.crossing, ['kept', 'dropped']),
    summary: checkSummary(all.summary),
    divisor: checkDivisor(all.divisor),
    resize: flag('resize', all.resize),
    allowFewSamples: flag('allowFewSamples', all.allowFewSamples),
  };
}

/** Activations of any rank as samples × the rest, with the axes of the rest. */
function flatten(value: MatrixLike, side: string): { matrix: MatrixLike; grid?: readonly number[] } {
  const { shape, data } = (value ?? {}) as { shape?: unknown; data?: unknown };
  if (!Array.isArray(shape) || shape.length === 2) return { matrix: value };
  const axes = shape as readonly number[];
  if (axes.length !== 3 && axes.length !== 4) {
    throw new ShapeError(
      `${side} has shape [${axes.join(', ')}]: give [samples, height, width, channels], [samples, length, channels] or ` +
        '[samples, neurons]',
    );
  }
  const flat = [axes[0], axes.slice(1).reduce((product, axis) => product * axis, 1)];
  const matrix =
    typeof data === 'function'
      ? { shape: flat, dtype: (value as TensorLike).dtype, data: () => (value as TensorLike).data() }
      : { shape: flat, data: data as NumberArray };
  return { matrix, grid: axes.slice(1) };
}

function gridOf(axes: readonly number[] | undefined, { cols }: Matrix): Grid {
  const [channels = cols, width = 1, height = 1] = [...(axes ?? [])].reverse();
  return { height, width, channels };
}

interface Sides<T> {
  readonly x: T;
  readonly y: T;
}

async function compareFrequencies(
  engine: Engine,
  sides: SampledPair,
  grids: Sides<Grid>,
  options: Resolved,
  { method, memory, onProgress }: PairOptions,
): Promise<DftCcaResult> {
  const samples = sides.x.rows;
  const route = chooseRoute(method ?? 'auto', [sides.x, sides.y], memory);
  const [left, right] = [await prepare(engine, sides.x, grids.x), await prepare(engine, sides.y, grids.y)];
  const prepared = { x: left, y: right };
  const [rows, cols] = [
    commonFrequencies(grids.x.height, grids.y.height).length,
    commonFrequencies(grids.x.width, grids.y.width).length,
  ];
  const frequencies = zeros(rows, cols);
  const correlations = new Array<readonly number[]>(rows * cols);
  const most = { rank: { x: 0, y: 0 }, kept: { x: 0, y: 0 } };
  let [direct, something, done] = [true, 0, 0];
  for (const frequency of representatives(grids.x, grids.y)) {
    const found = await atFrequency(engine, prepared, frequency, route, options);
    for (const place of frequency.places) {
      correlations[place] = found.correlations;
      frequencies.data[place] = summarise(
        found.correlations,
        options,
        { neurons: grids.x.channels },
        { neurons: grids.y.channels },
      );
    }
    if (found.rank.x > 0 || found.rank.y > 0) something += frequency.places.length;
    for (const name of ['x', 'y'] as const) {
      most.rank[name] = Math.max(most.rank[name], found.rank[name]);
      most.kept[name] = Math.max(most.kept[name], found.kept[name]);
    }
    direct &&= found.direct;
    done += frequency.places.length;
    onProgress?.({ stage: 'frequencies', done, total: rows * cols });
    await sides.breathe();
  }
  const side = (name: 'x' | 'y'): DftSide => ({
    neurons: grids[name].channels,
    dead: prepared[name].dead,
    rank: most.rank[name],
    kept: most.kept[name],
    grid: [grids[name].height, grids[name].width],
  });
  const sum = frequencies.data.reduce((total, value) => total + value, 0);
  return {
    measure: 'dftCca',
    score: something === 0 ? 0 : sum / something,
    frequencies,
    correlations,
    samples,
    x: side('x'),
    y: side('y'),
    options: { ...options },
    engine: engine.name,
    method: direct ? 'direct' : 'moments',
    warnings: [
      ...emptiness(most.rank, rows * cols - something),
      ...checkSamples(samples, most.kept, options.allowFewSamples),
    ],
  };
}

function emptiness(rank: Sides<number>, left: number): string[] {
  const constant = (['x', 'y'] as const).filter((name) => rank[name] === 0);
  if (constant.length > 0) {
    return constant.map((name) => `Side ${name} is constant over the samples: it has nothing to compare.`);
  }
  return left === 0
    ? []
    : [`At ${left} of the frequencies neither side has anything; they are left out of the score.`];
}

/** One side: its transform, and the size of a coefficient that is rounding of the activations. */
interface Prepared {
  readonly transform: Transform;
  readonly floor: number;
  /** Channels that never changed anywhere. */
  readonly dead: number;
}

async function prepare(engine: Engine, x: Matrix, grid: Grid): Promise<Prepared> {
  const { samples, mean } = await centre(engine, x);
  const alive = new Uint8Array(grid.channels);
  samples.data.forEach((value, at) => {
    if (value !== 0) alive[at % grid.channels] = 1;
  });
  // Rounding is alike at all frequencies, by Parseval's theorem as large in each as in all activations together, means included.
  const tolerance = x.data instanceof Float32Array ? FLOAT32_TOLERANCE : FLOAT64_TOLERANCE;
  const size = Math.hypot(lengthOf(samples.data), Math.sqrt(x.rows) * lengthOf(mean));
  return {
    transform: new Transform(x.rows, grid, samples.data),
    floor: tolerance * size,
    dead: alive.reduce((dead, live) => dead + 1 - live, 0),
  };
}

interface Found {
  readonly correlations: readonly number[];
  readonly rank: Sides<number>;
  readonly kept: Sides<number>;
  readonly direct: boolean;
}

async function atFrequency(
  engine: Engine,
  { x, y }: Sides<Prepared>,
  frequency: Representative,
  route: Route,
  { keep, crossing, allowFewSamples }: Resolved,
): Promise<Found> {
  const [left, right] = [x.transform.at(frequency), y.transform.at(frequency)];
  // Complex directions come as two real ones.
  const times = frequency.real ? 1 : 2;
  const samples = left.rows / times;
  const anyBasis = keep === 'all' && clear(left, x.floor) && clear(right, y.floor);
  const pair = await crossInMemory(engine, left, right, route, { keep: 'all', anyBasis });
  const spectra = {
    x: spectrum(pair.x, x.floor, times, samples),
    y: spectrum(pair.y, y.floor, times, samples),
  };
  const kept = {
    x: keptDirections(spectra.x, keep, crossing),
    y: keptDirections(spectra.y, keep, crossing),
  };
  checkSamples(samples, kept, allowFewSamples);
  const block = leadingBlock(pair.cross, times * kept.x, times * kept.y);
  const all = await correlationsOf(engine, block);
  return {
    correlations: all.filter((_, i) => i % times === 0),
    rank: { x: spectra.x.length, y: spectra.y.length },
    kept,
    direct: pair.x.method === 'direct' && pair.y.method === 'direct',
  };
}

/** Whether no direction of a side can be rounding, if its condition allows any basis to be taken. */
function clear({ cols, data }: HostMatrix, floor: number): boolean {
  return lengthOf(data) > REFINE_ABOVE * Math.sqrt(cols) * floor;
}

/** Singular values of the (complex) coefficients above rounding, largest first; of a side in any basis all of them, as ones. */
function spectrum(
  side: Side & { s?: Float64Array },
  floor: number,
  times: number,
  samples: number,
): Float64Array {
  const s = side.s ?? new Float64Array(side.rank).fill(Infinity);
  const most = Math.min(Math.floor(s.length / times), samples - 1);
  let rank = 0;
  while (rank < most && s[times * rank] > floor) rank++;
  return Float64Array.from({ length: rank }, (_, i) => s[times * i]);
}

/** Euclidean length, safe from overflow of squares. */
function lengthOf(values: Float64Array): number {
  const most = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  if (most === 0) return 0;
  return most * Math.sqrt(values.reduce((sum, value) => sum + (value / most) ** 2, 0));
}

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
import { chooseRoute } from '../factor/in-memory.js';
import { checkKeep } from '../factor/keep.js';
import type { Crossing, Keep } from '../factor/keep.js';
import { flag, keyword, knownKeys, without } from '../options.js';
import { checkDivisor, checkSamples, checkSummary, summarise } from './correlations.js';
import type { Divisor, Summary } from './correlations.js';
import { atFrequency, prepare } from './dft-cca-frequency.js';
import type { Sides } from './dft-cca-frequency.js';
import { commonFrequencies, representatives } from './dft-cca-transform.js';
import type { Grid } from './dft-cca-transform.js';
import { RUN_KEYS, withMatrices } from './run-pair.js';
import type { PairOptions } from './run-pair.js';
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

function resolve(options: DftCcaOptions & PairOptions): Resolved {
  const own = without(options, RUN_KEYS);
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

/**
 * Canonical directions: the combinations of neurons of both sides that correlate most, for whoever wants to look at them, plot
 * the samples along them or apply them to new samples.
 *
 * @module
 */
import { ShapeError } from '../errors.js';
import { toMatrix, zeros } from '../matrix.js';
import type { MatrixLike } from '../matrix.js';
import type { Engine, HostMatrix } from '../engines/engine.js';
import { openEngine } from '../engines/select.js';
import { withScope } from '../engines/scope.js';
import type { Factor } from '../factor/factor.js';
import { checkKeep, keptDirections } from '../factor/keep.js';
import type { Crossing, Keep } from '../factor/keep.js';
import { leadingBlock, multiply, scaleColumns, thinSvd } from '../factor/small.js';
import { flag, keyword, knownKeys } from '../options.js';
import type { RunOptions } from '../options.js';
import { bounded, checkSamples } from './correlations.js';
import { factored, withMatrices } from './run-pair.js';
import type { PairOptions } from './run-pair.js';
import type { Pair, SampledPair, SideSummary } from './measure.js';

/** Options of {@link ccaDirections}. */
export interface DirectionsOptions {
  /**
   * Length of the variates over the samples they were found on: `'norm'` sum of squares 1, `'variance'` unbiased variance 1.
   * @defaultValue `'norm'`
   */
  readonly scale?: 'norm' | 'variance';
  /** Whether the variates of the given samples come with the weights. @defaultValue `true` */
  readonly variates?: boolean;
  /** Computes even where `samples ≤ neurons` makes every correlation 1. @defaultValue `false` */
  readonly allowFewSamples?: boolean;
}

/** Options of {@link svccaDirections}. */
export interface SvccaDirectionsOptions extends DirectionsOptions {
  /** Leading singular directions kept of each side. @defaultValue `{ variance: 0.99 }` */
  readonly keep?: Keep | 'all';
  /** Whether the direction that reaches the share is kept. @defaultValue `'kept'` */
  readonly crossing?: Crossing;
}

/** The canonical directions of one side. */
export interface SideDirections extends SideSummary {
  /** Means of the neurons `[neurons]`. */
  readonly mean: Float64Array;
  /**
   * Weights `[neurons, k]`: `(X − mean) · weights` are the variates. In each column the entry of largest magnitude is positive
   * on side x, and the signs of side y make every correlation positive. Where neurons are linearly dependent they are the
   * weights of least norm.
   */
  readonly weights: HostMatrix;
  /** Variates `[samples, k]`: uncorrelated columns, the i-th of x with the i-th of y correlated as `correlations[i]`. */
  readonly variates?: HostMatrix;
}

/** Canonical directions of two representations. */
export interface Directions {
  readonly measure: 'cca' | 'svcca';
  /** Canonical correlations, largest first, `[k]` with k the kept directions of the smaller side. */
  readonly correlations: readonly number[];
  readonly samples: number;
  readonly x: SideDirections;
  readonly y: SideDirections;
  /** Every option as it was used, defaults included. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly engine: string;
  readonly method: 'moments' | 'direct';
  readonly warnings: readonly string[];
}

const defaults = Object.freeze({ scale: 'norm', variates: true, allowFewSamples: false });
const svccaDefaults = Object.freeze({
  ...defaults,
  keep: Object.freeze({ variance: 0.99 }),
  crossing: 'kept',
});

/**
 * Canonical directions of CCA (Hotelling 1936): weights and variates of both sides, by default from a QR of the samples
 * (`method: 'auto'` is `'direct'` here: moments alone leave an error of `1e-16 · condition²` in the variates).
 *
 * @param x - `[samples, neurons of x]`.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @throws ShapeError when sample counts differ; DataError for NaN, empty input, or `samples ≤ neurons` (code
 * `TOO_FEW_SAMPLES`); OptionError for a bad option.
 * @example
 * ```ts
 * const { correlations, x: side } = await ccaDirections(a, b);
 * const first = await canonicalVariates(newSamples, side); // [new samples, k]
 * ```
 */
export function ccaDirections(
  x: MatrixLike,
  y: MatrixLike,
  options: DirectionsOptions & PairOptions = {},
): Promise<Directions> {
  return directions('cca', x, y, { keep: 'all', crossing: 'kept' }, options);
}

/**
 * Canonical directions of SVCCA (Raghu et al. 2017): as {@link ccaDirections} within the leading singular directions of each
 * side. The weights apply to neurons, not to singular directions.
 *
 * @param x - `[samples, neurons of x]`.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @throws as {@link ccaDirections}.
 */
export function svccaDirections(
  x: MatrixLike,
  y: MatrixLike,
  options: SvccaDirectionsOptions & PairOptions = {},
): Promise<Directions> {
  return directions('svcca', x, y, svccaDefaults, options);
}

/**
 * Variates of samples along directions found on others: `(x − mean) · weights`.
 *
 * @param x - `[samples, neurons]`, the neurons that the directions were found on.
 * @param side - `x` or `y` of {@link ccaDirections} or {@link svccaDirections}.
 * @returns `[samples, k]`.
 * @throws ShapeError where the number of neurons differs; DataError for NaN or empty input.
 */
export async function canonicalVariates(
  x: MatrixLike,
  side: Pick<SideDirections, 'mean' | 'weights'>,
  options: Pick<RunOptions, 'engine' | 'threads' | 'signal'> = {},
): Promise<HostMatrix> {
  const { engine: choice, threads, signal } = options;
  signal?.throwIfAborted();
  const samples = await toMatrix(x, 'x');
  if (samples.cols !== side.mean.length) {
    throw new ShapeError(
      `x has ${samples.cols} neurons, the directions were found on ${side.mean.length}: give the same layer`,
    );
  }
  const opened = await openEngine(choice, threads === undefined ? {} : { threads });
  try {
    return await withScope(opened, (engine) => applied(engine, samples, side));
  } finally {
    if (opened !== choice) await opened.close?.();
  }
}

interface Truncation {
  readonly keep: Keep | 'all';
  readonly crossing: Crossing;
}

async function directions(
  measure: 'cca' | 'svcca',
  x: MatrixLike,
  y: MatrixLike,
  truncation: Truncation | typeof svccaDefaults,
  options: SvccaDirectionsOptions & PairOptions,
): Promise<Directions> {
  const resolved = resolve(measure, truncation, options);
  const method = keyword('method', options.method ?? 'auto', ['auto', 'moments', 'direct']);
  const run = { ...options, method: method === 'auto' ? 'direct' : method };
  return withMatrices(x, y, run, async (sides, engine) => {
    const pair = (await factored(sides, run, { keep: 'all' }, engine)) as Pair;
    return { measure, ...(await found(engine, sides, pair, resolved)) };
  });
}

type Resolved = Required<DirectionsOptions> & Truncation;

function resolve(
  measure: 'cca' | 'svcca',
  truncation: Truncation | typeof svccaDefaults,
  {
    engine: _engine,
    threads: _threads,
    signal: _signal,
    onProgress: _onProgress,
    method: _method,
    memory: _memory,
    ...own
  }: SvccaDirectionsOptions & PairOptions,
): Resolved {
  knownKeys(`${measure}Directions`, own, Object.keys(measure === 'cca' ? defaults : svccaDefaults));
  const all = { ...defaults, ...truncation, ...own };
  return {
    keep: checkKeep(all.keep),
    crossing: keyword('crossing', all.crossing, ['kept', 'dropped']),
    scale: keyword('scale', all.scale, ['norm', 'variance']),
    variates: flag('variates', all.variates),
    allowFewSamples: flag('allowFewSamples', all.allowFewSamples),
  };
}

async function found(
  engine: Engine,
  samples: SampledPair,
  { x, y, cross }: Pair,
  options: Resolved,
): Promise<Omit<Directions, 'measure'>> {
  const kept = {
    x: keptDirections(x.s, options.keep, options.crossing),
    y: keptDirections(y.s, options.keep, options.crossing),
  };
  const warnings = checkSamples(x.samples, kept, options.allowFewSamples);
  const block = leadingBlock(cross, kept.x, kept.y);
  const empty = kept.x === 0 || kept.y === 0;
  const { u, s, v } = empty ? nothing(kept) : await thinSvd(engine, block);
  const left = await weightsOf(engine, x, u);
  // A direction and its negative are one direction: the side x decides, and y follows so that correlations stay positive.
  const length = options.scale === 'variance' ? Math.sqrt(x.samples - 1) : 1;
  const signs = signsOf(left).map((sign) => sign * length);
  const weights = {
    x: scaleColumns(left, signs),
    y: scaleColumns(await weightsOf(engine, y, v), signs),
  };
  const side = async (name: 'x' | 'y', { mean, neurons, dead, rank }: Factor) => ({
    neurons,
    dead,
    rank,
    kept: kept[name],
    mean,
    weights: weights[name],
    ...(options.variates && {
      variates: await applied(engine, samples[name], { mean, weights: weights[name] }),
    }),
  });
  const constant = [x.rank === 0 ? ['x'] : [], y.rank === 0 ? ['y'] : []].flat();
  return {
    correlations: bounded(s),
    samples: x.samples,
    x: await side('x', x),
    y: await side('y', y),
    options: { ...options },
    engine: engine.name,
    method: x.method === 'direct' && y.method === 'direct' ? 'direct' : 'moments',
    warnings: [
      ...constant.map((name) => `Side ${name} is constant over the samples: it has no direction.`),
      ...warnings,
    ],
  };
}

/** `V·S⁻¹·A`: the weights whose variates are the basis `U` times `A`. */
async function weightsOf(engine: Engine, { v, s, neurons }: Factor, a: HostMatrix): Promise<HostMatrix> {
  if (a.cols === 0) return zeros(neurons, 0);
  const inverse = s.subarray(0, a.rows).map((value) => 1 / value);
  return multiply(engine, scaleColumns(v, inverse), a);
}

function nothing(kept: { readonly x: number; readonly y: number }) {
  return { u: zeros(kept.x, 0), s: new Float64Array(0), v: zeros(kept.y, 0) };
}

async function applied(
  engine: Engine,
  samples: SampledPair['x'],
  { mean, weights }: Pick<SideDirections, 'mean' | 'weights'>,
): Promise<HostMatrix> {
  if (weights.cols === 0) return zeros(samples.rows, 0);
  const [batch, directed] = [await engine.upload(samples), await engine.upload(weights)];
  const projected = await engine.project(batch, mean, directed);
  const variates = await engine.download(projected);
  engine.dispose(batch, directed, projected);
  return variates;
}

/** For each column the sign of its entry of largest magnitude (the first of entries equal but for rounding). */
function signsOf({ rows, cols, data }: HostMatrix): Float64Array {
  const largest = new Float64Array(cols);
  for (let at = 0; at < rows * cols; at++) {
    const j = at % cols;
    if (Math.abs(data[at]) > Math.abs(largest[j]) * (1 + 1e-9)) largest[j] = data[at];
  }
  return largest.map((value) => (value < 0 ? -1 : 1));
}

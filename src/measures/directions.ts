/**
 * Canonical directions: the combinations of neurons of both sides that correlate most, for whoever wants to look at them, plot
 * the samples along them or apply them to new samples.
 *
 * @module
 */
import { ShapeError } from '../errors.js';
import { toMatrix } from '../matrix.js';
import type { MatrixLike } from '../matrix.js';
import type { HostMatrix } from '../engines/engine.js';
import { openEngine } from '../engines/select.js';
import { withScope } from '../engines/scope.js';
import { checkKeep } from '../factor/keep.js';
import type { Crossing, Keep } from '../factor/keep.js';
import { flag, keyword, knownKeys, without } from '../options.js';
import type { RunOptions } from '../options.js';
import { applied, directionsOfPair } from './directions-weights.js';
import type { Directions, DirectionsPlan, SideDirections } from './directions-weights.js';
import { RUN_KEYS, factored, withMatrices } from './run-pair.js';
import type { PairOptions } from './run-pair.js';
import type { Pair } from './measure.js';

export type { Directions, SideDirections } from './directions-weights.js';

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
    return { measure, ...(await directionsOfPair(engine, sides, pair, resolved)) };
  });
}

function resolve(
  measure: 'cca' | 'svcca',
  truncation: Truncation | typeof svccaDefaults,
  options: SvccaDirectionsOptions & PairOptions,
): DirectionsPlan {
  const own = without(options, RUN_KEYS);
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

/**
 * The measures as functions of two matrices, samples × neurons.
 *
 * @module
 */
import { DataError } from '../errors.js';
import { toMatrix } from '../matrix.js';
import type { Matrix, MatrixLike } from '../matrix.js';
import type { Engine } from '../engines/engine.js';
import { openEngine } from '../engines/select.js';
import { withScope } from '../engines/scope.js';
import { chooseRoute } from '../factor/in-memory.js';
import type { MethodChoice } from '../factor/in-memory.js';
import { breather, keyword, pause } from '../options.js';
import type { RunOptions } from '../options.js';
import { ccaMeasure } from './cca.js';
import type { CcaOptions } from './cca.js';
import { ckaMeasure } from './cka.js';
import type { CkaOptions } from './cka.js';
import type { Measure, Needs, Pair, SampledPair, SimilarityResult, WhitenedPair } from './measure.js';
import { checkSameSamples, evaluate, evaluateSamples, pairInMemory } from './pair.js';
import { plsMeasure } from './pls.js';
import type { PlsOptions } from './pls.js';
import { procrustesMeasure } from './procrustes.js';
import type { ProcrustesOptions } from './procrustes.js';
import { pwccaMeasure } from './pwcca.js';
import type { PwccaOptions } from './pwcca.js';
import { svccaMeasure } from './svcca.js';
import type { SvccaOptions } from './svcca.js';

/** Options of every call on two matrices, beside those of the measure. */
export interface PairOptions extends RunOptions {
  /**
   * Route to the factors: `'direct'` (QR of the samples, full float64 accuracy), `'moments'` (Gram matrices, directions below
   * `1e-7` of the largest are cut). @defaultValue `'auto'`: moments, but direct for float64 input that fits `memory` unless
   * both sides are so well conditioned (about 1e3) that moments lose nothing
   */
  readonly method?: MethodChoice;
  /** Bytes that `'auto'` may use for bases. @defaultValue 1 GiB */
  readonly memory?: number;
}

/** Names of {@link PairOptions}, for calls where options of measures stand beside them. */
export const RUN_KEYS: readonly string[] = ['engine', 'threads', 'signal', 'onProgress', 'method', 'memory'];

/**
 * Canonical correlation analysis: invariant under any invertible linear map of either side.
 *
 * Use {@link svcca} where small directions are noise, or where samples are not many times the neurons.
 *
 * @param x - `[samples, neurons of x]`.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @returns the correlations and their summary (default: mean ρ over the kept rank).
 * @throws ShapeError when sample counts differ; DataError for NaN, empty input, or `samples ≤ neurons` (code
 * `TOO_FEW_SAMPLES`); OptionError for a bad option.
 * @example
 * ```ts
 * const { score, correlations } = await cca(x, y);
 * ```
 */
export function cca(
  x: MatrixLike,
  y: MatrixLike,
  options: CcaOptions & PairOptions = {},
): Promise<SimilarityResult> {
  return measurePair(ccaMeasure, x, y, options);
}

/**
 * SVCCA (Raghu et al. 2017): CCA of the leading singular directions, by default those that hold 99 % of the variance.
 *
 * @param x - `[samples, neurons of x]`.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @throws as {@link cca}.
 * @example
 * ```ts
 * const { score, x: side } = await svcca(a, b, { keep: { variance: 0.99 } });
 * console.log(score, side.kept);
 * ```
 */
export function svcca(
  x: MatrixLike,
  y: MatrixLike,
  options: SvccaOptions & PairOptions = {},
): Promise<SimilarityResult> {
  return measurePair(svccaMeasure, x, y, options);
}

/**
 * Projection-weighted CCA (Morcos et al. 2018), in the paper's definition or in google's or anatome's.
 *
 * @param x - `[samples, neurons of x]`.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @throws as {@link cca}.
 */
export function pwcca(
  x: MatrixLike,
  y: MatrixLike,
  options: PwccaOptions & PairOptions = {},
): Promise<SimilarityResult> {
  return measurePair(pwccaMeasure, x, y, options);
}

/**
 * Linear centred kernel alignment (Kornblith et al. 2019), biased or debiased. Meaningful with fewer samples than neurons
 * too, then best debiased.
 *
 * @param x - `[samples, neurons of x]`.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @throws as {@link cca}, but for the number of samples: 2, and 4 where debiased.
 */
export function cka(
  x: MatrixLike,
  y: MatrixLike,
  options: CkaOptions & PairOptions = {},
): Promise<SimilarityResult> {
  return measurePair(ckaMeasure, x, y, options);
}

/**
 * Orthogonal Procrustes similarity of the centred, normalised sides, or one of its distances.
 *
 * @param x - `[samples, neurons of x]`.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @throws as {@link cca}, but for the number of samples.
 */
export function procrustes(
  x: MatrixLike,
  y: MatrixLike,
  options: ProcrustesOptions & PairOptions = {},
): Promise<SimilarityResult> {
  return measurePair(procrustesMeasure, x, y, options);
}

/**
 * Singular values of the cross-covariance `XᵀY/(n−1)` (PLS-SVD); the score is the largest, in the units of the data.
 *
 * @param x - `[samples, neurons of x]`.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @throws as {@link cca}, but for the number of samples.
 */
export function pls(
  x: MatrixLike,
  y: MatrixLike,
  options: PlsOptions & PairOptions = {},
): Promise<SimilarityResult> {
  return measurePair(plsMeasure, x, y, options);
}

/** Any measure on two matrices: `options` are those of the measure and those of {@link PairOptions}. */
export async function measurePair<O extends object>(
  measure: Measure<O>,
  x: MatrixLike,
  y: MatrixLike,
  options: O & PairOptions,
): Promise<SimilarityResult> {
  const own = Object.fromEntries(Object.entries(options).filter(([key]) => !RUN_KEYS.includes(key)));
  const resolved = measure.resolve(own as O);
  const needs = measure.needs(resolved);
  const [anyMeasure, all] = [measure as unknown as Measure, resolved as Record<string, unknown>];
  return withMatrices(x, y, options, async (sides, engine) => {
    if (needs.samples) return evaluateSamples(anyMeasure, sides, all, engine);
    const pair = await factored(sides, options, needs, engine);
    return evaluate(anyMeasure, pair, all, engine);
  });
}

/** Reads and checks two matrices, opens the engine, and hands them to `work`. */
export async function withMatrices<T>(
  x: MatrixLike,
  y: MatrixLike,
  options: PairOptions,
  work: (sides: SampledPair, engine: Engine) => Promise<T>,
): Promise<T> {
  const { signal } = options;
  signal?.throwIfAborted();
  const [left, right] = [await toMatrix(x, 'x'), await toMatrix(y, 'y')];
  checkPair(left, right);
  keyword('method', options.method ?? 'auto', ['auto', 'moments', 'direct']);
  const threads = options.threads === undefined ? {} : { threads: options.threads };
  const opened = await openEngine(options.engine, threads);
  try {
    return await withScope(opened, async (engine) => {
      await pause(signal);
      return work({ x: left, y: right, breathe: breather(signal) }, engine);
    });
  } finally {
    if (opened !== options.engine) await opened.close?.();
  }
}

/** Factors both sides once, with the cross block that the measures ask for. */
export async function factored(
  { x, y }: SampledPair,
  { method = 'auto', memory, signal, onProgress }: PairOptions,
  needs: Needs,
  engine: Engine,
): Promise<Pair | WhitenedPair> {
  onProgress?.({ stage: 'factor', done: 0, total: 2 });
  const pair = await pairInMemory(engine, x, y, chooseRoute(method, [x, y], memory), needs);
  onProgress?.({ stage: 'factor', done: 2, total: 2 });
  await pause(signal);
  return pair;
}

function checkPair(x: Matrix, y: Matrix): void {
  checkSameSamples(x, y);
  if (x.rows < 2)
    throw new DataError('one sample: at least 2 are needed to compare anything', { code: 'TOO_FEW_SAMPLES' });
}

/**
 * Any measure on two matrices: reads and checks them, opens the engine, factors where the measure asks for it.
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
import { breather, keyword, pause, wholeNumber, without } from '../options.js';
import type { RunOptions } from '../options.js';
import type { Measure, Needs, SampledPair, SimilarityResult } from './measure.js';
import { checkSameSamples, evaluate, evaluateSamples, pairInMemory } from './pair.js';
import type { AnyPair } from './pair.js';

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

/** Any measure on two matrices: `options` are those of the measure and those of {@link PairOptions}. */
export async function measurePair<O extends object>(
  measure: Measure<O>,
  x: MatrixLike,
  y: MatrixLike,
  options: O & PairOptions,
): Promise<SimilarityResult> {
  const anyMeasure = measure as unknown as Measure;
  const all = anyMeasure.resolve(without(options, RUN_KEYS));
  const needs = anyMeasure.needs(all);
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
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const [left, right] = [await toMatrix(x, 'x'), await toMatrix(y, 'y')];
  checkPair(left, right);
  keyword('method', options.method ?? 'auto', ['auto', 'moments', 'direct']);
  if (options.memory !== undefined) wholeNumber('memory', options.memory, 0);
  const threads = options.threads === undefined ? {} : { threads: options.threads };
  const opened = await openEngine(options.engine, threads);
  try {
    return await withScope(opened, async (engine) => {
      await pause(signal);
      const breathe = breather(signal, (done, total) => onProgress?.({ stage: 'samples', done, total }));
      return work({ x: left, y: right, breathe }, engine);
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
): Promise<AnyPair> {
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

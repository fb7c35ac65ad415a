/**
 * How sure a similarity is: an interval for the value that more and more datapoints of the same kind would give.
 *
 * @module
 */
import { OptionError } from '../errors.js';
import { keyword, wholeNumber, without } from '../options.js';
import { Random } from '../random.js';
import type { MatrixLike } from '../matrix.js';
import { inGroups } from '../engines/scope.js';
import type { Measure, SimilarityResult } from '../measures/measure.js';
import { findMeasure } from '../measures/registry.js';
import type { MeasureName } from '../measures/registry.js';
import { RUN_KEYS, withMatrices } from '../measures/run-pair.js';
import type { PairOptions } from '../measures/run-pair.js';
import { rowsOfBlocks } from './blocks.js';
import type { Block } from './blocks.js';
import { studentQuantile } from './distributions.js';
import { subsets } from './subsets.js';

/** Options of {@link interval}; those of the measure stand beside them. */
export interface IntervalOptions extends PairOptions {
  /** @defaultValue `'svcca'` */
  readonly measure?: MeasureName | Measure<object>;
  /**
   * `'jackknife'` leaves out one group of datapoints after the other; `'bootstrap'` draws groups with repetition.
   * @defaultValue `'jackknife'`
   */
  readonly resampling?: 'jackknife' | 'bootstrap';
  /** Probability that the interval covers. @defaultValue 0.95 */
  readonly level?: number;
  /** Groups into which the datapoints are divided at random. @defaultValue 20, or one for each block where those are fewer */
  readonly groups?: number;
  /** Draws of the bootstrap. @defaultValue 400 */
  readonly resamples?: number;
  /** The same seed gives the same groups and draws. @defaultValue 0 */
  readonly seed?: number;
  /**
   * Datapoints that stay together, since they are not independent (positions of one image): so many consecutive samples, or a
   * label for each sample. @defaultValue 1
   */
  readonly block?: Block;
}

/** What {@link interval} finds. */
export interface Interval {
  /** Name of the measure. */
  readonly measure: string;
  /** The similarity as the measure alone gives it. */
  readonly score: number;
  /** The score without its bias of few samples. */
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  readonly level: number;
  /** Standard error of the score. */
  readonly standardError: number;
  readonly resampling: 'jackknife' | 'bootstrap';
  readonly groups: number;
  /** Blocks of datapoints that were divided into the groups. */
  readonly blocks: number;
  /** Draws, of the bootstrap alone. */
  readonly resamples?: number;
  /** Whether the interval was computed of `atanh(score)`, whose spread hardly depends on the score, or of the score itself. */
  readonly scale: 'atanh' | 'score';
  /** The observed similarity. */
  readonly result: SimilarityResult;
  /** Those of the result, and where the correction of the bias is too large to be trusted to the width of the interval. */
  readonly warnings: readonly string[];
}

/**
 * A confidence interval of a similarity. CCA and biased CKA of few datapoints are too high; the estimate is corrected for that,
 * as far as it falls with 1/n, and the interval lies about the estimate, with Student's t of `groups − 1` degrees of freedom.
 *
 * The jackknife takes the weights of groups of unequal size into account (Busing, Meijer, Van der Leeden 1999). The bootstrap repeats
 * datapoints, which biases scores upwards once more: by that much the estimate is below the score. Of measures that factor both sides the
 * moments of each group are computed once and merged; others are computed anew of the datapoints left.
 *
 * Of many neurons and few datapoints what is left of the bias can exceed a narrow interval; a warning then says so. Debiased CKA, or
 * fewer directions by SVCCA, have less of it. Where chance is most of the score, see `permutationTest`.
 *
 * @param x - `[samples, neurons of x]`.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @throws as the measure; OptionError for a bad option, fewer than two blocks, or a bootstrap of a measure of pairs of datapoints, which
 * takes a repeated datapoint for two that are alike.
 * @example
 * ```ts
 * const { estimate, low, high } = await interval(x, y, { measure: 'cka' });
 * ```
 */
export async function interval(
  x: MatrixLike,
  y: MatrixLike,
  options: IntervalOptions & Readonly<Record<string, unknown>> = {},
): Promise<Interval> {
  const { measure: name = 'svcca', seed = 0, block = 1, level = 0.95 } = options;
  const resampling = keyword('resampling', options.resampling ?? 'jackknife', ['jackknife', 'bootstrap']);
  const bootstrap = resampling === 'bootstrap';
  const resamples = wholeNumber('resamples', options.resamples ?? 400, 2);
  wholeNumber('seed', seed, Number.MIN_SAFE_INTEGER);
  if (!(typeof level === 'number' && level > 0 && level < 1)) {
    throw new OptionError(`level is ${String(level)}: give a probability between 0 and 1`);
  }
  const measure = findMeasure(name);
  const own = without(options, OWN);
  const resolved = measure.resolve(own);
  const needs = measure.needs(resolved);
  if (bootstrap && (needs.samples || needs.rowNorms)) {
    throw new OptionError(
      `resampling is 'bootstrap', and ${measure.name} with these options compares datapoints with one another: one drawn twice would ` +
        "count as two that are alike; use 'jackknife'",
    );
  }
  return withMatrices(x, y, options, async (sides, engine) => {
    const blocks = rowsOfBlocks(sides.x.rows, block);
    const groups = divided(blocks, options.groups, new Random(seed));
    const parts = await subsets({ measure, resolved, engine, sides, options, groups });
    const total = bootstrap ? resamples : groups.length;
    const between = async (done: number) => {
      options.onProgress?.({ stage: resampling, done, total });
      await sides.breathe();
    };
    await between(0);
    const scores = bootstrap
      ? await inGroups(
          Array.from({ length: resamples }, (_, i) => i),
          (i) => parts.of(drawn(groups.length, new Random(seed, i + 1))),
          between,
          4,
        )
      : await parts.leaveOneOut(between);
    const { score } = parts.result;
    // A score of at most 1, reached by equal sides, crowds towards 1: its spread is even on the scale of Fisher's z.
    const crowded = Math.abs((await parts.self()) - 1) < 1e-6;
    const scale =
      crowded && [score, ...scores].every((value) => Math.abs(value) < 1 - 1e-9) ? 'atanh' : 'score';
    const [to, from] = scale === 'atanh' ? [Math.atanh, Math.tanh] : [(v: number) => v, (v: number) => v];
    const estimateOf = (observed: number, replicates: readonly number[]) =>
      bootstrap
        ? bootstrapped(observed, replicates, groups.length)
        : jackknifed(
            observed,
            replicates,
            groups.map(({ length }) => length),
          );
    const { estimate, standardError: spread } = estimateOf(to(score), scores.map(to));
    const standardError = scale === 'score' ? spread : estimateOf(score, scores).standardError;
    const half = studentQuantile((1 + level) / 2, groups.length - 1) * spread;
    return {
      measure: measure.name,
      score,
      estimate: from(estimate),
      low: from(estimate - half),
      high: from(estimate + half),
      level,
      standardError,
      resampling,
      groups: groups.length,
      blocks: blocks.length,
      ...(bootstrap && { resamples }),
      scale,
      result: parts.result,
      warnings: [...parts.result.warnings, ...biasWarnings(score, from(estimate), standardError)],
    };
  });
}

/** Corrections of so many standard errors leave a bias of second order that the interval does not allow for. */
const CORRECTION_UP_TO = 4;

function biasWarnings(score: number, estimate: number, standardError: number): string[] {
  const correction = Math.abs(score - estimate);
  if (correction <= Math.max(CORRECTION_UP_TO * standardError, 1e-9 * Math.abs(score))) return [];
  return [
    `The correction for few samples, ${correction.toPrecision(2)}, is ${(correction / standardError).toFixed(0)} times the standard error: ` +
      'what it leaves may exceed the interval. More samples or fewer directions make it smaller.',
  ];
}

const OWN = [...RUN_KEYS, 'measure', 'resampling', 'level', 'groups', 'resamples', 'seed', 'block'];

/** Groups unless the caller asks for others: more would cost more, and the interval hardly be narrower. */
const GROUPS = 20;

/** Blocks dealt out to groups at random, the rows of each group ascending. @throws OptionError */
function divided(blocks: readonly Uint32Array[], asked: number | undefined, random: Random): Uint32Array[] {
  if (blocks.length < 2) throw new OptionError('all samples are one block: an interval needs at least two');
  const count = asked === undefined ? Math.min(GROUPS, blocks.length) : wholeNumber('groups', asked, 2);
  if (count > blocks.length)
    throw new OptionError(`groups is ${count}, and there are ${blocks.length} blocks of samples`);
  const groups: number[][] = Array.from({ length: count }, () => []);
  random.permutation(blocks.length).forEach((from, i) => groups[i % count].push(...blocks[from]));
  return groups.map((rows) => Uint32Array.from(rows).sort());
}

function drawn(count: number, random: Random): Uint32Array {
  return Uint32Array.from({ length: count }, () => random.integer(count));
}

interface Estimate {
  readonly estimate: number;
  readonly standardError: number;
}

/** Delete-a-group jackknife with groups of any sizes: Busing, Meijer, Van der Leeden 1999. */
function jackknifed(score: number, without: readonly number[], sizes: readonly number[]): Estimate {
  const samples = sizes.reduce((sum, size) => sum + size, 0);
  const count = sizes.length;
  // Sums of differences from the score: equal scores then give exactly it, and no spread.
  const estimate =
    score + sizes.reduce((sum, size, g) => sum + (1 - size / samples) * (score - without[g]), 0);
  const variance = sizes.reduce((sum, size, g) => {
    const h = samples / size;
    const pseudo = score + (h - 1) * (score - without[g]);
    return sum + (pseudo - estimate) ** 2 / (h - 1) / count;
  }, 0);
  return { estimate, standardError: Math.sqrt(variance) };
}

/** By what draws exceed the score, the score exceeds the truth; few groups vary less than the datapoints would. */
function bootstrapped(score: number, draws: readonly number[], groups: number): Estimate {
  const excess = draws.reduce((sum, draw) => sum + (draw - score), 0) / draws.length;
  const squares = draws.reduce((sum, draw) => sum + (draw - score - excess) ** 2, 0);
  // With the error of the mean of finitely many draws.
  const variance = (squares / (draws.length - 1)) * (groups / (groups - 1)) * (1 + 1 / draws.length);
  return { estimate: score - excess, standardError: Math.sqrt(variance) };
}

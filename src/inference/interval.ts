/**
 * How sure a similarity is: an interval for the value that more and more datapoints of the same kind would give.
 *
 * @module
 */
import { DataError, OptionError } from '../errors.js';
import { keyword, show, wholeNumber, without } from '../options.js';
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
import { bounds } from './bounds.js';
import { subsets } from './subsets.js';

/** Options of {@link interval}; those of the measure stand beside them. */
export interface IntervalOptions extends PairOptions {
  /** @defaultValue `'svcca'` */
  readonly measure?: MeasureName | Measure<object>;
  /**
   * `'jackknife'` leaves out one group of datapoints after the other; `'bootstrap'` draws groups with repetition.
   * @defaultValue `'jackknife'`, and `'bootstrap'` of measures that keep some directions of each side (`svcca`, and `pwcca` with
   * `keep`): which are kept jumps, and a jackknife multiplies jumps
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
  /** The score without its bias of few samples; of `mutualKnn` the score. */
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
  /**
   * Canonical correlations that are not above chance (Wilks' lambda, p > 0.01), and what they would leave in the estimate if they were 0
   * in truth: `estimate` and `low` are without it, `high` is with it. Of measures that are means or sums of such correlations.
   */
  readonly undecided?: { readonly correlations: number; readonly left: number };
  /** The observed similarity. */
  readonly result: SimilarityResult;
  /** Those of the result, and what a reader of the interval should know. */
  readonly warnings: readonly string[];
}

/**
 * A confidence interval of a similarity. CCA and biased CKA of few datapoints are too high; the estimate is corrected for that,
 * as far as it falls with 1/n, and the interval lies about the estimate, with Student's t of `groups − 1` degrees of freedom. It does
 * not leave the range of the measure.
 *
 * The jackknife takes the weights of groups of unequal size into account (Busing, Meijer, Van der Leeden 1999). The bootstrap repeats
 * datapoints, which biases scores upwards once more: by that much the estimate is below the score. Of measures that factor both sides the
 * moments of each group are computed once and merged; others are computed anew of the datapoints left.
 *
 * The correlation of directions that are not shared falls with 1/√n instead, and half of it is left. Of `cca`, `svcca` and `pwcca` the
 * law of chance says how much: the lower end is without it, and the upper end with it, since such correlations may be small or 0
 * (`undecided`). Of `procrustes`, `pls` and the root of distance correlation, or where datapoints are too few for the law, the end towards
 * which the correction goes lies farther out by twice the correction. `summary: 'meanSquared'` and CKA fall with 1/n.
 *
 * Of many neurons and few datapoints what is left of the bias can exceed a narrow interval; a warning then says so. Debiased CKA, or
 * fewer directions by SVCCA, have less of it. Where chance is most of the score, see `permutationTest`.
 *
 * The overlap of k neighbours depends on how many datapoints there are: of `mutualKnn` the interval is for as many as these, and lies
 * about the score.
 *
 * @param x - `[samples, neurons of x]`.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @throws as the measure; DataError (code `TOO_FEW_SAMPLES`) where fewer than 3 datapoints are left without a group; OptionError for a
 * bad option, fewer than two blocks, `cka` over minibatches, or a bootstrap of a measure of pairs of datapoints, which takes a repeated
 * datapoint for two that are alike.
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
  const resamples = wholeNumber('resamples', options.resamples ?? 400, 2);
  wholeNumber('seed', seed, Number.MIN_SAFE_INTEGER);
  if (!(typeof level === 'number' && level > 0 && level < 1)) {
    throw new OptionError(`level is ${String(level)}: give a probability between 0 and 1`);
  }
  const measure = findMeasure(name);
  const resolved = measure.resolve(without(options, OWN));
  const resampling = resamplingOf(measure, resolved, options.resampling);
  // The work within one part of the datapoints would let a bar begin again and again.
  const quiet = without(options, ['onProgress']) as PairOptions;
  return withMatrices(x, y, quiet, async (sides, engine) => {
    const blocks = rowsOfBlocks(sides.x.rows, block);
    const groups = divided(blocks, options.groups, new Random(seed));
    checkLeft(sides.x.rows, groups);
    const parts = await subsets({ measure, resolved, engine, sides, options: quiet, groups });
    const bootstrap = resampling === 'bootstrap';
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
    const design = {
      resampling,
      level,
      sizes: groups.map(({ length }) => length),
      blocks: blocks.length,
      ...(parts.spectra && { spectra: parts.spectra }),
    };
    const { warnings, ...numbers } = bounds(parts.result, scores, await parts.self(), design);
    return {
      measure: measure.name,
      score: parts.result.score,
      ...numbers,
      level,
      resampling,
      groups: groups.length,
      blocks: blocks.length,
      ...(bootstrap && { resamples }),
      result: parts.result,
      warnings: [...parts.result.warnings, ...warnings],
    };
  });
}

/** The way asked for, or the one that fits. @throws OptionError where a way does not fit the measure, or none does */
function resamplingOf(
  measure: Measure,
  resolved: Record<string, unknown>,
  asked: 'jackknife' | 'bootstrap' | undefined,
): 'jackknife' | 'bootstrap' {
  const needs = measure.needs(resolved);
  if (measure.name === 'cka' && resolved['minibatch'] !== false) {
    throw new OptionError(
      `minibatch is ${show(resolved['minibatch'])}: without some of the datapoints there would be other minibatches, so that an ` +
        "interval of this score does not follow; leave minibatch out and set estimator: 'debiased'",
    );
  }
  if (asked === undefined) return truncates(measure, resolved) ? 'bootstrap' : 'jackknife';
  const resampling = keyword('resampling', asked, ['jackknife', 'bootstrap']);
  if (resampling === 'bootstrap' && (needs.samples || needs.rowNorms)) {
    throw new OptionError(
      `resampling is 'bootstrap', and ${measure.name} with these options compares datapoints with one another: one drawn twice would ` +
        "count as two that are alike; use 'jackknife'",
    );
  }
  return resampling;
}

/** Whether some directions of each side are kept, and which depends on the data. */
function truncates(measure: Measure, resolved: Record<string, unknown>): boolean {
  const { samples, rowNorms, keep = 'all' } = measure.needs(resolved);
  return !samples && !rowNorms && (keep !== 'all' || (resolved['keep'] ?? 'all') !== 'all');
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
  random.permutation(blocks.length).forEach((from, i) => {
    // One by one: a block may have more rows than a call may have arguments.
    for (const row of blocks[from]) groups[i % count].push(row);
  });
  return groups.map((rows) => Uint32Array.from(rows).sort());
}

/** Two samples differ in one direction only, and are alike by most measures whatever they are. @throws DataError */
function checkLeft(samples: number, groups: readonly Uint32Array[]): void {
  const left = samples - Math.max(...groups.map(({ length }) => length));
  if (left >= 3) return;
  throw new DataError(
    `an interval of ${samples} samples in ${groups.length} groups: ${left} would be left without the largest, and at least 3 are needed`,
    { code: 'TOO_FEW_SAMPLES' },
  );
}

function drawn(count: number, random: Random): Uint32Array {
  return Uint32Array.from({ length: count }, () => random.integer(count));
}

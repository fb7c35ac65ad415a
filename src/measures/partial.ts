/**
 * Partial similarity: of what remains of two representations when a third one, or labels, have been regressed out of both
 * (partial canonical correlations: Rao 1969).
 *
 * @module
 */
import { DataError } from '../errors.js';
import { toMatrix } from '../matrix.js';
import type { MatrixLike } from '../matrix.js';
import type { Engine } from '../engines/engine.js';
import { together } from '../engines/scope.js';
import { without } from '../options.js';
import type { Factor } from '../factor/factor.js';
import { chooseRoute } from '../factor/in-memory.js';
import { leadingBlock } from '../factor/small.js';
import { RUN_KEYS, withMatrices } from './run-pair.js';
import type { PairOptions } from './run-pair.js';
import type { Measure, Needs, Pair, SampledPair, SideSummary, SimilarityResult } from './measure.js';
import { checkSameSamples, evaluate, evaluateSamples, pairInMemory } from './pair.js';
import { removalOf, removalOfLabels, residualOf } from './partial-residuals.js';
import type { Removal, Residual } from './partial-residuals.js';
import { findMeasure } from './registry.js';
import type { MeasureName, measures } from './registry.js';

/** What is regressed out: a representation `[samples, neurons]` of the same samples, or a label of each sample. */
export type Given = MatrixLike | { readonly labels: ArrayLike<string | number | boolean> };

/** Options of a measure by its name. */
export type MeasureOptions<M extends MeasureName> = (typeof measures)[M] extends Measure<infer O> ? O : never;

/** Options of {@link partial}: those of the measure, and which measure. */
export type PartialOptions<M extends MeasureName = 'cca'> = MeasureOptions<M> &
  PairOptions & {
    /** Measure of the residuals. @defaultValue `'cca'` */
    readonly measure?: M;
  };

/** A similarity, with what was taken out before. */
export interface PartialResult extends SimilarityResult {
  readonly given: {
    /** Dimension of what was taken out; of labels the number of classes less 1. */
    readonly rank: number;
    /** Share of the variance of each side that was taken out. */
    readonly explained: { readonly x: number; readonly y: number };
    /** `samples − rank`: the number that chance level and warnings go by, for so many the residuals are worth. */
    readonly effectiveSamples: number;
  };
}

/**
 * Similarity of what `given` does not explain: both sides are replaced by their residuals of a linear regression on `given` (with
 * a constant), then compared by any measure.
 *
 * For one neuron a side, `cca` is the absolute partial correlation. A side of which nothing remains, to rounding, scores 0 with a
 * warning. Of measures that compare samples with samples, and of debiased estimators, the residuals are taken as `samples`
 * independent samples, although they span `rank` dimensions less.
 *
 * @param x - `[samples, neurons of x]`.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @param given - `[samples, neurons]`, or `{ labels: […] }`, one string or number a sample.
 * @throws as `cca`, and: DataError with code `TOO_FEW_SAMPLES` where `given` spans all that the samples do; ShapeError where `given`
 * has another number of samples.
 * @example
 * ```ts
 * const { score, given } = await partial(a, b, { labels: digits }); // beyond the class?
 * const rest = await partial(a, b, pixels, { measure: 'svcca', keep: { variance: 0.99 } });
 * ```
 */
export async function partial<M extends MeasureName = 'cca'>(
  x: MatrixLike,
  y: MatrixLike,
  given: Given,
  options?: PartialOptions<M>,
): Promise<PartialResult> {
  const all: PairOptions & { measure?: MeasureName } = options ?? {};
  const measure = findMeasure(all.measure ?? 'cca');
  const resolved = measure.resolve(without(all, [...RUN_KEYS, 'measure']));
  return withMatrices(x, y, all, async (sides, engine) => {
    const removal = await readGiven(engine, given, sides);
    const [left, right] = await together([sides.x, sides.y], (side) => residualOf(engine, side, removal));
    await sides.breathe();
    const task = { sides, rest: { x: left, y: right }, rank: removal.rank, options: all };
    const result = await told(task, () => measured(engine, measure, resolved, task));
    return completed(result, task, byRows(measure.needs(resolved)));
  });
}

async function readGiven(engine: Engine, given: Given, { x }: SampledPair): Promise<Removal> {
  const labelled = typeof given === 'object' && given !== null && 'labels' in given;
  let removal: Removal;
  if (labelled) {
    removal = removalOfLabels(given.labels, x.rows);
  } else {
    const matrix = await toMatrix(given, 'given');
    checkSameSamples(x, matrix, { x: 'x', y: 'given' });
    removal = await removalOf(engine, matrix);
  }
  if (removal.rank >= x.rows - 1) {
    throw new DataError(
      `given spans all ${x.rows - 1} dimensions of ${x.rows} centred samples: nothing is left to compare; give more samples` +
        (labelled ? ', or labels that several samples share' : ''),
      { code: 'TOO_FEW_SAMPLES' },
    );
  }
  return removal;
}

/** Whether a measure is a sum over rows or pairs of rows: it is defined for the rows there are, whatever they span. */
function byRows({ samples, rowNorms }: Needs): boolean {
  return samples === true || rowNorms === true;
}

interface Task {
  readonly sides: SampledPair;
  readonly rest: { readonly x: Residual; readonly y: Residual };
  readonly rank: number;
  readonly options: PairOptions;
}

async function measured(
  engine: Engine,
  measure: Measure,
  resolved: Record<string, unknown>,
  { sides, rest, rank, options }: Task,
): Promise<SimilarityResult> {
  const needs = measure.needs(resolved);
  const [x, y] = [rest.x.samples, rest.y.samples];
  const rounding = { x: rest.x.rounding, y: rest.y.rounding };
  if (needs.samples) return evaluateSamples(measure, { ...sides, x, y, rounding }, resolved, engine);
  const route = chooseRoute(options.method ?? 'auto', [sides.x, sides.y], options.memory);
  // Singular values are needed to tell directions that are left from those that were taken out.
  const factored: Needs = { ...needs, keep: 'all', anyBasis: false, products: false };
  const pair = (await pairInMemory(engine, x, y, route, factored, rounding)) as Pair;
  const [left, right] = [trimmed(pair.x, rank), trimmed(pair.y, rank)];
  const samples = byRows(needs) ? sides.x.rows : sides.x.rows - rank;
  return evaluate(
    measure,
    {
      ...pair,
      x: { ...left, samples },
      y: { ...right, samples },
      cross: leadingBlock(pair.cross, left.rank, right.rank),
    },
    resolved,
    engine,
  );
}

/** Cuts directions beyond the dimensions that were left. */
function trimmed(factor: Factor, taken: number): Factor {
  const rank = Math.min(factor.rank, factor.samples - 1 - taken);
  return { ...factor, rank, s: factor.s.slice(0, rank), v: leadingBlock(factor.v, factor.neurons, rank) };
}

/** Says, where a measure finds the samples too few, how many `given` took. */
async function told<T>({ sides, rank }: Task, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof DataError) || error.code !== 'TOO_FEW_SAMPLES' || rank === 0) throw error;
    throw new DataError(`given takes ${rank} of ${sides.x.rows} samples: ${error.message}`, {
      code: 'TOO_FEW_SAMPLES',
      cause: error,
    });
  }
}

/** Share of the samples' dimensions above which it is said that a measure of rows does not know of those taken out. */
const MUCH = 0.05;

function completed(result: SimilarityResult, { sides, rest, rank }: Task, rows: boolean): PartialResult {
  const samples = sides.x.rows;
  const empty = (['x', 'y'] as const).flatMap((name) => emptiness(name, result[name], rest[name]));
  // Of an empty side the measure's own first warning calls the residuals constant; the data may not have been.
  const warnings = [...empty, ...result.warnings.slice(empty.length > 0 ? 1 : 0)];
  if (!rows && rank > 0 && warnings.length > empty.length) {
    warnings.push(`given takes ${rank} directions, so that ${samples} samples count as ${samples - rank}.`);
  }
  if (rows && rank > MUCH * samples) {
    warnings.push(
      `The measure takes the residuals as ${samples} samples, although given took ${rank} of their dimensions.`,
    );
  }
  return {
    ...result,
    samples,
    x: { ...result.x, dead: rest.x.dead },
    y: { ...result.y, dead: rest.y.dead },
    warnings,
    given: {
      rank,
      explained: { x: rest.x.explained, y: rest.y.explained },
      effectiveSamples: samples - rank,
    },
  };
}

function emptiness(name: 'x' | 'y', found: SideSummary, { dead }: Residual): string[] {
  const { neurons, rank = neurons - found.dead } = found;
  if (rank > 0) return [];
  return dead === neurons
    ? [
        `Side ${name} is constant over the samples: there is no direction to compare, and the similarity is 0.`,
      ]
    : [`given explains all of side ${name}: nothing of it is left to compare, and the similarity is 0.`];
}

/**
 * Arguments that ask how much of a score is chance and how sure it is, and what is done for them.
 *
 * @module
 */
import type { ArgsDef } from 'citty';
import type { LabelledResult } from '../compare/score.js';
import { OptionError } from '../errors.js';
import { interval } from '../inference/interval.js';
import type { Interval } from '../inference/interval.js';
import { permutationTest } from '../inference/permutation.js';
import type { PermutationTest } from '../inference/permutation.js';
import type { MatrixLike } from '../matrix.js';
import type { MeasureName } from '../measures/registry.js';
import { UsageError, countOf } from './arguments.js';
import type { Values } from './arguments.js';

/** The arguments. */
export const inferenceArgs = {
  permutations: {
    type: 'string',
    description: 'test each score by so many random matchings of the samples, e.g. 999',
    valueHint: 'n',
  },
  interval: {
    type: 'string',
    description: 'an interval for each score: auto, jackknife or bootstrap',
    valueHint: 'how',
  },
  level: { type: 'string', description: 'probability that it covers; 0.95 by default', valueHint: 'share' },
  block: {
    type: 'string',
    description: 'consecutive samples that belong together, e.g. positions of one image',
    valueHint: 'n',
  },
  seed: { type: 'string', description: 'seed of both; 0 by default', valueHint: 'n' },
} satisfies ArgsDef;

/** What was found of one score. */
export interface Inferred {
  readonly test?: PermutationTest;
  readonly interval?: Interval;
}

/** What is to be inferred, and how. */
export interface Inference {
  readonly permutations?: number;
  readonly interval?: { readonly resampling?: 'jackknife' | 'bootstrap'; readonly level?: number };
  readonly shared: { readonly block?: number; readonly seed?: number };
}

/** What the arguments ask for; nothing where they do not. @throws UsageError for one that is wrong or would be ignored */
export function inferenceOf(values: Values): Inference | undefined {
  const given = (name: string) => values[name] !== undefined;
  if (given('level') && !given('interval')) {
    throw new UsageError('--level is that of an interval: give --interval auto as well');
  }
  const asked = given('permutations') || given('interval');
  const idle = ['block', 'seed'].find(given);
  if (!asked && idle !== undefined) {
    throw new UsageError(`--${idle} says how to infer: give --permutations or --interval as well`);
  }
  if (!asked) return undefined;
  return {
    ...(given('permutations') && { permutations: countOf('permutations', values) }),
    ...(given('interval') && { interval: intervalOf(values) }),
    shared: {
      ...(given('block') && { block: countOf('block', values) }),
      ...(given('seed') && { seed: countOf('seed', values, 0) }),
    },
  };
}

function intervalOf(values: Values): NonNullable<Inference['interval']> {
  const asked = values['interval'];
  if (asked !== 'auto' && asked !== 'jackknife' && asked !== 'bootstrap') {
    throw new UsageError(`--interval is '${asked}': give auto, jackknife or bootstrap`);
  }
  const how: NonNullable<Inference['interval']> = asked === 'auto' ? {} : { resampling: asked };
  if (values['level'] === undefined) return how;
  const level = Number(values['level']);
  if (level > 0 && level < 1) return { ...how, level };
  throw new UsageError(`--level is '${values['level']}': give a probability between 0 and 1, such as 0.95`);
}

/** Tests and intervals of results, each under the options that it was computed with. */
export async function infer(
  x: MatrixLike,
  y: MatrixLike,
  results: readonly LabelledResult[],
  run: object,
  { permutations, interval: asked, shared }: Inference,
): Promise<Inferred[]> {
  const inferred: Inferred[] = [];
  for (const { measure, options } of results) {
    const own = { ...run, ...shared, ...options, measure: measure as MeasureName };
    try {
      inferred.push({
        ...(permutations !== undefined && { test: await permutationTest(x, y, { ...own, permutations }) }),
        ...(asked !== undefined && { interval: await interval(x, y, { ...own, ...asked }) }),
      });
    } catch (error) {
      if (error instanceof OptionError) throw new UsageError(error.message);
      throw error;
    }
  }
  return inferred;
}

/** Columns that they add to the table of scores. */
export function inferenceColumns(inferred: readonly Inferred[]): { head: string[]; rows: string[][] } {
  const { test, interval: known } = inferred[0] ?? {};
  const head = [
    ...(test ? ['p', 'matched at random'] : []),
    ...(known ? [`${known.level * 100} % interval`, 'standard error'] : []),
  ];
  return {
    head,
    rows: inferred.map((one) => [
      ...(one.test ? [one.test.p.toPrecision(3), `${digits(one.test.chance)} ± ${digits(one.test.sd)}`] : []),
      ...(one.interval
        ? [`${digits(one.interval.low)} – ${digits(one.interval.high)}`, digits(one.interval.standardError)]
        : []),
    ]),
  };
}

function digits(value: number): string {
  return Math.abs(value) < 1e4 ? value.toFixed(4) : value.toPrecision(6);
}

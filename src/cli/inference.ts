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
    description: 'an interval for each score: jackknife or bootstrap',
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

/** Whether the arguments ask for any of it. @throws UsageError for one that would be ignored */
export function asksInference(values: Values): boolean {
  const asked = values['permutations'] !== undefined || values['interval'] !== undefined;
  const idle = ['level', 'block', 'seed'].find((name) => values[name] !== undefined);
  if (!asked && idle !== undefined) {
    throw new UsageError(`--${idle} says how to infer: give --permutations or --interval as well`);
  }
  return asked;
}

/** Tests and intervals of results, each under the options that it was computed with. */
export async function infer(
  x: MatrixLike,
  y: MatrixLike,
  results: readonly LabelledResult[],
  run: object,
  values: Values,
): Promise<Inferred[]> {
  const shared = {
    ...run,
    ...(values['block'] !== undefined && { block: countOf('block', values) }),
    ...(values['seed'] !== undefined && { seed: countOf('seed', values, 0) }),
  };
  const permutations = values['permutations'] === undefined ? undefined : countOf('permutations', values);
  const resampling = values['interval'] as 'jackknife' | 'bootstrap' | undefined;
  const level = values['level'] === undefined ? {} : { level: Number(values['level']) };
  const inferred: Inferred[] = [];
  for (const { measure, options } of results) {
    const own = { ...shared, ...options, measure: measure as MeasureName };
    try {
      inferred.push({
        ...(permutations !== undefined && { test: await permutationTest(x, y, { ...own, permutations }) }),
        ...(resampling !== undefined && { interval: await interval(x, y, { ...own, ...level, resampling }) }),
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

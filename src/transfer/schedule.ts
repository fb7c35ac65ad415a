/**
 * How the learning rate goes over the steps of a training.
 *
 * @module
 */
import { OptionError } from '../errors.js';
import { keyword, knownKeys, show, wholeNumber } from '../options.js';
import type { Schedule } from './training.js';

/** A schedule with nothing left open. */
export interface ResolvedSchedule {
  readonly kind: 'constant' | 'linear' | 'cosine' | 'steps';
  readonly warmup: number;
  readonly at: readonly number[];
  readonly factor: number;
}

/**
 * Checks a schedule and fills in what it leaves out.
 *
 * @param steps - of the whole training.
 * @throws OptionError
 */
export function schedule(given: Schedule = {}, steps: number): ResolvedSchedule {
  knownKeys('schedule', given, ['kind', 'warmup', 'at', 'factor']);
  const kind = keyword('schedule.kind', given.kind ?? 'cosine', ['constant', 'linear', 'cosine', 'steps']);
  const warmup = wholeNumber('schedule.warmup', given.warmup ?? 0, 0);
  if (warmup >= steps) {
    throw new OptionError(
      `schedule.warmup is ${warmup}, and the training has ${steps} steps: give less than that`,
    );
  }
  if (kind !== 'steps') {
    const extra = (['at', 'factor'] as const).find((key) => given[key] !== undefined);
    if (extra !== undefined) {
      throw new OptionError(`schedule.${extra} is of the kind 'steps', and the kind is '${kind}'`);
    }
    return { kind, warmup, at: [], factor: 1 };
  }
  const { at, factor = 0.1 } = given;
  if (!Array.isArray(at) || at.length === 0) {
    throw new OptionError(
      `schedule.at is ${show(at)}: the kind 'steps' needs the steps at which the rate changes`,
    );
  }
  at.forEach((step, i) => {
    if (wholeNumber(`schedule.at[${i}]`, step) <= (at[i - 1] ?? 0)) {
      throw new OptionError(`schedule.at is ${show(at)}: give the steps in ascending order`);
    }
  });
  if (!(Number.isFinite(factor) && factor > 0)) {
    throw new OptionError(`schedule.factor is ${show(factor)}: give a number above 0`);
  }
  return { kind, warmup, at: at.slice() as number[], factor };
}

/**
 * The rate of one step, as a share of the training's learning rate.
 *
 * With w steps of warm-up, step s < w has (s + 1) / (w + 1). After it, with t = (s − w) / (steps − w), which begins at 0 and
 * would be 1 after the last step: `constant` 1, `linear` 1 − t, `cosine` (1 + cos πt) / 2, `steps` factor to the power of how
 * many of the `at` have been reached.
 *
 * @param step - 0 for the first.
 */
export function rateAt(step: number, steps: number, { kind, warmup, at, factor }: ResolvedSchedule): number {
  if (step < warmup) return (step + 1) / (warmup + 1);
  const t = (step - warmup) / (steps - warmup);
  switch (kind) {
    case 'constant':
      return 1;
    case 'linear':
      return 1 - t;
    case 'cosine':
      return (1 + Math.cos(Math.PI * t)) / 2;
    case 'steps':
      return factor ** at.filter((change) => change <= step).length;
  }
}

/**
 * Checks of JSON that a person wrote: each names the place of what is wrong, as `models.large.conditions[2]`, and the way out.
 *
 * @module
 */
import { OptionError } from '../errors.js';
import { flag, keyword, show, wholeNumber } from '../options.js';

/** Returns the value at a place if it is as it should be. @throws OptionError */
export type Check<T> = (place: string, value: unknown) => T;

/** An object with these fields and no others; those of `required` have to be there. */
export function fields<T extends object>(
  checks: { readonly [K in keyof T]-?: Check<T[K]> },
  required: readonly (keyof T & string)[] = [],
): Check<T> {
  const known = Object.keys(checks) as (keyof T & string)[];
  return (place, value) => {
    const given = record(place, value);
    const stranger = Object.keys(given).find((key) => !known.includes(key as keyof T & string));
    if (stranger !== undefined) {
      throw new OptionError(`${at(place, stranger)} is not known: ${place} takes ${known.join(', ')}`);
    }
    const missing = required.find((key) => given[key] === undefined);
    if (missing !== undefined) throw new OptionError(`${at(place, missing)} is missing: ${place} needs it`);
    // In the order of the checks, so that two spellings of one plan are the same plan.
    const entries = known
      .filter((key) => given[key] !== undefined)
      .map((key) => [key, checks[key](at(place, key), given[key])]);
    return Object.fromEntries(entries) as T;
  };
}

/** An object whose keys are names, at least one. */
export function named<T>(
  check: Check<T>,
  name: (place: string, key: string) => void,
): Check<Record<string, T>> {
  return (place, value) => {
    const entries = Object.entries(record(place, value));
    if (entries.length === 0) throw new OptionError(`${place} is empty: name at least one`);
    return Object.fromEntries(
      entries.map(([key, one]) => {
        name(place, key);
        return [key, check(at(place, key), one)];
      }),
    );
  };
}

/** A list; `least` of them, each once. */
export function list<T>(check: Check<T>, least = 0): Check<readonly T[]> {
  return (place, value) => {
    if (!Array.isArray(value)) throw new OptionError(`${place} is ${show(value)}: give a list`);
    if (value.length < least) {
      throw new OptionError(
        `${place} is ${value.length === 0 ? 'empty' : 'too short'}: name at least ${least}`,
      );
    }
    const checked = value.map((one, i) => check(`${place}[${i}]`, one));
    const twice = checked.findIndex((one, i) => checked.indexOf(one) !== i);
    if (twice >= 0)
      throw new OptionError(`${place}[${twice}] is ${show(checked[twice])} again: name it once`);
    return checked;
  };
}

/** One of several words. */
export const oneOf =
  <const T extends string>(allowed: readonly T[]): Check<T> =>
  (place, value) =>
    keyword(place, value, allowed);

/** A whole number of at least `least`. */
export const whole =
  (least: number): Check<number> =>
  (place, value) =>
    wholeNumber(place, value, least);

/** True or false. */
export const yesOrNo: Check<boolean> = flag;

/** A number above zero. */
export const positive: Check<number> = (place, value) => {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  throw new OptionError(`${place} is ${show(value)}: give a number above 0`);
};

/** A number above zero and below one. */
export const share: Check<number> = (place, value) => {
  if (positive(place, value) < 1) return value as number;
  throw new OptionError(`${place} is ${show(value)}: give a number between 0 and 1`);
};

/** Any number. */
export const finite: Check<number> = (place, value) => {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new OptionError(`${place} is ${show(value)}: give a number`);
};

/** Text that is not empty. */
export const text: Check<string> = (place, value) => {
  if (typeof value === 'string' && value.trim() !== '') return value;
  throw new OptionError(`${place} is ${show(value)}: give text`);
};

function record(place: string, value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw new OptionError(`${place} is ${show(value)}: give an object, as { … }`);
}

/** A field of a place. */
function at(place: string, key: string): string {
  return place === 'the plan' ? key : `${place}.${key}`;
}

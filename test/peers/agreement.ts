/** One thing that a peer and the library both compute, and how nearly they must agree. */
import { measurePair } from '../../src/measures/run-pair.js';
import type { Measure, SimilarityResult } from '../../src/measures/measure.js';
import type { PairName, Sides } from './data.js';
import type { PeerName } from './python.js';

/** What a peer answers: numbers, or several named ones. */
export type Value = number | readonly Value[] | { readonly [key: string]: Value };

export interface Agreement {
  /** What is compared, as the reader of the test's name wants it. */
  readonly of: string;
  /** Function of the peer's script, and its keyword arguments. */
  readonly call: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly pairs: readonly PairName[];
  /** The peer's numbers, where its answer holds more than them. */
  readonly theirs?: (answer: Value) => Value;
  readonly ours: Ours;
  /** Largest difference, relative to the peer's largest number. @defaultValue 1e-8 */
  readonly within?: number;
  /** Why the tolerance is wider than 1e-8. */
  readonly because?: string;
}

export interface PeerTable {
  readonly peer: PeerName;
  readonly agreements: readonly Agreement[];
}

/** How the library computes it. */
export interface Ours {
  /** Measure and options in words of the library. */
  readonly text: string;
  /** `answer` is the peer's, for what it chose itself (a bandwidth). */
  readonly compute: (sides: Sides, answer: Value) => Promise<Value>;
}

/** A measure with options; its score, or what `take` finds in its result. */
export function by<O extends object>(
  measure: Measure<O>,
  options: O = {} as O,
  take: (result: SimilarityResult, answer: Value) => Value = ({ score }) => score,
): Ours {
  return computed(textOf(measure.name, options), async ({ x, y }, answer) =>
    take(await measurePair(measure, x, y, options), answer),
  );
}

/** What is not one call of a measure. */
export function computed(text: string, compute: Ours['compute']): Ours {
  return { text, compute };
}

/** `cka { estimator: 'debiased' }`. */
export function textOf(name: string, options: object): string {
  const json = JSON.stringify(options);
  if (json === '{}') return name;
  const spaced = json
    .replaceAll(/([{,])/g, '$1 ')
    .replaceAll('}', ' }')
    .replaceAll(/"(\w+)":/g, '$1: ');
  return `${name} ${spaced.replaceAll('"', "'")}`;
}

/**
 * How far two values are apart: the largest difference of each list of numbers, relative to the peer's largest there; infinite
 * where they are not of one form, or not numbers.
 */
export function difference(ours: Value, theirs: Value): number {
  if (typeof ours === 'number' || typeof theirs === 'number') return listDifference([ours], [theirs]);
  const [a, b] = [Object.values(ours), Object.values(theirs)] as [Value[], Value[]];
  if (Object.keys(ours).join() !== Object.keys(theirs).join() || a.length === 0) return Infinity;
  if (a.every(isNumber) && b.every(isNumber) && Array.isArray(ours)) return listDifference(a, b);
  return Math.max(...a.map((value, i) => difference(value, b[i])));
}

/** Numbers of a value in order. */
export function flat(value: Value): number[] {
  return typeof value === 'number' ? [value] : Object.values<Value>(value).flatMap(flat);
}

const isNumber = (value: Value): value is number => typeof value === 'number';

function listDifference(ours: readonly Value[], theirs: readonly Value[]): number {
  if (!ours.every(isNumber) || !theirs.every(isNumber)) return Infinity;
  const largest = Math.max(...theirs.map(Math.abs));
  const apart = Math.max(...ours.map((value, i) => Math.abs(value - theirs[i])));
  // NaN on either side must not pass for agreement.
  return apart === 0 ? 0 : apart / largest >= 0 ? apart / largest : Infinity;
}

/** A list with zeros at its end, as long as the peer's: the library leaves out what the rank does not reach. */
export function padded(values: readonly number[], answer: Value): number[] {
  const length = Array.isArray(answer) ? answer.length : 0;
  return [...values, ...new Array<number>(Math.max(0, length - values.length)).fill(0)];
}

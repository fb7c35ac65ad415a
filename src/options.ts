/**
 * Options that every long call shares, and the check that names a bad choice back.
 *
 * @module
 */
import { OptionError } from './errors.js';
import type { Engine, EngineName } from './engines/engine.js';

/** One report of progress: `done` of `total` (where the total is known) in the named stage. */
export interface Progress {
  readonly stage: string;
  readonly done: number;
  readonly total: number | undefined;
  /**
   * Datapoints read per second since the stage began, by the layer that has most of them (positions of a grid are datapoints);
   * of stages that read activations.
   */
  readonly datapointsPerSecond?: number;
}

/** Options shared by every call that computes. */
export interface RunOptions {
  /** Where the linear algebra runs. @defaultValue `'auto'`: the fastest that works here */
  readonly engine?: 'auto' | EngineName | Engine;
  /** Threads for engines that have them. @defaultValue all cores */
  readonly threads?: number;
  /** Stops the call; the promise rejects with the signal's reason and nothing is leaked. */
  readonly signal?: AbortSignal;
  /** Called as work proceeds. The library itself never prints. */
  readonly onProgress?: (progress: Progress) => void;
}

/** Returns `value` if it is one of `allowed`, else throws an {@link OptionError} that lists them. */
export function keyword<T extends string>(name: string, value: unknown, allowed: readonly T[]): T {
  if ((allowed as readonly unknown[]).includes(value)) return value as T;
  const list = allowed.map((choice) => `'${choice}'`).join(', ');
  throw new OptionError(`${name} is ${show(value)}: choose one of ${list}`);
}

/** Returns `value` if it is a whole number of at least `least`, else throws an {@link OptionError}. */
export function wholeNumber(name: string, value: unknown, least = 1): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
  throw new OptionError(`${name} is ${show(value)}: give a whole number of at least ${least}`);
}

/** Throws if `options` has a key that is not among `allowed`: a misspelt option must not be silently ignored. */
export function knownKeys(what: string, options: object, allowed: readonly string[]): void {
  const unknown = Object.keys(options).find((key) => !allowed.includes(key));
  if (unknown !== undefined) {
    throw new OptionError(`${what} has no option '${unknown}': it takes ${allowed.join(', ')}`);
  }
}

/** A value as a message shows it. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  // JSON has no NaN and no infinity.
  if (typeof value === 'number') return String(value);
  if (typeof value === 'function' || typeof value === 'symbol') return typeof value;
  return JSON.stringify(value) ?? String(value);
}

/** Returns `value` if it is true or false, else throws an {@link OptionError}. */
export function flag(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new OptionError(`${name} is ${show(value)}: give true or false`);
}

/**
 * Lets the event loop run, so that a page stays alive and an interrupt is heard between two long steps, then stops if
 * the signal says so. Awaiting finished work alone would never leave the current task.
 */
export async function pause(signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve);
  });
  signal?.throwIfAborted();
}

/** Milliseconds of work after which {@link breather} lets the event loop run. */
const BREATH = 50;

/**
 * Called within long work: lets the event loop run now and then, and throws where the caller asked to stop. `done` of `total`
 * says how far the work is.
 */
export type Breathe = (done?: number, total?: number) => Promise<void>;

/** A {@link pause} for inner loops: it costs nothing until enough time has passed since the last. */
export function breather(
  signal: AbortSignal | undefined,
  report?: (done: number, total: number) => void,
): Breathe {
  let last = performance.now();
  return async (done, total) => {
    if (performance.now() - last < BREATH) return;
    if (done !== undefined && total !== undefined) report?.(done, total);
    await pause(signal);
    last = performance.now();
  };
}

/** The options that are given and not among `names`. */
export function without(options: object, names: readonly string[]): Record<string, unknown> {
  const entries = Object.entries(options) as [string, unknown][];
  return Object.fromEntries(entries.filter(([key, value]) => !names.includes(key) && value !== undefined));
}

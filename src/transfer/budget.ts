/**
 * Time that a study may take, and the time that its runs took.
 *
 * @module
 */
import type { Store } from './store.js';

/** Whether the time is spent: asked before each run, for a run that has begun is not cut short. */
export function budgetOf(minutes: number | undefined): { spent(): boolean } {
  const start = performance.now();
  return { spent: () => minutes !== undefined && performance.now() - start >= minutes * 60_000 };
}

/** The file of the times, apart from the study's result: they differ each time. */
export const TIMES = 'times.json';

/** Seconds of training of each run by its key, over all its sessions. */
export type Times = Record<
  string,
  { readonly run: string; readonly seconds: number; readonly sessions: number }
>;

/** Measures what `work` takes and adds it to the times in the store, also where it fails or is stopped. */
export async function timed<T>(store: Store, key: string, run: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  try {
    return await work();
  } finally {
    const times = await readTimes(store);
    const before = times[key] ?? { seconds: 0, sessions: 0 };
    const seconds = before.seconds + (performance.now() - start) / 1000;
    times[key] = { run, seconds: Math.round(seconds * 1000) / 1000, sessions: before.sessions + 1 };
    await store.write(TIMES, new TextEncoder().encode(`${JSON.stringify(times, null, 2)}\n`));
  }
}

/** The times so far. A file that is not theirs is begun anew: nothing depends on it. */
async function readTimes(store: Store): Promise<Times> {
  const bytes = await store.read(TIMES);
  if (bytes === undefined) return {};
  try {
    const found: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof found === 'object' && found !== null ? (found as Times) : {};
  } catch {
    return {};
  }
}

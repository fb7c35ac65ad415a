/** Runs kinds of damaged files as tests. */
import { expect, it } from 'vitest';
import { fuzz } from './run.js';
import type { Failure } from './run.js';

/** A kind with how many files, and the least and most of them that can still be read. */
export type Row = readonly [kind: string, count: number, least: number, most: number];

const told = (failures: readonly Failure[]) =>
  failures.slice(0, 20).map(({ number, seed, problem }) => `${number} (${seed}): ${problem}`);

/**
 * Thousands of damaged files of each kind, always the same ones. Each is refused with the byte where it went wrong, or read as what it
 * holds; none crashes, hangs or takes more memory than four times the file.
 */
export function fuzzed(rows: readonly Row[]): void {
  it.each(rows)('%s: %i', { timeout: 300_000 }, async (kind, count, least, most) => {
    const { read, refused, failures, megabytes } = await fuzz(kind, count);
    expect(told(failures)).toEqual([]);
    expect(read + refused).toBe(count);
    expect(read).toBeGreaterThanOrEqual(least);
    expect(read).toBeLessThanOrEqual(most);
    // What no counter sees shows here: Node with TypeScript takes 90, with TensorFlow.js 200.
    expect(megabytes).toBeLessThan(400);
  });
}

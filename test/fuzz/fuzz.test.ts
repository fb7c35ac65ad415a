/**
 * Thousands of damaged files of every kind, always the same ones. Each is refused with the byte where it went wrong, or
 * read as what it holds; none crashes, hangs or takes more memory than four times the file.
 */
import { describe, expect, it } from 'vitest';
import { BOMBS } from './kinds/bombs.js';
import { fuzz } from './run.js';
import type { Failure } from './run.js';

/** Kinds with how many files, and the least and most of them that can still be read. */
const KINDS = [
  ['npy', 3000, 100, 1000],
  ['npz', 3000, 50, 1000],
  ['safetensors', 3000, 200, 1000],
  ['files', 3000, 200, 1000],
  ['model', 2500, 300, 1500],
  ['png', 3000, 200, 1000],
  ['jpeg', 3000, 500, 2000],
  ['part', 1000, 20, 200],
  ['bombs', 2 * Object.keys(BOMBS).length, 0, 0],
] as const;

const told = (failures: readonly Failure[]) =>
  failures.slice(0, 20).map(({ number, seed, problem }) => `${number} (${seed}): ${problem}`);

describe('damaged files', { timeout: 300_000 }, () => {
  it.each(KINDS)('%s: %i', async (kind, count, least, most) => {
    const { read, refused, failures, megabytes } = await fuzz(kind, count);
    expect(told(failures)).toEqual([]);
    expect(read + refused).toBe(count);
    expect(read).toBeGreaterThanOrEqual(least);
    expect(read).toBeLessThanOrEqual(most);
    // What no counter sees shows here: Node with TypeScript takes 90, with TensorFlow.js 200.
    expect(megabytes).toBeLessThan(400);
  });

  it('a reader that throws, misreads, allocates, hangs or dies is found out', async () => {
    const { read, refused, failures } = await fuzz('faulty', 12, 10_000);
    expect({
      read,
      refused,
      found: failures.map(({ problem }) => problem.replace(/took \d+/, 'took …').slice(0, 22)),
    }).toMatchInlineSnapshot(`
      {
        "found": [
          "threw TypeError: x is ",
          "names the byte undefin",
          "names the byte 11: bey",
          "read wrongly: 5 instea",
          "allocated 44 bytes at ",
          "threw RangeError: Arra",
          "allocated 1800 bytes t",
          "took … ms",
          "hung for 10000 ms",
          "ended the process (SIG",
        ],
        "read": 1,
        "refused": 1,
      }
    `);
  });
});

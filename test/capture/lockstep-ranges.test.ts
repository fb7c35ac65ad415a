import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { openTogether, type CaptureData } from '../../src/capture/capture.js';
import { spoolTo } from '../../src/node/spool.js';
import { echo, withoutLeak } from './models.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('any ranges of any kind of data, left at any place', () => {
  const plan = fc.record({
    sizes: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 }),
    batchSize: fc.integer({ min: 1, max: 7 }),
    passes: fc.array(
      fc.record(
        { from: fc.nat(50), to: fc.nat(50), leave: fc.integer({ min: 1, max: 4 }) },
        { requiredKeys: [] },
      ),
      { maxLength: 5 },
    ),
  });
  /** The numbers from 0 on, a sample each, in elements of these sizes. */
  const kinds: Record<string, (sizes: readonly number[]) => CaptureData> = {
    'arrays in a row': (sizes) =>
      split(sizes).map((rows) => ({ shape: [rows.length, 1], data: rows.flat() })),
    'one array': (sizes) => split(sizes).flat(),
    stream: (sizes) =>
      function* () {
        for (const rows of split(sizes)) yield tf.tensor2d(rows);
      },
    iterator: (sizes) => split(sizes).values(),
    dataset: (sizes) => tf.data.array(split(sizes).map((rows) => ({ xs: rows }))),
    'samples fetched when needed': (sizes) => {
      const rows = split(sizes).flat();
      return {
        samples: rows.length,
        async *read({ from, to }, batchSize) {
          for (let at = from; at < to; at += batchSize)
            yield await Promise.resolve(rows.slice(at, Math.min(at + batchSize, to)));
        },
      };
    },
  };
  function split(sizes: readonly number[]): number[][][] {
    let next = 0;
    return sizes.map((size) => Array.from({ length: size }, () => [next++]));
  }

  it.each(Object.keys(kinds))('show all models the same samples, in order: %s', async (kind) => {
    const models = ['a', 'b'].map((name) => echo([1], name));
    const whole = fc.asyncProperty(plan, async ({ sizes, batchSize, passes }) => {
      const total = sizes.reduce((sum, size) => sum + size, 0);
      const together = await openTogether(
        [{ model: models[0] }, { model: models[1], preprocess: { scale: 2 } }],
        kinds[kind](sizes),
        { batchSize, spool: spoolTo() },
      );
      await withoutLeak(async () => {
        for (const { leave = Infinity, ...range } of [...passes, {}]) {
          const { from = 0, to = total } = range;
          const seen: number[] = [];
          let left = leave;
          for await (const [x, y] of together.batches(range)) {
            expect([x.start, y.start, y.samples]).toEqual([
              from + seen.length,
              from + seen.length,
              x.samples,
            ]);
            expect(x.samples).toBeLessThanOrEqual(batchSize);
            const [once, twice] = [x, y].map(({ layers }) => [...layers.get('all')!.data]);
            expect(twice).toEqual(once.map((value) => 2 * value));
            seen.push(...once);
            if (--left === 0) break;
          }
          const all = Array.from({ length: Math.max(0, Math.min(to, total) - from) }, (_, i) => from + i);
          expect(seen).toEqual(left === 0 ? all.slice(0, seen.length) : all);
        }
      });
      await together.close();
    });
    await fc.assert(whole, { numRuns: 25 });
  });
});

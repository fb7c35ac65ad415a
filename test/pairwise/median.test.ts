import { fc, test } from '@fast-check/vitest';
import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/engines/select.js';
import type { Matrix } from '../../src/matrix.js';
import { Bracket } from '../../src/pairwise/bracket.js';
import { medianSquaredDistances } from '../../src/pairwise/median.js';
import { centredRows } from '../../src/pairwise/rows.js';
import { gaussian, mapped } from '../support.js';
import { demoPair } from './numpy.js';

const engine = await openEngine('wasm', { threads: 1 });
afterAll(() => engine.close?.());

/** Counts tiles, so that a test sees how many passes there were. */
function counter() {
  const count = { tiles: 0 };
  const breathe = () => {
    count.tiles++;
    return Promise.resolve();
  };
  return { count, breathe };
}

/** `np.median` of the whole matrix. */
function textbook({ rows, cols, data }: Matrix): number {
  const all: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < rows; j++) {
      let sum = 0;
      for (let k = 0; k < cols; k++) sum += (data[i * cols + k] - data[j * cols + k]) ** 2;
      all.push(sum);
    }
  }
  all.sort((a, b) => a - b);
  return (all[Math.floor((all.length - 1) / 2)] + all[Math.floor(all.length / 2)]) / 2;
}

const sides: Record<string, (n: number) => Matrix> = {
  gaussian: (n) => gaussian(n, 6, n),
  'of ties': (n) => mapped(gaussian(n, 2, n), (value) => Math.round(value)),
  'of two far clusters': (n) => mapped(gaussian(n, 3, n), (value, i) => value + (i % 2) * 1e6),
  'of duplicates': (n) => mapped(gaussian(n, 3, n), (value, i) => (i < 0.8 * n ? 1 : value)),
  'of one outlier': (n) => mapped(gaussian(n, 3, n), (value, i) => (i === 0 ? 1e4 : value)),
  tiny: (n) => mapped(gaussian(n, 4, n), (value) => value * 1e-8 + 1e-7),
};

describe.each(Object.entries(sides))('the median of squared distances of samples %s', (_, make) => {
  it.each([2, 3, 4, 5, 12, 33, 90])('is that of the whole matrix of %i', async (n) => {
    const x = make(n);
    const expected = textbook(x);
    for (const options of [{}, { edge: 7 }, { edge: 16, capacity: 40 }, { edge: 40, capacity: 2 }]) {
      const [found] = await medianSquaredDistances(engine, [centredRows(x)], counter().breathe, options);
      expect(Math.abs(found - expected)).toBeLessThanOrEqual(1e-9 * expected);
    }
  });
});

describe('the search', () => {
  it('agrees with numpy, for both sides at once', async () => {
    // /tmp/venv/bin/python: rng = np.random.RandomState(1337); X = rng.randn(100, 10); Y = rng.randn(100, 10) + X
    // D = lambda x: ((x[:, None] - x[None]) ** 2).sum(-1); print(repr(np.median(D(X))), repr(np.median(D(Y))))
    const { x, y } = demoPair();
    const found = await medianSquaredDistances(engine, [centredRows(x), centredRows(y)], counter().breathe);
    expect(Math.abs(found[0] - 18.30236782534353)).toBeLessThan(1e-12);
    expect(Math.abs(found[1] - 37.264858225827474)).toBeLessThan(1e-12);
  });

  it('takes one pass where the guess holds, collecting a small part', async () => {
    const x = gaussian(400, 5, 3);
    const { count, breathe } = counter();
    const [found] = await medianSquaredDistances(engine, [centredRows(x)], breathe, {
      edge: 100,
      capacity: 4000,
    });
    // One breath for each tile of the upper triangle, and some while 65,536 of the 79,800 pairs are sampled.
    expect(count.tiles).toBe(10 + Math.ceil(65_536 / 4096));
    expect(found).toBeCloseTo(textbook(x), 10);
  });
});

describe('a bracket', () => {
  const stream = fc.array(
    fc.oneof(fc.integer({ min: 0, max: 5 }), fc.double({ min: 0, max: 9, noNaN: true })),
    {
      minLength: 2,
      maxLength: 60,
    },
  );
  test.prop(
    [stream, fc.nat(), fc.boolean(), fc.nat({ max: 9 }), fc.nat({ max: 9 }), fc.integer({ min: 1, max: 9 })],
    {
      seed: 7,
      numRuns: 300,
    },
  )('that starts anywhere leads to the order statistics', (values, where, next, a, b, capacity) => {
    const sorted = [...values].sort((p, q) => p - q);
    const first = where % (values.length - 1);
    const last = first + Number(next);
    let [low, high] = [Math.min(a, b), Math.max(a, b)];
    for (let pass = 0; pass < 30; pass++) {
      const bracket = new Bracket(low, high, capacity);
      bracket.add(Float64Array.from(values));
      const found = bracket.find(first, last);
      if (Array.isArray(found)) {
        expect(found.map((value) => value + 0)).toEqual([sorted[first] + 0, sorted[last] + 0]);
        return;
      }
      [low, high] = [found.low, found.high];
    }
    throw new Error('no end in 30 passes');
  });
});

/** What is kept of samples that are forgotten, against the samples themselves. */
import { test as property, fc } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { openEngine } from '../../src/engines/select.js';
import { withScope } from '../../src/engines/scope.js';
import type { Engine } from '../../src/engines/engine.js';
import { squaredNorms } from '../../src/factor/cross.js';
import { crossJoint, factorJoint } from '../../src/factor/joint-factor.js';
import { jointOf, mergeJoints } from '../../src/factor/joint.js';
import type { Joint } from '../../src/factor/joint-data.js';
import { centreSplit, difference, joined, moved } from '../../src/factor/split-mean.js';
import type { Matrix } from '../../src/matrix.js';
import { distance, flip, gaussian, mapped, orthogonal, related, times } from '../support.js';

const pair = [{ a: 0, b: 1 }];

const rowsOf = ({ cols, data }: Matrix, from: number, to: number): Matrix => ({
  rows: to - from,
  cols,
  data: data.slice(from * cols, to * cols),
});

/** Pieces of two layers, joined from the first to the last. */
async function joinedPieces(engine: Engine, x: Matrix, y: Matrix, cuts: readonly number[]): Promise<Joint> {
  let joint = await jointOf(engine, [rowsOf(x, 0, 0), rowsOf(y, 0, 0)], pair, true);
  const ends = [...cuts, x.rows];
  for (const [i, to] of ends.entries()) {
    const from = i === 0 ? 0 : ends[i - 1];
    const next = await jointOf(engine, [rowsOf(x, from, to), rowsOf(y, from, to)], pair, true);
    joint = await mergeJoints(engine, pair, joint, next);
  }
  return joint;
}

async function inEngine<T>(work: (engine: Engine) => Promise<T>): Promise<T> {
  const opened = await openEngine('ml-matrix');
  return withScope(opened, work);
}

const centred = (x: Matrix) => centreSplit(x).samples;

describe('joined pieces', () => {
  property.prop(
    [
      fc.record({
        n: fc.integer({ min: 2, max: 40 }),
        p: fc.integer({ min: 1, max: 9 }),
        q: fc.integer({ min: 1, max: 9 }),
        seed: fc.nat(),
        cuts: fc.array(fc.nat({ max: 40 }), { maxLength: 5 }),
      }),
    ],
    { numRuns: 60 },
  )('have the Gram matrices, cross-products and row norms of the whole', async ({ n, p, q, seed, cuts }) => {
    const { x, y } = related(n, p, q, seed);
    const places = [...new Set(cuts)].filter((at) => at > 0 && at < n).sort((a, b) => a - b);
    await inEngine(async (engine) => {
      const { layers, pairs } = await joinedPieces(engine, x, y, places);
      const [cx, cy] = [centred(x), centred(y)];
      const size = Math.max(...[cx, cy].flatMap((samples) => Array.from(times(flip(samples), samples).data)));
      for (const [layer, samples] of [
        [layers[0], cx],
        [layers[1], cy],
      ] as const) {
        const gram = times(flip(samples), samples);
        expect(distance(times(flip(layer.root), layer.root).data, gram.data)).toBeLessThan(1e-13 * size);
        expect(layer.root.rows).toBeLessThanOrEqual(samples.cols);
      }
      const cross = times(times(flip(layers[0].root), pairs[0].inner), layers[1].root);
      expect(distance(cross.data, times(flip(cx), cy).data)).toBeLessThan(1e-13 * size);
      const [a, b] = [cx, cy].map((samples) => squaredNorms(samples, new Float64Array(samples.cols)));
      const sum = (f: (i: number) => number) =>
        Array.from({ length: n }, (_, i) => f(i)).reduce((s, v) => s + v, 0);
      const wanted = [sum((i) => a[i] ** 2), sum((i) => a[i] * b[i]), sum((i) => b[i] ** 2)];
      const found = [layers[0].norms!.squares, pairs[0].norms!.products, layers[1].norms!.squares];
      expect(distance(found, wanted)).toBeLessThan(1e-12 * Math.max(...wanted));
    });
  });

  test('keep a direction that is 1e-12 of the largest', async () => {
    const n = 60;
    const spread = mapped(gaussian(n, 5, 1), (value, _i, j) => value * 10 ** (-3 * j));
    const x = times(spread, orthogonal(5, 2));
    await inEngine(async (engine) => {
      const whole = await factorJoint(engine, (await jointOf(engine, [x, x], pair, false)).layers[0]);
      const pieces = await factorJoint(engine, (await joinedPieces(engine, x, x, [7, 20, 41])).layers[0]);
      expect(whole.factor.rank).toBe(5);
      expect(pieces.factor.rank).toBe(5);
      const relative = whole.factor.s.map((value, j) => Math.abs(pieces.factor.s[j] / value - 1));
      expect(relative[0]).toBeLessThan(1e-14);
      // ε times the largest, in units of each.
      relative.forEach((error, j) => expect(error).toBeLessThan(1e-14 * 10 ** (3 * j + 0.5)));
    });
  });

  test('of one layer with itself cross to the identity', async () => {
    const { x } = related(50, 6, 2, 3);
    await inEngine(async (engine) => {
      const joint = await joinedPieces(engine, x, x, [11, 12, 30]);
      const [a, b] = [await factorJoint(engine, joint.layers[0]), await factorJoint(engine, joint.layers[1])];
      const cross = await crossJoint(engine, joint.pairs[0], a, b, 'all');
      const identity = Float64Array.from({ length: 36 }, (_, at) => (at % 7 === 0 ? 1 : 0));
      expect(distance(cross.data, identity)).toBeLessThan(1e-14);
    });
  });

  test('leave nothing in the engine', async () => {
    const { x, y } = related(30, 4, 3, 1);
    const opened = await openEngine('ml-matrix');
    const live = new Set<object>();
    const counting = new Proxy(opened, {
      get(target, name: keyof Engine) {
        const member = Reflect.get(target, name) as unknown;
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          if (name === 'dispose') for (const handle of args) live.delete(handle as object);
          const result = (member as (...all: unknown[]) => unknown).apply(target, args);
          if (!(result instanceof Promise) || name === 'download') return result;
          return result.then((value: unknown) => {
            for (const part of [value, ...Object.values(value ?? {})]) {
              if (typeof part === 'object' && part !== null && 'rows' in part) live.add(part);
            }
            return value;
          });
        };
      },
    });
    const joint = await joinedPieces(counting, x, y, [1, 3, 20]);
    const [a, b] = [
      await factorJoint(counting, joint.layers[0]),
      await factorJoint(counting, joint.layers[1]),
    ];
    await crossJoint(counting, joint.pairs[0], a, b, 'all');
    expect(live.size).toBe(0);
  });

  test('activations whose sums overflow are refused', async () => {
    const { x, y } = related(30, 4, 3, 1);
    const huge = mapped(x, (value) => value * 1e307 * 8);
    await inEngine(async (engine) => {
      for (const rows of [30, 3]) {
        const layers = [rowsOf(huge, 0, rows), rowsOf(y, 0, rows)];
        await expect(jointOf(engine, layers, pair, false)).rejects.toThrow(/overflow/);
      }
    });
  });

  test('layers of other datapoints are refused', async () => {
    await inEngine(async (engine) => {
      const layers = [gaussian(5, 2, 1), gaussian(6, 2, 2)];
      await expect(jointOf(engine, layers, pair, false)).rejects.toThrow(/5 and 6 datapoints/);
    });
  });
});

describe('a mean in two parts', () => {
  test('tells two apart that differ by less than the rounding of one number', () => {
    const about = (offset: number, seed: number) =>
      mapped(gaussian(1000, 2, seed), (value) => Math.fround(offset + value));
    const [a, b] = [about(1e6, 1), about(1e6, 2)];
    const [one, two] = [centreSplit(a).mean, centreSplit(b).mean];
    // With exact integers: float32 values about 10⁶ are multiples of 1/16.
    const exact = (x: Matrix, j: number) =>
      Array.from({ length: 1000 }, (_, i) => BigInt(x.data[2 * i + j] * 16)).reduce((s, v) => s + v, 0n);
    for (const j of [0, 1]) {
      const wanted = Number(exact(b, j) - exact(a, j)) / 16 / 1000;
      expect(Math.abs(difference(one, two)[j] - wanted)).toBeLessThan(1e-15);
    }
  });

  test('is exact for neurons that never change, and comes back when moved', () => {
    const value = 1e6 / 3;
    const constant = mapped(gaussian(7, 1, 1), () => value);
    const { samples, mean } = centreSplit(constant);
    expect(samples.data.every((entry) => entry === 0)).toBe(true);
    expect(joined(mean)[0]).toBe(value);
    expect(difference(mean, centreSplit(rowsOf(constant, 0, 3)).mean)[0]).toBe(0);
    expect(joined(moved(mean, Float64Array.of(0)))[0]).toBe(value);
    expect(joined(moved(mean, Float64Array.of(2.5)))[0]).toBe(value + 2.5);
  });

  test('survives numbers beyond float32', () => {
    const huge = mapped(gaussian(5, 2, 1), (value) => 1e300 * value);
    expect(joined(centreSplit(huge).mean).every(Number.isFinite)).toBe(true);
  });
});

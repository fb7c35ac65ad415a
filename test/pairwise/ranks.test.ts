import { fc, test } from '@fast-check/vitest';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engines/engine.js';
import { openEngine } from '../../src/engines/select.js';
import { QuantileBins } from '../../src/pairwise/ranks-bins.js';
import { nextDistinct, roundForTies, sorted } from '../../src/pairwise/ranks-order.js';
import { rankCorrelation, spearman } from '../../src/pairwise/ranks.js';
import { allPairs } from '../../src/pairwise/ranks-pairs.js';
import type { Sides } from '../../src/pairwise/ranks-pairs.js';
import { correlationDissimilarity, euclidean, squaredEuclidean } from '../../src/pairwise/values.js';
import { Random } from '../../src/random.js';
import type { Matrix } from '../../src/matrix.js';
import { gaussian, mapped, times } from '../support.js';

let engine: Engine;
beforeAll(async () => {
  engine = await openEngine('wasm', { threads: 1 });
});
const runs = { seed: 5, numRuns: 100 };
const breathe = () => Promise.resolve();

const values = fc.array(
  fc.oneof(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.integer({ min: 0, max: 9 }), fc.constant(0)),
  { minLength: 2, maxLength: 200 },
);

describe('order', () => {
  test.prop([values], runs)('is the stable order of a comparison sort', (list) => {
    const data = Float64Array.from(list, Math.abs);
    const expected = list.map((_, i) => i).sort((a, b) => data[a] - data[b] || a - b);
    expect([...sorted(data).order]).toEqual(expected);
    expect([...sorted(data).values]).toEqual(expected.map((at) => data[at]));
    const start = Uint32Array.from(expected.toReversed());
    expect([...sorted(data, start).order]).toEqual(
      [...start].sort((a, b) => data[a] - data[b] || start.indexOf(a) - start.indexOf(b)),
    );
  });

  test.prop([fc.double({ min: 1e-200, max: 1e200, noNaN: true })], runs)(
    'rounds to 39 bits, whose next value is the next that rounding leaves',
    (value) => {
      const rounded = Float64Array.of(value);
      roundForTies(rounded);
      expect(Math.abs(rounded[0] - value)).toBeLessThanOrEqual(2 ** -39 * value);
      const next = nextDistinct(rounded[0]);
      const around = Float64Array.of(next, (rounded[0] + next) / 2 + (next - rounded[0]) / 8, rounded[0]);
      roundForTies(around);
      expect([...around]).toEqual([next, next, rounded[0]]);
    },
  );
});

describe("Spearman's ρ of lists", () => {
  // from scipy.stats import spearmanr
  // i = np.arange(30); spearmanr(i * i * 7 % 31, (i * 11 + i * i) % 7)
  it('has the value of scipy, with ties', () => {
    const i = Float64Array.from({ length: 30 }, (_, at) => at);
    const x = i.map((v) => (v * v * 7) % 31);
    const y = i.map((v) => (v * 11 + v * v) % 7);
    expect(rankCorrelation(x, y).score).toBeCloseTo(0.4439517610043766, 13);
  });

  test.prop([values], runs)('is 1 of a list and any increasing function of it', (list) => {
    const x = Float64Array.from(list, (v) => Math.round(v));
    fc.pre(new Set(x).size > 1);
    const y = x.map((v) => v + Math.sqrt(v));
    expect(rankCorrelation(x, y).score).toBeCloseTo(1, 12);
  });

  it('is 0 where one side is constant, and where it is so but for rounding', () => {
    const x = Float64Array.of(1, 2, 3, 4);
    for (const y of [Float64Array.of(0, 0, 0, 0), Float64Array.of(2, 2 + 1e-13, 2 + 2e-12, 2)]) {
      expect(rankCorrelation(x.slice(), y)).toEqual({ score: 0, rhoA: 0, tied: { x: false, y: true } });
    }
  });
});

/** Two representations that share a part. */
function related(n: number, d: number, seed: number) {
  const shared = gaussian(n, 3, seed);
  const side = (s: number) => {
    const mixed = times(shared, gaussian(3, d, s));
    return mapped(gaussian(n, d, s + 1), (value, i, j) => value + mixed.data[i * d + j]);
  };
  return [side(seed + 10), side(seed + 20)] as const;
}

describe("Spearman's ρ by bins", () => {
  const outlier = (m: Matrix) => mapped(m, (value, i) => (i === 3 ? 1e6 * value : value));
  const rectified = (m: Matrix) => mapped(m, (value) => Math.max(0, value - 1.5));
  const binary = (m: Matrix) => mapped(m, (value) => Number(value > 0));
  const grouped = (m: Matrix) => mapped(m, (value, i) => value + 1e5 * (i % 3));
  const repeated = (m: Matrix) => mapped(m, (_, i, j) => m.data[(i % 40) * m.cols + j]);

  it.each([
    ['Gaussian', (m: Matrix) => m, euclidean],
    ['Gaussian, squared', (m: Matrix) => m, squaredEuclidean],
    ['Gaussian, correlation', (m: Matrix) => m, correlationDissimilarity],
    ['one far sample', outlier, euclidean],
    ['far groups', grouped, squaredEuclidean],
    ['rectified, with samples of zeros', rectified, correlationDissimilarity],
    ['binary, a few values', binary, euclidean],
    ['repeated samples', repeated, euclidean],
    [
      'one neuron',
      (m: Matrix) => mapped({ ...m, cols: 1, data: m.data.slice(0, m.rows) }, (v) => v),
      euclidean,
    ],
  ] as const)(
    'differs from that of the ranks by less than its bound: %s',
    async (_, change, dissimilarity) => {
      const [x, y] = related(700, 6, 3).map((side) => dissimilarity(change(side)));
      const sides: Sides = [x, y];
      const exact = await spearman(engine, sides, breathe);
      expect(exact.bound).toBe(0);
      for (const bins of [500, 2 ** 16]) {
        const { score, bound } = await spearman(engine, sides, breathe, { sortedUpTo: 0, bins });
        expect(Math.abs(score - exact.score)).toBeLessThanOrEqual(bound + 1e-13);
        // The bound would be 2/bins if every bin held as many; 244,650 pairs in few large bins come near that.
        expect(bound).toBeLessThan(bins === 500 ? 0.02 : 4e-4);
      }
    },
  );

  it('says what bins cannot tell', async () => {
    // Whole numbers with a jitter that is smaller than any bin: some 50 pairs that differ share each.
    const random = new Random(8);
    const jittered = mapped(gaussian(700, 1, 1), () => random.integer(5000) + 1e-6 * random.uniform());
    const other = mapped(jittered, (value) => value + random.integer(5000));
    const sides: Sides = [euclidean(jittered), euclidean(other)];
    const exact = await spearman(engine, sides, breathe);
    const { score, bound } = await spearman(engine, sides, breathe, { sortedUpTo: 0, bins: 2 ** 16 });
    expect(bound).toBeGreaterThan(1.5e-4);
    expect(bound).toBeLessThan(1e-3);
    expect(Math.abs(score - exact.score)).toBeLessThan(bound);
  });

  it('is exact where each value has a bin of its own', async () => {
    const [x, y] = related(700, 6, 3).map((side) => squaredEuclidean(binary(side)));
    const exact = await spearman(engine, [x, y], breathe);
    const binned = await spearman(engine, [x, y], breathe, { sortedUpTo: 0, bins: 2 ** 12 });
    expect(binned.bound).toBe(0);
    expect(Math.abs(binned.score - exact.score)).toBeLessThan(1e-13);
  });

  it('tells its progress once, over both passes', async () => {
    const side = euclidean(gaussian(600, 2, 1));
    const told: (number | undefined)[][] = [];
    const listen = (...progress: (number | undefined)[]) => {
      if (progress.length > 0) told.push(progress);
      return Promise.resolve();
    };
    await spearman(engine, [side, side], listen, { sortedUpTo: 0, bins: 100 });
    expect(told).toEqual([1, 2, 3, 4, 5, 6].map((done) => [done, 6]));
  });

  it('is 0 where all are tied', async () => {
    const flat = squaredEuclidean(mapped(gaussian(50, 3, 1), () => 0.1));
    const other = squaredEuclidean(gaussian(50, 3, 2));
    const found = await spearman(engine, [flat, other], breathe, { sortedUpTo: 0, bins: 2 ** 12 });
    expect(found).toMatchObject({ score: 0, tied: { x: true, y: false } });
  });
});

describe('bins', () => {
  test.prop([values, values, fc.integer({ min: 1, max: 5000 })], runs)(
    'ascend with the value, and a repeated value of the sample has its own',
    (sample, list, bins) => {
      const drawn = Float64Array.from(sample);
      const found = new QuantileBins(drawn, bins);
      const rounded = Float64Array.from([...list, ...drawn]).sort();
      roundForTies(rounded);
      const indices = [...rounded].map((value) => found.indexOf(value));
      for (let i = 1; i < indices.length; i++) {
        expect(indices[i]).toBeGreaterThanOrEqual(indices[i - 1]);
        const repeated = drawn.filter((value) => value === rounded[i]).length > 1;
        if (repeated && rounded[i] !== rounded[i - 1]) expect(indices[i]).toBeGreaterThan(indices[i - 1]);
      }
      found.add(rounded, 0, rounded.length);
      const { ranks } = found.finish();
      // Mid-ranks: their mean is zero, and each is that of the values in its bin.
      expect(indices.reduce((sum, bin) => sum + ranks[bin], 0)).toBe(0);
      indices.forEach((bin) => {
        const [first, last] = [indices.indexOf(bin), indices.lastIndexOf(bin)];
        expect(ranks[bin]).toBe(first + last + 1 - indices.length);
      });
    },
  );

  it('hold nearly as many values each', () => {
    const random = new Random(4);
    const draw = (count: number) => random.normals(count).map((value) => 10 + value);
    const found = new QuantileBins(draw(2 ** 16), 2 ** 12);
    for (let batch = 0; batch < 16; batch++) found.add(draw(2 ** 16), 0, 2 ** 16);
    expect(found.finish().angle).toBeLessThan(1.5 / 2 ** 12);
  });
});

describe('distances that are equal', () => {
  it.each(['wasm', 'ml-matrix'] as const)('are tied within clusters far apart: %s', async (name) => {
    const opened = await openEngine(name, { threads: 1 });
    const random = new Random(5);
    let ties = 0;
    for (let draw = 0; draw < 100; draw++) {
      const far = 10 + random.integer(120);
      // Whole numbers: their squared distances are exact.
      const grid = mapped(gaussian(24, 3, 1), (_, i) => random.integer(4) + (i % 2) * far);
      const distances = euclidean(grid);
      const [found] = await allPairs(opened, [distances, distances], breathe);
      const known = new Map<number, number>();
      for (let i = 0, at = 0; i < 24; i++) {
        for (let j = i + 1; j < 24; j++, at++) {
          let exact = 0;
          for (let k = 0; k < 3; k++) exact += (grid.data[3 * i + k] - grid.data[3 * j + k]) ** 2;
          if (known.has(exact)) ties++;
          else known.set(exact, found[at]);
          expect(found[at]).toBe(known.get(exact));
        }
      }
    }
    expect(ties).toBeGreaterThan(10000);
    await opened.close?.();
  });
});

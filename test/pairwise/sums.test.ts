import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/engines/select.js';
import type { Matrix } from '../../src/matrix.js';
import {
  alignment,
  centredProducts,
  centredTrace,
  triangleProducts,
  uCentredProducts,
} from '../../src/pairwise/centred-products.js';
import { linearKernel, rbfKernel } from '../../src/pairwise/kernels.js';
import { fewNeurons, linearSums } from '../../src/pairwise/linear-sums.js';
import { centredRows } from '../../src/pairwise/rows.js';
import { pairwiseSums } from '../../src/pairwise/sums.js';
import { Totals, total } from '../../src/pairwise/totals.js';
import { euclidean, sliceValues, squaredEuclidean } from '../../src/pairwise/values.js';
import { gaussian, mapped } from '../support.js';

const engine = await openEngine('wasm', { threads: 2 });
afterAll(() => engine.close?.());
const breathe = () => Promise.resolve();

const n = 21;
const x = gaussian(n, 5, 1);
const y = mapped(gaussian(n, 3, 2), (value, i, j) => value + x.data[i * 5 + j]);

/** Distances as a textbook writes them. */
function distances({ rows, cols, data }: Matrix): number[][] {
  const at = (i: number) => Array.from(data.subarray(i * cols, (i + 1) * cols));
  return Array.from({ length: rows }, (_, i) =>
    Array.from({ length: rows }, (_unused, j) => Math.hypot(...at(i).map((value, k) => value - at(j)[k]))),
  );
}

const sumOf = (values: number[]) => values.reduce((sum, value) => sum + value, 0);
const inner = (a: number[][], b: number[][]) =>
  sumOf(a.map((row, i) => sumOf(row.map((v, j) => v * b[i][j]))));

/** Less the means of rows and columns, plus the mean of all; with other divisors and no diagonal for U-centring. */
function centred(k: number[][], [one, both, diagonal]: [number, number, boolean]): number[][] {
  const means = k.map((row) => sumOf(row) / one);
  const mean = sumOf(k.map(sumOf)) / both;
  return k.map((row, i) =>
    row.map((value, j) => (i === j && !diagonal ? 0 : value - means[i] - means[j] + mean)),
  );
}

const [dx, dy] = [distances(x), distances(y)];
const close = (found: number, expected: number) => {
  expect(Math.abs(found - expected)).toBeLessThanOrEqual(1e-12 * Math.abs(expected));
};

describe.each([1, 4, 7, 20, 21, 512])('sums over tiles of %i', (edge) => {
  const sums = (shift: 'mean' | 'none' = 'mean') =>
    pairwiseSums(engine, euclidean(x), euclidean(y), breathe, { edge, shift });

  it.each(['mean', 'none'] as const)('give products of doubly centred matrices, shift: %s', async (shift) => {
    const [a, b] = [dx, dy].map((d) => centred(d, [n, n * n, true]));
    const found = await sums(shift);
    const { xx, xy, yy } = centredProducts(found);
    close(xx, inner(a, a));
    close(xy, inner(a, b));
    close(yy, inner(b, b));
    close(centredTrace(found.x), sumOf(a.map((row, i) => row[i])));
  });

  it('give products of U-centred matrices', async () => {
    const [a, b] = [dx, dy].map((d) => centred(d, [n - 2, (n - 1) * (n - 2), false]));
    const { xx, xy, yy } = uCentredProducts(await sums());
    close(xx, inner(a, a));
    close(xy, inner(a, b));
    close(yy, inner(b, b));
  });

  it('give the means and products of the upper triangles', async () => {
    const upper = (d: number[][]) => d.flatMap((row, i) => row.slice(i + 1));
    const [a, b] = [upper(dx), upper(dy)];
    const [ma, mb] = [sumOf(a) / a.length, sumOf(b) / b.length];
    const found = triangleProducts(await sums());
    expect(found.pairs).toBe(a.length);
    close(found.meanX, ma);
    close(found.meanY, mb);
    close(found.xx, sumOf(a.map((v) => (v - ma) ** 2)));
    close(found.xy, sumOf(a.map((v, i) => (v - ma) * (b[i] - mb))));
    close(found.yy, sumOf(b.map((v) => (v - mb) ** 2)));
  });

  it('are of the values themselves where nothing is to be taken off', async () => {
    const found = await sums('none');
    close(found.products.xy, inner(dx, dy));
    found.x.rowSums.forEach((sum, i) => close(sum, sumOf(dx[i])));
    expect([...found.y.diagonal]).toEqual(Array.from({ length: n }, () => 0));
  });
});

describe('sums by way of the neurons', () => {
  it.each([3, 20, 21, 60])('are those of the tiles, with %i neurons', async (neurons) => {
    const [a, b] = [gaussian(n, neurons, 1), mapped(gaussian(n, 4, 2), (value) => value + 7)].map(
      centredRows,
    );
    expect(fewNeurons(a, b)).toBe(neurons < 20);
    const [found, expected] = [
      await linearSums(engine, a, b),
      await pairwiseSums(engine, linearKernel(a), linearKernel(b), breathe, { edge: 8 }),
    ];
    for (const of of [centredProducts, uCentredProducts]) {
      const [one, other] = [of(found), of(expected)];
      for (const key of ['xx', 'xy', 'yy'] as const) {
        expect(Math.abs(one[key] - other[key])).toBeLessThan(
          1e-12 * Math.sqrt(other.xx * other.yy + other[key] ** 2),
        );
      }
    }
    expect(centredTrace(found.x) / centredTrace(expected.x)).toBeCloseTo(1, 12);
  });
});

describe('alignment', () => {
  it('has nothing to say of distances that are all equal', async () => {
    const identity = mapped(gaussian(9, 9, 1), (_, i, j) => (i === j ? 5 : 1e3));
    for (const values of [euclidean(identity), rbfKernel(centredRows(identity), 0.7)]) {
      const sums = await pairwiseSums(engine, values, values, breathe, { edge: 4 });
      expect(alignment(sums, 'debiased')).toEqual({ score: 0, chance: 0, undefined: true, imprecise: false });
      expect(alignment(sums, 'biased').score).toBeCloseTo(1, 12);
    }
  });

  it('of a slice is that of its samples alone', async () => {
    const part = (m: Matrix) => ({ ...m, rows: 8, data: m.data.slice(5 * m.cols, 13 * m.cols) });
    const sliced = [x, y].map((m) => sliceValues(squaredEuclidean(m), 5, 13));
    const alone = [x, y].map((m) => squaredEuclidean(part(m)));
    const found = await pairwiseSums(engine, sliced[0], sliced[1], breathe, { edge: 3 });
    const expected = await pairwiseSums(engine, alone[0], alone[1], breathe);
    expect(alignment(found, 'biased').score).toBeCloseTo(alignment(expected, 'biased').score, 13);
  });
});

describe('totals', () => {
  it('lose no digit to large terms that cancel', () => {
    expect(total(Float64Array.of(1, 1e100, 1, -1e100))).toBe(2);
    const sums = new Totals(2);
    for (let i = 0; i < 1e5; i++) sums.add(1, 0.1);
    expect([...sums.values()]).toEqual([0, 10000]);
  });
});

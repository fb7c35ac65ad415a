import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/engines/select.js';
import type { Matrix } from '../../src/matrix.js';
import { eachTile } from '../../src/pairwise/tiles.js';
import type { Tile } from '../../src/pairwise/tiles.js';
import {
  correlationDissimilarity,
  cosineDissimilarity,
  euclidean,
  mahalanobis,
  squaredEuclidean,
} from '../../src/pairwise/values.js';
import type { PairwiseValues } from '../../src/pairwise/values.js';
import { distance, gaussian, mapped } from '../support.js';

const engine = await openEngine('wasm', { threads: 2 });
afterAll(() => engine.close?.());
const breathe = () => Promise.resolve();

/** The whole n × n matrix, put together from its tiles. */
async function whole(values: PairwiseValues, edge: number, everything = false): Promise<Float64Array> {
  const n = values.rows.rows;
  const out = new Float64Array(n * n).fill(NaN);
  const place = (tile: Tile, [tileValues]: readonly Float64Array[]) => {
    for (let i = 0; i < tile.rows; i++) {
      for (let j = 0; j < tile.cols; j++) {
        const value = tileValues[i * tile.cols + j];
        out[(tile.rowStart + i) * n + tile.colStart + j] = value;
        if (!everything) out[(tile.colStart + j) * n + tile.rowStart + i] = value;
      }
    }
  };
  await eachTile(engine, [values], breathe, place, { edge, whole: everything });
  return out;
}

/** A function of two rows for all pairs, as a textbook writes it. */
function every(x: Matrix, of: (a: Float64Array, b: Float64Array) => number): Float64Array {
  const rows = Array.from({ length: x.rows }, (_, i) =>
    Float64Array.from(x.data.subarray(i * x.cols, (i + 1) * x.cols)),
  );
  return Float64Array.from({ length: x.rows ** 2 }, (_, at) =>
    of(rows[Math.floor(at / x.rows)], rows[at % x.rows]),
  );
}

const squared = (a: Float64Array, b: Float64Array) =>
  a.reduce((sum, value, k) => sum + (value - b[k]) ** 2, 0);
const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, k) => sum + value * b[k], 0);
const cosine = (a: Float64Array, b: Float64Array) =>
  a === b ? 0 : 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
const centred = (a: Float64Array) => {
  const mean = a.reduce((sum, value) => sum + value, 0) / a.length;
  return a.map((value) => value - mean);
};

const x = gaussian(23, 6, 3);

describe('eachTile', () => {
  it.each([1, 5, 8, 23, 64])('visits each pair of 23 samples once with tiles of %i', async (edge) => {
    const seen = new Uint8Array(23 * 23);
    let diagonals = 0;
    await eachTile(
      engine,
      [squaredEuclidean(x), euclidean(x)],
      breathe,
      (tile, values) => {
        expect(values.map(({ length }) => length)).toEqual([tile.rows * tile.cols, tile.rows * tile.cols]);
        expect(tile.diagonal).toBe(tile.rowStart === tile.colStart);
        diagonals += Number(tile.diagonal);
        for (let i = tile.rowStart; i < tile.rowStart + tile.rows; i++)
          for (let j = tile.colStart; j < tile.colStart + tile.cols; j++) seen[i * 23 + j]++;
      },
      { edge },
    );
    expect(diagonals).toBe(Math.ceil(23 / edge));
    for (let i = 0; i < 23; i++) {
      for (let j = 0; j <= i; j++) {
        const both = Math.floor(i / edge) === Math.floor(j / edge) ? [1, 1] : [1, 0];
        expect([seen[j * 23 + i], i === j ? both[1] : seen[i * 23 + j]]).toEqual(both);
      }
    }
  });

  it('visits every tile, row block by row block, where asked to', async () => {
    const order: number[][] = [];
    const visit = (tile: Tile): void => void order.push([tile.rowStart, tile.colStart]);
    await eachTile(engine, [euclidean(x)], breathe, visit, { edge: 10, whole: true });
    expect(order).toEqual([0, 10, 20].flatMap((row) => [0, 10, 20].map((col) => [row, col])));
    expect(distance(await whole(euclidean(x), 10, true), await whole(euclidean(x), 10))).toBeLessThan(1e-14);
  });

  it('breathes within a tile where its values may take long, and waits for the visitor', async () => {
    // 48 rows of 2¹⁶ near-duplicates: every distance is computed from differences, 10 rows of the tile at a time.
    const close = mapped(gaussian(48, 2 ** 16, 5), (value, i) => (i % 2) + 1e-3 * value);
    const values = euclidean(close);
    let [breaths, breathsThen] = [0, 0];
    const seen: Float64Array[] = [];
    await eachTile(
      engine,
      [values],
      () => {
        breaths++;
        return Promise.resolve();
      },
      async (_, [all]) => {
        breathsThen = breaths;
        await new Promise((resolve) => setTimeout(resolve, 5));
        seen.push(all);
      },
    );
    expect(breathsThen).toBe(4);
    expect(breaths).toBe(5);
    expect(distance(seen[0], await whole(values, 9))).toBe(0);
  });

  it('stops where the caller asks to, and leaves no handle behind', async () => {
    const stop = () => Promise.reject(new Error('stopped'));
    await expect(eachTile(engine, [euclidean(x)], stop, () => undefined, { edge: 4 })).rejects.toThrow(
      'stopped',
    );
  });
});

describe('dissimilarities', () => {
  const rows = mapped(gaussian(23, 6, 5), (value, i, j) => (i === 7 || i === 9 ? j - 2 : value + 0.3 * j));

  it.each([
    ['squaredEuclidean', squaredEuclidean, squared],
    ['euclidean', euclidean, (a: Float64Array, b: Float64Array) => Math.sqrt(squared(a, b))],
    ['cosineDissimilarity', cosineDissimilarity, cosine],
    [
      'correlationDissimilarity',
      correlationDissimilarity,
      (a: Float64Array, b: Float64Array) => (a === b ? 0 : cosine(centred(a), centred(b))),
    ],
  ])('%s of every pair, and exactly 0 of equal samples', async (_, make, of) => {
    for (const edge of [7, 64]) {
      const found = await whole(make(rows), edge);
      expect(distance(found, every(rows, of))).toBeLessThan(1e-13);
      for (let i = 0; i < 23; i++) expect(found[i * 24]).toBe(0);
      expect(found[7 * 23 + 9]).toBe(0);
    }
  });

  it('keep their digits between samples that nearly agree, far from the origin', async () => {
    // Steps of 2⁻³⁰ about 2²⁰: every difference is exact, while squared norms of the raw samples hold no digit of it.
    const steps = mapped(gaussian(12, 4, 8), (value) => 2 ** 20 + Math.round(8 * value) * 2 ** -30);
    const found = await whole(squaredEuclidean(steps), 5);
    const exact = every(steps, squared);
    found.forEach((value, at) => {
      expect(Math.abs(value - exact[at])).toBeLessThanOrEqual(1e-11 * exact[at]);
    });
    const angle = 1e-7;
    const two = { rows: 2, cols: 2, data: Float64Array.of(3, 0, Math.cos(angle), Math.sin(angle)) };
    expect((await whole(cosineDissimilarity(two), 2))[1] / (2 * Math.sin(angle / 2) ** 2)).toBeCloseTo(1, 8);
  });

  it('of a sample without direction are 1 to the others and 0 to its like', async () => {
    const flat = mapped(gaussian(5, 3, 2), (value, i) => (i === 1 || i === 3 ? 0.7 : value));
    const correlation = await whole(correlationDissimilarity(flat), 2);
    expect([...correlation.subarray(5, 10)]).toEqual([1, 0, 1, 0, 1]);
    const zero = mapped(flat, (value) => (value === 0.7 ? 0 : value));
    expect([...(await whole(cosineDissimilarity(zero), 8)).subarray(15, 20)]).toEqual([1, 0, 1, 0, 1]);
  });

  it('read float32, and do not change with the offset or in units of the scale', async () => {
    const single: Matrix = { rows: 23, cols: 6, data: Float32Array.from(x.data) };
    const same = mapped(single, (value) => value);
    expect(distance(await whole(euclidean(single), 7), await whole(euclidean(same), 7))).toBe(0);
    for (const [scale, offset] of [
      [1e-8, 0],
      [1e8, 0],
      [1, 1e4],
    ]) {
      const moved = await whole(squaredEuclidean(mapped(x, (value) => value * scale + offset)), 7);
      const plain = (await whole(squaredEuclidean(x), 7)).map((value) => value * scale * scale);
      expect(distance(moved, plain) / scale / scale).toBeLessThan(1e-9);
    }
  });

  it('mahalanobis, as numpy computes it', async () => {
    // /tmp/venv/bin/python: X = np.array([[1,2],[3,5],[4,1],[0,2.]]); S = np.linalg.inv(np.cov(X.T));
    // print([[(a-b)@S@(a-b) for b in X] for a in X])
    const small: Matrix = { rows: 4, cols: 2, data: Float64Array.of(1, 2, 3, 5, 4, 1, 0, 2) };
    const expected = [
      [0, 3.842696629213483, 3.2696629213483153, 0.303370786516854],
      [3.842696629213483, 0, 5.966292134831461, 5.157303370786518],
      [3.2696629213483153, 5.966292134831461, 0, 5.460674157303372],
      [0.303370786516854, 5.157303370786518, 5.460674157303372, 0],
    ].flat();
    expect(distance(await whole(await mahalanobis(engine, small), 3), expected)).toBeLessThan(1e-13);
  });
});

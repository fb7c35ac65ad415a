import { fc, test } from '@fast-check/vitest';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engines/engine.js';
import { openEngine } from '../../src/engines/select.js';
import { nearestNeighbours } from '../../src/pairwise/neighbours.js';
import { squaredEuclidean } from '../../src/pairwise/values.js';
import type { Matrix } from '../../src/matrix.js';
import { gaussian, mapped } from '../support.js';

let engines: Engine[];
beforeAll(async () => {
  engines = [await openEngine('wasm', { threads: 1 }), await openEngine('ml-matrix', {})];
});

/** By definition: all others, sorted by exact distance (the points are on a grid) and index. */
function bruteForce({ rows, cols, data }: Matrix, k: number): { indices: number[]; tied: number } {
  let tied = 0;
  const indices = Array.from({ length: rows }, (_, i) => {
    const distance = (j: number) => {
      let sum = 0;
      for (let c = 0; c < cols; c++) sum += (data[i * cols + c] - data[j * cols + c]) ** 2;
      return sum;
    };
    const others = Array.from({ length: rows }, (_, j) => j).filter((j) => j !== i);
    others.sort((a, b) => distance(a) - distance(b) || a - b);
    if (others.length > k && distance(others[k - 1]) === distance(others[k])) tied++;
    return others.slice(0, k);
  });
  return { indices: indices.flat(), tied };
}

describe('nearest neighbours', () => {
  test.prop([fc.integer({ min: 3, max: 60 }), fc.integer({ min: 1, max: 70 }), fc.nat()], {
    seed: 3,
    numRuns: 60,
  })('are those of a full sort, with ties by index, on every engine', async (n, few, seed) => {
    const k = Math.min(few, n - 1);
    const grid = mapped(gaussian(n, 3, seed), (value) => Math.round(2 * value));
    for (const engine of engines) {
      const [found] = await nearestNeighbours(engine, [squaredEuclidean(grid)], k, () => Promise.resolve());
      expect({ indices: [...found.indices], tied: found.tied }).toEqual(bruteForce(grid, k));
    }
  });

  it('are found across tiles, for two sides in one pass', async () => {
    const sides = [gaussian(700, 3, 1), mapped(gaussian(700, 2, 2), (value) => Math.round(4 * value))];
    const found = await nearestNeighbours(engines[0], sides.map(squaredEuclidean), 7, () =>
      Promise.resolve(),
    );
    expect(found.map(({ indices, tied }) => ({ indices: [...indices], tied }))).toEqual(
      sides.map((side) => bruteForce(side, 7)),
    );
  });

  it('breathe while very many of them are found and sorted', async () => {
    const [n, k] = [1200, 1100];
    const grid = mapped(gaussian(n, 2, 4), (value) => Math.round(20 * value));
    let breaths = 0;
    const breathe = () => {
      breaths++;
      return Promise.resolve();
    };
    const [found] = await nearestNeighbours(engines[0], [squaredEuclidean(grid)], k, breathe);
    expect({ indices: [...found.indices], tied: found.tied }).toEqual(bruteForce(grid, k));
    // 9 tiles of up to 512 rows, 8 breaths each and one between; then a list of 1.3 million.
    expect(breaths).toBeGreaterThan(9 + 50 + 4);
  });
});

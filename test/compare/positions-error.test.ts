/** How far the score of drawn positions is from that of all: the jackknife against what drawing really does. */
import { describe, expect, test } from 'vitest';
import { fromArrays } from '../../src/capture/arrays.js';
import { compare } from '../../src/compare/compare.js';
import type { Convention } from '../../src/compare/asked.js';
import { dealt, jackknifeError } from '../../src/compare/positions-blocks.js';
import { Similarity } from '../../src/compare/similarity.js';
import { Random } from '../../src/random.js';

/** Positions that resemble their neighbours, and the others of their image; some of it common to both sides. */
function grids(n: number, size: number, channels: number, seed: number) {
  const data = new Float32Array(n * size * size * channels);
  const mix = new Random(seed).normals(3 * channels);
  const own = new Random(seed + 1);
  for (let i = 0; i < n; i++) {
    const common = new Random(7, i);
    const base = Array.from({ length: 3 }, () => smoothField(common, size));
    for (let c = 0; c < channels; c++) {
      const mine = smoothField(own, size);
      for (let p = 0; p < size * size; p++) {
        const shared = base.reduce((sum, field, k) => sum + mix[k * channels + c] * field[p], 0);
        data[(i * size * size + p) * channels + c] = Math.max(0, shared + mine[p]);
      }
    }
  }
  return { shape: [n, size, size, channels], data };
}

function smoothField(random: Random, size: number): Float64Array {
  const raw = random.normals(size * size);
  const level = random.normal();
  return raw.map((value, p) => {
    const right = raw[(p + 1) % raw.length];
    const below = raw[(p + size) % raw.length];
    return (value + right + below) / Math.sqrt(3) + 0.5 * level;
  });
}

const measure: Convention[] = [
  { label: 'svcca', measure: 'svcca', options: {} },
  { label: 'cka', measure: 'cka', options: { estimator: 'debiased' } },
  { label: 'procrustes', measure: 'procrustes', options: {} },
];

const all = (similarity: Similarity) => [similarity, ...similarity.others];
const rms = (values: readonly number[]) =>
  Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

describe('the error that is reported', () => {
  test('is that which drawing makes, over many seeds', async () => {
    const [a, b] = [{ l: grids(50, 8, 8, 10) }, { l: grids(50, 8, 8, 20) }];
    const whole = all(await compare(a, b, undefined, { measure })).map(({ scores }) => scores[0]);
    const differences = measure.map(() => [] as number[]);
    const reported = measure.map(() => [] as number[]);
    for (let seed = 0; seed < 30; seed++) {
      const drawn = await compare(a, b, undefined, { measure, positions: 10, seed, positionsError: 10 });
      for (const [m, one] of all(drawn).entries()) {
        differences[m].push(one.scores[0] - whole[m]);
        reported[m].push(one.cells[0].positionsError!);
      }
    }
    for (const m of measure.keys()) {
      const ratio = rms(reported[m]) / rms(differences[m]);
      expect(ratio, measure[m].label).toBeGreaterThan(0.7);
      expect(ratio, measure[m].label).toBeLessThan(1.5);
    }
  }, 60_000);

  test('shrinks as more are drawn, and is 0 of all', async () => {
    const [a, b] = [{ l: grids(40, 6, 5, 1) }, { l: grids(40, 6, 5, 2) }];
    const errors: number[] = [];
    for (const positions of [4, 12, 35, 36]) {
      const drawn = await compare(a, b, undefined, { positions, positionsError: 4 });
      errors.push(drawn.cells[0].positionsError!);
    }
    expect(errors[0]).toBeGreaterThan(errors[1]);
    expect(errors[1]).toBeGreaterThan(errors[2]);
    expect(errors[2]).toBeGreaterThan(0);
    expect(errors[3]).toBe(0);
  });

  test('is told of corresponding layers alone, and kept in JSON', async () => {
    const a = { conv: grids(30, 4, 3, 1), dense: { shape: [30, 4], data: new Random(3).normals(120) } };
    const b = { dense: { shape: [30, 5], data: new Random(4).normals(150) }, conv: grids(30, 4, 4, 2) };
    const drawn = await compare(a, b, undefined, { positions: 6, positionsError: 3, measure: 'cka,svcca' });
    for (const one of all(Similarity.fromJSON(JSON.stringify(drawn)))) {
      expect(one.cell('conv', 'conv').positionsError).toBeGreaterThan(0);
      expect(one.cell('dense', 'dense').positionsError).toBe(0);
      expect(one.cell('conv', 'dense')).not.toHaveProperty('positionsError');
    }
    const plain = await compare(a, b, undefined, { positions: 6, measure: 'cka,svcca' });
    expect(drawn.scores).toEqual(plain.scores);
    expect(plain.cells.every((cell) => !('positionsError' in cell))).toBe(true);
  });

  test('does not depend on batches, nor on the memory and the passes that it makes necessary', async () => {
    const [a, b] = [
      { one: grids(40, 6, 20, 1), two: grids(40, 3, 40, 5) },
      { one: grids(40, 6, 20, 2), two: grids(40, 3, 40, 6) },
    ];
    const options = { measure, positions: 6, positionsError: 5, allowFewSamples: true };
    const whole = await compare(a, b, undefined, options);
    const sets = [await fromArrays(a, { batchSize: 7 }), await fromArrays(b, { batchSize: 7 })] as const;
    for (const memory of [2 ** 30, 1000]) {
      const other = await compare(...sets, undefined, { ...options, memory });
      for (const [m, one] of all(other).entries()) {
        for (const layer of ['one', 'two']) {
          const expected = all(whole)[m].cell(layer, layer).positionsError!;
          expect(one.cell(layer, layer).positionsError).toBeCloseTo(expected, 10);
        }
      }
    }
  });

  test('is left out for measures of samples, and where fewer datapoints are too few', async () => {
    const [a, b] = [{ l: grids(10, 4, 8, 1) }, { l: grids(10, 4, 8, 2) }];
    const drawn = await compare(a, b, undefined, { positions: 2, positionsError: 2, measure: 'rsa,cka,cca' });
    expect(drawn.cells[0]).not.toHaveProperty('positionsError');
    expect(drawn.by('cka').cells[0].positionsError).toBeGreaterThan(0);
    // 20 datapoints are enough for 8 neurons, and the 10 without a block are not.
    const few = await compare({ l: grids(7, 4, 8, 1) }, { l: grids(7, 4, 8, 2) }, undefined, {
      ...{ positions: 2, positionsError: 2, measure: 'cca' },
    });
    expect(few.cells[0].score).toBeGreaterThan(0);
    expect(few.cells[0]).not.toHaveProperty('positionsError');
  });

  test('positions that masks leave out', async () => {
    const n = 40;
    const set = (seed: number) => ({
      layers: [{ name: 'l', kind: 'Array', shape: [9, 4] }],
      samples: n,
      spatial: 'positions' as const,
      async *batches() {
        await Promise.resolve();
        const block = {
          samples: n,
          grid: [9, 1] as const,
          channels: 4,
          data: new Random(seed).normals(n * 36),
          mask: Uint8Array.from({ length: n * 9 }, (_, at) =>
            at % 9 < 3 + (Math.floor(at / 9) % 6) ? 1 : 0,
          ),
        };
        yield { start: 0, samples: n, layers: new Map([['l', block]]) };
      },
      matrices: () => Promise.reject(new Error('not used')),
    });
    const some = await compare(set(1), set(2), undefined, { positions: 4, positionsError: 4 });
    expect(some.cells[0].positionsError).toBeGreaterThan(0);
    const every = await compare(set(1), set(2), undefined, { positions: 8, positionsError: 4 });
    expect(every.cells[0].positionsError).toBe(0);
  });
});

describe('what is refused', () => {
  const [a, b] = [{ l: grids(10, 4, 3, 1) }, { l: grids(10, 4, 3, 2) }];
  test.each([
    [{ positionsError: 10 }, /all positions are taken: give 'positions', too/],
    [{ positions: 1, positionsError: 10 }, /positions is 1: draw 2 or more/],
    [{ positions: 4, positionsError: 1 }, /positionsError is 1: give a whole number of at least 2/],
    [{ positions: 4, positionsError: 4, measure: 'rsa' }, /taken of sums over the positions: rsa compares/],
  ] as const)('%j', async (options, message) => {
    await expect(compare(a, b, undefined, options)).rejects.toThrow(message);
  });

  test('an abort in the last pass', async () => {
    const controller = new AbortController();
    const sets = [await fromArrays(a, { batchSize: 3 }), await fromArrays(b, { batchSize: 3 })] as const;
    const going = compare(...sets, undefined, {
      ...{ positions: 4, positionsError: 4, signal: controller.signal },
      onProgress: ({ stage }) => {
        if (stage === 'positions') controller.abort();
      },
    });
    await expect(going).rejects.toThrow(/abort/i);
  });
});

describe('dealing positions to blocks', () => {
  test('gives each block its share of every sample, and of all', () => {
    const blocks = dealt(
      Uint32Array.from({ length: 40 }, () => 7),
      100,
      3,
      1,
    );
    const counts = [0, 0, 0];
    for (let n = 0; n < 40; n++) {
      const own = [0, 0, 0];
      for (const block of blocks.subarray(7 * n, 7 * n + 7)) own[block]++;
      expect(Math.min(...own)).toBe(2);
      expect(Math.max(...own)).toBe(3);
      own.forEach((count, block) => (counts[block] += count));
    }
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
  });

  test('depends on the sample, not on the batch', () => {
    const whole = dealt(Uint32Array.of(5, 5, 5, 5), 0, 4, 3);
    const rest = dealt(Uint32Array.of(5, 5), 2, 4, 3);
    expect(rest).toEqual(whole.slice(10));
    expect(dealt(Uint32Array.of(5, 5, 5, 5), 0, 4, 4)).not.toEqual(whole);
  });

  test('the error of a mean is that of the textbook', () => {
    // Means of five equal blocks; the variance of their mean is s²/5, less the share that is known.
    const means = [1, 2, 4, 4, 9];
    const mean = 4;
    const without = means.map((value) => (5 * mean - value) / 4);
    const variance = means.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 4 / 5;
    expect(jackknifeError(mean, without, 0)).toBeCloseTo(Math.sqrt(variance), 12);
    expect(jackknifeError(mean, without, 0.75)).toBeCloseTo(Math.sqrt(variance / 4), 12);
    expect(jackknifeError(mean, without, 1)).toBe(0);
  });

  test('a bias of order 1/m counts', () => {
    // 3 + 2/m at m = 10, and at 9 without any block.
    expect(jackknifeError(3.2, new Array<number>(10).fill(3 + 2 / 9), 0)).toBeCloseTo(0.2, 12);
  });
});

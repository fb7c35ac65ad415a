import { describe, expect, it } from 'vitest';
import { OptionError, ShapeError } from '../../src/errors.js';
import { groupTest } from '../../src/inference/group-test.js';
import { zeros } from '../../src/matrix.js';
import { Random } from '../../src/random.js';

/** A symmetric matrix of scores from a rule on pairs. */
function scores(k: number, of: (i: number, j: number) => number) {
  const out = zeros(k, k);
  for (let i = 0; i < k; i++) {
    for (let j = i; j < k; j++) out.data[i * k + j] = out.data[j * k + i] = i === j ? 1 : of(i, j);
  }
  return out;
}

const labels = ['a', 'a', 'b', 'b'];
const twelve = Array.from({ length: 12 }, (_, i) => (i < 6 ? 'a' : 'b'));

describe('groupTest', () => {
  it('counts every labelling of a small case by hand', () => {
    // Six labellings of two and two; three different partitions, each twice. Statistic of {01|23}: (0.9 + 0.7)/2 − 0.2.
    const matrix = scores(4, (i, j) => (i === 0 && j === 1 ? 0.9 : i === 2 && j === 3 ? 0.7 : 0.2));
    const found = groupTest(matrix, labels);
    expect(found).toMatchObject({ labellings: 6, exact: true, groups: { a: 0.9, b: 0.7 } });
    expect(found.within).toBeCloseTo(0.8, 12);
    expect(found.between).toBeCloseTo(0.2, 12);
    expect(found.p).toBe(2 / 6);
  });

  it('takes one group alone on request, as scratch–scratch against scratch–pretrained', () => {
    const matrix = scores(4, (i, j) => (i === 0 && j === 1 ? 0.9 : i === 2 && j === 3 ? 0.1 : 0.5));
    const found = groupTest(matrix, labels, { within: 'a' });
    expect(found.within).toBe(0.9);
    expect(found.between).toBe(0.5);
    expect(found.p).toBe(1 / 6);
    expect(() => groupTest(matrix, labels, { within: 'c' })).toThrow('the groups are a, b');
  });

  it('turns round for distances, and averages the orders of an asymmetric matrix', () => {
    const matrix = scores(4, (i, j) => (Math.floor(i / 2) === Math.floor(j / 2) ? 0.1 : 0.9));
    matrix.data[1] = 0.3;
    const found = groupTest(matrix, labels, { distances: true });
    expect(found.groups['a']).toBeCloseTo(0.2, 12);
    expect(found.p).toBe(2 / 6);
    expect(groupTest(matrix, labels).p).toBe(1);
  });

  it('draws labellings where there are too many to count, and repeats them by seed', () => {
    const random = new Random(5);
    const many = Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? 'a' : 'b'));
    const matrix = scores(16, (i, j) => ((i + j) % 2 === 0 ? 0.3 : 0) + 0.5 * random.uniform());
    const found = groupTest(matrix, many, { permutations: 199, seed: 3 });
    expect(found).toMatchObject({ exact: false, labellings: 200, p: 1 / 200 });
    expect(groupTest(matrix, many, { permutations: 199, seed: 3 })).toEqual(found);
    expect(groupTest(matrix, many, { permutations: 20_000 })).toMatchObject({
      exact: true,
      labellings: 12_870,
    });
  });

  it('rejects at 5 % in 3.5 to 6.5 % of 1,000 draws without groups, counted or drawn', () => {
    for (const permutations of [9999, 99]) {
      let rejected = 0;
      for (let draw = 0; draw < 1000; draw++) {
        const random = new Random(draw, permutations);
        // Models of different quality: scores depend on each other, as those of real models do.
        const quality = random.normals(12);
        const matrix = scores(12, (i, j) => quality[i] + quality[j] + random.normal());
        const { p } = groupTest(matrix, twelve, { permutations, seed: draw });
        if (p <= 0.05) rejected++;
      }
      expect(rejected).toBeGreaterThanOrEqual(35);
      expect(rejected).toBeLessThanOrEqual(65);
    }
  });

  it('refuses what cannot be tested', () => {
    const matrix = scores(4, () => 0.5);
    expect(() => groupTest(matrix, ['a', 'a', 'a', 'a'])).toThrow('groups has one group');
    expect(() => groupTest(matrix, ['a', 'b', 'c', 'd'])).toThrow('no group has two models');
    expect(() => groupTest(matrix, ['a', 'b', 'b', 'b'], { within: 'a' })).toThrow('has one model');
    expect(() => groupTest(matrix, ['a', 'b'])).toThrow(ShapeError);
    expect(() => groupTest(matrix, labels, { permutations: 0 })).toThrow(OptionError);
    expect(() => groupTest(matrix, labels, { distances: 'no' as never })).toThrow(OptionError);
    const gap = scores(4, () => 0.5);
    gap.data[2] = NaN;
    expect(() => groupTest(gap, labels)).toThrow('matrix holds NaN at row 0, column 2');
    expect(() => groupTest(matrix, labels, { seeds: 1 } as never)).toThrow("no option 'seeds'");
  });
});

import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { compareMany } from '../../src/compare/many.js';
import { ModelSimilarity } from '../../src/compare/model-similarity.js';
import { averageLinkage, classicalScaling } from '../../src/compare/scaling.js';
import { DataError, FormatError, OptionError, ShapeError } from '../../src/errors.js';
import { zeros } from '../../src/matrix.js';
import { gaussian, mapped } from '../support.js';

/** Noisy copies of two representations: models of one family share a signal. */
const family = (signal: number, own: number, d = 6) => {
  const base = gaussian(200, d, signal);
  const noise = gaussian(200, d, 100 + own);
  return mapped(base, (value, i, j) => value + 0.8 * noise.data[i * d + j]);
};
const models = Object.fromEntries(
  ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'b3', 'b4'].map((name, i) => [
    name,
    { early: gaussian(200, 5, 50 + i), late: family(name.startsWith('a') ? 1 : 2, i) },
  ]),
);
const groups = { a: ['a1', 'a2', 'a3', 'a4'], b: ['b1', 'b2', 'b3', 'b4'] };

describe('compareMany', () => {
  it('gives every pair the score that compare gives it, at each layer and averaged', async () => {
    const many = await compareMany(models, undefined, { measure: 'cka' });
    expect(many.models).toEqual(Object.keys(models));
    expect(many.layers).toEqual(['early', 'late']);
    for (const [a, b] of [
      ['a1', 'b3'],
      ['b3', 'a1'],
      ['a2', 'a2'],
    ]) {
      const pair = await compare(models[a], models[b], undefined, { measure: 'cka' });
      expect(Math.abs(many.at(a, b, 'late') - pair.at('late', 'late'))).toBeLessThanOrEqual(1e-12);
      const mean = (pair.at('early', 'early') + pair.at('late', 'late')) / 2;
      expect(Math.abs(many.at(a, b) - mean)).toBeLessThanOrEqual(1e-12);
    }
    expect(many.at('a1', 'a2', 'late')).toBeGreaterThan(many.at('a1', 'b1', 'late') + 0.2);
  });

  it('computes both orders of an asymmetric measure, and exchanges the sides of a symmetric one', async () => {
    const sized = { narrow: { x: gaussian(100, 3, 1) }, wide: { x: gaussian(100, 7, 2) } };
    const pw = await compareMany(sized, undefined, { measure: 'pwcca', side: 'x' });
    const there = await compare(sized.narrow, sized.wide, undefined, { measure: 'pwcca', side: 'x' });
    const back = await compare(sized.wide, sized.narrow, undefined, { measure: 'pwcca', side: 'x' });
    expect(pw.at('narrow', 'wide')).toBeCloseTo(there.at('x', 'x'), 12);
    expect(pw.at('wide', 'narrow')).toBeCloseTo(back.at('x', 'x'), 12);
    expect(pw.at('wide', 'narrow')).not.toBeCloseTo(there.at('x', 'x'), 3);
    const cca = await compareMany(sized, undefined, { measure: 'cca' });
    expect(cca.cell('wide', 'narrow', 'x').x.neurons).toBe(7);
    expect(cca.cell('wide', 'narrow', 'x').y.neurons).toBe(3);
    expect(cca.at('wide', 'narrow')).toBe(cca.at('narrow', 'wide'));
    const divided = await compareMany(sized, undefined, { measure: 'cca', divisor: 'x' });
    expect(divided.at('wide', 'narrow')).toBeLessThan(divided.at('narrow', 'wide'));
  });

  it('runs tfjs models in lockstep, leaves no tensor, and counts several measures', async () => {
    const model = (seed: number) => {
      const input = tf.input({ shape: [4] });
      const dense = (units: number, name: string) =>
        tf.layers.dense({
          units,
          name,
          activation: 'tanh',
          kernelInitializer: tf.initializers.glorotNormal({ seed }),
        });
      const outputs = dense(3, 'out').apply(dense(5, 'hidden').apply(input)) as tf.SymbolicTensor;
      return tf.model({ inputs: input, outputs });
    };
    const three = { one: model(1), two: model(2), three: model(3) };
    const data = tf.tensor2d(Array.from(gaussian(300, 4, 9).data), [300, 4]);
    const before = tf.memory().numTensors;
    const many = await compareMany(three, data, { measure: 'svcca,cka', layers: 'hidden,out' });
    expect(tf.memory().numTensors).toBe(before);
    expect(many.layers).toEqual(['hidden', 'out']);
    expect(many.samples).toBe(300);
    const pair = await compare(three.one, three.three, data, { measure: 'cka' });
    expect(many.by('cka').at('one', 'three', 'hidden')).toBeCloseTo(pair.at('hidden', 'hidden'), 6);
    expect(many.by('svcca')).toBe(many);
    expect(() => many.by('pls')).toThrow('there are svcca, cka');
    data.dispose();
  });

  it('pairs layers by place where no name is shared, and names those that only some models have', async () => {
    const x = gaussian(60, 3, 1);
    const renamed = await compareMany({ one: { p: x, q: gaussian(60, 2, 5) }, two: { r: x, s: x } });
    expect(renamed.layers).toEqual(['p', 'q']);
    expect(renamed.at('one', 'two', 'p')).toBeCloseTo(1, 10);
    const partly = await compareMany({ one: { p: x, q: x }, two: { p: x } });
    expect(partly.layers).toEqual(['p']);
    expect(partly.warnings).toEqual(['Not every model has these layers, which were left out: q.']);
  });

  it('tests groups: families apart at the late layer, not at the early one', async () => {
    const many = await compareMany(models, undefined, { measure: 'cka' });
    const late = many.groupTest(groups, { layer: 'late' });
    expect(late.exact).toBe(true);
    expect(late.labellings).toBe(70);
    expect(late.p).toBe(2 / 70);
    expect(late.difference).toBeGreaterThan(0.2);
    expect(Object.keys(late.groups)).toEqual(['a', 'b']);
    expect(many.groupTest(groups, { layer: 'early' }).p).toBeGreaterThan(0.05);
    const angles = await compareMany(models, undefined, { measure: 'procrustes', output: 'angle' });
    expect(angles.groupTest(groups, { layer: 'late' }).p).toBe(2 / 70);
    expect(() => many.groupTest({ a: ['a1', 'a2'], b: ['a1'] })).toThrow("model 'a1' is in two groups");
    expect(() => many.groupTest({ a: ['a9'], b: ['a1'] })).toThrow(OptionError);
  });

  it('reads as distances, points and a hierarchy', async () => {
    const many = await compareMany(models, undefined, { measure: 'cka', layers: 'late' });
    const { data } = many.distances();
    expect(data[1]).toBeCloseTo(Math.sqrt(2 - 2 * many.at('a1', 'a2')), 12);
    expect(many.distances({ distance: 'angle' }).data[1]).toBeCloseTo(Math.acos(many.at('a1', 'a2')), 12);
    expect(data[0]).toBe(0);
    const { coordinates } = await many.scaling();
    const side = (i: number) => Math.sign(coordinates.data[2 * i]);
    expect(new Set([0, 1, 2, 3].map(side)).size).toBe(1);
    expect(side(4)).toBe(-side(0));
    const { order, merges } = await many.tree();
    expect([...order].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    const last = merges[merges.length - 1];
    expect([last.left, last.right].map((part) => [...part].sort()).sort()).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ]);
  });

  it('makes no distances of scores that are none, and no NaN of the rest', async () => {
    const x = gaussian(60, 3, 1);
    const sides = { one: { x }, two: { x: gaussian(60, 4, 2) }, dead: { x: mapped(x, () => 0.3) } };
    const sums = await compareMany(sides, undefined, { measure: 'cca', summary: 'sum' });
    expect(() => sums.distances()).toThrow('distances are made of similarities that are 1 of equal sides');
    const cka = await compareMany(sides, undefined, { measure: 'cka' });
    expect(() => cka.distances()).toThrow('dead with itself has cka 0');
    // Seen from the other side, a warning names the other side.
    expect(cka.cell('dead', 'one', 'x').warnings[0]).toContain('Side x is constant');
    expect(cka.cell('one', 'dead', 'x').warnings[0]).toContain('Side y is constant');
  });

  it('comes back from JSON as it went, and names what is wrong with another', async () => {
    const many = await compareMany(models, undefined, { measure: 'svcca,cka', keep: { dims: 3 } });
    const text = JSON.stringify(many);
    const back = ModelSimilarity.fromJSON(text);
    expect(JSON.stringify(back)).toBe(text);
    expect(back.by('cka').at('a1', 'b1')).toBe(many.by('cka').at('a1', 'b1'));
    const lines: string[] = [];
    many.print((line) => lines.push(line));
    expect(lines[0]).toContain('svcca: 8 models, mean of 2 layers, 200 samples\n');
    expect(lines[1]).toContain('cka: 8 models');
    expect(() => ModelSimilarity.fromJSON('{')).toThrow(FormatError);
    expect(() => ModelSimilarity.fromJSON('null')).toThrow(FormatError);
    expect(() => ModelSimilarity.fromJSON({ format: 'svcca/similarity@1' })).toThrow("'svcca/models@1'");
    expect(() => ModelSimilarity.fromJSON({ ...JSON.parse(text), cells: [] })).toThrow(
      'has 0 cells, not 128',
    );
  });

  it('refuses what cannot be compared', async () => {
    const x = gaussian(60, 3, 1);
    await expect(compareMany({ one: { x } })).rejects.toThrow('models has 1: give at least two');
    await expect(compareMany({ one: { p: x }, two: { q: x, r: x } })).rejects.toThrow('share no name');
    await expect(compareMany({ one: { x }, two: { x: gaussian(61, 3, 1) } })).rejects.toThrow(ShapeError);
    await expect(compareMany({ one: { x }, two: { x }, three: { x: gaussian(61, 3, 1) } })).rejects.toThrow(
      'the 3 sides have 60, 60 and 61 samples: all need',
    );
    await expect(
      compareMany({ one: { x }, two: { x: gaussian(60, 59, 1) }, three: { x } }, undefined, {
        measure: 'cca',
      }),
    ).rejects.toThrow('x of one (x) against x of two (y): 60 samples');
    await expect(compareMany({ one: { x }, two: { x } }, undefined, { keeep: 1 })).rejects.toThrow("'keeep'");
  });
});

describe('classicalScaling', () => {
  it('finds points again from their distances, up to rotation', async () => {
    const points = gaussian(9, 3, 4);
    const distances = pairwise(points);
    const { coordinates, explained } = await classicalScaling(distances, 3);
    expect(maxDifference(pairwise(coordinates).data, distances.data)).toBeLessThan(1e-12);
    expect(explained.reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    // More axes than there are dimensions: no more are given.
    expect((await classicalScaling(distances, 6)).coordinates.cols).toBe(3);
  });

  it('leaves out the axes of distances that no points have', async () => {
    // numpy: eigvalsh(-0.5 * J @ D**2 @ J) = [-0.8333, 0, 4.5]
    const d = { rows: 3, cols: 3, data: Float64Array.of(0, 1, 1, 1, 0, 3, 1, 3, 0) };
    const { coordinates } = await classicalScaling(d, 2);
    expect(coordinates.cols).toBe(1);
    expect(maxDifference(coordinates.data, Float64Array.of(0, 1.5, -1.5))).toBeLessThan(1e-12);
  });

  it('refuses what are no distances', async () => {
    const of = (...data: number[]) => ({ rows: 2, cols: 2, data: Float64Array.from(data) });
    await expect(classicalScaling(zeros(2, 3))).rejects.toThrow(ShapeError);
    await expect(classicalScaling(of(0, 1, 2, 0))).rejects.toThrow('is not 1, the distance back');
    await expect(classicalScaling(of(0, -1, -1, 0))).rejects.toThrow('is negative');
    await expect(classicalScaling(of(1, 1, 1, 0))).rejects.toThrow('is not 0');
    await expect(averageLinkage(of(0, NaN, NaN, 0))).rejects.toThrow(DataError);
  });
});

describe('averageLinkage', () => {
  it('merges by mean distance: the values of scipy', async () => {
    // scipy.cluster.hierarchy.linkage(squareform(D), 'average') of points 0, 1, 5, 7, 20 on a line:
    // heights 1, 2, 5.5, 16.75
    const line = { rows: 5, cols: 1, data: Float64Array.of(0, 1, 5, 7, 20) };
    const { merges, order } = await averageLinkage(pairwise(line));
    expect(merges.map(({ height }) => height)).toEqual([1, 2, 5.5, 16.75]);
    expect([...merges[3].left, ...merges[3].right].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(order.length).toBe(5);
    expect(await averageLinkage(zeros(1, 1))).toEqual({ order: [0], merges: [] });
  });
});

function pairwise({ rows, cols, data }: { rows: number; cols: number; data: ArrayLike<number> }) {
  const out = zeros(rows, rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < rows; j++) {
      let sum = 0;
      for (let c = 0; c < cols; c++) sum += (data[i * cols + c] - data[j * cols + c]) ** 2;
      out.data[i * rows + j] = Math.sqrt(sum);
    }
  }
  return out;
}

function maxDifference(a: Float64Array, b: Float64Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}

import { describe, expect, it } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { score } from '../../src/compare/score.js';
import { Similarity } from '../../src/compare/similarity.js';
import { FormatError, OptionError } from '../../src/errors.js';
import { measurePair } from '../../src/measures/run-pair.js';
import { findMeasure } from '../../src/measures/registry.js';
import { svccaMeasure } from '../../src/measures/svcca.js';
import { gaussian, mapped } from '../support.js';

const layers = (seed: number) => ({
  conv: { shape: [40, 3, 3, 4], data: gaussian(40 * 9, 4, seed).data },
  dense: { shape: [40, 6], data: gaussian(40, 6, seed + 1).data },
});
const [a, b] = [layers(1), layers(5)];

describe('several measures in one comparison', () => {
  it('give what each gives alone, factors and samples mixed, at layers on different grids', async () => {
    const names = [
      'svcca',
      'cca',
      'pwcca',
      'cka',
      'procrustes',
      'regression',
      'rvCoefficient',
      'rsa',
    ] as const;
    const all = await compare(a, b, undefined, { measure: names.join(',') });
    expect([all, ...all.others].map(({ measure }) => measure)).toEqual(names);
    for (const name of names) {
      const alone = await compare(a, b, undefined, { measure: name });
      all.by(name).scores.forEach((value, i) => {
        expect(Math.abs(value - alone.scores[i])).toBeLessThanOrEqual(1e-9);
      });
      // The dense layers hold what the plain call on two matrices holds.
      const [x, y] = [a, b].map(({ dense }) => ({ rows: 40, cols: 6, data: dense.data }));
      const pair = await measurePair(findMeasure(name), x, y, {});
      expect(Math.abs(pair.score - all.by(name).at('dense', 'dense'))).toBeLessThanOrEqual(1e-9);
    }
    expect(all.by('rsa').cells[0].method).toBe('pairwise');
    expect(all.by('rsa').cells[0].x.rank).toBeUndefined();
  });

  it('share the options that stand beside them, each by those it has', async () => {
    const found = await compare(a, b, undefined, {
      measure: 'svcca,cka',
      estimator: 'debiased',
      keep: { dims: 2 },
    });
    expect(found.options).toMatchObject({ keep: { dims: 2 } });
    expect(found.by('cka').options).toMatchObject({ estimator: 'debiased' });
    expect(found.options).not.toHaveProperty('estimator');
  });

  it('take conventions and measures of your own, told apart by label', async () => {
    const found = await compare(a, b, undefined, {
      measure: [
        { label: 'two', measure: 'svcca', options: { keep: { dims: 2 } } },
        { label: 'three', measure: 'svcca', options: { keep: { dims: 3 } } },
        { ...svccaMeasure, name: 'mine' },
      ],
    });
    expect(found.label).toBe('two');
    expect(found.by('three').cells[3].x.kept).toBe(3);
    expect(found.by('mine').measure).toBe('mine');
    const back = Similarity.fromJSON(JSON.stringify(found));
    expect(back.by('three').at('dense', 'dense')).toBe(found.by('three').at('dense', 'dense'));
    expect(JSON.stringify(back)).toBe(JSON.stringify(found));
  });

  it('are refused by name where they cannot be told or set', async () => {
    const fail = (options: Record<string, unknown>) => compare(a, b, undefined, options);
    await expect(fail({ measure: 'svcca,cka', kep: 1 })).rejects.toThrow(
      "none of svcca, cka has an option 'kep'",
    );
    await expect(fail({ measure: 'svcca,svcca' })).rejects.toThrow("measure names 'svcca' twice");
    await expect(fail({ measure: 'svcca,skcca' })).rejects.toThrow("measure is 'skcca': choose one of");
    await expect(fail({ measure: '' })).rejects.toThrow('measure names none');
    await expect(fail({ measure: [] })).rejects.toThrow(OptionError);
    await expect(fail({ measure: [{ label: '', measure: 'cka', options: {} }] })).rejects.toThrow('label is');
    await expect(score(gaussian(30, 3, 1), gaussian(30, 3, 2), { measure: 'cka', kep: 1 })).rejects.toThrow(
      "cka has no option 'kep'",
    );
    const fixed = [{ label: 'wide', measure: 'cka', options: { estimator: 'debiased' } }] as const;
    await expect(fail({ measure: fixed, estimator: 'biased' })).rejects.toThrow(
      'estimator is given, and fixed by wide',
    );
    await expect(score(gaussian(30, 3, 1), gaussian(30, 3, 2), { summary: 'sum' })).rejects.toThrow(
      'summary is given without a measure',
    );
    for (const measure of [5, [null], {}]) {
      await expect(fail({ measure }), JSON.stringify(measure)).rejects.toThrow(OptionError);
    }
    const text = JSON.parse(JSON.stringify(await fail({ measure: 'svcca,cka', keep: 'all' })));
    expect(() => Similarity.fromJSON('null')).toThrow(FormatError);
    expect(() => Similarity.fromJSON({ ...text, others: [null] })).toThrow(FormatError);
    expect(() => Similarity.fromJSON({ ...text, others: 3 })).toThrow('others of a similarity');
    expect(() => Similarity.fromJSON(text).by('rsa')).toThrow('there are svcca, cka');
  });
});

describe('measures of the samples', () => {
  it('refuse layers that do not fit the memory, and say what to do', async () => {
    await expect(compare(a, b, undefined, { measure: 'rsa', memory: 10_000 })).rejects.toThrow(
      /holds them in memory: \d+ bytes after 40 samples, above the 10000 bytes allowed: raise 'memory'/,
    );
  });

  it('read float32 batches as they read one matrix', async () => {
    const single = (m: { shape: number[]; data: Float64Array }) => ({
      shape: m.shape,
      data: Float32Array.from(m.data),
    });
    const cut = await compare({ dense: single(a.dense) }, { dense: single(b.dense) }, undefined, {
      measure: 'rsa',
      correlation: 'pearson',
      batchSize: 7,
    });
    const [x, y] = [a, b].map(({ dense }) =>
      mapped({ rows: 40, cols: 6, data: dense.data }, (value) => Math.fround(value)),
    );
    const whole = await measurePair(findMeasure('rsa'), x, y, { correlation: 'pearson' });
    expect(Math.abs(cut.scores[0] - whole.score)).toBeLessThanOrEqual(1e-12);
  });
});

describe('measures of inner products alone', () => {
  /** Layers of more neurons than samples, fewer, and both; float64 and float32. */
  const wide = (seed: number, single: boolean) => {
    const values = (rows: number, cols: number, s: number) => {
      const { data } = gaussian(rows, cols, s);
      return { shape: [rows, cols], data: single ? Float32Array.from(data, (v) => 5 + v) : data };
    };
    return { wide: values(30, 45, seed), tall: values(30, 6, seed + 1), dead: constant };
  };
  const constant = { shape: [30, 3], data: new Float32Array(90).fill(0.3) };

  it.each(['float64', 'float32'])('give what factors give: %s', async (kind) => {
    const [x, y] = [wide(1, kind === 'float32'), wide(7, kind === 'float32')];
    for (const options of [
      { measure: 'cka' },
      { measure: 'cka', estimator: 'debiased' },
      { measure: 'rvCoefficient', modified: true },
    ] as const) {
      const products = await compare(x, y, undefined, options);
      const factors = await compare(x, y, undefined, { ...options, method: 'direct' });
      // So little memory that no kernel of the samples is held: factors of the neurons again.
      const little = await compare(x, y, undefined, { ...options, memory: 3000 });
      const streamed = await compare(x, y, undefined, { ...options, method: 'moments', batchSize: 7 });
      expect(products.cells[0].x.rank).toBeUndefined();
      expect(factors.cells[0].x.rank).toBe(29);
      for (const other of [factors, little, streamed]) {
        other.scores.forEach((score, i) => {
          expect(Math.abs(score - products.scores[i]), `cell ${i}`).toBeLessThan(1e-9);
          const chances = [other, products].map(({ cells }) => cells[i].chance ?? 0);
          expect(Math.abs(chances[0] - chances[1])).toBeLessThan(1e-9);
        });
      }
      expect(products.cell('dead', 'tall')).toMatchObject({ score: 0, x: { neurons: 3, dead: 3 } });
      expect(products.cell('dead', 'tall').warnings[0]).toContain('Side x is constant');
    }
  });

  it('are of any scale', async () => {
    const [x, y] = [wide(1, false), wide(7, false)];
    const scaled = (m: { shape: number[]; data: Float32Array | Float64Array }, by: number) => ({
      shape: m.shape,
      data: Float64Array.from(m.data, (value) => value * by),
    });
    const score = await compare(x, y, undefined, { measure: 'cka', estimator: 'debiased' });
    for (const by of [1e-60, 1e60]) {
      const far = await compare(
        { wide: scaled(x.wide, by), tall: scaled(x.tall, by), dead: constant },
        y,
        undefined,
        { measure: 'cka', estimator: 'debiased' },
      );
      far.scores.forEach((value, i) => expect(Math.abs(value - score.scores[i])).toBeLessThan(1e-9));
    }
  });
});

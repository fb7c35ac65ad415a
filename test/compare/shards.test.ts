/** Shards merged against the comparison in one piece. */
import { describe, expect, test } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { mergeParts } from '../../src/compare/shards/merge.js';
import type { Similarity } from '../../src/compare/similarity.js';
import type { Matrix } from '../../src/matrix.js';
import { Random } from '../../src/random.js';
import { beside, gaussian, mapped, related } from '../support.js';
import { all, cutAt, equal, farthest, float32, inFloat32, partsOf, sides } from './shards.js';

describe('any number of shards gives what compare gives', () => {
  for (const type of ['float32', 'float64'] as const) {
    test(`every measure, ${type}, 1 to 16 shards`, async () => {
      const { a, b } = sides(400, 30, 0.5);
      const [x, y] = type === 'float32' ? [inFloat32(a), inFloat32(b)] : [a, b];
      const whole = await compare(x, y, undefined, { measure: all });
      for (const shards of [equal(1), equal(2), equal(3), equal(7), equal(16)]) {
        const merged = await mergeParts(await partsOf(x, y, shards, { measure: all }));
        expect(farthest(whole, merged)).toBeLessThan(1e-12);
      }
    });
  }

  test('uneven shards, of one sample to nearly all', async () => {
    const { a, b } = sides(300, 100, 3);
    const whole = await compare(a, b, undefined, { measure: all });
    const random = new Random(5);
    const cuts = [
      [1, 2, 299],
      [150, 151, 152, 153],
      ...Array.from({ length: 4 }, () => random.subsample(298, 5)).map((places) =>
        Array.from(places, (at) => at + 1),
      ),
    ];
    for (const places of cuts) {
      const merged = await mergeParts(await partsOf(a, b, cutAt(300, ...places), { measure: all }));
      expect(farthest(whole, merged), String(places)).toBeLessThan(1e-12);
    }
  });

  test('form, diagnostics and fingerprints are those of compare', async () => {
    const { a, b } = sides(400, 5, 0);
    const options = {
      measure: 'svcca,cka,pwcca',
      keep: { variance: 0.95 },
      names: { a: 'first', b: 'second' },
      fingerprints: { a: '1', b: '2' },
    };
    const whole = (await compare(a, b, undefined, options)).toJSON();
    const merged = (await mergeParts(await partsOf(a, b, equal(3), options))).toJSON();
    const { scores: _s, cells, others, ...facts } = merged;
    const { scores: _t, cells: wanted, others: rest, ...expected } = whole;
    expect(facts).toEqual(expected);
    expect(others!.map(({ measure, label }) => [measure, label])).toEqual(
      rest!.map(({ measure, label }) => [measure, label]),
    );
    for (const [i, cell] of cells.entries()) {
      expect(Object.keys(cell)).toEqual(Object.keys(wanted[i]));
      expect(cell.x).toEqual(wanted[i].x);
      expect(cell.y).toEqual(wanted[i].y);
      expect(cell.samples).toBe(wanted[i].samples);
      expect(cell.warnings).toEqual(wanted[i].warnings);
    }
  });
});

describe('hard cases', () => {
  test('ill-conditioned layers: as accurate as the direct route, which errs by ε times the condition', async () => {
    for (const [condition, tolerance] of [
      [1e3, 1e-12],
      [1e4, 1e-12],
      [1e5, 5e-12],
      [1e6, 5e-11],
    ] as const) {
      const { a, b } = sides(500, condition, 0);
      for (const [x, y] of [
        [a, b],
        [inFloat32(a), inFloat32(b)],
      ] as const) {
        const whole = await compare(x, y, undefined, { measure: all, method: 'direct' });
        const merged = await mergeParts(await partsOf(x, y, cutAt(500, 20, 300), { measure: all }));
        expect(farthest(whole, merged), String(condition)).toBeLessThan(tolerance);
      }
    }
  });

  test('ranks of ill-conditioned float32 layers are those of moments', async () => {
    const { a, b } = sides(500, 1e9, 0);
    const [x, y] = [inFloat32(a), inFloat32(b)];
    const whole = await compare(x, y, undefined, { measure: 'cca' });
    const merged = await mergeParts(await partsOf(x, y, equal(4), { measure: 'cca' }));
    const ranks = (one: Similarity) => one.cells.map((cell) => [cell.x.rank, cell.y.rank]);
    expect(ranks(whole)[3][0]).toBeLessThan(24);
    expect(ranks(merged)).toEqual(ranks(whole));
  });

  test("method 'moments' cuts float64 layers where squared moments would", async () => {
    const { a, b } = sides(500, 1e9, 0);
    const whole = await compare(a, b, undefined, { measure: 'cca', method: 'moments' });
    const merged = await mergeParts(await partsOf(a, b, equal(4), { measure: 'cca', method: 'moments' }));
    expect(whole.cells[3].x.rank).toBeLessThan(24);
    expect(merged.cells.map(({ x }) => x.rank)).toEqual(whole.cells.map(({ x }) => x.rank));
    const direct = await mergeParts(await partsOf(a, b, equal(4), { measure: 'cca' }));
    expect(direct.cells[3].x.rank).toBe(24);
  });

  test('an offset of 1e6, in float32 and in float64', async () => {
    const { a, b } = sides(400, 5, 1e6);
    for (const [x, y] of [
      [a, b],
      [inFloat32(a), inFloat32(b)],
    ] as const) {
      const whole = await compare(x, y, undefined, { measure: all });
      const merged = await mergeParts(await partsOf(x, y, equal(7), { measure: all }));
      expect(farthest(whole, merged)).toBeLessThan(1e-12);
      expect(merged.cells.map((cell) => cell.x.rank)).toEqual(whole.cells.map((cell) => cell.x.rank));
    }
  });

  test('dead neurons, neurons that wake in one shard only, duplicates, and a constant layer', async () => {
    const { x, y } = related(200, 6, 5, 3);
    const woken = mapped(x, (value, i, j) => (j === 0 ? 2.5 : j === 1 && i < 150 ? 0 : value));
    const doubled = beside(
      woken,
      mapped(woken, (value) => 2 * value),
    );
    const constant = mapped(gaussian(200, 3, 1), (_, _i, j) => 1e6 / 3 + j);
    const [a, b] = [{ woken, doubled, constant }, { y }];
    const chosen = all.filter(({ label }) => label !== 'pwcca google');
    for (const [p, q] of [
      [a, b],
      [inFloat32(a), inFloat32(b)],
    ] as const) {
      const whole = await compare(p, q, undefined, { measure: chosen });
      for (const shards of [equal(4), cutAt(200, 1, 3)]) {
        const merged = await mergeParts(await partsOf(p, q, shards, { measure: chosen }));
        expect(farthest(whole, merged)).toBeLessThan(1e-12);
        expect(merged.cells.map((cell) => cell.x)).toEqual(whole.cells.map((cell) => cell.x));
        expect(merged.by('cca').cells.map((cell) => cell.warnings)).toEqual(
          whole.by('cca').cells.map((cell) => cell.warnings),
        );
      }
    }
  });

  test('samples sorted so that no shard has every direction', async () => {
    const { a, b } = sides(320, 10, 0);
    const blocks = (side: Record<string, Matrix>) =>
      Object.fromEntries(
        Object.entries(side).map(([name, x]) => [
          name,
          mapped(x, (value, i, j) => (j % 4 === Math.floor(i / 80) ? value : 0)),
        ]),
      );
    const [p, q] = [blocks(a), blocks(b)];
    const whole = await compare(p, q, undefined, { measure: all });
    const merged = await mergeParts(await partsOf(p, q, equal(4), { measure: all }));
    expect(farthest(whole, merged)).toBeLessThan(1e-12);
  });

  test('fewer samples than neurons, in all and in each shard', async () => {
    const n = 30;
    const [a, b] = [
      { wide: gaussian(n, 50, 1), wider: gaussian(n, 120, 2) },
      { wide: gaussian(n, 40, 3), narrow: gaussian(n, 6, 4) },
    ];
    const measure = all
      .filter(({ measure: name }) => ['cka', 'procrustes', 'pls', 'rvCoefficient', 'svcca'].includes(name))
      .map((one) =>
        one.measure === 'svcca' ? { ...one, options: { keep: { dims: 5 } }, label: `${one.label} 5` } : one,
      );
    for (const [x, y] of [
      [a, b],
      [inFloat32(a), inFloat32(b)],
    ] as const) {
      const whole = await compare(x, y, undefined, { measure });
      for (const shards of [equal(1), equal(3), equal(30)]) {
        const merged = await mergeParts(await partsOf(x, y, shards, { measure }));
        expect(farthest(whole, merged)).toBeLessThan(1e-12);
      }
    }
  });

  test('grids that meet on the coarser, and drawn positions', async () => {
    const grid = (n: number, size: number, channels: number, seed: number) => ({
      shape: [n, size, size, channels],
      data: Float32Array.from(gaussian(n * size * size, channels, seed).data),
    });
    const a = { early: grid(40, 8, 5, 1), late: grid(40, 4, 9, 2), dense: float32(gaussian(40, 6, 3)) };
    const b = { early: grid(40, 6, 4, 4), late: grid(40, 4, 7, 5) };
    for (const how of [{}, { positions: 5, seed: 3 }, { spatial: 'mean' as const }]) {
      const options = { ...how, measure: all, allowFewSamples: true };
      const whole = await compare(a, b, undefined, { ...options });
      for (const shards of [equal(3), cutAt(40, 1, 30)]) {
        const merged = await mergeParts(await partsOf(a, b, shards, { ...options, batchSize: 7 }));
        expect(farthest(whole, merged)).toBeLessThan(1e-12);
      }
    }
  });

  test('positions that masks leave out', async () => {
    const n = 60;
    const block = (channels: number, seed: number) => ({
      samples: n,
      grid: [6, 1] as const,
      channels,
      data: Float32Array.from(gaussian(n * 6, channels, seed).data),
      mask: Uint8Array.from({ length: n * 6 }, (_, at) => (at % 6 < 2 + (Math.floor(at / 6) % 5) ? 1 : 0)),
    });
    const set = (channels: number, seed: number) => {
      const whole = block(channels, seed);
      return {
        layers: [{ name: 'l', kind: 'Array', shape: [6, channels] }],
        samples: n,
        spatial: 'positions' as const,
        async *batches() {
          await Promise.resolve();
          yield { start: 0, samples: n, layers: new Map([['l', whole]]) };
        },
        matrices: () => Promise.reject(new Error('not used')),
      };
    };
    const [a, b] = [set(7, 1), set(5, 2)];
    const whole = await compare(a, b, undefined, { measure: all });
    const merged = await mergeParts(await partsOf(a, b, equal(4), { measure: all }));
    expect(whole.cells[0].samples).toBeLessThan(n * 6);
    expect(merged.cells[0].samples).toBe(whole.cells[0].samples);
    expect(farthest(whole, merged)).toBeLessThan(1e-12);
  });

  test.each(['float64', 'float32'])('more shards than samples, %s: some are empty', async (type) => {
    const { x, y } = related(5, 2, 2, 1);
    const stored = type === 'float64' ? (layer: Matrix) => layer : float32;
    const [a, b] = [{ l: stored(x) }, { l: stored(y) }];
    const parts = await partsOf(a, b, equal(8), { measure: 'cka,procrustes' });
    expect(parts.filter(({ info }) => info.ranges.length === 0)).toHaveLength(3);
    expect(parts.every(({ info }) => info.views.every(({ storage }) => storage === type))).toBe(true);
    const whole = await compare(a, b, undefined, { measure: 'cka,procrustes' });
    expect(farthest(whole, await mergeParts(parts))).toBeLessThan(1e-12);
  });
});

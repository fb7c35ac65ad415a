/** The routes from two layers in memory to their cross block: which is taken, and that all arrive at the same place. */
import { describe, expect, it } from 'vitest';
import { openEngine } from '../../src/engines/select.js';
import { conditionOf } from '../../src/factor/condition.js';
import { crossInMemory } from '../../src/factor/in-memory.js';
import type { Route } from '../../src/factor/in-memory.js';
import { CHOLESKY_UP_TO, thinQr } from '../../src/factor/thin-qr.js';
import { cca, svcca } from '../../src/measures/functions.js';
import { factorDirect } from '../../src/factor/direct.js';
import { factorRows } from '../../src/factor/wide.js';
import type { Matrix } from '../../src/matrix.js';
import { distance, flip, gaussian, mapped, orthogonal, times } from '../support.js';

const engine = await openEngine('ml-matrix');

/** Samples whose directions fall from 1 to 1 / condition. */
const graded = (n: number, d: number, condition: number, seed: number): Matrix & { data: Float64Array } =>
  times(
    mapped(gaussian(n, d, seed), (value, _, j) => value * condition ** (-j / (d - 1))),
    orthogonal(d, seed + 1),
  );
const single = (m: Matrix): Matrix => ({ ...m, data: Float32Array.from(m.data) });

describe('condition of a triangle', () => {
  it.each([1, 1e2, 1e5, 1e8])('is estimated within a factor of 3 at %d', async (condition) => {
    const x = graded(400, 12, condition, 1);
    const { factor } = await factorDirect(engine, x);
    const truth = factor.s[0] / factor.s[11];
    const gram = await engine.upload(times(flip(x), x));
    const lower = await engine.cholesky(gram);
    // Samples are not centred here, but their means are nothing beside their spread.
    const estimate = conditionOf(await engine.download(lower!));
    expect(estimate).toBeGreaterThan(truth / 3);
    expect(estimate).toBeLessThan(truth * 3);
  });

  it('is infinite where the triangle is singular', () => {
    expect(conditionOf({ rows: 2, cols: 2, data: Float64Array.of(1, 0, 1, 0) })).toBe(Infinity);
  });
});

describe('thin QR', () => {
  it.each([
    [1, true],
    [1e6, true],
    [1e9, false],
  ])(
    'at condition %d is orthonormal to the last digits (CholeskyQR2: %s)',
    async (condition, conditioned) => {
      const x = graded(300, 8, condition, 3);
      expect(condition < CHOLESKY_UP_TO).toBe(conditioned);
      const found = await thinQr(engine, await engine.upload(x));
      expect(found.condition < Infinity).toBe(conditioned);
      const [q, r] = [await engine.download(found.q), await engine.download(found.r)];
      expect(distance(times(q, r).data, x.data)).toBeLessThan(1e-13);
      const identity = Float64Array.from({ length: 64 }, (_, at) => (Math.floor(at / 8) === at % 8 ? 1 : 0));
      expect(distance(times(flip(q), q).data, identity)).toBeLessThan(1e-14);
      for (let i = 0; i < 8; i++) for (let j = 0; j < i; j++) expect(r.data[i * 8 + j]).toBe(0);
    },
  );
});

describe('routes of two layers', () => {
  const sides = (condition: number): [Matrix, Matrix] => {
    const x = graded(500, 9, condition, 5);
    const mixed = times(x, gaussian(9, 6, 7));
    const noise = gaussian(500, 6, 8);
    return [x, mapped(noise, (value, i, j) => value + mixed.data[i * 6 + j] + 40)];
  };

  it.each([
    ['moments', 10],
    ['moments', 1e5],
    ['direct', 10],
    ['direct', 1e8],
    ['conditioned', 10],
    ['conditioned', 1e5],
  ] as [Route, number][])(
    '%s: any bases give the correlations of the singular bases, at condition %d',
    async (route, condition) => {
      const [x, y] = sides(condition);
      const values = async (anyBasis: boolean) => {
        const { cross, x: side } = await crossInMemory(engine, x, y, route, { keep: 'all', anyBasis });
        expect(side.rank).toBe(9);
        return engine.singularValues(await engine.upload(cross));
      };
      expect(distance(await values(true), await values(false))).toBeLessThan(1e-10);
    },
  );

  it('takes moments of float64 data only where they lose nothing', async () => {
    const methodOf = async (condition: number) => (await svcca(...sides(condition), { keep: 'all' })).method;
    expect(await methodOf(10)).toBe('moments');
    expect(await methodOf(1e5)).toBe('direct');
    const [x, y] = sides(10);
    const dead = mapped(x, (value, _, j) => (j === 3 ? 7 : value));
    const { method, x: side } = await cca(dead, y);
    expect([method, side.dead, side.rank]).toEqual(['direct', 1, 8]);
  });

  it('of one dead or repeated neuron finds the rank and no vectors too many', async () => {
    const [x, y] = sides(10);
    const broken = mapped(x, (value, i, j) => (j === 3 ? 7 : j === 5 ? x.data[i * 9] : value));
    for (const method of ['moments', 'direct'] as const) {
      const { x: side, correlations } = await cca(single(broken), y, { method });
      expect([side.dead, side.rank, correlations!.length]).toEqual([1, 7, 6]);
    }
  });

  it('of a constant side is 0 with a warning, by every route', async () => {
    const [x, y] = sides(10);
    for (const method of ['auto', 'moments', 'direct'] as const) {
      const { score, warnings } = await cca(
        mapped(x, () => 3),
        y,
        { method },
      );
      expect(score).toBe(0);
      expect(warnings[0]).toContain('constant');
    }
  });

  it('of wide float32 layers works on the side of the samples, and agrees with the direct route', async () => {
    const [x, y] = [single(gaussian(20, 50, 9)), single(gaussian(20, 33, 10))];
    const rows = await factorRows(engine, x);
    const direct = await factorDirect(engine, x);
    expect([rows.factor.method, rows.factor.rank]).toEqual(['moments', 19]);
    expect(distance(rows.factor.s, direct.factor.s)).toBeLessThan(1e-12);
    expect(distance(rows.factor.v.data, direct.factor.v.data)).toBeLessThan(1e-12);
    const keep = { dims: 5 };
    const [byRows, byQr] = [await svcca(x, y, { keep }), await svcca(x, y, { keep, method: 'direct' })];
    expect([byRows.method, byQr.method]).toEqual(['moments', 'direct']);
    expect(Math.abs(byRows.score - byQr.score)).toBeLessThan(1e-12);
  });
});

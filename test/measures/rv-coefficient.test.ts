import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { MatrixLike } from '../../src/matrix.js';
import { cka } from '../../src/measures/functions.js';
import { measurePair } from '../../src/measures/run-pair.js';
import type { PairOptions } from '../../src/measures/run-pair.js';
import { rvCoefficientMeasure } from '../../src/measures/rv-coefficient.js';
import type { RvCoefficientOptions } from '../../src/measures/rv-coefficient.js';
import { gaussian, mapped, orthogonal, times } from '../support.js';
import { orders, reordered, waves, x, y } from './waves.js';

const rv = (a: MatrixLike, b: MatrixLike, options: RvCoefficientOptions & PairOptions = {}) =>
  measurePair(rvCoefficientMeasure, a, b, options);
const runs = { seed: 7, numRuns: 20 };

describe('rvCoefficient', () => {
  // from hoggorm.mat_corr_coeff import RVcoeff, RV2coeff  # hoggorm 0.13.3, on centred arrays
  // RVcoeff([x, y])[0, 1], RV2coeff([x, y])[0, 1]; the same of waves(20, 60, 1.0), waves(20, 50, 2.5)
  it.each(['direct', 'moments'] as const)("is hoggorm's RV and RV2 by the %s route", async (method) => {
    const plain = await rv(x, y, { method });
    expect(Math.abs(plain.score - 0.2573881648579772)).toBeLessThan(1e-10);
    expect(Math.abs((await rv(x, y, { method, modified: true })).score - 0.19835700387966257)).toBeLessThan(
      1e-10,
    );
    const [a, b] = [waves(20, 60, 1), waves(20, 50, 2.5)];
    expect(Math.abs((await rv(a, b, { method })).score - 0.8943534026166401)).toBeLessThan(1e-10);
    expect(Math.abs((await rv(a, b, { method, modified: true })).score - 0.5050939097319875)).toBeLessThan(
      1e-10,
    );
    // RVadjGhaziri of the R package MatrixCorrelation, its lines in numpy:
    // m = sqrt(tr(K)**2/tr(K@K)) * sqrt(tr(L)**2/tr(L@L)) / (n-1); (rv - m)/(1 - m)
    expect(Math.abs(plain.chance! - 0.07554924653380872)).toBeLessThan(1e-10);
    expect(Math.abs(plain.adjusted! - 0.1966994105877146)).toBeLessThan(1e-10);
  });

  it('has the chance level that all orders of the samples average to', async () => {
    const [a, b] = [waves(5, 2, 1), waves(5, 3, 2)];
    // hoggorm over the same 120 orders
    for (const [modified, golden] of [
      [false, 0.5435840708394682],
      [true, 0.23947475083853853],
    ] as const) {
      const results = await Promise.all(
        orders(5).map((order) => rv(reordered(a, order), b, { modified, engine: 'ml-matrix' })),
      );
      expect(results.reduce((sum, { score }) => sum + score, 0) / 120).toBeCloseTo(golden, 12);
      expect(results[7].chance).toBeCloseTo(golden, 12);
    }
  });

  it('is linear CKA, biased', async () => {
    expect((await rv(x, y)).score).toBeCloseTo((await cka(x, y)).score, 14);
  });

  test.prop([fc.nat(), fc.boolean()], runs)(
    'is symmetric, bounded, 1 of itself and blind to rotation, scale and offset',
    async (seed, modified) => {
      const [a, b] = [gaussian(30, 6, seed), gaussian(30, 4, seed + 1)];
      const { score, chance } = await rv(a, b, { modified });
      expect(score).toBeGreaterThanOrEqual(modified ? -1 : 0);
      expect(score).toBeLessThanOrEqual(1);
      expect(chance).toBeGreaterThan(0);
      expect((await rv(b, a, { modified })).score).toBeCloseTo(score, 12);
      expect((await rv(a, a, { modified })).score).toBeCloseTo(1, 12);
      for (const scale of [1e-8, -1e8]) {
        const turned = mapped(times(a, orthogonal(6, seed + 2)), (value) => scale * (value + 3));
        expect((await rv(turned, b, { modified })).score).toBeCloseTo(score, 9);
      }
    },
  );

  it('is near its chance level of independent wide sides, which is far lower where modified', async () => {
    const [a, b] = [gaussian(40, 300, 1), gaussian(40, 300, 2)];
    const [plain, modified] = [await rv(a, b), await rv(a, b, { modified: true })];
    expect(plain.score).toBeGreaterThan(0.8);
    expect(modified.score).toBeLessThan(0.3);
    for (const { adjusted } of [plain, modified]) expect(Math.abs(adjusted!)).toBeLessThan(0.15);
  });

  it.each([false, true])('is 0 of a constant side, with a warning (modified: %s)', async (modified) => {
    const constant = mapped(x, (_, __, j) => j);
    for (const [a, b] of [
      [constant, y],
      [y, constant],
    ] as const) {
      const result = await rv(a, b, { modified });
      expect(result.score).toBe(0);
      expect(result.warnings[0]).toMatch(/constant over the samples/);
    }
  });

  it('modified, is undefined where the samples are equal but for their last digit: 0, a warning, and not NaN', async () => {
    const equal = mapped(x, (_, i) => 1e8 + (i === 3 ? 2e-8 : 0));
    for (const engine of ['ml-matrix', 'wasm'] as const) {
      const found = await rv(equal, equal, { modified: true, engine });
      expect(found.score).toBe(0);
      expect(found.chance).toBeUndefined();
      expect(found.warnings).toEqual([expect.stringContaining('undefined')]);
    }
  });

  it.each([1e-85, 1e85])('modified, does not notice a scale of %d', async (scale) => {
    const { score } = await rv(x, y, { modified: true });
    const scaled = mapped(x, (value) => scale * value);
    expect((await rv(scaled, y, { modified: true })).score).toBeCloseTo(score, 12);
    await expect(rv(scaled, y, { modified: true, method: 'direct' })).rejects.toMatchObject({
      code: 'NUMERICAL',
    });
  });

  it('is 1 of two samples, for there is one direction to agree on', async () => {
    expect(
      (
        await rv(
          [
            [1, 2],
            [3, 5],
          ],
          [[1], [0]],
          { modified: true },
        )
      ).score,
    ).toBeCloseTo(1, 12);
  });

  it('refuses bad options by name', async () => {
    await expect(rv(x, y, { modified: 'yes' as never })).rejects.toThrow(
      "modified is 'yes': give true or false",
    );
    await expect(rv(x, y, { adjusted: true } as object)).rejects.toThrow(
      "rvCoefficient has no option 'adjusted'",
    );
  });
});

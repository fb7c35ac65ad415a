import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { DataError, OptionError } from '../../src/errors.js';
import type { MatrixLike } from '../../src/matrix.js';
import { measurePair } from '../../src/measures/run-pair.js';
import type { PairOptions } from '../../src/measures/run-pair.js';
import { regressionMeasure } from '../../src/measures/regression.js';
import type { RegressionOptions } from '../../src/measures/regression.js';
import { beside, gaussian, mapped, orthogonal, times } from '../support.js';
import { orders, reordered, waves, x, y } from './waves.js';

const regression = (a: MatrixLike, b: MatrixLike, options: RegressionOptions & PairOptions = {}) =>
  measurePair(regressionMeasure, a, b, options);
const runs = { seed: 7, numRuns: 20 };

describe('regression', () => {
  // r2_score(y, LinearRegression().fit(x, y).predict(x), multioutput='variance_weighted')  # scikit-learn 1.9.1
  it.each(['direct', 'moments'] as const)("is scikit-learn's R² by the %s route", async (method) => {
    const forward = await regression(x, y, { method });
    expect(Math.abs(forward.score - 0.7544446686853172)).toBeLessThan(1e-10);
    const backward = await regression(x, y, { from: 'y', method });
    expect(Math.abs(backward.score - 0.215906108241654)).toBeLessThan(1e-10);
    expect((await regression(y, x, { method })).score).toBeCloseTo(backward.score, 12);
    expect(forward).toMatchObject({ x: { rank: 5, kept: 5 }, y: { rank: 3, kept: 3 }, warnings: [] });
    expect(forward.options).toEqual({ from: 'x', allowFewSamples: false });
  });

  it('has the chance level that all orders of the samples average to', async () => {
    const [a, b] = [waves(5, 2, 1), waves(5, 3, 2)];
    const results = await Promise.all(
      orders(5).map((order) => regression(reordered(a, order), b, { engine: 'ml-matrix' })),
    );
    const mean = results.reduce((sum, { score }) => sum + score, 0) / results.length;
    // scikit-learn over the same 120 orders: 0.5000000000000001
    expect(mean).toBeCloseTo(0.5, 12);
    expect(results[0].chance).toBeCloseTo(0.5, 14);
    expect(results[0].adjusted).toBeCloseTo(2 * results[0].score - 1, 12);
  });

  test.prop([fc.nat()], runs)(
    'does not notice an invertible map of x, nor rotation and scale of y',
    async (seed) => {
      const map = mapped(gaussian(5, 5, seed), (value, i, j) => value + (i === j ? 4 : 0));
      const value = (await regression(x, y)).score;
      expect((await regression(beside(times(x, map), x), y)).score).toBeCloseTo(value, 9);
      const turned = mapped(times(y, orthogonal(3, seed)), (v) => 1e-8 * v - 5e-8);
      expect((await regression(x, turned)).score).toBeCloseTo(value, 8);
      expect(value).toBeLessThanOrEqual(1);
    },
  );

  test.prop([fc.nat()], runs)('is 1 where y is a linear map of x, whichever the scale', async (seed) => {
    for (const scale of [1e-8, 1, 1e8]) {
      const image = mapped(times(x, gaussian(5, 4, seed)), (value) => scale * value);
      const { score } = await regression(x, image);
      expect(score).toBeGreaterThan(1 - 1e-10);
      expect(score).toBeLessThanOrEqual(1);
    }
  });

  it('refuses a predictor that explains anything, by default', async () => {
    const [wide, narrow] = [gaussian(20, 30, 1), gaussian(20, 3, 2)];
    const attempt = regression(wide, narrow);
    await expect(attempt).rejects.toThrow(DataError);
    await expect(attempt).rejects.toMatchObject({ code: 'TOO_FEW_SAMPLES' });
    await expect(attempt).rejects.toThrow(
      '20 samples for 19 predicting directions of x: R² is 1 whatever the data; give more samples',
    );
    const allowed = await regression(wide, narrow, { allowFewSamples: true });
    expect(allowed.score).toBeCloseTo(1, 10);
    expect(allowed).toMatchObject({ chance: 1, adjusted: 0 });
    expect(allowed.warnings[0]).toMatch(/R² is 1 whatever the data\.$/);
    // The predicted side may be as wide as it likes.
    const ok = await regression(wide, narrow, { from: 'y' });
    expect(ok.score).toBeLessThan(0.5);
    expect(ok.chance).toBeCloseTo(3 / 19, 14);
    const few = await regression(gaussian(30, 8, 1), gaussian(30, 2, 3));
    expect(few.warnings).toHaveLength(1);
    expect(few.warnings[0]).toMatch(/^30 samples for 8 kept directions: score 0\.\d\d, .* 0\.28 by chance/);
  });

  it('is 0 of a constant side, with a warning', async () => {
    const constant = mapped(x, (_, __, j) => j);
    for (const [a, b] of [
      [constant, y],
      [y, constant],
    ] as const) {
      const result = await regression(a, b);
      expect(result.score).toBe(0);
      expect(result.warnings[0]).toMatch(/constant over the samples/);
    }
  });

  it('refuses bad options by name', async () => {
    await expect(regression(x, y, { from: 'both' as 'x' })).rejects.toThrow(
      new OptionError("from is 'both': choose one of 'x', 'y'"),
    );
    await expect(regression(x, y, { to: 'x' } as object)).rejects.toThrow("regression has no option 'to'");
    await expect(regression(x, y, { allowFewSamples: 1 as never })).rejects.toThrow('allowFewSamples is 1');
  });
});

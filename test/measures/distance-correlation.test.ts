import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { Matrix } from '../../src/matrix.js';
import { ckaMeasure } from '../../src/measures/cka.js';
import { distanceCorrelationMeasure } from '../../src/measures/distance-correlation.js';
import type { DistanceCorrelationOptions } from '../../src/measures/distance-correlation.js';
import { measurePair } from '../../src/measures/run-pair.js';
import { demoPair } from '../pairwise/numpy.js';
import { beside, gaussian, mapped, orthogonal, times } from '../support.js';

const dcor = (x: Matrix, y: Matrix, options: DistanceCorrelationOptions = {}) =>
  measurePair(distanceCorrelationMeasure, x, y, options);
const { x, y } = demoPair();
const column = (...values: number[]): Matrix => ({
  rows: values.length,
  cols: 1,
  data: Float64Array.from(values),
});

describe('distance correlation', () => {
  // /tmp/venv/bin/python, dcor 0.7: rng = np.random.RandomState(1337); X = rng.randn(100, 10); Y = rng.randn(100, 10) + X
  // dcor.distance_correlation(X, Y, exponent=e), .distance_correlation_sqr(…), .u_distance_correlation_sqr(…)
  it.each([
    [1, 0.7992461851228599, 0.6387944644334449, 0.502082583263897],
    [0.5, 0.8886079628866025, 0.7896241117054775, 0.48914498703334114],
    [1.5, 0.7634178437492047, 0.5828068041546852, 0.5100024980476889],
  ])('of exponent %d is that of dcor', async (exponent, root, squared, debiased) => {
    expect((await dcor(x, y, { exponent })).score).toBeCloseTo(root, 12);
    expect((await dcor(x, y, { exponent, squared: true })).score).toBeCloseTo(squared, 12);
    const unbiased = { exponent, estimator: 'debiased' } as const;
    expect((await dcor(x, y, { ...unbiased, squared: true })).score).toBeCloseTo(debiased, 12);
    expect((await dcor(x, y, unbiased)).score).toBeCloseTo(Math.sqrt(debiased), 12);
  });

  it('is that which dcor documents, negative included', async () => {
    const a: Matrix = { rows: 4, cols: 4, data: Float64Array.from({ length: 16 }, (_, at) => at + 1) };
    const b = column(1, 0, 0, 1);
    const all = { squared: true, estimator: 'debiased' } as const;
    expect((await dcor(a, b, all)).score).toBeCloseTo(-0.5, 12);
    expect((await dcor(a, b, { ...all, squared: false })).score).toBeCloseTo(-Math.SQRT1_2, 12);
    // dcor.u_distance_correlation_sqr(a, b, exponent=0.5), dcor.distance_correlation(a, b)
    expect((await dcor(a, b, { ...all, exponent: 0.5 })).score).toBeCloseTo(-0.40504792102511367, 12);
    expect((await dcor(a, b)).score).toBeCloseTo(0.5266403878479267, 12);
  });

  it('sees a dependence without correlation', async () => {
    const a = column(-2, -1, 0, 1, 2);
    const b = mapped(a, (value) => value * value);
    // dcor.distance_correlation(np.array([-2., -1, 0, 1, 2]), np.array([4., 1, 0, 1, 4]))
    expect((await measurePair(ckaMeasure, a, b, {})).score).toBeCloseTo(0, 12);
    expect((await dcor(a, b)).score).toBeCloseTo(0.5159234568589329, 12);
  });

  it('of squared distances is linear CKA', async () => {
    for (const estimator of ['biased', 'debiased'] as const) {
      const { score, chance } = await measurePair(ckaMeasure, x, y, { estimator });
      const found = await dcor(x, y, { estimator, exponent: 2, squared: true });
      expect(found.score).toBeCloseTo(score, 12);
      expect(found.chance).toBeCloseTo(chance!, 12);
    }
  });
});

const pair = fc
  .record({ n: fc.integer({ min: 8, max: 50 }), p: fc.integer({ min: 1, max: 6 }), seed: fc.nat() })
  .map(({ n, p, seed }) => {
    const x = gaussian(n, p, seed);
    const mix = times(x, gaussian(p, 3, seed + 1));
    return { x, y: mapped(gaussian(n, 3, seed + 2), (value, i, j) => value + mix.data[i * 3 + j]), seed };
  });
const runs = { seed: 7, numRuns: 15 };

describe.each<[string, DistanceCorrelationOptions]>([
  ['the root', {}],
  ['the square', { squared: true }],
  ['of exponent 0.7', { exponent: 0.7 }],
])('%s', (_, options) => {
  test.prop([pair], runs)('is symmetric, lies in [0, 1], and is 1 of a side and itself', async ({ x, y }) => {
    const { score } = await dcor(x, y, options);
    expect(score).toBeGreaterThan(0);
    expect(score).toBeLessThanOrEqual(1);
    expect((await dcor(y, x, options)).score).toBeCloseTo(score, 12);
    expect((await dcor(x, x, options)).score).toBeCloseTo(1, 12);
    expect((await dcor(x, x, { ...options, estimator: 'debiased' })).score).toBeCloseTo(1, 12);
  });

  test.prop([pair], runs)('does not notice rotation, scale or offset', async ({ x, y, seed }) => {
    for (const estimator of ['biased', 'debiased'] as const) {
      const all = { ...options, estimator };
      const { score } = await dcor(x, y, { ...all, squared: true });
      const turned = times(x, orthogonal(x.cols, seed));
      for (const [scale, offset] of [
        [1e-8, 0],
        [1e8, 1],
        [-2, 1e4],
      ]) {
        const other = mapped(turned, (value) => value * scale + offset);
        expect((await dcor(other, y, { ...all, squared: true })).score).toBeCloseTo(score, 9);
      }
    }
  });
});

describe('its edges', () => {
  it('chance is the average of all orders of the samples', async () => {
    const part = (m: Matrix) => ({ rows: 4, cols: m.cols, data: m.data.slice(0, 4 * m.cols) });
    const [a, b] = [part(x), part(y)];
    const scores: number[] = [];
    for (const p of [0, 1, 2, 3])
      for (const q of [0, 1, 2, 3])
        for (const r of [0, 1, 2, 3]) {
          const order = [p, q, r, 6 - p - q - r];
          if (new Set(order).size < 4 || order[3] < 0 || order[3] > 3) continue;
          const other = mapped(b, (_, i, j) => b.data[order[i] * b.cols + j]);
          scores.push((await dcor(a, other, { squared: true })).score);
        }
    expect(scores.length).toBe(24);
    const mean = scores.reduce((sum, value) => sum + value, 0) / 24;
    expect((await dcor(a, b, { squared: true })).chance).toBeCloseTo(mean, 12);
    expect((await dcor(a, b)).chance).toBeCloseTo(Math.sqrt(mean), 12);
  });

  it('reads float32, dead neurons and repeated samples', async () => {
    const single = { rows: 100, cols: 10, data: Float32Array.from(x.data) };
    const { score } = await dcor(
      mapped(single, (value) => value),
      y,
    );
    expect((await dcor(single, y)).score).toBeCloseTo(score, 13);
    expect(
      (
        await dcor(
          beside(
            single,
            mapped(y, () => 5),
          ),
          y,
        )
      ).score,
    ).toBeCloseTo(score, 13);
    const twice = (m: Matrix) => mapped(m, (_, i, j) => m.data[(i - (i % 2)) * m.cols + j]);
    expect((await dcor(twice(x), twice(x))).score).toBeCloseTo(1, 13);
  });

  it('is 0 of a constant side, and says so', async () => {
    for (const estimator of ['biased', 'debiased'] as const) {
      const found = await dcor(
        mapped(x, () => 0.1),
        y,
        { estimator },
      );
      expect(found.score).toBe(0);
      expect(found.warnings).toEqual([expect.stringContaining('Side x is constant')]);
    }
  });

  it('debiased, of samples that are all equally far apart, is undefined: 0 and a warning', async () => {
    const corners = mapped(gaussian(8, 8, 1), (_, i, j) => Number(i === j));
    const found = await dcor(corners, corners, { estimator: 'debiased' });
    expect(found.score).toBe(0);
    expect(found.warnings[0]).toContain('undefined');
  });

  it('has a chance where its average is known: not of the debiased root', async () => {
    const debiased = { estimator: 'debiased' } as const;
    expect((await dcor(x, y)).chance).toBeGreaterThan(0);
    expect((await dcor(x, y, { ...debiased, squared: true })).chance).toBe(0);
    const found = await dcor(x, y, debiased);
    expect(found.chance).toBeUndefined();
    expect(found.adjusted).toBeUndefined();
  });

  it.each([1e-100, 1e-85, 1e85, 1e100])('does not notice a scale of %d', async (scale) => {
    for (const options of [{}, { exponent: 2, estimator: 'debiased' }, { exponent: 0.5 }] as const) {
      const { score } = await dcor(x, y, options);
      const scaled = mapped(x, (value) => scale * value);
      expect((await dcor(scaled, y, options)).score).toBeCloseTo(score, 12);
    }
  });

  it.each<[DistanceCorrelationOptions, string]>([
    [{ exponent: 0 }, 'exponent is 0: give a number above 0 and at most 2'],
    [{ exponent: 2.1 }, 'exponent is 2.1'],
    [{ squared: 1 as unknown as boolean }, 'squared is 1: give true or false'],
    [{ estimator: 'u' as 'biased' }, "estimator is 'u': choose one of 'biased', 'debiased'"],
    [{ power: 1 } as DistanceCorrelationOptions, "distanceCorrelation has no option 'power'"],
  ])('%j', async (options, message) => {
    await expect(dcor(x, y, options)).rejects.toThrow(message);
  });

  it('debiased needs four samples', async () => {
    const three = column(1, 2, 4);
    await expect(dcor(three, three, { estimator: 'debiased' })).rejects.toMatchObject({
      code: 'TOO_FEW_SAMPLES',
    });
    expect((await dcor(three, three)).score).toBeCloseTo(1, 12);
  });
});

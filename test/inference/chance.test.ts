/** What correlations unrelated sides reach: known values, simulations elsewhere, and what the results carry. */
import { describe, expect, it } from 'vitest';
import { chanceCorrelations, chanceMean, chanceMeanSquared } from '../../src/measures/chance.js';
import { cca, pwcca, svcca } from '../../src/measures/functions.js';
import { openEngine } from '../../src/engines/select.js';
import { gaussian } from '../support.js';

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;

describe('the chance level of canonical correlations', () => {
  // conventions.md, and google/svcca's tutorial.
  it.each([
    [101, 100, 1],
    [200, 100, 0.637],
    [500, 100, 0.389],
    [1000, 100, 0.272],
    [2000, 100, 0.192],
    [10000, 500, 0.1905],
  ])('of %i samples of %i against as many neurons is %f', (n, d, expected) => {
    expect(Math.abs(chanceMean(n, { x: d, y: d }) - expected)).toBeLessThan(0.003);
  });

  // E sqrt(Beta(q/2, (N-q)/2)) with N = n - 1, by mpmath 1.3:
  // mp.beta(q/2 + .5, (N-q)/2) / mp.beta(q/2, (N-q)/2)
  it.each([
    [3, 1, 0.6366197723675814],
    [5, 1, 0.42441318157838753],
    [51, 1, 0.11340348133774505],
    [1001, 1, 0.02523763383899971],
    [31, 7, 0.470054120223295],
  ])('of one direction, %i samples and %i directions is that of the Beta law', (n, q, expected) => {
    expect(chanceMean(n, { x: 1, y: q })).toBeCloseTo(expected, 5);
    expect(chanceMean(n, { x: q, y: 1 })).toBeCloseTo(expected, 5);
  });

  // Mean over draws of Gaussian sides with numpy's default_rng(1), `linalg.svd(solve(cholesky(AAᵀ + BBᵀ), A))`; standard errors
  // 1.3e-4 to 4.8e-4.
  it.each([
    [2, 2, 4, 0.62634],
    [2, 2, 10, 0.37496],
    [2, 5, 10, 0.67891],
    [2, 30, 100, 0.54289],
    [3, 3, 7, 0.5728],
    [3, 3, 20, 0.32416],
    [3, 10, 30, 0.5568],
    [5, 5, 20, 0.42811],
    [5, 20, 50, 0.61737],
    [10, 10, 50, 0.38313],
    [10, 40, 100, 0.61836],
    [16, 16, 100, 0.34242],
    [20, 20, 300, 0.21915],
  ])('of %i and %i directions in %i dimensions is the simulated', (p, q, dimensions, expected) => {
    expect(Math.abs(chanceMean(dimensions + 1, { x: p, y: q }) - expected)).toBeLessThan(1.5e-3);
  });

  it('goes over from the exact density to its expansion without a step', () => {
    for (const n of [73, 100, 500, 100_000]) {
      const [before, exact, limit, after] = [31, 32, 33, 34].map((d) => chanceMean(n, { x: d, y: 40 }));
      expect(Math.abs(before - 3 * exact + 3 * limit - after)).toBeLessThan(6e-4);
    }
  });

  it('has the exact mean square, whether the sides must meet or not', () => {
    for (const [x, y, n] of [
      [3, 7, 50],
      [7, 3, 50],
      [30, 32, 50],
      [60, 100, 300],
      [60, 100, 140],
      [5, 49, 51],
    ]) {
      const rho = chanceCorrelations(n, { x: x, y: y });
      expect(rho).toHaveLength(Math.min(x, y));
      expect(rho.every((value, i) => value >= 0 && value <= 1 && value <= (rho[i - 1] ?? 1))).toBe(true);
      // Parts of the spectrum are means of ρ, whose squares miss the spread within a part.
      const square = chanceMeanSquared(n, { x: x, y: y });
      expect(square).toBeCloseTo(Math.max(x, y) / (n - 1), 14);
      expect(mean(rho.map((r) => r * r))).toBeLessThan(square + 1e-5);
      expect(mean(rho.map((r) => r * r))).toBeGreaterThan(square - 0.02);
    }
  });

  it('is 1 where a side fills every dimension, and nothing where a side has none', () => {
    expect(chanceCorrelations(10, { x: 9, y: 2 })).toEqual([1, 1]);
    expect(chanceCorrelations(10, { x: 40, y: 1 })).toEqual([1]);
    expect(chanceCorrelations(10, { x: 0, y: 4 })).toEqual([]);
    expect(chanceMean(10, { x: 0, y: 4 })).toBe(0);
    expect(chanceMeanSquared(10, { x: 0, y: 4 })).toBe(0);
    expect(chanceCorrelations(12, { x: 8, y: 7 }).slice(0, 4)).toEqual([1, 1, 1, 1]);
  });
});

describe('a result carries it', () => {
  it.each([
    ['all of the leading', { summary: { top: 9 } }],
    ['mean over the neurons of x', { divisor: 'x' }],
    ['mean square', { summary: 'meanSquared' }],
    ['sum', { summary: 'sum' }],
  ] as const)('for %s, and 150 unrelated pairs score that', async (_, options) => {
    const engine = await openEngine('ml-matrix');
    const results = [];
    for (let i = 0; i < 150; i++) {
      const [x, y] = [gaussian(40, 9, 2 * i), gaussian(40, 4, 2 * i + 1)];
      results.push(await cca(x, y, { engine, ...options }));
    }
    const scale = results[0].options['summary'] === 'sum' ? 4 : 1;
    expect(Math.abs(mean(results.map(({ score }) => score)) - results[0].chance!)).toBeLessThan(
      0.017 * scale,
    );
    expect(Math.abs(mean(results.map(({ adjusted }) => adjusted!)))).toBeLessThan(0.04);
  });

  it('for PWCCA, whose weights do not change it, whatever the scales of the neurons', async () => {
    const engine = await openEngine('ml-matrix');
    for (const side of ['x', 'y'] as const) {
      const results = [];
      for (let i = 0; i < 150; i++) {
        const x = gaussian(40, 9, 2 * i);
        const stretched = { ...x, data: x.data.map((value, at) => value * 2 ** (at % 9)) };
        results.push(await pwcca(stretched, gaussian(40, 4, 2 * i + 1), { engine, side }));
      }
      expect(Math.abs(mean(results.map(({ score }) => score)) - results[0].chance!)).toBeLessThan(0.017);
    }
  });

  it('for the directions that SVCCA keeps, and not for single ones of few', async () => {
    const [x, y] = [gaussian(200, 12, 1), gaussian(200, 12, 2)];
    const kept = await svcca(x, y, { keep: { dims: 3 } });
    expect(kept.chance).toBe(chanceMean(200, { x: 3, y: 3 }));
    for (const summary of ['thresholded', { top: 2 }] as const) {
      const result = await svcca(x, y, { summary });
      expect(result).not.toHaveProperty('chance');
      expect(result).not.toHaveProperty('adjusted');
    }
    expect(await cca(x, y, { centred: false })).not.toHaveProperty('chance');
    expect(await pwcca(x, y, { variant: 'anatome' })).not.toHaveProperty('chance');
  });

  it('for single correlations of many, to 0.004', async () => {
    const [x, y] = [gaussian(301, 60, 1), gaussian(301, 60, 2)];
    const { correlations, chance } = await cca(x, y, { summary: { top: 5 } });
    expect(Math.abs(mean(correlations!.slice(0, 5)) - chance!)).toBeLessThan(0.03);
    const google = await cca(x, y, { summary: 'thresholded' });
    expect(Math.abs(google.score - google.chance!)).toBeLessThan(0.02);
  });

  it('in a warning where samples are few', async () => {
    const few = await svcca(gaussian(60, 30, 1), gaussian(60, 30, 2), { keep: 'all' });
    expect(few.warnings[0]).toMatch(
      /^60 samples for 30 kept directions: score 0\.\d\d, where unrelated sides reach 0\.64 by chance; 4 × as many samples would bring chance to 0\.30\./,
    );
    const raw = await cca(gaussian(60, 30, 1), gaussian(60, 30, 2), { centred: false });
    expect(raw.warnings[0]).toContain('is largely chance: unrelated sides reach a mean correlation of 0.64.');
  });
});

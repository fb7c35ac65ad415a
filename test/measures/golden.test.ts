import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { score } from '../../src/compare/score.js';
import type { LabelledResult } from '../../src/compare/score.js';
import { cca, cka, pls, procrustes, pwcca, svcca } from '../../src/measures/functions.js';
import { presets } from '../../src/measures/presets.js';
import { hasReference, reference, shared } from '../support.js';

/** Values of float64, from google/svcca's tutorial activations; digits as far as they are known. */
const RHO = [
  0.9462459238, 0.9202472861, 0.9054237994, 0.8832599021, 0.8473499352, 0.7771479499, 0.7365304752,
  0.5741157156, 0.3766539769, 0.0902881724,
];

describe.skipIf(!hasReference)('golden values of mnist_lay04 (needs ../shared/reference)', () => {
  const x = hasReference
    ? reference('mnist_lay04_model0.npy')
    : { rows: 0, cols: 0, data: new Float32Array(0) };
  const y = hasReference ? reference('mnist_lay04_model1.npy') : x;

  describe.each(['direct', 'moments'] as const)('by the %s route', (method) => {
    it.each([
      ['mean ρ', () => cca(x, y, { method }), 0.70572631366, 1e-9],
      ['mean ρ²', () => cca(x, y, { method, summary: 'meanSquared' }), 0.5686243744, 1e-9],
      ['google threshold', () => cca(x, y, { method, ...presets.google.cca }), 0.77410832936, 1e-9],
      ['PWCCA google (X, Y)', () => pwcca(x, y, { method, ...presets.google.pwcca }), 0.73720072636, 1e-9],
      ['PWCCA google (Y, X)', () => pwcca(y, x, { method, ...presets.google.pwcca }), 0.81796343009, 1e-9],
      [
        'PWCCA google, side y',
        () => pwcca(x, y, { method, variant: 'google', side: 'y' }),
        0.81796343009,
        1e-9,
      ],
      ['PWCCA paper, side x', () => pwcca(x, y, { method }), 0.80744493476, 1e-9],
      ['PWCCA paper, side y', () => pwcca(x, y, { method, side: 'y' }), 0.79896, 5e-6],
      ['PWCCA anatome', () => pwcca(x, y, { method, ...presets.anatome.pwcca }), 0.66429, 5e-6],
      ['SVCCA Σs² 0.99', () => svcca(x, y, { method }), 0.77875133803, 1e-9],
      [
        'SVCCA Σs 0.99',
        () => svcca(x, y, { method, keep: { singularValueMass: 0.99 } }),
        0.70572631366,
        1e-9,
      ],
      ['SVCCA Σs² 0.98', () => svcca(x, y, { method, keep: { variance: 0.98 } }), 0.74125, 5e-6],
      ['SVCCA Σs 0.98', () => svcca(x, y, { method, keep: { singularValueMass: 0.98 } }), 0.73607, 5e-6],
      ['SVCCA anatome', () => svcca(x, y, { method, ...presets.anatome.svcca }), 0.73882, 5e-6],
      ['R²CCA uncentred', () => cca(x, y, { method, ...presets.kornblith.cca }), 0.61236, 5e-6],
      ['linear CKA', () => cka(x, y, { method }), 0.43745231243, 1e-9],
      ['linear CKA debiased', () => cka(x, y, { method, estimator: 'debiased' }), 0.43739528065, 1e-9],
      ['Procrustes', () => procrustes(x, y, { method }), 0.7076871543, 1e-9],
      ['PLS σ₁', () => pls(x, y, { method }), 964.137922, 5e-7],
    ])('%s', async (_, run, expected, tolerance) => {
      const result = await run();
      expect(Math.abs(result.score - expected)).toBeLessThanOrEqual(tolerance);
      expect(result.method).toBe(method);
    });

    it('every ρ, and the kept directions', async () => {
      const { correlations } = await cca(x, y, { method });
      correlations!.forEach((rho, i) => {
        expect(Math.abs(rho - RHO[i])).toBeLessThanOrEqual(1e-9);
      });
      expect((await svcca(x, y, { method })).x).toEqual({ neurons: 10, dead: 0, rank: 10, kept: 8 });
    });
  });

  it('score gives them all in one call', async () => {
    const { results, skipped } = await score(x, y);
    const of = (label: string) => (results.find((r) => r.label === label) as LabelledResult).score;
    // All but those of n × n, which are left out above 5,000 samples.
    expect(new Set(skipped.map(({ measure }) => measure))).toEqual(
      new Set(['cka', 'rsa', 'distanceCorrelation', 'mutualKnn']),
    );
    expect(of('PWCCA, google (y, x)')).toBeCloseTo(0.81796343009, 9);
    expect(of('SVCCA, anatome')).toBeCloseTo(0.73882, 5);
    expect(of('linear CKA, debiased')).toBeCloseTo(0.43739528065, 9);
    expect(of('PLS, largest covariance')).toBeCloseTo(964.137922, 6);
  });
});

describe.skipIf(!hasReference)(
  'canonical correlations of the UCLA mmreg set (needs ../shared/reference)',
  () => {
    it('are those that the statistics texts print', async () => {
      const lines = hasReference
        ? readFileSync(join(shared, 'reference', 'mmreg.csv'), 'utf8')
            .trim()
            .split(/\r?\n/)
        : [];
      const table = lines.slice(1).map((line) => line.split(',').map(Number));
      const { correlations, method } = await cca(
        table.map((row) => row.slice(0, 3)),
        table.map((row) => row.slice(3)),
      );
      // Well conditioned, so that moments lose nothing.
      expect(method).toBe('moments');
      [0.4640861, 0.1675092, 0.1039911].forEach((rho, i) => {
        expect(Math.abs(correlations![i] - rho)).toBeLessThanOrEqual(5e-8);
      });
    });
  },
);

describe('small golden values, committed as numbers', () => {
  // numpy: rng = np.random.RandomState(1337); X = randn(6, 3).round(2); Y = (randn(6, 2) + X[:, :2]).round(2).
  const x = [
    [-0.7, -0.49, -0.32],
    [-1.76, 0.21, -2.01],
    [-0.56, 0.34, 1.55],
    [-1.37, 1.43, -0.28],
    [-0.56, 1.19, 1.7],
    [-1.69, -0.7, 0.58],
  ];
  const y = [
    [0.28, -1.71],
    [-3.09, 0.21],
    [-1.87, -0.04],
    [-0.1, 1.55],
    [-0.41, -1.56],
    [-2.05, -0.69],
  ];
  it.each([
    ['cca', () => cca(x, y), 0.6784794904419612],
    ['svcca', () => svcca(x, y, { keep: { variance: 0.8 } }), 0.558387778336495],
    ['pwcca of the narrower side', () => pwcca(x, y), 0.6870215531633188],
    ['pwcca of x', () => pwcca(x, y, { side: 'x' }), 0.6773110693430683],
    ['cka', () => cka(x, y), 0.25219943968507663],
    ['cka debiased', () => cka(x, y, { estimator: 'debiased' }), -0.2769833194962577],
    ['procrustes', () => procrustes(x, y), 0.5103970514405581],
  ])('%s', async (_, run, expected) => {
    expect(Math.abs((await run()).score - expected)).toBeLessThanOrEqual(1e-12);
  });
});

import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { DataError, OptionError } from '../../src/errors.js';
import type { MatrixLike } from '../../src/matrix.js';
import { cca, procrustes } from '../../src/measures/functions.js';
import { beside, gaussian, mapped, orthogonal, times } from '../support.js';
import { x, y } from './waves.js';

const runs = { seed: 7, numRuns: 20 };
const OUTPUTS = ['similarity', 'distance', 'squaredDistance', 'euclideanDistance', 'angle'] as const;

/*
 * netrep is not on the package registry: its LinearMetric(alpha, score_method='angular') by the lines that it publishes
 * (netrep/utils.py whiten and angular_distance, netrep/metrics/linear.py), sides padded with zeros to one width:
 *
 *   def whiten(X, alpha, eigval_tol=1e-7):
 *       if alpha > (1 - eigval_tol): return X, np.eye(X.shape[1])
 *       lam, V = np.linalg.eigh(X.T @ X); lam = np.maximum(lam, eigval_tol)
 *       d = alpha + (1 - alpha) * lam ** (-1 / 2)
 *       new_var = np.sum(alpha**2 * lam + 2 * alpha * (1 - alpha) * lam**0.5 + (1 - alpha)**2 * np.ones_like(lam))
 *       d *= np.sqrt(np.sum(lam) / new_var); Z = (V * d[None, :]) @ V.T
 *       return X @ Z, Z
 *   Xw, Zx = whiten(X, alpha); Yw, Zy = whiten(Y, alpha); U, _, Vt = np.linalg.svd(Xw.T @ Yw)
 *   A, B = (X @ Zx @ U).ravel(), (Y @ Zy @ Vt.T).ravel(); np.arccos(A @ B / norm(A) / norm(B))
 */
const NETREP = [
  [0, 0.8492581138116725],
  [0.1, 1.0110972519968133],
  [0.5, 1.0882156230918238],
  [0.9, 1.100469915953403],
  [1, 1.102061240510281],
] as const;
/** The same after X /= sqrt((X**2).sum() / matrix_rank(X)) of each centred side. */
const NORMALISED = [
  [0, 0.8492581138116724],
  [0.1, 0.8726070726559222],
  [0.5, 0.973423793972847],
  [0.9, 1.0773011993193],
  [1, 1.102061240510281],
] as const;

describe('procrustes with alpha', () => {
  it.each(NETREP)("is netrep's angle at %d in the units of the data", async (alpha, angle) => {
    for (const method of ['direct', 'moments'] as const) {
      const { score } = await procrustes(x, y, { alpha, scaling: 'none', output: 'angle', method });
      expect(Math.abs(score - angle)).toBeLessThan(1e-10);
    }
  });

  it.each(NORMALISED)('is that of sides of equal spread at %d by default', async (alpha, angle) => {
    const { score } = await procrustes(x, y, { alpha, output: 'angle' });
    expect(Math.abs(score - angle)).toBeLessThan(1e-10);
  });

  it('ends at Procrustes and at the mean canonical correlation', async () => {
    for (const output of OUTPUTS) {
      const plain = (await procrustes(x, y, { output })).score;
      expect((await procrustes(x, y, { output, alpha: 1, scaling: 'none' })).score).toBe(plain);
    }
    const { correlations } = await cca(x, y);
    const sum = correlations!.reduce((total, rho) => total + rho, 0);
    expect((await procrustes(x, y, { alpha: 0 })).score).toBeCloseTo(sum / Math.sqrt(5 * 3), 12);
    expect((await procrustes(x, x, { alpha: 0 })).score).toBeCloseTo(1, 12);
  });

  it('by default does not depend on the units of the data, nor on dead and duplicated neurons', async () => {
    const { score } = await procrustes(x, y, { alpha: 0.5 });
    for (const scale of [1e-8, 30, 1e8]) {
      const scaled = mapped(x, (value) => scale * (value + 1));
      expect((await procrustes(scaled, y, { alpha: 0.5 })).score).toBeCloseTo(score, 8);
    }
    const dead = beside(
      y,
      mapped(gaussian(40, 2, 1), () => 0.7),
    );
    expect((await procrustes(x, dead, { alpha: 0.5 })).score).toBeCloseTo(score, 12);
    // In the units of the data it does, as netrep's.
    const large = mapped(x, (value) => 1e4 * value);
    const raw = { alpha: 0.5, scaling: 'none' } as const;
    expect(
      Math.abs((await procrustes(large, y, raw)).score - (await procrustes(x, y, raw)).score),
    ).toBeGreaterThan(1e-3);
  });

  test.prop([fc.nat(), fc.constantFrom(0, 0.3, 0.5, 1)], runs)(
    'is symmetric, blind to rotation and a metric by its angle and Euclidean distance',
    async (seed, alpha) => {
      const side = (d: number, s: number) =>
        mapped(gaussian(40, d, s), (value, _, j) => value * (j + 1) ** 2);
      const [a, b, c] = [side(5, seed), side(3, seed + 1), side(7, seed + 2)];
      for (const output of ['angle', 'euclideanDistance'] as const) {
        const d = async (p: MatrixLike, q: MatrixLike) => (await procrustes(p, q, { output, alpha })).score;
        const [ab, bc, ac] = [await d(a, b), await d(b, c), await d(a, c)];
        expect(ac).toBeLessThanOrEqual(ab + bc + 1e-12);
        expect(ab).toBeLessThanOrEqual(ac + bc + 1e-12);
        expect(await d(b, a)).toBeCloseTo(ab, 10);
        expect(await d(a, a)).toBeLessThan(1e-6);
        expect(await d(times(a, orthogonal(5, seed + 3)), b)).toBeCloseTo(ab, 9);
      }
    },
  );

  it('needs more samples than directions only where nothing but correlations is left', async () => {
    const [wide, narrow] = [gaussian(20, 30, 1), gaussian(20, 3, 2)];
    await expect(procrustes(wide, narrow, { alpha: 0 })).rejects.toThrow(DataError);
    await expect(procrustes(wide, narrow, { alpha: 0 })).rejects.toMatchObject({ code: 'TOO_FEW_SAMPLES' });
    const allowed = await procrustes(wide, narrow, { alpha: 0, allowFewSamples: true });
    expect(allowed.score).toBeCloseTo(3 / Math.sqrt(19 * 3), 10);
    expect(allowed.warnings).toHaveLength(1);
    expect((await procrustes(wide, narrow, { alpha: 0.5 })).warnings).toEqual([]);
  });

  it('is 0 of a constant side at every alpha', async () => {
    const constant = mapped(x, (_, __, j) => j);
    for (const alpha of [0, 0.5, 1]) {
      const result = await procrustes(constant, y, { alpha });
      expect(result.score).toBe(0);
      expect(result.warnings).toHaveLength(1);
    }
  });

  it('refuses bad options by name', async () => {
    for (const alpha of [-0.1, 1.5, NaN, '1' as never]) {
      await expect(procrustes(x, y, { alpha })).rejects.toThrow(OptionError);
      await expect(procrustes(x, y, { alpha })).rejects.toThrow(/^alpha is .*: give a number from 0/);
    }
    await expect(procrustes(x, y, { scaling: 'unit' as 'none' })).rejects.toThrow(
      "scaling is 'unit': choose one of 'variance', 'none'",
    );
  });
});

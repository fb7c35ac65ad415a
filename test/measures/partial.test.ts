import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { DataError, OptionError, ShapeError } from '../../src/errors.js';
import type { Matrix } from '../../src/matrix.js';
import { cca, cka } from '../../src/measures/functions.js';
import { measurePair } from '../../src/measures/run-pair.js';
import { partial } from '../../src/measures/partial.js';
import type { Given } from '../../src/measures/partial.js';
import { findMeasure } from '../../src/measures/registry.js';
import { beside, distance, gaussian, mapped, orthogonal, times } from '../support.js';
import { x, y } from './waves.js';

const runs = { seed: 7, numRuns: 15 };

/** `z = np.array([[np.cos(2.3*i*(j+1)) for j in range(2)] for i in range(40)]) + 0.5*x[:, 1:3] + 4` */
const z = mapped(
  gaussian(40, 2, 0),
  (_, i, j) => Math.cos(2.3 * i * (j + 1)) + 0.5 * x.data[i * 5 + j + 1] + 4,
);
/** `np.arange(40) % 4` */
const labels = Array.from({ length: 40 }, (_, i) => i % 4);
const column = (a: Matrix, j: number) => mapped(gaussian(a.rows, 1, 0), (_, i) => a.data[i * a.cols + j]);
const negated = (a: Matrix) => mapped(a, (value) => -value);

describe('partial', () => {
  /*
   * S = np.cov(np.hstack([x, y, z]).T); a, b = S[:8, :8], S[:8, 8:]; P = a - b @ np.linalg.solve(S[8:, 8:], b.T)
   * def sqrtinv(S): w, v = np.linalg.eigh(S); return v / np.sqrt(w) @ v.T
   * np.linalg.svd(sqrtinv(P[:5, :5]) @ P[:5, 5:] @ sqrtinv(P[5:, 5:]), compute_uv=False)
   */
  it.each(['direct', 'moments'] as const)(
    'is CCA of the partial covariance, as numpy has it, by the %s route',
    async (method) => {
      const result = await partial(x, y, z, { method });
      expect(
        distance(result.correlations!, [0.8579110972871153, 0.7778101590983058, 0.05342030026032351]),
      ).toBeLessThan(1e-10);
      expect(result).toMatchObject({ measure: 'cca', samples: 40, x: { rank: 5 }, y: { rank: 3 }, method });
      // 1 - np.trace(P[:5, :5])/np.trace(S[:5, :5]), 1 - np.trace(P[5:, 5:])/np.trace(S[5:8, 5:8])
      expect(result.given.explained.x).toBeCloseTo(0.20282088636414386, 12);
      expect(result.given.explained.y).toBeCloseTo(0.4493560923341241, 12);
      expect(result.given).toMatchObject({ rank: 2, effectiveSamples: 38 });
    },
  );

  it('takes any measure, its degrees of freedom those that are left', async () => {
    // P_xy = P[:5, 5:]; (P_xy**2).sum()/np.sqrt((P[:5, :5]**2).sum()*(P[5:, 5:]**2).sum())
    expect((await partial(x, y, z, { measure: 'cka' })).score).toBeCloseTo(0.11014733951361162, 12);
    // np.linalg.svd(P_xy, compute_uv=False)[0]*39/37: residual covariance has n − 1 − 2 degrees of freedom
    expect((await partial(x, y, z, { measure: 'pls' })).score).toBeCloseTo(1.4266396655167277, 11);
    const svcca = await partial(x, y, z, { measure: 'svcca', keep: { dims: 2 } });
    expect(svcca.x.kept).toBe(2);
    expect(svcca.options).toMatchObject({ keep: { dims: 2 }, crossing: 'kept' });
  });

  it('of labels takes out the means of the classes', async () => {
    // the same P with z = np.eye(4)[np.arange(40) % 4][:, 1:]
    const result = await partial(x, y, { labels });
    expect(
      distance(result.correlations!, [0.9045269072412778, 0.8775655864313828, 0.7882061958835364]),
    ).toBeLessThan(1e-10);
    expect(result.given.rank).toBe(3);
    expect(result.given.explained.x).toBeCloseTo(0.004875557682411769, 12);
    expect(result.given.explained.y).toBeCloseTo(0.01707857034894744, 12);
    const oneHot = mapped(gaussian(40, 4, 0), (_, i, j) => (labels[i] === j ? 1 : 0));
    const names = labels.map((label) => `class ${label}`);
    for (const given of [oneHot, { labels: names }, { labels: Int32Array.from(labels) }] as Given[]) {
      const other = await partial(x, y, given);
      expect(distance(other.correlations!, result.correlations!)).toBeLessThan(1e-12);
      expect(other.given.rank).toBe(3);
    }
  });

  it('takes measures of pairs of samples too, of the residuals as they are', async () => {
    const within = (a: Matrix) =>
      mapped(a, (value, i, j) => {
        const peers = labels.flatMap((label, k) => (label === labels[i] ? [a.data[k * a.cols + j]] : []));
        return value - peers.reduce((sum, peer) => sum + peer, 0) / peers.length;
      });
    for (const options of [
      { measure: 'rsa' },
      { measure: 'cka', kernel: 'rbf' },
      { measure: 'cka', estimator: 'debiased' },
      { measure: 'rvCoefficient', modified: true },
      { measure: 'distanceCorrelation' },
      { measure: 'mutualKnn', k: 3 },
    ] as const) {
      const { measure, ...own } = options;
      const expected = await measurePair(findMeasure(measure), within(x), within(y), own);
      const result = await partial(x, y, { labels }, options);
      expect(result.score).toBeCloseTo(expected.score, 10);
      expect(result).toMatchObject({ measure, samples: 40, given: { rank: 3, effectiveSamples: 37 } });
    }
  });

  it('of one neuron each is the partial correlation', async () => {
    // pingouin.partial_corr(…, x='x', y='y', covar='z')['r'], pingouin 0.7.0, and (rxy - rxz*ryz)/sqrt((1-rxz²)(1-ryz²))
    const [a, b, c] = [column(x, 0), column(y, 0), column(z, 0)];
    expect(Math.abs((await partial(a, b, c)).score - 0.783271442098611)).toBeLessThan(1e-10);
    expect(Math.abs((await partial(negated(a), b, c)).score - 0.783271442098611)).toBeLessThan(1e-10);
  });

  test.prop([fc.nat(), fc.constantFrom(1e-8, 1, 1e8)], runs)(
    'does not depend on the basis or units of given, nor on dead and dependent neurons in it',
    async (seed, scale) => {
      const result = await partial(x, y, z);
      const turned = mapped(
        times(z, orthogonal(2, seed)),
        (value, _, j) => (j === 0 ? scale : 1) * (value + (seed % 9)),
      );
      const more = beside(
        beside(turned, times(turned, gaussian(2, 2, seed + 1))),
        mapped(z, () => 3),
      );
      const other = await partial(x, y, more);
      expect(other.given.rank).toBe(2);
      expect(distance(other.correlations!, result.correlations!)).toBeLessThan(1e-7);
      // Nor on what of given is added to a side.
      const mixed = mapped(x, (value, i, j) => value + z.data[i * 2] * j);
      expect(distance((await partial(mixed, y, z)).correlations!, result.correlations!)).toBeLessThan(1e-10);
    },
  );

  test.prop([fc.nat()], runs)(
    'of a shared cause leaves nothing but chance, where cca sees a tie',
    async (seed) => {
      const cause = gaussian(400, 2, seed);
      const of = (d: number, s: number) =>
        mapped(gaussian(400, d, s), (value, i, j) => value + 5 * cause.data[i * 2 + (j % 2)]);
      const [a, b] = [of(4, seed + 1), of(4, seed + 2)];
      expect((await cca(a, b, { summary: { top: 2 } })).score).toBeGreaterThan(0.9);
      const left = await partial(a, b, cause, { summary: { top: 2 } });
      expect(left.score).toBeLessThan(0.35);
      expect(left.given.explained.x).toBeGreaterThan(0.9);
    },
  );

  it('has the chance level and the warnings of the samples that are left', async () => {
    const [a, b, given] = [gaussian(60, 8, 1), gaussian(60, 6, 2), gaussian(60, 30, 3)];
    const result = await partial(a, b, given);
    const reference = await cca(gaussian(30, 8, 1), gaussian(30, 6, 2));
    expect(result.given.effectiveSamples).toBe(30);
    expect(result.chance).toBe(reference.chance);
    expect(result.warnings[0]).toMatch(/^30 samples for 8 kept directions/);
    expect(result.warnings[1]).toBe('given takes 30 directions, so that 60 samples count as 30.');
    const rows = await partial(a, b, given, { measure: 'cka', estimator: 'debiased' });
    expect(rows.warnings).toEqual([
      'The measure takes the residuals as 60 samples, although given took 30 of their dimensions.',
    ]);
    await expect(partial(a, b, gaussian(60, 55, 3))).rejects.toThrow(
      /^given takes 55 of 60 samples: 5 samples for 4 kept directions of x: every canonical correlation is 1/,
    );
    const allowed = await partial(a, b, gaussian(60, 55, 3), { allowFewSamples: true });
    expect(allowed.score).toBeCloseTo(1, 10);
    expect(allowed.x).toMatchObject({ rank: 4 });
  });

  it('finds nothing where given explains a side, whatever rounding leaves, and says so', async () => {
    const image = times(z, gaussian(2, 4, 5));
    for (const scale of [1e-8, 1, 1e8]) {
      const explained = mapped(image, (value) => value * scale);
      for (const method of ['direct', 'moments'] as const) {
        for (const measure of ['cca', 'cka', 'procrustes', 'svcca'] as const) {
          const result = await partial(explained, y, z, { measure, method });
          expect(result.score).toBe(0);
          expect(result.x).toMatchObject({ rank: 0, dead: 0 });
          expect(result.given.explained.x).toBe(1);
          expect(result.warnings[0]).toBe(
            'given explains all of side x: nothing of it is left to compare, and the similarity is 0.',
          );
        }
      }
    }
    const single = (a: Matrix) => ({ ...a, data: Float32Array.from(a.data) });
    expect((await partial(single(image), single(y), single(z))).score).toBe(0);
    expect((await partial(x, y, y)).score).toBe(0);
    // Neurons of given that are constant but for rounding take a dimension at most, and nothing of what others explain.
    const nearly = mapped(gaussian(40, 1, 3), (value) => 100 * (1 + 6e-8 * Math.sign(value)));
    const beyond = await partial(single(x), single(y), single(beside(z, nearly)));
    expect(beyond.given.rank).toBe(2);
    expect(distance(beyond.correlations!, (await partial(x, y, z)).correlations!)).toBeLessThan(1e-5);
    // One direction is left of two, six orders below what was taken out.
    const small = mapped(beside(z, z), (value, i, j) => value + (j >= 2 ? 1e-6 * x.data[i * 5] : 0));
    const left = await partial(small, y, z);
    expect(left.x.rank).toBe(1);
    expect(left.score).toBeCloseTo((await partial(column(x, 0), y, z)).score, 7);
  });

  it('does not depend on the storage of given but for what may be rounding', async () => {
    const given = { ...z, data: Float32Array.from(z.data) };
    const same = { ...z, data: Float64Array.from(given.data) };
    for (const measure of ['cca', 'cka', 'procrustes'] as const) {
      const [single, double] = [
        await partial(x, y, given, { measure }),
        await partial(x, y, same, { measure }),
      ];
      expect(Math.abs(single.score - double.score)).toBeLessThan(1e-13);
    }
  });

  it('whitens no direction that is rounding of what was taken out', async () => {
    const given = mapped(z, Math.fround);
    const signal = column(x, 0);
    const mixed = (neurons: number) => times(beside(given, signal), gaussian(3, neurons, 4));
    const single = (a: Matrix) => ({ ...a, data: Float32Array.from(a.data) });
    for (const neurons of [3, 30]) {
      for (const [side, from] of [
        [single(mixed(neurons)), single(given)],
        [single(mixed(neurons)), given],
        [mixed(neurons), single(given)],
        [mixed(neurons), given],
      ] as const) {
        expect((await partial(side, y, from)).x.rank).toBe(1);
        for (const dissimilarity of ['mahalanobis', 'squaredMahalanobis'] as const) {
          const options = { measure: 'rsa', dissimilarity, correlation: 'pearson' } as const;
          expect((await partial(side, signal, from, options)).score).toBeCloseTo(1, 9);
        }
      }
    }
  });

  it('is plain similarity where given says nothing', async () => {
    for (const given of [{ labels: labels.map(() => 'one') }, mapped(z, () => 2)] as Given[]) {
      const result = await partial(x, y, given);
      expect(result.given).toEqual({ rank: 0, explained: { x: 0, y: 0 }, effectiveSamples: 40 });
      expect(distance(result.correlations!, (await cca(x, y)).correlations!)).toBeLessThan(1e-12);
    }
    const constant = mapped(x, (_, __, j) => j);
    const result = await partial(constant, y, z);
    expect(result.warnings).toEqual([
      'Side x is constant over the samples: there is no direction to compare, and the similarity is 0.',
    ]);
    expect(result.x.dead).toBe(5);
    expect((await partial(x, y, z, { measure: 'cka' })).score).not.toBeCloseTo((await cka(x, y)).score, 3);
  });

  it('refuses what cannot be regressed out', async () => {
    await expect(partial(x, y, gaussian(39, 2, 1))).rejects.toThrow(ShapeError);
    await expect(partial(x, y, gaussian(39, 2, 1))).rejects.toThrow('given has 39');
    await expect(partial(x, y, { labels: [1, 2] })).rejects.toThrow(
      new ShapeError('given.labels has 2 entries for 40 samples: give one label for each'),
    );
    await expect(partial(x, y, { labels: labels.map((l) => (l === 3 ? NaN : l)) })).rejects.toThrow(
      'given.labels holds NaN at 3',
    );
    await expect(
      partial(
        x,
        y,
        mapped(z, () => Infinity),
      ),
    ).rejects.toThrow('given holds Infinity');
    const spanned = partial(x, y, gaussian(40, 50, 1));
    await expect(spanned).rejects.toThrow(DataError);
    await expect(spanned).rejects.toMatchObject({ code: 'TOO_FEW_SAMPLES' });
    await expect(partial(x, y, { labels: labels.map((_, i) => i) })).rejects.toThrow(
      'given spans all 39 dimensions of 40 centred samples: nothing is left to compare; give more samples, or labels that',
    );
    await expect(partial(x, y, z, { measure: 'ccca' as 'cca' })).rejects.toThrow(OptionError);
    await expect(partial(x, y, z, { keep: { dims: 2 } } as object)).rejects.toThrow(
      "cca has no option 'keep'",
    );
  });
});

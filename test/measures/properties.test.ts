/** Properties beyond those that every measure states of itself (stated.test.ts). */
import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { cca, cka, pls, procrustes, pwcca, svcca } from '../../src/measures/functions.js';
import type { MatrixLike } from '../../src/matrix.js';
import type { SimilarityResult } from '../../src/measures/measure.js';
import { beside, gaussian, mapped, orthogonal, relatedPairs, times } from '../support.js';

type Score = (x: MatrixLike, y: MatrixLike) => Promise<SimilarityResult>;

const pair = relatedPairs({ n: [30, 80], d: [2, 7] });

const runs = { seed: 7, numRuns: 25 };
const same = async (a: Promise<SimilarityResult>, b: Promise<SimilarityResult>, tolerance = 1e-9) => {
  expect(Math.abs((await a).score - (await b).score)).toBeLessThanOrEqual(tolerance);
};

const scores: Record<string, Score> = {
  cca: (x, y) => cca(x, y),
  svcca: (x, y) => svcca(x, y, { keep: { variance: 0.95 } }),
  pwcca: (x, y) => pwcca(x, y),
  'pwcca google': (x, y) => pwcca(x, y, { variant: 'google' }),
  'pwcca anatome': (x, y) => pwcca(x, y, { variant: 'anatome' }),
  'svcca anatome': (x, y) => svcca(x, y, { directions: 'raw', crossing: 'dropped' }),
  'cca uncentred': (x, y) => cca(x, y, { centred: false }),
  cka: (x, y) => cka(x, y),
  procrustes: (x, y) => procrustes(x, y),
};

describe.each(Object.entries(scores))('%s', (_, score) => {
  test.prop([pair], runs)(
    'lies in [0, 1], and so does every correlation; weights sum to 1',
    async ({ x, y }) => {
      const { score: value, correlations = [], weights = [1] } = await score(x, y);
      for (const number of [value, ...correlations]) {
        expect(number).toBeGreaterThanOrEqual(0);
        expect(number).toBeLessThanOrEqual(1);
      }
      expect(Math.abs(weights.reduce((sum, w) => sum + w, 0) - 1)).toBeLessThan(1e-12);
    },
  );
});

describe('cca', () => {
  test.prop([pair], runs)(
    'is invariant under any invertible linear map, and under duplicated neurons',
    async ({ x, y, seed }) => {
      const map = mapped(gaussian(x.cols, x.cols, seed + 5), (value, i, j) => value + (i === j ? 4 : 0));
      await same(cca(x, y), cca(times(x, map), y), 1e-8);
      await same(cca(x, y), cca(beside(x, x), y), 1e-8);
    },
  );

  test.prop([pair], runs)('agrees between the direct and the moments route', async ({ x, y }) => {
    const direct = await cca(x, y, { method: 'direct' });
    const moments = await cca(x, y, { method: 'moments' });
    direct.correlations!.forEach((rho, i) => {
      expect(Math.abs(rho - moments.correlations![i])).toBeLessThanOrEqual(1e-9);
    });
  });

  test.prop([pair], runs)(
    'summaries are ordered: thresholded ≥ mean ≥ meanSquared, sum = mean · rank',
    async ({ x, y }) => {
      const by = async (summary: 'mean' | 'meanSquared' | 'sum' | 'thresholded') =>
        (await cca(x, y, { summary })).score;
      const [mean, squared, sum, thresholded] = [
        await by('mean'),
        await by('meanSquared'),
        await by('sum'),
        await by('thresholded'),
      ];
      expect(thresholded).toBeGreaterThanOrEqual(mean - 1e-12);
      expect(mean).toBeGreaterThanOrEqual(squared - 1e-12);
      expect(sum).toBeCloseTo(mean * Math.min(x.cols, y.cols), 10);
      expect((await cca(x, y, { divisor: 'x' })).score).toBeCloseTo(sum / x.cols, 10);
      expect((await cca(x, y, { summary: { top: 1 } })).score).toBeCloseTo(
        (await cca(x, y)).correlations![0],
        12,
      );
    },
  );
});

describe('pls', () => {
  test.prop([pair], runs)('is invariant under rotation and scales with its sides', async ({ x, y, seed }) => {
    const value = (await pls(x, y)).score;
    expect(
      (
        await pls(
          times(x, orthogonal(x.cols, seed)),
          mapped(y, (v) => 3 * v),
        )
      ).score / value,
    ).toBeCloseTo(3, 8);
  });
});

describe('debiased cka', () => {
  test.prop([fc.nat()], { seed: 7, numRuns: 5 })(
    'of independent wide representations is near 0, where the biased is not',
    async (seed) => {
      const [x, y] = [gaussian(40, 60, seed), gaussian(40, 60, seed + 99)];
      expect((await cka(x, y)).score).toBeGreaterThan(0.5);
      expect(Math.abs((await cka(x, y, { estimator: 'debiased' })).score)).toBeLessThan(0.15);
    },
  );
});

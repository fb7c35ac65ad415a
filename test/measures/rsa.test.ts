import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { measurePair } from '../../src/measures/run-pair.js';
import { rsaMeasure } from '../../src/measures/rsa.js';
import type { RsaOptions } from '../../src/measures/rsa.js';
import { openEngine } from '../../src/engines/select.js';
import { boundWarnings } from '../../src/measures/rsa-warnings.js';
import { Random } from '../../src/random.js';
import { zeros } from '../../src/matrix.js';
import type { Matrix, MatrixLike } from '../../src/matrix.js';
import { ckaMeasure } from '../../src/measures/cka.js';
import { gaussian, mapped, orthogonal, times } from '../support.js';

const rsa = (x: MatrixLike, y: MatrixLike, options: RsaOptions = {}) =>
  measurePair(rsaMeasure, x, y, options);

/** Values that JavaScript and Python make alike. */
const hashX = (i: number, j: number) =>
  (i * 7919 + j * 104729 + i * i * 31 + i * j * 523 + i * i * j * j * 11) % 1009;
const hashY = (i: number, j: number) =>
  (i * 6151 + j * 389 + i * i * 43 + i * j * 97 + i * i * j * j * 13) % 811;

function sides(n: number) {
  const x = mapped(zeros(n, 6), (_, i, j) => hashX(i, j) / 1009);
  const y = mapped(zeros(n, 4), (_, i, j) => x.data[i * 6 + j] + hashY(i, j) / 811);
  return { x, y };
}

const DISSIMILARITIES = [
  'correlation',
  'cosine',
  'euclidean',
  'squaredEuclidean',
  'mahalanobis',
  'squaredMahalanobis',
] as const;
const CORRELATIONS = [
  'pearson',
  'spearman',
  'rhoA',
  'kendall',
  'kendallTauB',
  'cosine',
  'whitenedPearson',
  'whitenedCosine',
] as const;

describe('values of scipy 1.17.1 and rsatoolbox 0.3.2', () => {
  /*
  import numpy as np
  from scipy.spatial.distance import pdist
  from scipy.stats import pearsonr, spearmanr, kendalltau
  from rsatoolbox.rdm import RDMs, compare
  i, j = np.mgrid[:40, :6]
  x = (i * 7919 + j * 104729 + i * i * 31 + i * j * 523 + i * i * j * j * 11) % 1009 / 1009
  i, j = np.mgrid[:40, :4]
  y = x[:, :4] + (i * 6151 + j * 389 + i * i * 43 + i * j * 97 + i * i * j * j * 13) % 811 / 811
  def dissim(name, z):
      if name == 'squaredEuclidean': return pdist(z, 'sqeuclidean')
      if name.endswith('ahalanobis'):
          d = pdist(z, 'mahalanobis', VI=np.linalg.pinv(np.cov(z.T)))
          return d if name == 'mahalanobis' else d * d
      return pdist(z, name)
  def corr(name, a, b):
      if name == 'pearson': return pearsonr(a, b)[0]
      if name == 'spearman': return spearmanr(a, b)[0]
      if name == 'kendallTauB': return kendalltau(a, b)[0]
      m = {'rhoA': 'rho-a', 'kendall': 'tau-a', 'cosine': 'cosine', 'whitenedPearson': 'corr_cov', 'whitenedCosine': 'cosine_cov'}[name]
      return compare(RDMs(a), RDMs(b), method=m)[0, 0]
  for d in DISSIMILARITIES: print(d, [float(corr(c, dissim(d, x), dissim(d, y))) for c in CORRELATIONS])
  rsatoolbox's own calc_rdm('correlation'), ('euclidean') and ('mahalanobis', noise=inv(cov)) give the first, fourth and last row.
  */
  const expected: Record<(typeof DISSIMILARITIES)[number], number[]> = {
    correlation: [
      0.29891555123342617, 0.29519261587821854, 0.29519261587821854, 0.19906520522695106, 0.19906520522695106,
      0.8532194492631031, 0.2949288884572405, 0.35832801191663394,
    ],
    cosine: [
      0.4324297774417175, 0.4040536909798694, 0.4040536909798694, 0.2722293538724861, 0.2722293538724861,
      0.8230974292024021, 0.3492243120122626, 0.40754978347867454,
    ],
    euclidean: [
      0.3262286191808356, 0.299174870944384, 0.299174870944384, 0.2002501563477173, 0.20025015634771734,
      0.946321257211397, 0.3264373443499832, 0.530077890209009,
    ],
    squaredEuclidean: [
      0.3495318759221346, 0.299174870944384, 0.299174870944384, 0.2002501563477173, 0.20025015634771734,
      0.8437839372158447, 0.35965075659335827, 0.429669275245182,
    ],
    mahalanobis: [
      0.31088666692894507, 0.3074166282830334, 0.3074166282830334, 0.2044567328264376, 0.20445673282643761,
      0.9514555124649557, 0.3218577592667914, 0.542680440162232,
    ],
    squaredMahalanobis: [
      0.32409942255467034, 0.3074166282830334, 0.3074166282830334, 0.2044567328264376, 0.20445673282643761,
      0.857479450250345, 0.3467820636418647, 0.427806892558931,
    ],
  };
  const { x, y } = sides(40);

  it.each(DISSIMILARITIES)('%s', async (dissimilarity) => {
    for (const [at, correlation] of CORRELATIONS.entries()) {
      const { score } = await rsa(x, y, { dissimilarity, correlation });
      expect(Math.abs(score - expected[dissimilarity][at]), correlation).toBeLessThan(1e-12);
    }
  });

  it('700 samples, several tiles', async () => {
    // As above with n = 700 and pdist(…).round(12), which ties what is equal: [pearsonr, spearmanr, kendalltau]
    const large = sides(700);
    const values = {
      euclidean: [0.35574964965618605, 0.3419841242760839, 0.23118844691741838],
      correlation: [0.3525694337470733, 0.35090943039995354, 0.23728675179524555],
    };
    for (const [dissimilarity, numbers] of Object.entries(values)) {
      for (const [at, correlation] of (['pearson', 'spearman', 'kendallTauB'] as const).entries()) {
        const options = { dissimilarity: dissimilarity as 'euclidean', correlation };
        const { score } = await rsa(large.x, large.y, options);
        expect(Math.abs(score - numbers[at]), `${dissimilarity} ${correlation}`).toBeLessThan(1e-10);
      }
    }
  });
});

describe('dissimilarities that are nearly equal', () => {
  /*
  Exact in Fractions, n = 9: x[i][j] = (i == j) + hash_x(i, j)/2**30, y[i][j] = (i == j) + (hash_y + hash_x)/2**30; squared
  Euclidean; cosines of the upper triangles, of those less their mean, and of both matrices doubly centred.
  */
  const x = mapped(zeros(9, 9), (_, i, j) => Number(i === j) + hashX(i, j) / 2 ** 30);
  const y = mapped(zeros(9, 9), (_, i, j) => Number(i === j) + (hashY(i, j) + hashX(i, j)) / 2 ** 30);

  it.each([
    ['pearson', 0.9349723212298977, 2e-10],
    ['cosine', 0.9999999999999536, 1e-15],
    ['whitenedPearson', 0.8899424909490803, 2e-10],
    ['whitenedCosine', 0.9999999999997199, 1e-15],
  ] as const)('%s loses only what their own rounding takes', async (correlation, expected, tolerance) => {
    // They vary by 1e-6 of their size, so their last digits are known to 1e-10 of that.
    const { score } = await rsa(x, y, { dissimilarity: 'squaredEuclidean', correlation });
    expect(Math.abs(score - expected)).toBeLessThan(tolerance);
  });
});

describe('ties', () => {
  // Binary activations, their dissimilarities exact in whole numbers and fractions: test of mid-ranks, where rounding alone
  // would order what is equal (scipy's pdist gives 0.4789 for the correlation dissimilarity).
  const a = mapped(zeros(40, 6), (_, i, j) => Number(hashX(i, j) < 400));
  const b = mapped(a, (value, i, j) => (j < 3 ? value : Number(hashY(i, j) < 300)));

  /*
  from itertools import combinations; from fractions import Fraction as F
  a = (hash_x < 400).astype(int); b = (hash_y < 300).astype(int); b[:, :3] = a[:, :3]
  euclidean: integers ((p - q) ** 2).sum() for p, q in combinations(z, 2)
  correlation: exact order of 1 - r by r·|r| = cov·|cov| / (vp·vq) in Fractions; without direction r = 0, both: r = 1
  spearmanr, np.sign(x[:, None] - x) * np.sign(y[:, None] - y) summed over m(m - 1), kendalltau; compare_rho_a of rsatoolbox
  */
  it.each([
    ['euclidean', [0.4671415249013745, 0.3016753892235279, 0.39097857529704566, 0.43900673356186926]],
    ['squaredEuclidean', [0.4671415249013745, 0.3016753892235279, 0.39097857529704566, 0.43900673356186926]],
    ['correlation', [0.3925800426085164, 0.25889865376386556, 0.3026129328740952, 0.3772571125199088]],
  ] as const)('of %s dissimilarities of binary activations', async (dissimilarity, numbers) => {
    for (const [at, correlation] of (['spearman', 'kendall', 'kendallTauB', 'rhoA'] as const).entries()) {
      const { score } = await rsa(a, b, { dissimilarity, correlation });
      expect(Math.abs(score - numbers[at])).toBeLessThan(1e-12);
    }
  });

  test.prop([fc.integer({ min: 5, max: 40 }), fc.nat()], { seed: 11, numRuns: 15 })(
    'of parallel samples: two neurons correlate as 1 or −1, and two values are ranks already',
    async (n, seed) => {
      const random = new Random(seed);
      const [left, right] = [0, 1].map(() => {
        const rows = Array.from({ length: n }, () => [random.integer(99), 100 + random.integer(99)]);
        return rows.map((row) => (random.integer(2) ? row : row.toReversed()));
      });
      await expectSame(rsa(left, right), rsa(left, right, { correlation: 'pearson' }), 1e-12);
    },
  );

  test.prop([fc.integer({ min: 5, max: 40 }), fc.nat()], { seed: 11, numRuns: 15 })(
    'of parallel samples: a few directions, each with many lengths',
    async (n, seed) => {
      const directions = gaussian(4, 300, seed);
      const few = mapped(zeros(n, 300), (_, i, j) => directions.data[(i % 4) * 300 + j]);
      const other = gaussian(n, 3, seed + 1);
      const long = mapped(few, (value, i) => value * (i + 1.1));
      for (const correlation of ['spearman', 'kendall'] as const) {
        const options = { dissimilarity: 'cosine', correlation } as const;
        await expectSame(rsa(long, other, options), rsa(few, other, options), 1e-12);
      }
    },
  );

  it.each(['spearman', 'kendallTauB', 'pearson'] as const)(
    'equal samples are at Mahalanobis distance 0, so that %s of a side with three times itself is 1',
    async (correlation) => {
      const values = [0.3, 0.5, 0.9];
      const x = mapped(zeros(8, 3), (_, i, j) => (i === 2 ? values[j] : 0));
      const tripled = mapped(x, (value) => 3 * value);
      for (const dissimilarity of ['mahalanobis', 'squaredMahalanobis'] as const) {
        for (const engine of ['ml-matrix', 'wasm'] as const) {
          const { score } = await measurePair(rsaMeasure, x, tripled, { dissimilarity, correlation, engine });
          expect(score).toBeCloseTo(1, 12);
        }
      }
    },
  );

  it('samples without direction are named', async () => {
    const { warnings } = await rsa(a, b);
    expect(warnings).toEqual([
      expect.stringMatching(/^4 of 40 samples of side x have the same value in every neuron/),
      expect.stringMatching(/^3 of 40 samples of side y/),
    ]);
    const zero = mapped(a, (value, i) => (i === 2 ? 0 : value + 1));
    expect((await rsa(zero, zero, { dissimilarity: 'cosine' })).warnings).toEqual([
      expect.stringMatching(/^1 of 40 samples of side x are all zeros/),
      expect.stringMatching(/^1 of 40 samples of side y are all zeros/),
    ]);
  });
});

const related = fc.record({ n: fc.integer({ min: 5, max: 40 }), seed: fc.nat() }).map(({ n, seed }) => {
  const x = mapped(gaussian(n, 5, seed), (value, _, j) => value * (j + 1) + 2 * j);
  const mixed = times(x, gaussian(5, 4, seed + 1));
  const y = mapped(gaussian(n, 4, seed + 2), (value, i, j) => 4 * value + mixed.data[i * 4 + j]);
  return { n, x, y, seed };
});
const runs = { seed: 11, numRuns: 15 };
const every = DISSIMILARITIES.flatMap((dissimilarity) =>
  CORRELATIONS.map((correlation) => ({ dissimilarity, correlation })),
);

async function expectSame(a: Promise<{ score: number }>, b: Promise<{ score: number }>, tolerance = 1e-9) {
  expect(Math.abs((await a).score - (await b).score)).toBeLessThan(tolerance);
}

describe.each(every)('$dissimilarity, $correlation', (options) => {
  test.prop([related], runs)('is symmetric, within bounds, and 1 of equal sides', async ({ n, x, y }) => {
    const { score, chance } = await rsa(x, y, options);
    expect(Math.abs(score)).toBeLessThanOrEqual(1);
    expect(Number.isFinite(chance)).toBe(true);
    await expectSame(rsa(y, x, options), Promise.resolve({ score }), 1e-12);
    if (n > 6 || !options.dissimilarity.includes('ahalanobis')) {
      expect((await rsa(x, x, options)).score).toBeCloseTo(1, 10);
    }
  });

  test.prop([related], runs)('is invariant under isotropic scaling', async ({ n, x, y }) => {
    fc.pre(n > 7);
    for (const factor of [-3.7, 1e-8, 1e8]) {
      const scaled = mapped(x, (value) => factor * value);
      await expectSame(rsa(scaled, y, options), rsa(x, y, options));
    }
  });

  test.prop([related], runs)('does not see the common order of samples', async ({ x, y }) => {
    const turn = (m: Matrix) => mapped(m, (_, i, j) => m.data[(m.rows - 1 - i) * m.cols + j]);
    await expectSame(rsa(turn(x), turn(y), options), rsa(x, y, options));
  });
});

describe('invariances of the dissimilarities', () => {
  const moved = (m: Matrix) => mapped(m, (value, _, j) => value + 10 * (j - 1.5) ** 3);

  test.prop([related], runs)('Euclidean: rotation and translation', async ({ x, y, seed }) => {
    const turned = moved(times(x, orthogonal(5, seed + 3)));
    await expectSame(
      rsa(turned, y, { dissimilarity: 'euclidean' }),
      rsa(x, y, { dissimilarity: 'euclidean' }),
    );
  });

  test.prop([related], runs)('cosine: rotation, and the length of each sample', async ({ x, y, seed }) => {
    const turned = mapped(times(x, orthogonal(5, seed + 3)), (value, i) => value * (1 + (i % 7)));
    await expectSame(rsa(turned, y, { dissimilarity: 'cosine' }), rsa(x, y, { dissimilarity: 'cosine' }));
  });

  test.prop([related], runs)('correlation: length and level of each sample', async ({ x, y }) => {
    await expectSame(
      rsa(
        mapped(x, (value, i) => (value - 3 * i) * (1 + (i % 7))),
        y,
      ),
      rsa(x, y),
    );
  });

  test.prop([related], runs)('Mahalanobis: any invertible linear map', async ({ n, x, y, seed }) => {
    fc.pre(n > 7);
    const map = mapped(gaussian(5, 5, seed + 3), (value, i, j) => value + (i === j ? 6 : 0));
    const options = { dissimilarity: 'mahalanobis' } as const;
    await expectSame(rsa(moved(times(x, map)), y, options), rsa(x, y, options));
  });

  it.each(DISSIMILARITIES)('%s: the unit of the data, however large or small', async (dissimilarity) => {
    const { x, y } = sides(20);
    for (const correlation of ['spearman', 'pearson', 'whitenedCosine'] as const) {
      const options = { dissimilarity, correlation };
      const expected = rsa(x, y, options);
      for (const unit of [1e-140, 1e-85, 1e85, 1e140]) {
        const scaled = [x, y].map((side) => mapped(side, (value) => value * unit));
        await expectSame(rsa(scaled[0], scaled[1], options), expected);
      }
    }
  });

  it('correlation sees rotation and translation', async () => {
    const { x, y } = sides(40);
    const { score } = await rsa(x, y);
    expect(Math.abs((await rsa(moved(x), y)).score - score)).toBeGreaterThan(0.01);
    expect(Math.abs((await rsa(times(x, orthogonal(6, 1)), y)).score - score)).toBeGreaterThan(0.01);
  });

  test.prop([related], runs)('whitened cosine of squared Euclidean is linear CKA', async ({ x, y }) => {
    const options = { dissimilarity: 'squaredEuclidean', correlation: 'whitenedCosine' } as const;
    await expectSame(rsa(x, y, options), measurePair(ckaMeasure, x, y, { method: 'direct' }), 1e-11);
  });
});

describe('chance', () => {
  it.each(CORRELATIONS)('%s: the mean over all orders of the samples', async (correlation) => {
    const { x, y } = sides(5);
    const options = { dissimilarity: 'squaredEuclidean', correlation } as const;
    const { chance } = await rsa(x, y, options);
    let sum = 0;
    for (const order of orders(5)) {
      sum += (
        await rsa(
          x,
          mapped(y, (_, i, j) => y.data[order[i] * 4 + j]),
          options,
        )
      ).score;
    }
    expect(Math.abs(sum / 120 - chance!)).toBeLessThan(1e-12);
  });
});

function orders(n: number): number[][] {
  if (n === 0) return [[]];
  return orders(n - 1).flatMap((order) =>
    Array.from({ length: n }, (_, at) => [...order.slice(0, at), n - 1, ...order.slice(at)]),
  );
}

describe('what has no answer, or nearly none', () => {
  const { x } = sides(40);

  it.each(every)('a constant side scores 0: $dissimilarity, $correlation', async (options) => {
    for (const value of [0, 0.1]) {
      const flat = mapped(x, () => value);
      const { score, warnings } = await rsa(x, flat, options);
      expect(score).toBe(0);
      expect(warnings).toEqual(
        expect.arrayContaining([expect.stringMatching(/^Side y is constant over the samples/)]),
      );
      expect((await rsa(flat, flat, options)).score).toBe(0);
    }
  });

  it.each(['spearman', 'rhoA', 'pearson', 'kendall', 'kendallTauB', 'whitenedPearson'] as const)(
    'equal dissimilarities have nothing to correlate: %s',
    async (correlation) => {
      // 10 samples of 30 neurons: every Mahalanobis distance is √18, but for rounding.
      const wide = gaussian(10, 30, 5);
      const options = { dissimilarity: 'mahalanobis', correlation } as const;
      const { score, warnings } = await rsa(wide, gaussian(10, 3, 6), options);
      expect(score).toBe(0);
      expect(warnings).toEqual([
        expect.stringMatching(/^All samples of side x are equally dissimilar, as they are by Mahalanobis/),
      ]);
    },
  );

  it('one neuron has no correlation over neurons', async () => {
    const one = gaussian(10, 1, 5);
    const { score, warnings } = await rsa(one, gaussian(10, 3, 6));
    expect(score).toBe(0);
    expect(warnings).toHaveLength(2);
  });

  it('fewer than three samples are too few', async () => {
    await expect(rsa(gaussian(2, 3, 1), gaussian(2, 3, 2))).rejects.toMatchObject({
      code: 'TOO_FEW_SAMPLES',
      message: 'RSA of 2 samples, which are 1 pair: at least 3 samples are needed',
    });
  });

  it('Kendall of more than 4096 samples says what to do', async () => {
    const many = gaussian(4097, 1, 1);
    await expect(rsa(many, many, { correlation: 'kendall' })).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringMatching(/up to 4096 samples: choose correlation 'spearman'/),
    });
  });

  it('says when the bins of many samples are too coarse', () => {
    expect(boundWarnings(9e-7)).toEqual([]);
    expect(boundWarnings(2.04e-5)).toEqual([
      "Spearman's correlation was computed by bins of close dissimilarities: it may differ by up to 2.0e-5 from that of the " +
        'exact ranks.',
    ]);
  });

  it('bad options are named', async () => {
    await expect(rsa(x, x, { dissimilarity: 'manhattan' as 'cosine' })).rejects.toThrow(
      "dissimilarity is 'manhattan': choose one of 'correlation', 'cosine', 'euclidean', 'squaredEuclidean', " +
        "'mahalanobis', 'squaredMahalanobis'",
    );
    await expect(rsa(x, x, { correlation: 'tau' as 'kendall' })).rejects.toThrow(
      "correlation is 'tau': choose one of",
    );
    await expect(rsa(x, x, { metric: 'cosine' } as RsaOptions)).rejects.toThrow(
      "rsa has no option 'metric': it takes dissimilarity, correlation",
    );
  });

  it('takes float32, and a large offset', async () => {
    const { y } = sides(40);
    const single = { ...x, data: Float32Array.from(x.data) };
    const doubled = { ...x, data: Float64Array.from(single.data) };
    for (const options of every) await expectSame(rsa(single, y, options), rsa(doubled, y, options), 1e-7);
    const far = mapped(x, (value) => value + 2 ** 20);
    const options = { dissimilarity: 'euclidean', correlation: 'pearson' } as const;
    await expectSame(rsa(far, y, options), rsa(x, y, options), 1e-9);
  });

  it('is stopped between tiles', async () => {
    const big = gaussian(1200, 3, 1);
    const engine = await openEngine('ml-matrix', {});
    for (const correlation of ['spearman', 'pearson', 'kendall'] as const) {
      let tiles = 0;
      const breathe = () => (++tiles < 3 ? Promise.resolve() : Promise.reject(new Error('enough')));
      const options = { dissimilarity: 'euclidean', correlation } as const;
      await expect(rsaMeasure.evaluateSamples!({ x: big, y: big, breathe }, options, engine)).rejects.toThrow(
        'enough',
      );
    }
  });
});

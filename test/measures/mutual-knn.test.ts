import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { measurePair } from '../../src/measures/run-pair.js';
import { ckaMeasure } from '../../src/measures/cka.js';
import { mutualKnnMeasure } from '../../src/measures/mutual-knn.js';
import type { MutualKnnOptions } from '../../src/measures/mutual-knn.js';
import { zeros } from '../../src/matrix.js';
import type { MatrixLike } from '../../src/matrix.js';
import { Random } from '../../src/random.js';
import { gaussian, mapped, orthogonal, times } from '../support.js';

const knn = (x: MatrixLike, y: MatrixLike, options: MutualKnnOptions = {}) =>
  measurePair(mutualKnnMeasure, x, y, options);

/** Values that JavaScript and Python make alike. */
function sides(n: number) {
  const x = mapped(
    zeros(n, 6),
    (_, i, j) => ((i * 7919 + j * 104729 + i * i * 31 + i * j * 523 + i * i * j * j * 11) % 1009) / 1009,
  );
  const y = mapped(
    zeros(n, 4),
    (_, i, j) =>
      x.data[i * 6 + j] + ((i * 6151 + j * 389 + i * i * 43 + i * j * 97 + i * i * j * j * 13) % 811) / 811,
  );
  return { x, y };
}

describe('values of scikit-learn 1.9.1, chance by scipy 1.17.1', () => {
  /*
  import numpy as np; from sklearn.neighbors import NearestNeighbors; from scipy.stats import hypergeom
  i, j = np.mgrid[:n, :6]; x = (i * 7919 + j * 104729 + i * i * 31 + i * j * 523 + i * i * j * j * 11) % 1009 / 1009
  i, j = np.mgrid[:n, :4]; y = x[:, :4] + (i * 6151 + j * 389 + i * i * 43 + i * j * 97 + i * i * j * j * 13) % 811 / 811
  def nn(z): return [set(r) for r in NearestNeighbors(n_neighbors=k, metric=metric, algorithm='brute').fit(z).kneighbors(return_distance=False)]
  np.mean([len(p & q) / k for p, q in zip(nn(x), nn(y))]), np.mean([len(p & q) / len(p | q) for p, q in zip(nn(x), nn(y))])
  h = np.arange(k + 1); P = hypergeom.pmf(h, n - 1, k, k); (P * h / k).sum(), (P * h / (2 * k - h)).sum()
  */
  it.each([
    [40, 10, 'cosine', 0.38500000000000006, 0.24825348155456511, 0.15270841995366283],
    [40, 10, 'euclidean', 0.36500000000000005, 0.23169013219322818, 0.15270841995366283],
    [40, 25, 'cosine', 0.74, 0.5908680718722923, 0.4744218418688464],
    [40, 25, 'euclidean', 0.722, 0.5676257021920913, 0.4744218418688464],
    [700, 10, 'cosine', 0.04328571428571429, 0.023353481743574624, 0.0075783598169530345],
    [700, 10, 'euclidean', 0.04985714285714286, 0.02700476681900831, 0.0075783598169530345],
  ] as const)('n = %i, k = %i, %s', async (n, k, metric, mutual, jaccard, chance) => {
    const { x, y } = sides(n);
    const found = await knn(x, y, { k, metric });
    expect(found.score).toBeCloseTo(mutual, 13);
    expect(found.chance).toBeCloseTo(k / (n - 1), 13);
    expect(found.warnings).toEqual([]);
    const other = await knn(x, y, { k, metric, overlap: 'jaccard' });
    expect(other.score).toBeCloseTo(jaccard, 13);
    expect(other.chance).toBeCloseTo(chance, 13);
  });

  it('is ten neighbours by cosine unless told otherwise', async () => {
    const { score, options } = await knn(sides(40).x, sides(40).y);
    expect(score).toBeCloseTo(0.385, 13);
    expect(options).toEqual({ k: 10, metric: 'cosine', overlap: 'mutual' });
  });
});

describe('chance', () => {
  it.each(['mutual', 'jaccard'] as const)(
    '%s: the mean over random orders of the samples',
    async (overlap) => {
      const { x, y } = sides(24);
      const random = new Random(3);
      let [sum, squares, chance] = [0, 0, 0];
      const draws = 1000;
      for (let draw = 0; draw < draws; draw++) {
        const order = random.permutation(24);
        const shuffled = mapped(y, (_, i, j) => y.data[order[i] * 4 + j]);
        const found = await knn(x, shuffled, { k: 5, overlap });
        sum += found.score / draws;
        squares += found.score ** 2 / draws;
        chance = found.chance!;
      }
      const deviation = Math.sqrt((squares - sum * sum) / draws);
      expect(Math.abs(sum - chance)).toBeLessThan(4 * deviation);
      expect(deviation).toBeLessThan(0.03 * chance);
    },
  );

  it('of all other samples is the whole', async () => {
    for (const overlap of ['mutual', 'jaccard'] as const) {
      const found = await knn(gaussian(9, 3, 1), gaussian(9, 3, 2), { k: 8, overlap });
      expect(found).toMatchObject({ score: 1, adjusted: 0 });
      expect(found.chance).toBeCloseTo(1, 14);
    }
  });
});

const related = fc.record({ n: fc.integer({ min: 12, max: 60 }), seed: fc.nat() }).map(({ n, seed }) => {
  const x = mapped(gaussian(n, 5, seed), (value, _, j) => value * (j + 1) + 2 * j);
  const mixed = times(x, gaussian(5, 4, seed + 1));
  const y = mapped(gaussian(n, 4, seed + 2), (value, i, j) => 4 * value + mixed.data[i * 4 + j]);
  return { x, y, seed };
});
const runs = { seed: 13, numRuns: 20 };

describe.each([
  { metric: 'cosine', overlap: 'mutual' },
  { metric: 'cosine', overlap: 'jaccard' },
  { metric: 'euclidean', overlap: 'mutual' },
  { metric: 'euclidean', overlap: 'jaccard' },
] as const)('$metric, $overlap', (options) => {
  test.prop([related], runs)('is symmetric, in [0, 1], and 1 of equal sides', async ({ x, y }) => {
    const { score } = await knn(x, y, options);
    expect(score).toBeGreaterThanOrEqual(0);
    expect(score).toBeLessThanOrEqual(1);
    expect((await knn(y, x, options)).score).toBe(score);
    expect((await knn(x, x, options)).score).toBe(1);
  });

  test.prop([related], runs)('is invariant under rotation and isotropic scaling', async ({ x, y, seed }) => {
    const { score } = await knn(x, y, options);
    for (const factor of [-3.7, 1e-8, 1e8]) {
      const turned = mapped(times(x, orthogonal(5, seed + 3)), (value) => factor * value);
      expect((await knn(turned, y, options)).score).toBeCloseTo(score, 13);
    }
  });

  test.prop([related], runs)('does not see the common order of samples', async ({ x, y }) => {
    const turn = (m: typeof x) => mapped(m, (_, i, j) => m.data[(m.rows - 1 - i) * m.cols + j]);
    expect((await knn(turn(x), turn(y), options)).score).toBeCloseTo((await knn(x, y, options)).score, 13);
  });

  it('takes float32', async () => {
    const { x, y } = sides(60);
    const single = { ...x, data: Float32Array.from(x.data) };
    expect((await knn(single, y, options)).score).toBeCloseTo((await knn(x, y, options)).score, 13);
  });
});

describe('invariances of the metrics', () => {
  test.prop([related], runs)('Euclidean: translation, however far', async ({ x, y }) => {
    const far = mapped(x, (value, _, j) => value + 1e6 * (j + 1));
    const options = { metric: 'euclidean' } as const;
    expect((await knn(far, y, options)).score).toBeCloseTo((await knn(x, y, options)).score, 13);
  });

  test.prop([related], runs)('cosine: the length of each sample', async ({ x, y }) => {
    const scaled = mapped(x, (value, i) => value * (1 + (i % 7)));
    expect((await knn(scaled, y)).score).toBeCloseTo((await knn(x, y)).score, 13);
  });

  it('cosine sees translation', async () => {
    const { x, y } = sides(60);
    const moved = mapped(x, (value) => value + 1);
    expect(Math.abs((await knn(moved, y)).score - (await knn(x, y)).score)).toBeGreaterThan(0.01);
  });
});

describe('what has no answer, or nearly none', () => {
  it.each([0, 0.1])('a constant side scores 0: %f', async (value) => {
    const { x } = sides(40);
    const flat = mapped(x, () => value);
    for (const metric of ['cosine', 'euclidean'] as const) {
      const { score, chance, warnings } = await knn(x, flat, { metric });
      expect([score, chance]).toEqual([0, undefined]);
      expect(warnings).toEqual([
        expect.stringMatching(/^Side y is constant over the samples/),
        `The samples of side y do not differ in ${metric}: they have no nearest neighbours, and the overlap is 0.`,
      ]);
      expect((await knn(flat, flat, { metric })).score).toBe(0);
    }
  });

  it('says when ties decide', async () => {
    // Two bits make four points, ten samples each: nine neighbours are at distance 0, and the tenth is a matter of the index.
    const points = mapped(zeros(40, 2), (_, i, j) => (i >> j) & 1);
    const { warnings } = await knn(points, gaussian(40, 3, 1), { metric: 'euclidean' });
    expect(warnings).toEqual([
      'For 40 of 40 samples of side x, neighbour 10 is no nearer than the next: ties go to the sample that comes first, on ' +
        'both sides alike, which makes the score higher than the representations are similar.',
    ]);
    expect((await knn(points, gaussian(40, 3, 1), { metric: 'euclidean', k: 9 })).warnings).toEqual([]);
  });

  it('takes parallel samples for equally near, whatever their lengths', async () => {
    const directions = gaussian(4, 300, 7);
    const few = mapped(zeros(40, 300), (_, i, j) => directions.data[(i % 4) * 300 + j]);
    const long = mapped(few, (value, i) => value * (i + 1.1));
    expect((await knn(long, few, { k: 5 })).score).toBe(1);
    expect((await knn(long, few, { k: 5 })).warnings).toHaveLength(2);
  });

  it.each<[string, (i: number, j: number) => number]>([
    ['exactly', (i, j) => [1, 2, 4][j % 3] * 2 ** (i % 3)],
    ['but for rounding', (i, j) => (i + 1) * [1, 2, 3.3][j % 3] * 0.37],
    ['but for rounding, otherwise', (i, j) => (i * i + 1) * [1, -2, 0.7][j % 3] * 0.37],
  ])(
    'samples that are all parallel, %s, have no neighbours by angle, and no kernel of cosines',
    async (_, value) => {
      const { x } = sides(12);
      const parallel = mapped(x, (_value, i, j) => value(i, j));
      for (const [a, b] of [
        [parallel, x],
        [x, parallel],
        [parallel, parallel],
      ] as const) {
        const { score, chance, warnings } = await knn(a, b, { k: 3 });
        expect([score, chance]).toEqual([0, undefined]);
        expect(warnings).toEqual([expect.stringContaining('do not differ in cosine')]);
        const kernels = await measurePair(ckaMeasure, a, b, { kernel: 'cosine' });
        expect(kernels.score).toBe(0);
        expect(kernels.warnings).toEqual([expect.stringContaining('the same direction')]);
      }
    },
  );

  it.each([1e-160, 1e160])(
    'refuses distances whose squares leave the range of numbers: %d',
    async (scale) => {
      const { x, y } = sides(40);
      const scaled = mapped(x, (value) => scale * value);
      await expect(knn(scaled, y, { metric: 'euclidean' })).rejects.toMatchObject({ code: 'NUMERICAL' });
      expect((await knn(scaled, y)).score).toBe((await knn(x, y)).score);
    },
  );

  it('needs more samples than neighbours', async () => {
    await expect(knn(gaussian(10, 3, 1), gaussian(10, 3, 2))).rejects.toMatchObject({
      code: 'TOO_FEW_SAMPLES',
      message: 'k is 10, but each of 10 samples has only 9 others: give more samples, or k of at most 9',
    });
  });

  it('names bad options', async () => {
    const { x, y } = sides(40);
    await expect(knn(x, y, { k: 0 })).rejects.toThrow('k is 0: give a whole number of at least 1');
    await expect(knn(x, y, { metric: 'dot' as 'cosine' })).rejects.toThrow(
      "metric is 'dot': choose one of 'cosine', 'euclidean'",
    );
    await expect(knn(x, y, { overlap: 'cycle' as 'mutual' })).rejects.toThrow(
      "choose one of 'mutual', 'jaccard'",
    );
    await expect(knn(x, y, { neighbours: 3 } as MutualKnnOptions)).rejects.toThrow(
      "mutualKnn has no option 'neighbours': it takes k, metric, overlap",
    );
  });
});

/** What every measure says of itself in the registry, and what its options change of that, held to be true. */
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { openEngine } from '../../src/engines/select.js';
import type { Matrix, MatrixLike } from '../../src/matrix.js';
import { Random } from '../../src/random.js';
import type { Invariance } from '../../src/measures/measure.js';
import { findMeasure, measures } from '../../src/measures/registry.js';
import type { MeasureName } from '../../src/measures/registry.js';
import { measurePair } from '../../src/measures/run-pair.js';
import { beside, gaussian, mapped, orthogonal, related, relatedPairs, times } from '../support.js';

const engine = await openEngine('ml-matrix');

/** A measure under some options, with what is claimed of it; left out: what its record states. */
interface Claim {
  readonly measure: MeasureName;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly invariances?: readonly Invariance[];
  readonly symmetric?: boolean;
  readonly range?: readonly [number, number];
  /** Score of a representation and itself. */
  readonly self?: number;
  /** Whether the score is a distance that obeys the triangle inequality. */
  readonly metric?: boolean;
}

const linear = ['orthogonal', 'isotropic scaling', 'translation'] as const;
const signed = [-1, 1] as const;

const claims: readonly Claim[] = [
  { measure: 'svcca' },
  { measure: 'svcca', options: { keep: { dims: 2 } } },
  { measure: 'cca' },
  { measure: 'cca', options: { summary: 'meanSquared' } },
  { measure: 'cca', options: { summary: 'thresholded' } },
  { measure: 'cca', options: { divisor: 'x' }, symmetric: false, self: 1 },
  { measure: 'cca', options: { centred: false }, invariances: ['invertible linear', 'isotropic scaling'] },
  { measure: 'pwcca' },
  { measure: 'pwcca', options: { side: 'y' } },
  { measure: 'cka' },
  { measure: 'cka', options: { estimator: 'debiased' }, range: [-Infinity, Infinity] },
  { measure: 'cka', options: { minibatch: 10 }, range: [-Infinity, Infinity] },
  { measure: 'cka', options: { kernel: 'rbf' } },
  {
    measure: 'cka',
    options: { kernel: 'rbf', sigma: { fixed: 3 } },
    invariances: ['orthogonal', 'translation'],
  },
  { measure: 'cka', options: { kernel: 'polynomial' }, invariances: ['orthogonal'] },
  {
    measure: 'cka',
    options: { kernel: 'polynomial', centred: true },
    invariances: ['orthogonal', 'translation'],
  },
  { measure: 'cka', options: { kernel: 'cosine' }, invariances: ['orthogonal', 'isotropic scaling'] },
  { measure: 'cka', options: { kernel: 'cosine', centred: true }, invariances: linear },
  {
    measure: 'cka',
    options: { kernel: 'rbf', estimator: 'debiased' },
    range: [-Infinity, Infinity],
  },
  { measure: 'procrustes' },
  { measure: 'procrustes', options: { output: 'angle' }, range: [0, Math.PI / 2], self: 0, metric: true },
  {
    measure: 'procrustes',
    options: { output: 'euclideanDistance' },
    range: [0, Math.SQRT2],
    self: 0,
    metric: true,
  },
  {
    measure: 'procrustes',
    options: { output: 'angle', alpha: 0.5 },
    range: [0, Math.PI / 2],
    self: 0,
    metric: true,
  },
  {
    measure: 'procrustes',
    options: { output: 'angle', alpha: 0 },
    invariances: ['invertible linear', ...linear],
    range: [0, Math.PI / 2],
    self: 0,
    metric: true,
  },
  { measure: 'procrustes', options: { output: 'distance' }, self: 0 },
  { measure: 'procrustes', options: { output: 'squaredDistance' }, range: [0, 2], self: 0 },
  { measure: 'regression' },
  { measure: 'regression', options: { from: 'y' } },
  { measure: 'rvCoefficient' },
  { measure: 'rvCoefficient', options: { modified: true }, range: signed },
  { measure: 'pls', range: [0, Infinity], self: NaN },
  { measure: 'rsa', range: signed },
  { measure: 'rsa', options: { correlation: 'pearson' }, range: signed },
  { measure: 'rsa', options: { correlation: 'kendall' }, range: signed },
  { measure: 'rsa', options: { correlation: 'cosine' } },
  ...(['euclidean', 'squaredEuclidean'] as const).map((dissimilarity): Claim => ({
    measure: 'rsa',
    options: { dissimilarity },
    invariances: linear,
    range: signed,
  })),
  {
    measure: 'rsa',
    options: { dissimilarity: 'cosine' },
    invariances: ['orthogonal', 'isotropic scaling'],
    range: signed,
  },
  {
    measure: 'rsa',
    options: { dissimilarity: 'mahalanobis' },
    invariances: ['invertible linear', ...linear],
    range: signed,
  },
  {
    measure: 'rsa',
    options: { dissimilarity: 'squaredEuclidean', correlation: 'whitenedCosine' },
    invariances: linear,
  },
  { measure: 'distanceCorrelation' },
  { measure: 'distanceCorrelation', options: { estimator: 'debiased' }, range: [-Infinity, Infinity] },
  { measure: 'distanceCorrelation', options: { squared: true, exponent: 1.5 } },
  { measure: 'mutualKnn' },
  { measure: 'mutualKnn', options: { metric: 'euclidean' }, invariances: linear },
  { measure: 'mutualKnn', options: { overlap: 'jaccard' } },
];

const pair = relatedPairs({ n: [30, 60], d: [3, 6] });

/** A map of each kind that a measure may not notice, far from the identity. */
const maps: Record<Invariance, (m: Matrix, seed: number) => Matrix> = {
  'invertible linear': (m, seed) =>
    times(
      m,
      mapped(gaussian(m.cols, m.cols, seed + 5), (value, i, j) => value + (i === j ? 4 * (1 + i) : 0)),
    ),
  orthogonal: (m, seed) => times(m, orthogonal(m.cols, seed + 3)),
  'isotropic scaling': (m) => mapped(m, (value) => 0.037 * value),
  translation: (m) => mapped(m, (value, _i, j) => value + 8 - 3 * j),
};
const kinds = Object.keys(maps) as Invariance[];

const runs = { seed: 11, numRuns: 6 };
const title = ({ measure, options }: Claim) => `${measure} ${options ? JSON.stringify(options) : ''}`.trim();

describe.each(claims.map((claim) => [title(claim), claim] as const))('%s', (_, claim) => {
  const measure = findMeasure(claim.measure);
  const { options = {}, invariances = measure.invariances, range = [0, 1], self = 1 } = claim;
  const symmetric = claim.symmetric ?? measure.symmetric;
  const of = async (x: MatrixLike, y: MatrixLike) =>
    (await measurePair(measure, x, y, { ...options, engine })).score;
  const holds = (kind: Invariance) =>
    invariances.includes(kind) || (invariances.includes('invertible linear') && kind !== 'translation');

  test.prop([pair], runs)('lies in its range, and is what it should be of itself', async ({ x, y }) => {
    const score = await of(x, y);
    expect(score).toBeGreaterThanOrEqual(range[0]);
    expect(score).toBeLessThanOrEqual(range[1]);
    // Angles and roots near 0 have half the digits.
    if (!Number.isNaN(self))
      expect(Math.abs((await of(x, x)) - self)).toBeLessThan(self === 0 ? 1e-7 : 1e-10);
  });

  test.prop([pair], runs)('is invariant as stated, on either side', async ({ x, y, seed }) => {
    const score = await of(x, y);
    for (const kind of kinds.filter(holds)) {
      expect(Math.abs((await of(maps[kind](x, seed), y)) - score), `${kind} of x`).toBeLessThan(1e-9);
      expect(Math.abs((await of(x, maps[kind](y, seed))) - score), `${kind} of y`).toBeLessThan(1e-9);
    }
  });

  test.prop([pair], runs)('does not depend on the order of the samples', async ({ x, y }) => {
    if (options['minibatch'] !== undefined) return;
    const order = new Random(3).permutation(x.rows);
    const put = (m: Matrix) => mapped(m, (_value, i, j) => m.data[order[i] * m.cols + j]);
    expect(Math.abs((await of(put(x), put(y))) - (await of(x, y)))).toBeLessThan(1e-9);
  });

  if (symmetric) {
    test.prop([pair], runs)('is symmetric', async ({ x, y }) => {
      expect(Math.abs((await of(y, x)) - (await of(x, y)))).toBeLessThan(1e-9);
    });
  }

  if (claim.metric) {
    test.prop([pair, fc.nat()], runs)('obeys the triangle inequality', async ({ x, y }, seed) => {
      const z = gaussian(x.rows, 4, seed);
      const [xy, yz, xz] = [await of(x, y), await of(y, z), await of(x, z)];
      expect(xz).toBeLessThanOrEqual(xy + yz + 1e-9);
      expect(xy).toBeLessThanOrEqual(xz + yz + 1e-9);
    });
  }

  if (holds('translation')) {
    test.prop([pair], runs)('does not notice dead neurons', async ({ x, y }) => {
      // Where the number of neurons enters: as the scale of the polynomial kernel, or as divisor.
      if (options['kernel'] === 'polynomial' || options['divisor'] !== undefined) return;
      const dead = mapped(gaussian(x.rows, 2, 1), () => 0.7);
      expect(Math.abs((await of(beside(x, dead), y)) - (await of(x, y)))).toBeLessThan(1e-9);
    });
  }

  it('claims no less than is true', async () => {
    const { x, y } = related(60, 5, 4, 77);
    const score = await of(x, y);
    for (const kind of kinds.filter((other) => !holds(other))) {
      const changes = [await of(maps[kind](x, 7), y), await of(x, maps[kind](y, 7))].map((value) =>
        Math.abs(value - score),
      );
      expect(Math.max(...changes), kind).toBeGreaterThan(1e-6);
    }
    if (symmetric) return;
    // Which side is which may matter where both are as wide, or where they are not.
    const same = related(60, 4, 4, 78);
    const exchanged = [(await of(y, x)) - score, (await of(same.y, same.x)) - (await of(same.x, same.y))].map(
      Math.abs,
    );
    expect(Math.max(...exchanged)).toBeGreaterThan(1e-6);
  });
});

it('every measure of the registry is among the claims, in its default form', () => {
  for (const name of Object.keys(measures)) {
    expect(claims.some(({ measure, options }) => measure === name && options === undefined)).toBe(true);
  }
});

import { test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import type { Matrix } from '../../src/matrix.js';
import { ckaMeasure } from '../../src/measures/cka.js';
import type { CkaOptions } from '../../src/measures/cka.js';
import { measurePair } from '../../src/measures/run-pair.js';
import { demoPair } from '../pairwise/numpy.js';
import { beside, gaussian, mapped, orthogonal, relatedPairs, times } from '../support.js';

const cka = (x: Matrix, y: Matrix, options: CkaOptions = {}) => measurePair(ckaMeasure, x, y, options);
const { x, y } = demoPair();
const head = (m: Matrix, rows: number): Matrix & { data: Float64Array } => ({
  rows,
  cols: m.cols,
  data: Float64Array.from(m.data.subarray(0, rows * m.cols)),
});

const RBF = { kernel: 'rbf' } as const;
const POLYNOMIAL = { kernel: 'polynomial' } as const;
const COSINE = { kernel: 'cosine' } as const;

describe("Kornblith's demonstration", () => {
  // /tmp/venv/bin/python with numpy.longdouble: rng = np.random.RandomState(1337); X = rng.randn(100, 10);
  // Y = rng.randn(100, 10) + X; kernels as written in CkaOptions; H = I - 1/n; biased: (HKH * HLH).sum() over the norms;
  // chance: tr(HKH) tr(HLH) / 99 over the norms; debiased: Song's formula 5; minibatches: Σ HSIC₁ · size over X[i:i+size].
  it.each<[string, CkaOptions, number, number, number, number, number]>([
    [
      'linear',
      {},
      0.5576132566117588,
      0.09124511383725964,
      0.5134564895055259,
      0.5132675063590595,
      0.4974076262774077,
    ],
    [
      'rbf, half the median distance',
      { ...RBF, sigma: { medianFraction: 0.5 } },
      0.6548311822614982,
      0.40448363202061816,
      0.4192767510220516,
      0.4511326016859698,
      0.408990202306503,
    ],
    [
      'rbf, the median distance',
      RBF,
      0.5758322230135366,
      0.1486210375328044,
      0.5016102703531155,
      0.5070522043629785,
      0.4806631880355966,
    ],
    [
      'rbf, σ = 2',
      { ...RBF, sigma: { fixed: 2 } },
      0.7137418946994584,
      0.6077219422281677,
      0.3189799661937732,
      0.37243628898048353,
      0.30707679538721083,
    ],
    [
      'polynomial, as scikit-learn sets it',
      POLYNOMIAL,
      0.5687698834757644,
      0.28414221002109846,
      0.4169681920196461,
      0.4120374386607036,
      0.4172907746715817,
    ],
    [
      'homogeneous quadratic',
      { ...POLYNOMIAL, degree: 2, coefficient: 0, gamma: 0.5 },
      0.5055517610696469,
      0.27934073151528854,
      0.2628695242664634,
      0.28058863655078436,
      0.2333606365534538,
    ],
    [
      'cosine',
      COSINE,
      0.5414103505593526,
      0.09276706101241469,
      0.4945385756305478,
      0.5153541931582818,
      0.4777319926736342,
    ],
  ])('%s', async (_, options, biased, chance, debiased, by25, by32) => {
    const found = await cka(x, y, options);
    expect(found.score).toBeCloseTo(biased, 12);
    expect(found.chance).toBeCloseTo(chance, 12);
    expect(found.adjusted).toBeCloseTo((biased - chance) / (1 - chance), 12);
    const unbiased = await cka(x, y, { ...options, estimator: 'debiased' });
    expect(unbiased.score).toBeCloseTo(debiased, 12);
    expect(unbiased.chance).toBe(0);
    expect((await cka(x, y, { ...options, minibatch: 25 })).score).toBeCloseTo(by25, 12);
    // 32, 32, 32 and 4 samples.
    expect((await cka(x, y, { ...options, minibatch: 32 })).score).toBeCloseTo(by32, 12);
  });

  it('with an offset, where the origin counts', async () => {
    // The same with X + 3, and with X - X.mean(0), Y - Y.mean(0).
    const moved = mapped(x, (value) => value + 3);
    expect((await cka(moved, y, POLYNOMIAL)).score).toBeCloseTo(0.42808533680899497, 12);
    expect((await cka(moved, y, COSINE)).score).toBeCloseTo(0.4969110766367788, 12);
    expect((await cka(moved, y, { ...POLYNOMIAL, centred: true })).score).toBeCloseTo(0.567037601488855, 12);
    expect((await cka(moved, y, { ...COSINE, centred: true })).score).toBeCloseTo(0.5434984859652618, 12);
  });
});

describe('kernels that hardly vary', () => {
  // /tmp/venv/bin/python with mpmath, 60 digits, of the first 40 samples: biased and debiased CKA.
  it.each<[string, CkaOptions, number, number, number, number]>([
    ['rbf, σ = 1e6', { ...RBF, sigma: { fixed: 1e6 } }, 1, 0, 0.654281717209568, 0.5709276478350747],
    ['rbf, σ = 1e3', { ...RBF, sigma: { fixed: 1e3 } }, 1, 0, 0.6542831755298121, 0.5709279940021325],
    ['rbf, σ = 0.3', { ...RBF, sigma: { fixed: 0.3 } }, 1, 0, 0.9999999999029012, 0.0016324390292126992],
    ['quadratic', { ...POLYNOMIAL, degree: 2 }, 1, 0, 0.6823681574149739, 0.5279803163048705],
    ['quadratic, tiny', { ...POLYNOMIAL, degree: 2 }, 1e-8, 0, 0.6542817172081096, 0.5709276478347285],
    ['quadratic, huge', { ...POLYNOMIAL, degree: 2 }, 1e8, 0, 0.6225170329433716, 0.25910528486624834],
    ['quadratic, far off', { ...POLYNOMIAL, degree: 2 }, 1, 1e4, 0.6724779311790434, 0.6052293441271368],
    ['cubic, far off', POLYNOMIAL, 1, 1e4, 0.6759568317435054, 0.6226164552577155],
    ['of degree 7, tiny', { ...POLYNOMIAL, degree: 7 }, 1e-8, 0, 0.6542817172081097, 0.5709276478347285],
    ['of degree 7, huge', { ...POLYNOMIAL, degree: 7 }, 1e8, 0, 0.20412117191557522, 0.024802321548083452],
    ['of degree 7, far off', { ...POLYNOMIAL, degree: 7 }, 1, 1e4, 0.6627157833462516, 0.634081290822338],
    ['cosine, far off', COSINE, 1, 1e4, 0.6141034067268005, 0.5273021983382911],
  ])('keep their digits: %s', async (_, options, scale, offset, biased, debiased) => {
    const [a, b] = [x, y].map((m) => mapped(head(m, 40), (value) => value * scale + offset));
    expect((await cka(a, b, options)).score).toBeCloseTo(biased, 10);
    expect((await cka(a, b, { ...options, estimator: 'debiased' })).score).toBeCloseTo(debiased, 10);
  });
});

const pair = relatedPairs({ n: [12, 60], d: [2, 7] });
const runs = { seed: 7, numRuns: 15 };

describe.each<[string, CkaOptions]>([
  ['linear', {}],
  ['rbf', RBF],
  ['rbf with a narrow kernel', { ...RBF, sigma: { medianFraction: 0.2 } }],
  ['polynomial', POLYNOMIAL],
  ['cosine', COSINE],
])('%s CKA', (name, options) => {
  test.prop([pair], runs)('is symmetric, lies in [0, 1], and is 1 of a side and itself', async ({ x, y }) => {
    const { score, chance } = await cka(x, y, options);
    expect(score).toBeGreaterThanOrEqual(0);
    expect(score).toBeLessThanOrEqual(1);
    expect(chance).toBeGreaterThan(0);
    expect(chance).toBeLessThanOrEqual(1);
    expect((await cka(y, x, options)).score).toBeCloseTo(score, 12);
    for (const more of [{}, { estimator: 'debiased' }, { minibatch: 6 }] as const) {
      expect((await cka(x, x, { ...options, ...more })).score).toBeCloseTo(1, 12);
    }
  });

  test.prop([pair], runs)('does not notice a rotation, nor an order of samples', async ({ x, y, seed }) => {
    const { score } = await cka(x, y, options);
    expect((await cka(times(x, orthogonal(x.cols, seed)), y, options)).score).toBeCloseTo(score, 10);
    const reversed = (m: Matrix) => mapped(m, (_, i, j) => m.data[(m.rows - 1 - i) * m.cols + j]);
    expect((await cka(reversed(x), reversed(y), options)).score).toBeCloseTo(score, 10);
  });

  test.prop([pair], { seed: 7, numRuns: 5 })(
    'over one minibatch of all samples is debiased',
    async ({ x, y }) => {
      const whole = await cka(x, y, { ...options, estimator: 'debiased' });
      expect((await cka(x, y, { ...options, minibatch: 60 })).score).toBeCloseTo(whole.score, 11);
    },
  );

  if (name !== 'polynomial') {
    test.prop([pair], runs)('does not notice the scale', async ({ x, y }) => {
      for (const more of [{}, { estimator: 'debiased' }, { minibatch: 6 }] as const) {
        const { score } = await cka(x, y, { ...options, ...more });
        for (const scale of [1e-8, 1e8, -3]) {
          const other = await cka(
            mapped(x, (value) => value * scale),
            y,
            { ...options, ...more },
          );
          expect(other.score).toBeCloseTo(score, 9);
        }
      }
    });
  }

  test.prop([pair], runs)('does not notice an offset, where it says so', async ({ x, y }) => {
    const all = { ...options, centred: true };
    const { score } = await cka(x, y, all);
    expect(
      (
        await cka(
          mapped(x, (value) => value + 1e4),
          y,
          all,
        )
      ).score,
    ).toBeCloseTo(score, 9);
  });

  it('has the average of all orders of the samples as its chance level', async () => {
    const [a, b] = [head(x, 5), head(y, 5)];
    const scores: number[] = [];
    const debiased: number[] = [];
    for (const order of orders([0, 1, 2, 3, 4])) {
      const other = mapped(b, (_, i, j) => b.data[order[i] * b.cols + j]);
      scores.push((await cka(a, other, options)).score);
      debiased.push((await cka(a, other, { ...options, estimator: 'debiased' })).score);
    }
    const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(scores.length).toBe(120);
    expect(mean(scores)).toBeCloseTo((await cka(a, b, options)).chance!, 12);
    expect(mean(debiased)).toBeCloseTo(0, 11);
  });

  it('reads float32, and gives what the same numbers in float64 give', async () => {
    const single = { rows: 100, cols: 10, data: Float32Array.from(x.data) };
    const double = mapped(single, (value) => value);
    const all = { ...options, estimator: 'debiased' } as const;
    expect((await cka(single, y, all)).score).toBeCloseTo((await cka(double, y, all)).score, 11);
  });

  it('is 0 of a constant side, and says so', async () => {
    const constant = mapped(y, () => 0.7);
    for (const more of [{}, { estimator: 'debiased' }, { minibatch: 10 }] as const) {
      const found = await cka(x, constant, { ...options, ...more });
      expect(found.score).toBe(0);
      expect(found.chance).toBeUndefined();
      expect(found.warnings[0]).toContain('Side y is constant');
      expect((await cka(constant, constant, { ...options, ...more })).score).toBe(0);
    }
  });

  it('takes dead neurons and repeated samples as they come', async () => {
    const dead = beside(
      x,
      mapped(gaussian(100, 2, 1), () => 0),
    );
    if (name !== 'polynomial') {
      expect((await cka(dead, y, options)).score).toBeCloseTo((await cka(x, y, options)).score, 11);
    }
    const twice = (m: Matrix) => mapped(m, (_, i, j) => m.data[(i - (i % 2)) * m.cols + j]);
    const found = await cka(twice(x), twice(y), options);
    expect(found.score).toBeGreaterThan(0);
    expect(found.score).toBeLessThan(1);
  });
});

/** Every order of the items. */
function orders(items: number[]): number[][] {
  if (items.length < 2) return [items];
  return items.flatMap((first) =>
    orders(items.filter((item) => item !== first)).map((rest) => [first, ...rest]),
  );
}

describe('engines', () => {
  it.each([RBF, COSINE, { ...POLYNOMIAL, minibatch: 20 }])('agree on %j', async (options) => {
    const { score } = await cka(x, y, options);
    const other = await measurePair(ckaMeasure, x, y, { ...options, engine: 'ml-matrix' });
    expect(other.score).toBeCloseTo(score, 12);
    expect(other.method).toBe('pairwise');
  });
});

const UNDEFINED = 'Debiased CKA is undefined here: the unbiased self-similarity of a side is not positive.';

describe('debiased, where U-centring leaves nothing but rounding', () => {
  const oneHot = (n: number, value: number, neurons = n) =>
    mapped(gaussian(n, neurons, 1), (_, i, j) => (i === j ? value : 0));
  const firing = (n: number, at: number, offset: number) =>
    mapped(gaussian(n, 2, at), (value, i) => offset + (i === at ? value : 0));

  const linear = (['ml-matrix', 'wasm'] as const).flatMap((engine) =>
    (['auto', 'moments', 'direct'] as const).flatMap((method) =>
      [0, 1e3, 1e8].map((offset) => ({ engine, method, offset }) as const),
    ),
  );
  it.each(linear)('linear: $engine, $method, at an offset of $offset', async ({ offset, ...run }) => {
    const options = { ...run, estimator: 'debiased' } as const;
    const { data, ...shape } = oneHot(6, 1e5);
    const cases = [
      [{ ...shape, data: Float32Array.from(data) }, oneHot(6, 1e5)],
      [firing(10, 3, offset), firing(10, 5, offset)],
      [firing(700, 3, offset), firing(700, 5, offset)],
    ];
    for (const [a, b] of cases) {
      const found = await measurePair(ckaMeasure, a, b, options);
      expect(found.score).toBe(0);
      expect(found.warnings).toEqual([UNDEFINED]);
      expect(found.chance).toBeUndefined();
    }
  });

  it.each<CkaOptions>([
    RBF,
    { ...RBF, sigma: { medianFraction: 0.1 } },
    { ...RBF, sigma: { fixed: 30 } },
    POLYNOMIAL,
    { ...POLYNOMIAL, degree: 5, coefficient: 50 },
    COSINE,
    { minibatch: 100 },
    { ...RBF, minibatch: 100 },
  ])('%j', async (options) => {
    for (const n of [4, 6, 9, 300]) {
      const found = await cka(oneHot(n, 1), oneHot(n, 0.3, n + 2), { ...options, estimator: 'debiased' });
      expect(found.score).toBe(0);
      expect(found.warnings).toEqual([UNDEFINED]);
    }
  });

  it.each<CkaOptions>([{}, RBF, { minibatch: 100 }])(
    'says that digits are lost where nearly all cancels, and not of good data: %j',
    async (options) => {
      const all = { ...options, estimator: 'debiased' } as const;
      // The row of an outlier is taken off; the rest of the kernel is millions of times smaller.
      const far = mapped(x, (value, i) => (i === 3 ? value + 1e5 : value));
      const wide = { ...all, ...(options.kernel && { sigma: { fixed: 3e5 } }) };
      expect((await cka(far, y, wide)).warnings).toEqual([expect.stringContaining('sixth digit')]);
      for (const offset of [0, 1e4]) {
        expect(
          (
            await cka(
              mapped(x, (value) => value + offset),
              y,
              all,
            )
          ).warnings,
        ).toEqual([]);
      }
    },
  );
});

describe('scales far from 1', () => {
  it.each<CkaOptions>([{}, { estimator: 'debiased' }, { minibatch: 20 }])('%j', async (options) => {
    const { score } = await cka(x, y, options);
    for (const scale of [1e-100, 1e-85, 1e85, 1e100]) {
      const scaled = await cka(
        mapped(x, (value) => scale * value),
        y,
        options,
      );
      expect(scaled.score).toBeCloseTo(score, 12);
    }
  });

  it.each([1e-160, 1e160])(
    '%d: squares of samples that leave the range of numbers are refused',
    async (scale) => {
      const scaled = mapped(x, (value) => scale * value);
      for (const options of [RBF, { ...POLYNOMIAL, coefficient: 0 }]) {
        await expect(cka(scaled, y, options)).rejects.toMatchObject({ code: 'NUMERICAL' });
      }
      expect((await cka(scaled, y, COSINE)).score).toBeCloseTo((await cka(x, y, COSINE)).score, 12);
    },
  );

  it.each([1e-85, 1e85])(
    '%d: row norms of factors that leave the range of numbers are refused',
    async (scale) => {
      const options = { estimator: 'debiased', method: 'direct' } as const;
      const scaled = mapped(x, (value) => scale * value);
      await expect(measurePair(ckaMeasure, scaled, y, options)).rejects.toMatchObject({ code: 'NUMERICAL' });
    },
  );
});

describe('minibatches', () => {
  it('of which the last is shorter, weighed alike', async () => {
    // numpy as above: Σ HSIC₁ over X[i:i+30], of 30, 30, 30 and 10 samples, without weights and by samples.
    const found = await cka(x, y, { minibatch: 30, minibatchWeights: 'equal' });
    expect(found.score).toBeCloseTo(0.5076163006563329, 12);
    expect((await cka(x, y, { ...RBF, minibatch: 30, minibatchWeights: 'equal' })).score).toBeCloseTo(
      0.5009915688769855,
      11,
    );
    expect((await cka(x, y, { minibatch: 30 })).score).toBeCloseTo(0.5114732194661725, 12);
    const even = await cka(x, y, { minibatch: 25, minibatchWeights: 'equal' });
    expect(even.score).toBeCloseTo((await cka(x, y, { minibatch: 25 })).score, 14);
  });

  it('leave out the last samples where they are fewer than four, and say so', async () => {
    const found = await cka(x, y, { minibatch: 33 });
    expect(found.score).toBeCloseTo((await cka(head(x, 99), head(y, 99), { minibatch: 33 })).score, 13);
    expect(found.warnings).toEqual([
      'The last 1 of 100 samples are too few for a minibatch of their own and were left out.',
    ]);
  });

  it('are debiased, since the bias depends on their size', async () => {
    expect((await cka(x, y, { minibatch: 10 })).options['estimator']).toBe('debiased');
    await expect(async () => cka(x, y, { minibatch: 10, estimator: 'biased' })).rejects.toThrow(
      "estimator is 'biased': an average over minibatches needs 'debiased'",
    );
  });

  it.each<CkaOptions>([
    {},
    { minibatch: 8, kernel: 'rbf', minibatchWeights: 'equal' },
    { ...POLYNOMIAL, degree: 2, gamma: 1 },
    { ...RBF, sigma: { fixed: 2 } },
  ])('resolve to options that resolve to themselves: %j', (options) => {
    const once = ckaMeasure.resolve(options);
    expect(ckaMeasure.resolve(once)).toEqual(once);
  });
});

describe('a bandwidth', () => {
  it('of 0, where most samples are equal, tells equal samples from different ones', async () => {
    // 9 equal samples and 3 others: K = 1 of equal samples. numpy: K = block of ones, L = Gram matrix of the labels.
    const mostly = mapped(head(x, 12), (value, i) => (i < 9 ? 0.5 : value));
    const labels = mapped(gaussian(12, 4, 1), (_, i, j) => (j === Math.max(0, i - 8) ? 1 : 0));
    const found = await cka(mostly, labels, RBF);
    const same = await cka(labels, labels, { ...RBF, sigma: { fixed: 1e-3 } });
    expect(same.score).toBe(1);
    expect(found.score).toBeCloseTo(1, 12);
    expect(found.warnings[0]).toContain('At least half of the pairs of samples of x are equal');
  });

  it('so wide that the kernel is constant to all its digits gives 0 and not NaN', async () => {
    const found = await cka(x, y, { ...RBF, sigma: { fixed: 1e150 } });
    expect(found.score).toBe(0);
    expect(found.warnings[0]).toContain('the same for all pairs');
  });
});

describe('bad calls', () => {
  it.each<[CkaOptions, string]>([
    [
      { kernel: 'gaussian' as 'rbf' },
      "kernel is 'gaussian': choose one of 'linear', 'polynomial', 'rbf', 'cosine'",
    ],
    [{ sigma: 2 as unknown as { fixed: number } }, 'sigma is 2: give { medianFraction: t } or { fixed: σ }'],
    [{ sigma: { fixed: 0 } }, 'sigma.fixed is 0: give a number above 0'],
    [{ sigma: { medianFraction: Infinity } }, 'give a number above 0'],
    [{ sigma: { width: 1 } as unknown as { fixed: number } }, 'give { medianFraction: t } or { fixed: σ }'],
    [{ degree: 1.5 }, 'degree is 1.5: give a whole number of at least 1'],
    [{ coefficient: -1 }, 'coefficient is -1: give a number of at least 0'],
    [{ gamma: 0 }, "gamma is 0: give 'auto' or a number above 0"],
    [{ minibatch: 3 }, 'minibatch is 3: give a whole number of at least 4'],
    [{ centred: 'yes' as unknown as boolean }, "centred is 'yes': give true or false"],
    [{ estimator: 'unbiased' as 'biased' }, "estimator is 'unbiased'"],
    [{ estimator: null as unknown as 'biased' }, "estimator is null: choose one of 'biased', 'debiased'"],
    [
      { sigma: { fixed: 2 } },
      `sigma is {"fixed":2}, which only the kernel 'rbf' takes: the kernel is 'linear'`,
    ],
    [{ ...RBF, degree: 2 }, "degree is 2, which only the kernel 'polynomial' takes: the kernel is 'rbf'"],
    [{ ...COSINE, coefficient: 0 }, "coefficient is 0, which only the kernel 'polynomial' takes"],
    [{ gamma: 0.5 }, "gamma is 0.5, which only the kernel 'polynomial' takes: the kernel is 'linear'"],
    [
      { minibatch: 8, minibatchWeights: 'even' as 'equal' },
      "minibatchWeights is 'even': choose one of 'samples', 'equal'",
    ],
    [{ minibatchWeights: 'equal' }, "minibatchWeights is 'equal', but minibatch is false"],
    [{ width: 1 } as CkaOptions, "cka has no option 'width'"],
  ])('%j', async (options, message) => {
    await expect(async () => cka(x, y, options)).rejects.toThrow(message);
  });

  it.each<CkaOptions>([{ estimator: 'debiased' }, { ...RBF, estimator: 'debiased' }, { minibatch: 4 }])(
    'too few samples: %j',
    async (options) => {
      await expect(cka(head(x, 3), head(y, 3), options)).rejects.toMatchObject({ code: 'TOO_FEW_SAMPLES' });
    },
  );
});

/** The statistics of a study's exhibits against independent calculations. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/random.js';
import { aucInfluence, meanAuc } from '../../src/transfer/auc-classes.js';
import { delongTest } from '../../src/transfer/delong.js';
import { correlationOf, pearson } from '../../src/transfer/exhibits/correlation.js';
import { meanOverSeeds } from '../../src/transfer/exhibits/mean-over-seeds.js';
import { unmatched } from '../../src/transfer/exhibits/networks.js';
import type { Net } from '../../src/transfer/exhibits/networks.js';
import { auc } from '../../src/transfer/auc.js';

/*
 * Six networks on forty images, every other one positive. The figures beside them were made with numpy 2 and scipy: DeLong's
 * components by comparing every positive with every negative, `np.cov` of them, then
 *
 *     ms = np.var(theta, ddof=1); c = max(0, (S.sum() - np.trace(S)) / (r * (r - 1)))
 *     total = ms + r * c; df = (r - 1) * (total / ms) ** 2
 *     h = stats.t.ppf(.975, df) * (total / r) ** .5; p = 2 * stats.t.sf(abs(theta.mean()) / (total / r) ** .5, df)
 *     images: stats.norm.ppf(.975) * S.sum() ** .5 / r; seeds: stats.t.ppf(.975, r - 1) * (ms / r) ** .5
 *
 * with theta and S of the areas, and for the gain of `L @ theta` and `L @ S @ L.T`. `low` and `high` are `theta.mean() ± h`, or
 * the ends over images where those are further out: so of `pretrained`, where h gives 0.6126632300785192 … 0.9048367699214809,
 * and of the gain, where it gives −0.1940540359177172 … 0.0407207025843839. The p of the gain is the larger of 0.2002092743505040
 * and `2 * stats.norm.sf(abs(gain.mean()) / (S.sum() ** .5 / r))`.
 */
const labels = Uint8Array.from({ length: 40 }, (_, i) => i % 2);
const data = { labels, task: 'classes', classes: ['normal', 'ill'] } as const;
const scores = {
  random: [
    [
      -0.26, -0.16, -0.45, 0.16, -0.89, 0.68, -0.65, 0.86, 0.82, 1.38, 0.45, -0.09, 0.41, 1.72, -0.96, 1.06,
      0.24, 1.49, -0.83, 0.14, 0.63, 0.17, -1.27, 0.68, -0.03, 0.4, -0.55, 1.57, -1.2, 1.15, -0.96, -0.93,
      0.19, 1.08, -0.08, 1.14, 0.77, 0.34, -1.05, -0.3,
    ],
    [
      -1.34, 0.17, -1.38, 0.47, -1.53, 0.87, -0.55, 1.12, 0.92, 1.12, 0.86, 0.29, 0.24, 1.51, -0.44, 1.31,
      -0.11, 1.9, -0.2, 0.35, -0.14, 1.15, -1.04, 0.01, -0.48, 0.49, -0.66, 0.48, -1.96, 1.85, -0.51, -0.9,
      0.52, 1.48, -0.48, 2.49, 0.57, 0.29, -2.25, -0.17,
    ],
    [
      -0.37, -0.23, -1.26, 1.31, -1.84, 0.39, -0.55, 0.69, 1.12, 2.22, 0.84, 0.7, 0.54, 2.01, -1.72, 0.98,
      0.07, 0.81, -0.42, 0.34, 0.24, 0.82, -0.92, 1.04, -0.5, 0.39, -0.18, 0.77, -1.51, 2.07, -0.08, -0.36,
      0.7, 2.22, -0.55, 1.44, 0.93, 0.22, -1.78, 0.13,
    ],
  ],
  pretrained: [
    [
      0.39, -0.66, -1.77, -0.37, -2.13, 0.44, -0.1, 1.76, 0.12, 2.55, -0.84, 0.99, 0.3, 1.33, 1.32, 1.45,
      0.89, 4.27, -0.39, -0.18, -0.78, 0.95, -0.38, 1.67, 1.53, 0.15, -0.28, 1.39, -1.13, 2.13, 1.19, -1.61,
      -0.26, 4.09, -0.48, 2.15, 1.77, 1.12, -1.75, -1.08,
    ],
    [
      -0.1, 0.11, -2.04, -0.55, -0.81, 0.45, -0.03, 2.49, 0.5, 1.64, -0.48, 0.41, -0.18, 1.37, 1.5, 1.18,
      0.58, 3.78, -0.15, 0.77, 0.81, 0.51, -0.2, 0.75, 1.1, 0.37, -0.46, 1.22, -1.22, 2.62, 0.11, -0.78,
      -0.05, 3.55, -0.72, 3.05, 2.44, 1.36, -2.39, -1.52,
    ],
    [
      0.37, -1.16, -2.52, -0.3, -0.9, 0.69, 0.34, 3.14, -0.18, 1.87, 0.29, 0.89, -0.75, 1.51, 1.02, 2.06,
      0.69, 3.43, 0.14, 0.79, 0.02, 1.12, -0.99, 0.58, 1.12, 0.96, -1.02, 0.65, -1.07, 1.72, 0.33, -1.39,
      -0.02, 3.77, -0.94, 2.25, 1.93, 0.58, -2.88, -1.91,
    ],
  ],
};
const expected = {
  random: {
    mean: 0.8354166666666667,
    low: 0.7187455332650512,
    high: 0.9520878000682822,
    images: [0.719235306472057, 0.9515980268612764],
    seeds: [0.7659597660743855, 0.9048735672589479],
  },
  pretrained: {
    mean: 0.75875,
    low: 0.6093042728578272,
    high: 0.9081957271421729,
    images: [0.6093042728578272, 0.9081957271421729],
    seeds: [0.7452148684408026, 0.7722851315591974],
  },
  gain: {
    mean: -0.07666666666666666,
    low: -0.1997344589699709,
    high: 0.04640112563663759,
    images: [-0.1997344589699709, 0.04640112563663759],
    seeds: [-0.1342869267599652, -0.019046406573368126],
  },
};
const gainP = 0.22209176966880018;

/** Logits of two classes whose difference is the score, to the last bit. */
const logitsOf = (values: readonly number[]) => values.flatMap((value) => [-value / 2, value / 2]);
const influences = (group: readonly (readonly number[])[]) =>
  group.map((one) => aucInfluence(logitsOf(one), data)!);
const aucs = (group: readonly (readonly number[])[]) => group.map((one) => auc(one, labels));
const minus = (a: Float64Array, b: Float64Array) => a.map((value, i) => value - b[i]);
const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i], 0);

function expectLike(found: ReturnType<typeof meanOverSeeds>, reference: (typeof expected)['random']): void {
  expect(found.mean.value).toBeCloseTo(reference.mean, 12);
  const { low, high } = found.mean;
  const { images, seeds } = found.parts;
  expect([low, high]).toEqual([reference.low, reference.high].map((end) => expect.closeTo(end, 9)));
  expect([images.low, images.high]).toEqual(reference.images.map((end) => expect.closeTo(end, 9)));
  expect([seeds!.low, seeds!.high]).toEqual(reference.seeds.map((end) => expect.closeTo(end, 9)));
  expect(found.interval).toBe('seeds and test images');
}

describe('the mean over seeds', () => {
  it.each(['random', 'pretrained'] as const)('has the intervals that scipy gives of %s', (name) => {
    expectLike(meanOverSeeds(aucs(scores[name]), influences(scores[name]), [0, 1]), expected[name]);
  });

  it('has them of a paired gain, and its p', () => {
    const [a, b] = [influences(scores.pretrained), influences(scores.random)];
    const [own, other] = [aucs(scores.pretrained), aucs(scores.random)];
    const found = meanOverSeeds(
      own.map((value, i) => value - other[i]),
      a.map((one, i) => minus(one, b[i])),
      [-1, 1],
    );
    expectLike(found, expected.gain);
    expect(found.p).toBeCloseTo(gainP, 9);
  });

  it('is DeLong of a single seed, and says that it covers test images alone', () => {
    const found = meanOverSeeds(
      aucs(scores.random.slice(0, 1)),
      influences(scores.random.slice(0, 1)),
      [0, 1],
    );
    const { low, high } = meanAuc(logitsOf(scores.random[0]), data);
    expect(found.mean).toEqual({
      value: 0.805,
      low: expect.closeTo(low, 12),
      high: expect.closeTo(high, 12),
    });
    expect(found.interval).toBe('test images');
    expect(found.parts.seeds).toBeUndefined();
  });

  it('is open where what the images say is not known', () => {
    const found = meanOverSeeds([0.8, 0.9], [undefined, new Float64Array(2)], [0, 1]);
    expect(found.mean).toEqual({ value: expect.closeTo(0.85, 12), low: 0, high: 1 });
    expect(found.p).toBe(1);
  });

  it('has the p of a mean over seeds', () => {
    const found = meanOverSeeds(
      aucs(scores.random).map((area) => area - 0.75),
      influences(scores.random),
      [-1, 1],
    );
    expect(found.p).toBeCloseTo(0.15081139194753818, 9);
  });

  it('is not surer than of the test images alone where seeds agree by chance', () => {
    const [a, b] = influences([scores.random[0], scores.pretrained[0]]);
    // Turned round in part, so that the covariance is negative and counts as none.
    const opposed = [
      a,
      minus(
        b,
        a.map((value) => 2 * value),
      ),
    ];
    expect(dot(opposed[0], opposed[1])).toBeLessThan(0);
    for (const second of [0.1, 0.1 + 1e-15]) {
      const { mean, p } = meanOverSeeds([0.1, second], opposed, [-1, 1]);
      // numpy and scipy: se = sqrt(((x + y) ** 2).sum()) / 2; .1 ± stats.norm.ppf(.975) * se; 2 * stats.norm.sf(.1 / se)
      expect(mean.low).toBeCloseTo(0.0379237293363334, 12);
      expect(mean.high).toBeCloseTo(0.16207627066366662, 12);
      expect(p).toBeCloseTo(0.001592111335049863, 12);
    }
  });

  it('stays finite where nothing varies', () => {
    const still = [new Float64Array(4), new Float64Array(4)];
    expect(meanOverSeeds([1, 1], still, [0, 1]).mean).toEqual({ value: 1, low: 1, high: 1 });
    expect(meanOverSeeds([0, 0], still, [-1, 1]).p).toBe(1);
    expect(meanOverSeeds([0.5, 0.5], still, [-1, 1]).p).toBe(0);
  });
});

describe('what an image says of an AUC', () => {
  it('gives the variance of a difference that DeLong’s test has', () => {
    const [a, b] = [scores.pretrained[0], scores.random[2]];
    const [x, y] = influences([a, b]);
    expect(dot(minus(x, y), minus(x, y))).toBeCloseTo(delongTest(a, b, labels).variance, 14);
  });

  it('gives the interval of the mean over several classes, and over labels', () => {
    const random = new Random(3);
    const three = Uint8Array.from({ length: 60 }, (_, i) => i % 3);
    const own = Array.from(
      { length: 180 },
      (_, i) => random.normal() + Number(i % 3 === three[Math.floor(i / 3)]),
    );
    const many = { labels: three, task: 'classes', classes: ['a', 'b', 'c'] } as const;
    const findings = {
      labels: Uint8Array.from({ length: 180 }, (_, i) => ((i * 7) % 11) % 2),
      task: 'labels',
      classes: ['a', 'b', 'c'],
    } as const;
    for (const setting of [many, findings]) {
      const { auc: value, high } = meanAuc(own, setting);
      const influence = aucInfluence(own, setting)!;
      expect(Math.sqrt(dot(influence, influence))).toBeCloseTo((high - value) / 1.959963984540054, 10);
    }
  });

  it('is not known where a class has one image', () => {
    const lone = { labels: [0, 0, 0, 1], task: 'classes', classes: ['a', 'b'] } as const;
    expect(
      aucInfluence([0, 1, 0, 2, 0, 3, 0, 4], { ...lone, labels: Uint8Array.from(lone.labels) }),
    ).toBeUndefined();
  });
});

describe('correlation of points that share networks', () => {
  const points = [
    ...[
      ['r0', 'r1', 0.52, 0.61],
      ['r0', 'r2', 0.55, 0.58],
      ['r1', 'r2', 0.61, 0.66],
    ],
    ...[
      ['r0', 'p0', 0.4, 0.55],
      ['r1', 'p0', 0.44, 0.49],
      ['r2', 'p0', 0.48, 0.62],
    ],
    ...[
      ['r0', 'r1', 0.82, 0.71],
      ['r0', 'r2', 0.79, 0.75],
      ['r1', 'r2', 0.88, 0.74],
    ],
    ...[
      ['r0', 'p0', 0.7, 0.64],
      ['r1', 'p0', 0.73, 0.7],
      ['r2', 'p0', 0.69, 0.66],
    ],
  ].map(([a, b, x, y]) => ({ nets: [a, b] as [string, string], x: x as number, y: y as number }));

  // scipy: stats.pearsonr over all points, then without each network in turn; z = arctanh, se = sqrt(3/4 * sum((z - mean)²)),
  // tanh(arctanh(r) ± stats.t.ppf(.975, 3) * se).
  it('is scipy’s, with a jackknife over networks', () => {
    expect(correlationOf(points)).toEqual({
      value: expect.closeTo(0.9099109894366423, 12),
      low: expect.closeTo(0.7388302913285913, 10),
      high: expect.closeTo(0.9708058646199117, 10),
    });
  });

  it('is open where a network cannot be left out, and absent where it is undefined', () => {
    expect(correlationOf(points.slice(0, 3))).toMatchObject({ low: -1, high: 1 });
    expect(correlationOf(points.slice(0, 2))).toBeUndefined();
    expect(pearson([1, 1, 1], [1, 2, 3])).toBeUndefined();
    expect(pearson([0.1, 0.1 + 1e-17, 0.1], [1, 2, 3])).toBeUndefined();
    expect(pearson([1, 2, 3], [2, 4, 6])).toBeCloseTo(1, 14);
  });
});

describe('images that do not meet', () => {
  it('are all moved, each whole and none twice', () => {
    const data = Float64Array.from({ length: 5 * 3 * 2 }, (_, i) => i);
    const net = { images: 5, activations: { conv: { rows: 15, cols: 2, data } } } as unknown as Net;
    const { activations } = unmatched(net, 3);
    const moved = activations['conv'];
    const from = Array.from({ length: 5 }, (_, n) => moved.data[n * 6] / 6);
    expect([...from].sort()).toEqual([0, 1, 2, 3, 4]);
    from.forEach((image, n) => {
      expect(image).not.toBe(n);
      expect(moved.data.slice(n * 6, n * 6 + 6)).toEqual(data.slice(image * 6, image * 6 + 6));
    });
    expect(unmatched(net, 3)).toEqual(unmatched(net, 3));
  });
});

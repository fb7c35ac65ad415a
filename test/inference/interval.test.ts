/** Intervals: against an independent jackknife, their coverage, blocks, and the two ways to the scores of parts. */
import { describe, expect, it } from 'vitest';
import { DataError, OptionError } from '../../src/errors.js';
import { openEngine } from '../../src/engines/select.js';
import { interval } from '../../src/inference/interval.js';
import { permutationTest } from '../../src/inference/permutation.js';
import { chanceMean } from '../../src/measures/chance.js';
import { cca, cka } from '../../src/measures/functions.js';
import { Random } from '../../src/random.js';
import { gaussian, mapped } from '../support.js';
import { body, exercise } from './linnerud.js';

const ml = await openEngine('ml-matrix');

/** Gaussian sides of 3 and `q` neurons with the given population correlations. */
function correlated(samples: number, rho: readonly number[], q: number, seed: number) {
  const random = new Random(seed);
  const x = { rows: samples, cols: rho.length, data: random.normals(samples * rho.length) };
  const noise = { rows: samples, cols: q, data: random.normals(samples * q) };
  const y = mapped(noise, (value, i, j) =>
    j < rho.length ? rho[j] * x.data[i * rho.length + j] + Math.sqrt(1 - rho[j] ** 2) * value : value,
  );
  return { x, y };
}

function near(actual: number, expected: number): void {
  expect(Math.abs(actual / expected - 1)).toBeLessThan(1e-9);
}

// Delete-a-group jackknife of Busing et al. 1999 of arctanh(score) in numpy and scipy, on scikit-learn's load_linnerud() in groups of 2
// datapoints, or of 2 and a last of 6: score, estimate, low, high, and the standard error without arctanh.
const groupsOfTwo = Array.from({ length: 20 }, (_, i) => Math.floor(i / 2));
const lastOfSix = groupsOfTwo.map((label) => Math.min(label, 7));
const linnerud = [
  [
    'cca',
    groupsOfTwo,
    0.35624482724582734,
    0.044870462237618425,
    -0.20094109427955661,
    0.28536613621047663,
    0.09358129884560053,
  ],
  [
    'cca',
    lastOfSix,
    0.35624482724582734,
    0.0678806021397104,
    -0.21361263458595456,
    0.3389661161371231,
    0.1023210583167255,
  ],
  [
    'cka',
    groupsOfTwo,
    0.19682531614677387,
    0.16776826092664293,
    -0.15809827841857718,
    0.46068022382636625,
    0.14032812247250107,
  ],
  [
    'cka',
    lastOfSix,
    0.19682531614677387,
    0.15665087487659785,
    -0.2173462991465727,
    0.49054064391657365,
    0.15320079822755567,
  ],
] as const;

describe('the jackknife', () => {
  it.each(linnerud)(
    'of %s is that of numpy',
    async (measure, block, score, estimate, low, high, standardError) => {
      for (const method of ['auto', 'direct', 'moments'] as const) {
        const found = await interval(exercise, body, { engine: ml, measure, block, method });
        near(found.score, score);
        near(found.high, high);
        near(found.standardError, standardError);
        // What chance correlations leave is taken off, and no score is below 0.
        const left = found.undecided?.left ?? 0;
        expect(left > 0).toBe(measure === 'cca');
        expect(found.estimate).toBeCloseTo(Math.max(0, estimate - left), 10);
        expect(found.low).toBe(0);
        expect(low).toBeLessThan(0);
        expect(found).toMatchObject({
          groups: new Set(block).size,
          blocks: new Set(block).size,
          level: 0.95,
          scale: 'atanh',
        });
      }
    },
  );

  it('depends on the seed only through the groups', async () => {
    const options = { engine: ml, measure: 'cca', groups: 5 } as const;
    const first = await interval(exercise, body, options);
    expect(await interval(exercise, body, options)).toEqual(first);
    expect((await interval(exercise, body, { ...options, seed: 1 })).high).not.toBe(first.high);
    expect((await interval(exercise, body, options)).groups).toBe(5);
  });
});

const truths = [
  ['cca', [0.8, 0.5, 0.3], 3, 250, 1.6 / 3],
  // ‖Σxy‖² / (‖Σxx‖ ‖Σyy‖)
  ['cka', [0.8, 0.5, 0.3], 5, 150, (0.64 + 0.25 + 0.09) / Math.sqrt(15)],
] as const;

describe('95 % intervals', () => {
  it.each(truths)(
    'by the jackknife of %s cover the truth in 92 to 98 % of 1,000 data sets',
    async (measure, rho, q, n, truth) => {
      let covered = 0;
      let bias = 0;
      for (let i = 0; i < 1000; i++) {
        const { x, y } = correlated(n, rho, q, i + 1);
        const { low, high, estimate } = await interval(x, y, { engine: ml, method: 'moments', measure });
        if (low <= truth && truth <= high) covered++;
        bias += (estimate - truth) / 1000;
      }
      expect(covered).toBeGreaterThanOrEqual(920);
      expect(covered).toBeLessThanOrEqual(980);
      expect(Math.abs(bias)).toBeLessThan(0.005);
    },
  );

  it.each(truths)(
    'by the bootstrap of %s cover the truth in 92 to 98 % of 500 data sets',
    async (measure, rho, q, n, truth) => {
      let covered = 0;
      const options = {
        engine: ml,
        method: 'moments',
        measure,
        resampling: 'bootstrap',
        resamples: 60,
      } as const;
      for (let i = 0; i < 500; i++) {
        const { x, y } = correlated(n, rho, q, i + 1);
        const { low, high } = await interval(x, y, { ...options, seed: i });
        if (low <= truth && truth <= high) covered++;
      }
      expect(covered).toBeGreaterThanOrEqual(460);
      expect(covered).toBeLessThanOrEqual(490);
    },
  );
});

/** Population correlations, neurons of x and of y, samples, draws. Of those that are 0 nothing but chance is seen. */
const partly = [
  [[0.54, 0.54, 0, 0, 0], 6, 200, 300],
  [[0.54, 0.54, 0, 0, 0], 6, 1000, 200],
  [[0, 0, 0, 0, 0], 6, 1000, 200],
  // Too weak to be told from 0 for sure.
  [[0.17, 0.17, 0, 0, 0], 6, 200, 200],
  [[0.54, 0.54, ...new Array<number>(13).fill(0)], 20, 800, 100],
] as const;

describe('95 % intervals where some correlations are 0', () => {
  it.each(partly)('cover the mean of %j, × %i neurons, %i samples', async (rho, q, n, draws) => {
    const truth = rho.reduce((sum, value) => sum + value, 0) / rho.length;
    let [covered, bias, unclear] = [0, 0, 0];
    for (let i = 0; i < draws; i++) {
      const { x, y } = correlated(n, rho, q, i + 1);
      const found = await interval(x, y, { engine: ml, method: 'moments', measure: 'cca' });
      if (found.low <= truth && truth <= found.high) covered++;
      bias += (found.estimate - truth) / draws;
      if (found.undecided !== undefined) unclear++;
    }
    // Chance or weak, the truth lies within: at least as often as said.
    expect(covered / draws).toBeGreaterThan(0.92);
    expect(Math.abs(bias)).toBeLessThan(0.03);
    expect(unclear).toBe(draws);
  });

  it('say what is undecided, by the law of chance', async () => {
    const { x, y } = correlated(500, [0.8, 0.6, 0, 0], 6, 3);
    const found = await interval(x, y, { engine: ml, measure: 'cca' });
    const part = (2 / 4) * chanceMean(498, { x: 2, y: 4 });
    expect(found.undecided?.correlations).toBe(2);
    expect(found.undecided?.left).toBeCloseTo(part * (20 - Math.sqrt(380)), 9);
    expect(found.warnings[0]).toMatch(/^2 of 4 correlations are not above chance: if they are 0 in truth/);
    const drawn = await interval(x, y, {
      engine: ml,
      measure: 'cca',
      resampling: 'bootstrap',
      resamples: 40,
    });
    expect(drawn.undecided?.left).toBeCloseTo(part * (2 - Math.sqrt(2 - 1 / 20)), 9);
    const summed = await interval(x, y, { engine: ml, measure: 'cca', summary: 'sum' });
    near(summed.undecided!.left, 4 * found.undecided!.left);
    const three = await interval(x, y, { engine: ml, measure: 'cca', summary: { top: 3 } });
    expect(three.undecided!.left).toBeGreaterThan(0.5 * found.undecided!.left);
    for (const summary of ['meanSquared', { top: 2 }] as const) {
      const squares = await interval(x, y, { engine: ml, measure: 'cca', summary });
      expect(squares).not.toHaveProperty('undecided');
      expect(squares.warnings).toEqual([]);
    }
    const { x: a, y: b } = correlated(500, [0.8, 0.6, 0], 6, 3);
    const single = await interval(a, b, { engine: ml, measure: 'pwcca' });
    expect(single.warnings[0]).toMatch(/^1 of 3 correlations is not above chance: if it is 0 in truth/);
    const weighted = await interval(x, y, { engine: ml, measure: 'pwcca' });
    expect(weighted.warnings[0]).toContain('it tends to no single value');
  });

  it('reach as far again as the correction where no law says what is chance', async () => {
    for (const options of [
      { measure: 'procrustes' },
      { measure: 'procrustes', output: 'angle' },
      { measure: 'distanceCorrelation' },
      { measure: 'cca', block: 40, summary: 'mean' },
    ] as const) {
      let covered = 0;
      const truth = 'output' in options ? Math.PI / 2 : 0;
      for (let i = 0; i < 40; i++) {
        const found = await interval(gaussian(200, 4, 2 * i + 1), gaussian(200, 5, 2 * i + 2), {
          engine: ml,
          ...options,
        });
        if (found.low <= truth && truth <= found.high) covered++;
        expect(found.warnings[found.warnings.length - 1]).toMatch(/too few|may leave up to/);
        expect(found).not.toHaveProperty('undecided');
      }
      expect(covered).toBeGreaterThan(35);
    }
  });
});

describe('95 % intervals of svcca under its defaults', () => {
  it('cover the truth where the directions kept change from draw to draw', async () => {
    const [d, n] = [30, 500];
    const scale = (j: number) => 1 / (j + 1);
    const noise = (j: number) => 0.5 + 0.02 * j;
    // Both covariances are diagonal, with the same order: the directions kept are the first neurons.
    const kept = (variance: (j: number) => number) => {
      const all = Array.from({ length: d }, (_, j) => variance(j));
      const total = all.reduce((sum, v) => sum + v, 0);
      let [sum, count] = [0, 0];
      while (sum < 0.99 * total) sum += all[count++];
      return count;
    };
    const k = Math.min(
      kept((j) => scale(j) ** 2),
      kept((j) => scale(j) ** 2 * (1 + noise(j) ** 2)),
    );
    const truth =
      Array.from({ length: k }, (_, j) => 1 / Math.sqrt(1 + noise(j) ** 2)).reduce((a, b) => a + b) / k;
    let covered = 0;
    for (let i = 0; i < 60; i++) {
      const base = gaussian(n, d, 2 * i + 1);
      const other = gaussian(n, d, 2 * i + 2);
      const x = mapped(base, (value, _, j) => scale(j) * value);
      const y = mapped(base, (value, row, j) => scale(j) * (value + noise(j) * other.data[row * d + j]));
      const options = { engine: ml, method: 'moments', resamples: 40, seed: i } as const;
      const { low, high, resampling } = await interval(x, y, options);
      expect(resampling).toBe('bootstrap');
      if (low <= truth && truth <= high) covered++;
    }
    // Of the jackknife it was 75 to 81 % of many draws.
    expect(covered).toBeGreaterThanOrEqual(54);
  });
});

describe('the scores of parts', () => {
  const { x, y } = correlated(120, [0.9, 0.6, 0.4], 4, 5);
  const offset = mapped(x, (value) => 1e3 + value);

  it.each([
    ['cca', {}],
    ['svcca', { keep: { variance: 0.7 } }],
    ['svcca', { keep: { dims: 2 }, directions: 'raw' }],
    ['pwcca', {}],
    ['pwcca', { variant: 'anatome', side: 'y' }],
    ['cka', {}],
    ['procrustes', {}],
    ['procrustes', { output: 'angle' }],
    ['regression', {}],
    ['pls', {}],
  ] as const)('of %s by moments are those by rows, %o', async (measure, options) => {
    for (const resampling of ['jackknife', 'bootstrap'] as const) {
      const all = { engine: ml, measure, resampling, resamples: 30, ...options };
      const byMoments = await interval(offset, y, { ...all, method: 'moments' });
      const byRows = await interval(offset, y, { ...all, method: 'direct' });
      for (const key of ['score', 'estimate', 'low', 'high', 'standardError'] as const) {
        expect(byMoments[key]).toBeCloseTo(byRows[key], 7);
      }
      expect(byMoments.result.options).toEqual(byRows.result.options);
      expect([byMoments.result.method, byRows.result.method]).toEqual(['moments', 'direct']);
    }
  });

  it('of measures of pairs of datapoints are computed anew, by the jackknife alone', async () => {
    for (const options of [
      { measure: 'cka', estimator: 'debiased' },
      { measure: 'cka', kernel: 'rbf' },
      { measure: 'rsa' },
    ] as const) {
      const { score, estimate, low, high } = await interval(x, y, { engine: ml, groups: 10, ...options });
      expect(low).toBeLessThan(Math.min(score, estimate));
      expect(high).toBeGreaterThan(estimate);
      expect(Math.abs(score - estimate)).toBeLessThan(0.05);
      const attempt = interval(x, y, { engine: ml, resampling: 'bootstrap', ...options });
      await expect(attempt).rejects.toThrow(OptionError);
      await expect(attempt).rejects.toThrow(
        "one drawn twice would count as two that are alike; use 'jackknife'",
      );
    }
    const alone = await cka(x, y, { engine: ml, estimator: 'debiased' });
    const found = await interval(x, y, { engine: ml, measure: 'cka', estimator: 'debiased' });
    expect(found.score).toBeCloseTo(alone.score, 12);
    // Debiased already: little is left to correct.
    expect(Math.abs(found.estimate - found.score)).toBeLessThan(0.01);
  });

  it('of an ill-conditioned float64 side keep their digits', async () => {
    const ill = mapped(x, (value, i, j) => (j === 0 ? value : value * 1e-9 + x.data[i * 3]));
    const found = await interval(ill, y, { engine: ml, measure: 'cca' });
    const plain = await interval(x, y, { engine: ml, measure: 'cca' });
    expect(found.score).toBeCloseTo((await cca(ill, y, { engine: ml })).score, 12);
    expect(found.low).toBeCloseTo(plain.low, 5);
    expect(found.high).toBeCloseTo(plain.high, 5);
  });

  it('of wide and of dead sides are computed too, and of equal sides are all 1', async () => {
    const wide = await interval(gaussian(40, 60, 1), gaussian(40, 50, 2), { engine: ml, measure: 'cka' });
    expect(wide.low).toBeLessThan(wide.high);
    const dead = mapped(x, (value, _, j) => (j === 1 ? 7 : value));
    const some = await interval(dead, y, { engine: ml, measure: 'cca' });
    expect(some.result.x).toMatchObject({ rank: 2, dead: 1 });
    expect(some.low).toBeLessThan(some.high);
    for (const measure of ['cca', 'cka'] as const) {
      const same = await interval(x, x, { engine: ml, measure });
      for (const value of [same.estimate, same.low, same.high]) expect(value).toBeCloseTo(1, 9);
      expect(same).toMatchObject({ scale: 'score', warnings: [] });
    }
    const few = await interval(gaussian(40, 60, 1), gaussian(40, 50, 2), {
      engine: ml,
      measure: 'cca',
      allowFewSamples: true,
    });
    expect(few).toMatchObject({ low: 1, high: 1 });
    expect(few.warnings).toEqual([
      expect.stringContaining('every canonical correlation is 1 whatever the data'),
    ]);
    const constant = await interval(
      mapped(x, () => 1),
      y,
      { engine: ml, measure: 'cka' },
    );
    expect(constant).toMatchObject({ score: 0, estimate: 0, low: 0, high: 0, standardError: 0 });
  });
});

describe('an interval', () => {
  const { x, y } = correlated(60, [0.8, 0.5, 0.3], 3, 9);

  it('is too narrow where copies count as datapoints, and not where they stay together', async () => {
    const four = (a: typeof x) =>
      mapped(
        { rows: 240, cols: 3, data: new Float64Array(720) },
        (_, i, j) => a.data[Math.floor(i / 4) * 3 + j],
      );
    const errors = async (options: object) => {
      let sum = 0;
      for (let seed = 0; seed < 10; seed++) {
        sum += (await interval(four(x), four(y), { engine: ml, measure: 'cka', seed, ...options }))
          .standardError;
      }
      return sum / 10;
    };
    const [apart, together] = [await errors({}), await errors({ block: 4 })];
    const once = (await interval(x, y, { engine: ml, measure: 'cka', groups: 60 })).standardError;
    expect(together / once).toBeGreaterThan(0.8);
    expect(together / once).toBeLessThan(1.25);
    expect(apart / once).toBeLessThan(0.7);
  });

  it('is wider at a higher level, and without the scale of a bounded score for others', async () => {
    const [narrow, wide] = [
      await interval(x, y, { engine: ml, level: 0.5 }),
      await interval(x, y, { engine: ml, level: 0.99 }),
    ];
    expect(wide.high - wide.low).toBeGreaterThan(2 * (narrow.high - narrow.low));
    expect((await interval(x, y, { engine: ml, measure: 'pls' })).scale).toBe('score');
  });

  it('warns where the correction of the bias is many times its width', async () => {
    const [a, b] = [gaussian(400, 40, 1), gaussian(400, 40, 2)];
    const near = mapped(b, (value, i, j) => value + 0.3 * a.data[i * 40 + j]);
    const found = await interval(a, near, { engine: ml, measure: 'cka', method: 'moments' });
    expect(found.warnings).toHaveLength(1);
    expect(found.warnings[0]).toMatch(
      /^The correction for few samples, 0\.0\d+, is \d+ times the standard error/,
    );
    expect((await interval(x, y, { engine: ml, measure: 'cka' })).warnings).toEqual([]);
  });

  it('tells of its progress, and stops', async () => {
    const seen: string[] = [];
    await interval(x, y, {
      engine: ml,
      measure: 'cca',
      onProgress: ({ stage, done, total }) => seen.push(`${stage} ${done}/${total}`),
    });
    expect(seen[0]).toBe('jackknife 0/20');
    expect(seen[seen.length - 1]).toBe('jackknife 20/20');
    const controller = new AbortController();
    const attempt = interval(x, y, {
      engine: ml,
      resampling: 'bootstrap',
      resamples: 100_000,
      signal: controller.signal,
      onProgress: ({ done }) => {
        if (done > 50) controller.abort(new Error('enough'));
      },
    });
    await expect(attempt).rejects.toThrow('enough');
  });

  it('tells of one stage only, where the measure has stages of its own', async () => {
    const stages = new Set<string>();
    const onProgress = ({ stage }: { readonly stage: string }) => void stages.add(stage);
    const [a, b] = [gaussian(700, 3, 1), gaussian(700, 3, 2)];
    await interval(a, b, { engine: ml, measure: 'rsa', groups: 2, onProgress });
    expect([...stages]).toEqual(['jackknife']);
    stages.clear();
    await permutationTest(a, b, { engine: ml, measure: 'rsa', permutations: 2, onProgress });
    expect([...stages]).toEqual(['permutations']);
  });

  it('takes blocks of any size', async () => {
    const [a, b] = [gaussian(300_000, 1, 1), gaussian(300_000, 1, 2)];
    const found = await interval(a, b, { engine: ml, measure: 'cka', block: 150_000, method: 'moments' });
    expect(found).toMatchObject({ blocks: 2, groups: 2 });
    expect(found.warnings[0]).toBe(
      '2 groups of samples are too few to tell how much the score varies: take 20, or at least 5.',
    );
  });

  it('says that it was a part that had too few samples', async () => {
    const attempt = interval(gaussian(11, 3, 1), gaussian(11, 3, 2), { engine: ml, measure: 'mutualKnn' });
    await expect(attempt).rejects.toThrow(DataError);
    await expect(attempt).rejects.toThrow(
      'with one group left out: k is 10, but each of 10 samples has only',
    );
    await expect(attempt).rejects.toMatchObject({ code: 'TOO_FEW_SAMPLES' });
  });

  it('stays within the range of the measure', async () => {
    for (const measure of ['cka', 'procrustes', 'rsa', 'distanceCorrelation', 'mutualKnn', 'cca'] as const) {
      const options = { engine: ml, measure, ...(measure === 'mutualKnn' && { k: 5 }) };
      for (const [a, b] of [
        [x, x],
        [gaussian(60, 3, 7), gaussian(60, 3, 8)],
      ]) {
        const { low, high, estimate } = await interval(a, b, options);
        expect(low).toBeGreaterThanOrEqual(measure === 'rsa' ? -1 : 0);
        expect(high).toBeLessThanOrEqual(1);
        expect(estimate).toBeGreaterThanOrEqual(low);
        expect(estimate).toBeLessThanOrEqual(high);
      }
    }
    for (const samples of [2, 3]) {
      const attempt = interval(gaussian(samples, 3, 1), gaussian(samples, 3, 2), {
        engine: ml,
        measure: 'cka',
      });
      await expect(attempt).rejects.toMatchObject({ code: 'TOO_FEW_SAMPLES' });
      await expect(attempt).rejects.toThrow(`${samples - 1} would be left without the largest`);
    }
    const four = await interval(gaussian(4, 3, 1), gaussian(4, 3, 2), { engine: ml, measure: 'cka' });
    expect(four.warnings[0]).toMatch(/^4 groups of samples are too few/);
    for (const warning of four.warnings) expect(warning).not.toMatch(/Infinity|NaN/);
    for (const output of ['distance', 'euclideanDistance', 'angle'] as const) {
      const same = await interval(x, x, { engine: ml, measure: 'procrustes', output });
      expect(same).toMatchObject({ low: 0, estimate: 0 });
      const far = await interval(gaussian(60, 3, 7), gaussian(60, 3, 8), {
        engine: ml,
        measure: 'procrustes',
        output,
      });
      expect(far.high).toBeLessThanOrEqual(output === 'angle' ? Math.PI / 2 : Math.SQRT2);
    }
  });

  it('of nearest neighbours lies about the score, since k is fixed', async () => {
    const [a, b] = [gaussian(100, 4, 1), gaussian(100, 4, 2)];
    const { score, estimate, low, high, standardError } = await interval(a, b, {
      engine: ml,
      measure: 'mutualKnn',
    });
    expect(estimate).toBeCloseTo(score, 12);
    expect(low).toBeLessThan(score - standardError);
    expect(high).toBeGreaterThan(score + standardError);
    expect(low).toBeGreaterThan(0.03);
  });

  it('refuses minibatches, which are dealt anew without some samples', async () => {
    const attempt = interval(x, y, { engine: ml, measure: 'cka', minibatch: 20 });
    await expect(attempt).rejects.toThrow(OptionError);
    await expect(attempt).rejects.toThrow("leave minibatch out and set estimator: 'debiased'");
  });

  it('draws where directions are kept, and warns of a jackknife there', async () => {
    const sloped = mapped(gaussian(200, 12, 3), (value, _, j) => value / (1 + j));
    const other = mapped(sloped, (value, i, j) => value + gaussian(200, 12, 4).data[i * 12 + j] / (1 + j));
    const options = { engine: ml, measure: 'svcca', resamples: 50 } as const;
    expect(await interval(sloped, other, options)).toMatchObject({ resampling: 'bootstrap', resamples: 50 });
    expect(await interval(sloped, other, { ...options, keep: 'all' })).toMatchObject({
      resampling: 'jackknife',
    });
    expect(await interval(sloped, other, { ...options, directions: 'raw' })).toMatchObject({
      resampling: 'bootstrap',
    });
    const asked = await interval(sloped, other, { ...options, resampling: 'jackknife' });
    expect(asked.warnings).toContainEqual(expect.stringContaining("Use resampling: 'bootstrap'"));
    const clear = await interval(sloped, other, { ...options, keep: { dims: 2 } });
    expect(clear.warnings).toEqual([]);
    const round = [5, 6].map((seed) => gaussian(200, 12, seed));
    for (const method of ['moments', 'direct'] as const) {
      const blurred = await interval(round[0], round[1], { ...options, method, keep: { dims: 5 } });
      expect(blurred.warnings[0]).toMatch(/^Directions 5 and 6 of either side vary about as much/);
    }
    const drawn = await interval(sloped, other, options);
    expect(drawn.warnings).not.toContainEqual(expect.stringContaining('jackknife'));
  });

  it('refuses bad options by name', async () => {
    const refuses = async (options: object, message: string) => {
      const attempt = interval(x, y, { engine: ml, ...options });
      await expect(attempt).rejects.toThrow(OptionError);
      await expect(attempt).rejects.toThrow(message);
    };
    await refuses({ level: 1 }, 'level is 1: give a probability between 0 and 1');
    await refuses({ resampling: 'boot' }, "resampling is 'boot'");
    await refuses({ resamples: 1 }, 'resamples is 1');
    await refuses({ groups: 1 }, 'groups is 1');
    await refuses({ groups: 61 }, 'groups is 61, and there are 60 blocks of samples');
    await refuses({ seed: 'a' }, "seed is 'a'");
    await refuses({ block: 60 }, 'all samples are one block');
    await refuses({ resample: 3 }, "svcca has no option 'resample'");
    await expect(
      interval(gaussian(5, 4, 1), gaussian(5, 2, 2), { engine: ml, measure: 'cca' }),
    ).rejects.toThrow(DataError);
  });
});

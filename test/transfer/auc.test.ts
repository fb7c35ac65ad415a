import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError, OptionError, ShapeError } from '../../src/errors.js';
import { Random } from '../../src/random.js';
import { aucPerClass, meanAuc } from '../../src/transfer/auc-classes.js';
import { auc } from '../../src/transfer/auc.js';
import { delong, delongTest } from '../../src/transfer/delong.js';
import type { DeLongOptions } from '../../src/transfer/delong.js';

interface Outputs {
  labels: number[];
  logits: number[];
  auc: number;
  perClass: number[];
}

/** Written by auc-cases.py, which says what the numbers are: scikit-learn 1.9.1 and MLstatkit 0.1.91. */
const fixture = JSON.parse(readFileSync(new URL('auc-cases.json', import.meta.url), 'utf8')) as {
  cases: {
    labels: number[];
    a: number[];
    b: number[];
    aucs: [number, number];
    z: number;
    p: number;
    variance: number;
    intervals: [[number, number], [number, number]];
  }[];
  classes: Outputs;
  labels: Outputs;
};

/** Few values, so that many tie; at least two of each kind. */
const scored = fc
  .array(fc.record({ score: fc.integer({ min: -4, max: 4 }), label: fc.integer({ min: 0, max: 1 }) }), {
    minLength: 4,
    maxLength: 40,
  })
  .map((rows) => ({ scores: rows.map(({ score }) => score), labels: rows.map(({ label }) => label) }))
  .filter(({ labels }) => {
    const positives = labels.reduce((a, b) => a + b, 0);
    return positives > 1 && positives < labels.length - 1;
  });

/** ½ of every tie, pair by pair. */
function pairwise(scores: number[], labels: number[]): { auc: number; placed: number[]; unplaced: number[] } {
  const of = (kind: number) => scores.filter((_, i) => labels[i] === kind);
  const [positive, negative] = [of(1), of(0)];
  const wins = (x: number, y: number) => (x > y ? 1 : x === y ? 0.5 : 0);
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const placed = positive.map((x) => mean(negative.map((y) => wins(x, y))));
  const unplaced = negative.map((y) => mean(positive.map((x) => wins(x, y))));
  return { auc: mean(placed), placed, unplaced };
}

const variance = (values: number[]): number => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
};

describe('auc', () => {
  it('is scikit-learn’s to 1e-12 in 100 random cases of two models, ties in each', () => {
    const tied = fixture.cases.filter(({ a, b }) =>
      [a, b].every((scores) => new Set(scores).size < scores.length),
    );
    expect(tied).toHaveLength(100);
    expect(fixture.cases).toHaveLength(100);
    for (const { labels, a, b, aucs } of fixture.cases) {
      expect(Math.abs(auc(a, labels) - aucs[0])).toBeLessThan(1e-12);
      expect(Math.abs(auc(b, labels) - aucs[1])).toBeLessThan(1e-12);
    }
  });

  it('is the share of pairs that are in order, of any typed array', () => {
    fc.assert(
      fc.property(scored, ({ scores, labels }) => {
        expect(auc(scores, labels)).toBeCloseTo(pairwise(scores, labels).auc, 14);
        expect(auc(Float32Array.from(scores), Uint8Array.from(labels))).toBe(auc(scores, labels));
      }),
    );
  });

  it('depends on the order of scores alone, and turns over with them', () => {
    fc.assert(
      fc.property(scored, ({ scores, labels }) => {
        const area = auc(scores, labels);
        const exponentials = scores.map((score) => Math.exp(score));
        expect(auc(exponentials, labels)).toBe(area);
        const turned = scores.map((score) => -score);
        expect(auc(turned, labels)).toBeCloseTo(1 - area, 14);
        const others = labels.map((label) => 1 - label);
        expect(auc(turned, others)).toBeCloseTo(area, 14);
      }),
    );
  });

  it('is exact at its ends and for a single positive', () => {
    expect(auc([1, 2, 3, 4], [0, 0, 1, 1])).toBe(1);
    expect(auc([4, 3, 2, 1], [0, 0, 1, 1])).toBe(0);
    expect(auc([5, 5, 5], [0, 1, 0])).toBe(0.5);
    expect(auc([1, 2, 3], [0, 1, 0])).toBe(0.5);
  });

  it('names what cannot be ranked', () => {
    expect(() => auc([1, 2], [0])).toThrow(
      new ShapeError('there are 2 scores and 1 labels: give one of each'),
    );
    expect(() => auc([], [])).toThrow(
      new DataError('there are no labels: an AUC needs samples of both kinds'),
    );
    expect(() => auc([1, 2], [1, 1])).toThrow(
      new DataError('all 2 labels are 1: an AUC needs samples of both kinds'),
    );
    expect(() => auc([1, 2], [0, 2])).toThrow('labels has 2 at 1: give 1 to samples with the property');
    for (const bad of [NaN, Infinity]) {
      expect(() => auc([1, bad, 2], [0, 1, 1])).toThrow(`scores has ${bad} at 1: it cannot be ranked`);
    }
  });
});

describe('delong', () => {
  it('has the intervals of MLstatkit 0.1.91, which has those of pROC', () => {
    let cut = 0;
    for (const { labels, a, b, intervals } of fixture.cases) {
      for (const [scores, [low, high]] of [[a, intervals[0]] as const, [b, intervals[1]] as const]) {
        const found = delong(scores, labels);
        expect(Math.abs(found.low - low)).toBeLessThan(1e-12);
        expect(Math.abs(found.high - high)).toBeLessThan(1e-12);
        cut += Number(high === 1);
      }
    }
    expect(cut).toBeGreaterThan(10);
  });

  it('is the formula of DeLong et al. (1988), pair by pair', () => {
    fc.assert(
      fc.property(scored, ({ scores, labels }) => {
        const { auc: area, placed, unplaced } = pairwise(scores, labels);
        const found = delong(scores, labels);
        expect(found.auc).toBe(auc(scores, labels));
        expect(found.auc).toBeCloseTo(area, 14);
        const expected = variance(placed) / placed.length + variance(unplaced) / unplaced.length;
        expect(found.variance).toBeCloseTo(expected, 14);
        expect(0 <= found.low && found.low <= found.auc && found.auc <= found.high && found.high <= 1).toBe(
          true,
        );
      }),
    );
  });

  it('widens with the level, and stays inside on the logit scale', () => {
    const [scores, labels] = [
      [1, 2, 3, 4, 5, 6, 7, 8],
      [0, 0, 0, 1, 0, 1, 1, 1],
    ];
    const [narrow, wide] = [0.8, 0.99].map((level) => delong(scores, labels, { level }));
    expect([narrow.level, wide.level]).toEqual([0.8, 0.99]);
    expect(wide.low).toBeLessThan(narrow.low);
    expect(wide.high).toBe(1);
    const logit = delong(scores, labels, { scale: 'logit', level: 0.99 });
    expect(logit.high).toBeLessThan(1);
    // logit(a) ± z · sd / (a (1 − a)) with a = 15/16 and variance 1/256 + 1/256: scipy.stats.norm.ppf(0.995) = 2.5758293035489.
    const reach = (2.5758293035489 * Math.sqrt(2 / 256)) / ((15 / 16) * (1 / 16));
    expect(logit.low).toBeCloseTo(1 / (1 + Math.exp(-(Math.log(15) - reach))), 12);
  });

  it('says of perfect separation variance 0, and of one positive that an interval cannot be known', () => {
    for (const scale of ['plain', 'logit'] as const) {
      const perfect = delong([1, 2, 3, 4], [0, 0, 1, 1], { scale });
      expect(perfect).toEqual({ auc: 1, variance: 0, low: 1, high: 1, level: 0.95 });
    }
    expect(() => delong([1, 2, 3], [0, 1, 0])).toThrow(
      'there are 1 positive and 2 negative samples: an interval needs two of each',
    );
    try {
      delong([1, 2, 3], [0, 1, 0]);
    } catch (error) {
      expect((error as DataError).code).toBe('TOO_FEW_SAMPLES');
    }
  });

  it.each([
    [{ level: 1 }, 'level is 1: give a probability between 0 and 1'],
    [{ level: '0.9' }, "level is '0.9'"],
    [{ scale: 'log' }, "scale is 'log': choose one of 'plain', 'logit'"],
    [{ alpha: 0.05 }, "delong has no option 'alpha': it takes level, scale"],
  ])('refuses %o', (options, message) => {
    const call = () => delong([1, 2, 3, 4], [0, 1, 0, 1], options as DeLongOptions);
    expect(call).toThrow(OptionError);
    expect(call).toThrow(message);
  });

  it('covers the true area of two normals 95 % of the time', () => {
    // Scores N(0, 1) and N(1, 1): the area is Φ(1/√2); scipy.stats.norm.cdf(0.5**0.5) = 0.7602499389065233.
    const random = new Random(11);
    let covered = 0;
    const labels = Array.from({ length: 100 }, (_, i) => Number(i < 40));
    for (let run = 0; run < 1000; run++) {
      const { low, high } = delong(
        labels.map((label) => label + random.normal()),
        labels,
      );
      covered += Number(low <= 0.7602499389065233 && 0.7602499389065233 <= high);
    }
    expect(covered).toBeGreaterThan(930);
    expect(covered).toBeLessThan(965);
  });
});

describe('delongTest', () => {
  it('has z, p and variance of MLstatkit 0.1.91', () => {
    for (const { labels, a, b, aucs, z, p, variance: expected } of fixture.cases) {
      const found = delongTest(b, a, labels);
      expect(found.aucs).toEqual([auc(b, labels), auc(a, labels)]);
      expect(Math.abs(found.variance - expected)).toBeLessThan(1e-12);
      // Equal areas differ by rounding there.
      expect(Math.abs(found.z - z)).toBeLessThan(1e-10);
      expect(Math.abs(found.p - p)).toBeLessThan(1e-10);
      expect(Math.abs(found.difference - (aucs[1] - aucs[0]))).toBeLessThan(1e-12);
    }
  });

  it('is sharper than two samples would be, and turns over with its sides', () => {
    const { labels, a, b } = fixture.cases[0];
    const [there, back] = [delongTest(a, b, labels), delongTest(b, a, labels)];
    expect(back.z).toBe(-there.z);
    expect(back.p).toBe(there.p);
    expect(back.low).toBeCloseTo(-there.high, 14);
    expect(there.variance).toBeLessThan(delong(a, labels).variance + delong(b, labels).variance);
  });

  it('has p = 1 of the same scores, and p = 0 where nothing varies but the areas', () => {
    const labels = [0, 0, 1, 1];
    expect(delongTest([1, 3, 2, 4], [1, 3, 2, 4], labels)).toMatchObject({
      difference: 0,
      z: 0,
      p: 1,
      low: 0,
      high: 0,
    });
    expect(delongTest([1, 2, 3, 4], [4, 3, 2, 1], labels)).toMatchObject({
      difference: 1,
      p: 0,
      low: 1,
      high: 1,
    });
  });

  it('rejects 5 % of the time where both models are as good', () => {
    const random = new Random(12);
    const labels = Array.from({ length: 80 }, (_, i) => i % 2);
    let rejected = 0;
    for (let run = 0; run < 1000; run++) {
      const common = labels.map((label) => label + random.normal());
      const [a, b] = [0, 1].map(() => common.map((score) => score + random.normal()));
      rejected += Number(delongTest(a, b, labels).p < 0.05);
    }
    expect(rejected).toBeGreaterThan(32);
    expect(rejected).toBeLessThan(70);
  });

  it('says which scores do not fit', () => {
    expect(() => delongTest([1, 2, 3, 4], [1, 2], [0, 0, 1, 1])).toThrow('there are 2 b and 4 labels');
    expect(() => delongTest([1, NaN, 3, 4], [1, 2, 3, 4], [0, 0, 1, 1])).toThrow('a has NaN at 1');
  });
});

describe('aucPerClass and meanAuc', () => {
  const names = (count: number) => Array.from({ length: count }, (_, i) => `finding ${i}`);

  it('have the areas of scikit-learn 1.9.1 for classes (one against the rest) and for labels', () => {
    for (const [task, count] of [
      ['classes', 4],
      ['labels', 3],
    ] as const) {
      const { labels, logits, auc: mean, perClass } = fixture[task];
      const data = { labels: Uint8Array.from(labels), task, classes: names(count) };
      const found = meanAuc(logits, data);
      expect(found.auc).toBeCloseTo(mean, 12);
      expect(found.perClass.map(({ name }) => name)).toEqual(names(count));
      found.perClass.forEach((one, k) => {
        expect(one.auc).toBeCloseTo(perClass[k], 12);
      });
      expect(aucPerClass(logits, data).perClass).toEqual(found.perClass);
      expect(found.warnings).toEqual([]);
    }
  });

  it('give one number of two classes, with DeLong’s interval of the difference of logits', () => {
    const { labels, a } = fixture.cases[3];
    const logits = a.flatMap((score, i) => [i / 7, i / 7 + score]);
    const found = meanAuc(logits, {
      labels: Uint8Array.from(labels),
      task: 'classes',
      classes: ['no', 'yes'],
    });
    const differences = logits.filter((_, i) => i % 2 === 1).map((logit, i) => logit - logits[2 * i]);
    const { auc: area, low, high } = delong(differences, labels);
    expect(found).toMatchObject({ auc: area, low, high, perClass: [{ name: 'yes', auc: area, low, high }] });
  });

  it('tell scores apart that softmax would round to 1', () => {
    const logits = [0, 60, 0, 50, 0, 70, 0, 40];
    const data = { labels: Uint8Array.from([1, 0, 1, 0]), task: 'classes' as const, classes: ['no', 'yes'] };
    expect(meanAuc(logits, data).auc).toBe(1);
  });

  it('leave out labels of one value, and give a single positive the interval 0 to 1', () => {
    const labels = Uint8Array.from([1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 1, 0, 1, 0]);
    const logits = [3, 1, 0, 0, 2, 2, 1, 0, 4, 1, 1, 1, 0, 3, 2, 1];
    const data = { labels, task: 'labels' as const, classes: names(4) };
    const found = meanAuc(logits, data);
    // Rows 1010, 0101, 1010, 1010: each label has one image, or all but one.
    expect(found.perClass.every(({ low, high }) => low === 0 && high === 1)).toBe(true);
    expect([found.low, found.high]).toEqual([0, 1]);
    expect(found.warnings).toContain("a single image has 'finding 1': the interval of its AUC is 0 to 1");
    expect(found.warnings).toContain("a single image lacks 'finding 0': the interval of its AUC is 0 to 1");
    const never = { ...data, labels: labels.map((label, i) => (i % 4 === 3 ? 0 : i % 4 === 2 ? 1 : label)) };
    const rest = meanAuc(logits, never);
    expect(rest.perClass.map(({ name }) => name)).toEqual(['finding 0', 'finding 1']);
    expect(rest.warnings).toContain("every image has 'finding 2': it has no AUC and is left out");
    expect(rest.warnings).toContain("no image has 'finding 3': it has no AUC and is left out");
  });

  it('weigh an area without an interval as anything from 0 to 1', () => {
    const { labels, logits } = fixture.labels;
    const data = { labels: Uint8Array.from(labels), task: 'labels' as const, classes: names(3) };
    const single = {
      ...data,
      labels: data.labels.map((label, i) => (i % 3 === 2 ? Number(i === 2) : label)),
    };
    const two = (values: ArrayLike<number>) => Array.from(values).filter((_, i) => i % 3 !== 2);
    const rest = meanAuc(two(logits), {
      ...data,
      labels: Uint8Array.from(two(data.labels)),
      classes: names(2),
    });
    const found = meanAuc(logits, single);
    expect(found.low).toBeCloseTo((2 / 3) * rest.low, 12);
    expect(found.high).toBeCloseTo((2 / 3) * rest.high + 1 / 3, 12);
  });

  it('refuse what has no area at all, and logits that do not fit', () => {
    const data = { labels: Uint8Array.from([1, 1]), task: 'classes' as const, classes: ['no', 'yes'] };
    expect(() => meanAuc([0, 1, 0, 1], data)).toThrow(
      "there is no AUC: every image has 'yes': it has no AUC and is left out; take more images",
    );
    expect(() => meanAuc([0, 1], data)).toThrow(
      new ShapeError('there are 2 logits, and 2 images of 2 classes need 4'),
    );
    expect(() => meanAuc([0, 1, NaN, 1], { ...data, labels: Uint8Array.from([0, 1]) })).toThrow(
      'the logits of image 1 have NaN: they cannot be ranked; did the training diverge?',
    );
  });

  it('cover the true mean 95 % of the time, though labels and logits of an image go together', () => {
    // Each label shifts its logit of variance 2 by 1: every area is Φ(1/2); scipy.stats.norm.cdf(0.5) = 0.6914624612740131.
    const random = new Random(13);
    let [covered, naive] = [0, 0];
    for (let run = 0; run < 600; run++) {
      const labels = new Uint8Array(100 * 4);
      const logits = new Float64Array(100 * 4);
      for (let i = 0; i < 100; i++) {
        const [ill, own] = [random.normal(), random.normal()];
        for (let k = 0; k < 4; k++) {
          labels[4 * i + k] = Number(ill + 0.3 * random.normal() > 0.3);
          logits[4 * i + k] = labels[4 * i + k] + 1.35 * own + Math.sqrt(2 - 1.35 ** 2) * random.normal();
        }
      }
      const {
        auc: mean,
        low,
        high,
        perClass,
      } = meanAuc(logits, { labels, task: 'labels', classes: names(4) });
      covered += Number(low <= 0.6914624612740131 && 0.6914624612740131 <= high);
      const reach = Math.hypot(...perClass.map((one) => one.high - one.auc)) / 4;
      naive += Number(Math.abs(mean - 0.6914624612740131) <= reach);
    }
    expect(covered).toBeGreaterThan(0.925 * 600);
    expect(covered).toBeLessThan(0.975 * 600);
    // As if the four areas were of different images.
    expect(naive).toBeLessThan(0.8 * 600);
  });
});

import { PNG } from 'pngjs';
import { describe, expect, it } from 'vitest';
import { studyFigures } from '../../src/report/study-figures.js';
import { studyReport } from '../../src/report/study.js';
import {
  filterColours,
  filterPicture,
  filterScales,
  gridLayout,
} from '../../src/report/study/filter-grid.js';
import { meanCurve } from '../../src/report/study/convergence.js';
import type { StudyResult } from '../../src/transfer/study-result.js';
import { awkward } from './fixtures.js';
import { conditions, study } from './study-fixtures.js';
import type { Wanted } from './study-fixtures.js';
import { all, parseXml, visible } from './well-formed.js';

const plain = (html: string): string =>
  html
    .replace(/<style>.*?<\/style>/s, '')
    .replace(/<title>.*?<\/title>/gs, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

/** Base64 may spell anything. */
const withoutPictures = (text: string): string => text.replace(/data:image\/png[^"]*/g, '');

/** What stands in the section of an exhibit. */
function section(html: string, letter: string): string {
  const found = new RegExp(`<h2 id="exhibit-${letter}">.*?</section>`, 's').exec(html);
  if (!found) throw new Error(`no exhibit ${letter}`);
  return found[0];
}

const hovers = (svg: string): string[] => all(parseXml(svg), 'title').map(({ text }) => text);
const three = (value: number): string => value.toFixed(3).replace('-', '−');
const plus = (value: number): string => (value > 0 ? '+' : '') + three(value);

const FIGURES = [
  'performance',
  'representations',
  'movement',
  'start-and-end',
  'filters',
  'convergence',
  'marginal-gains',
  'hybrid',
];

const variants: Record<string, Wanted> = {
  'two architectures, six starts, two seeds': {},
  'one seed': { seeds: [7] },
  'no pretrained start': { conditions: ['random', 'gabor'] },
  'no random start': { conditions: ['pretrained', 'hybrid:block2:0.5'] },
  'a target that no run reaches': { target: 0.9999 },
  'ten classes': { classes: Array.from({ length: 10 }, (_, at) => `digit ${at}`) },
  'filters in colour': { kernel: [3, 3, 3, 96] },
  'filters of two channels': { kernel: [5, 3, 2, 5] },
  'names that break markup': {
    models: Object.fromEntries(awkward.map((name, at) => [name, 1000 * (at + 1)])),
    conditions: ['random', 'pretrained', `transfuse:${awkward[0]}`, `hybrid:${awkward[1]}:0.5`],
    classes: awkward,
    layers: awkward,
  },
};

describe.each(Object.entries(variants))('the report of a study of %s', (_, wanted) => {
  const result = study(wanted);
  const html = studyReport(result);

  it('is well formed, holds no NaN and refers to nothing outside itself', () => {
    const xml = html
      .replace(/^<!DOCTYPE html>\n/, '')
      .replace(/<style>.*?<\/style>/s, '')
      .replace(/<(meta|link)([^>]*)>/g, '<$1$2/>');
    expect(all(parseXml(xml), 'h2').length).toBeGreaterThanOrEqual(11);
    const own = withoutPictures(html).replaceAll('xmlns="http://www.w3.org/2000/svg"', '');
    expect(own).not.toMatch(/NaN|Infinity|undefined/);
    expect(own).not.toMatch(/https?:|<script|url\(|@import|\son\w+=|<img/);
  });

  it('describes every drawing, by name and by caption', () => {
    for (const svg of html.match(/<svg [^>]*>/g) ?? [])
      expect(svg).toMatch(/role="img" aria-label="[^"]{20,}"/);
    const captions = html.match(/<figcaption>[^<]{40,}/g) ?? [];
    expect(captions).toHaveLength((html.match(/<figure /g) ?? []).length);
  });

  it('has drawings that are files of their own', () => {
    for (const svg of Object.values(studyFigures(result))) {
      expect(parseXml(svg).attributes.role).toBe('img');
      expect(svg).toContain('prefers-color-scheme:dark');
      expect(withoutPictures(svg)).not.toMatch(/NaN|Infinity|undefined/);
    }
  });

  it('is the same of its JSON', () => {
    expect(studyReport(JSON.parse(JSON.stringify(result)) as StudyResult)).toBe(html);
  });
});

describe('studyReport', () => {
  const result = study();
  const html = studyReport(result);
  const text = plain(html);

  it('says what was studied', () => {
    expect(html).toContain('<h1>Does a pretrained start help on chest X-rays?</h1>');
    expect(text).toContain(
      'LargeT and Tiny, each from 6 starts with 2 seeds, trained on 1,001 images of 2 classes and tested on 468.',
    );
    expect(text).toContain(
      'Target: pneumoniamnist.npz (28 × 28 × 1) normal 500 135 234 pneumonia 501 135 234 all 1,001 270 468',
    );
    expect(text).toContain(
      'LargeT cbr-LargeT 8,536,357 block1, block2, block3, block4, head fashion_mnist.npz',
    );
    expect(text).toContain(
      'hybrid:block2:0.5 pretrained up to and with block2, the rest fresh with 0.5 of the channels',
    );
    expect(text).toContain('The budget left out 2 runs.');
    expect(text).toContain('svcca 1.2.3 · networks trained on the tfjs backend tensorflow');
    expect(html).toContain('&quot;targetAuc&quot;: 0.91');
  });

  it('tells the numbers of the performance as they are, and a gain only where the interval says so', () => {
    const rows = plain(section(html, 'a'));
    for (const { condition, parameters, mean, gain } of result.performance) {
      const told = gain ? `${plus(gain.value)} ${three(gain.low)} to ${three(gain.high)}` : '– – –';
      expect(rows).toContain(
        `${condition} ${parameters.toLocaleString('en-US')} 2 ${three(mean.value)} ${three(mean.low)} to ${three(mean.high)} ${told}`,
      );
    }
    for (const { model, condition, seed, test } of result.runs) {
      expect(rows, `${model} ${condition}`).toContain(`${condition} ${seed} 192 192`);
      expect(rows).toContain(
        `${three(test.auc.value)} ${three(test.auc.low)} to ${three(test.auc.high)} 0.210`,
      );
    }
    const gains = result.performance
      .filter(({ gain }) => gain && gain.low > 0)
      .map(({ condition }) => condition);
    const [large, tiny] = [...html.matchAll(/<dd>(\w+: random starts.*?)<\/dd>/g)].map(([, words]) => words);
    expect(gains).toEqual(['meanVar', 'transfuse:block1', 'transfuse:block2', 'hybrid:block2:0.5']);
    expect(large).toMatch(
      /Pretrained shows no difference that this data could show: \+0\.009 \(−0\.002 to \+0\.020\), p = 0\.\d+\./,
    );
    for (const condition of gains) expect(large.split('Gains:')[1]).toContain(condition);
    expect(tiny).not.toMatch(/[Gg]ains|loses/);
  });

  it('calls a loss a loss', () => {
    const rows = result.performance.map((row) =>
      row.gain ? { ...row, gain: { ...row.gain, value: -0.03, low: -0.05, high: -0.01, p: 0.0004 } } : row,
    );
    const words = plain(studyReport({ ...result, performance: rows }));
    expect(words).toContain(
      'Pretrained loses −0.030 (−0.050 to −0.010), p &lt; 0.001. Losses: meanVar −0.030 (−0.050 to −0.010), p &lt; 0.001; ',
    );
    expect(words).not.toMatch(/Gains:/);
  });

  it('tells what a permutation test can decide, and no more', () => {
    const of = (top: object): string =>
      plain(
        studyReport({
          ...result,
          representations: result.representations.map((one) => ({ ...one, top: { ...one.top, ...top } })),
        }),
      );
    expect(text).toContain(
      'SVCCA over block3_pool and block4_relu is 0.635 between two trainings from scratch and 0.555 between one from scratch and one pretrained (difference +0.080). ' +
        'Two from scratch have 0.300 already where one is shown other images. So few networks cannot decide it: the permutation test gives p = 0.333, and the smallest p that it could give is 0.333.',
    );
    expect(text).toContain('0.333 0.333 6 (all)');
    expect(of({ p: 0.05, smallestP: 0.05 })).toContain(
      'are more alike among themselves (one-sided permutation test, p = 0.050)',
    );
    // Where pretrained networks are closer still, one more labelling does as well as what was seen.
    expect(of({ p: 0.3, smallestP: 0.05 })).toContain('and the smallest p that it could give is 0.100.');
    const apart = of({ p: 0.3, smallestP: 0.05, pretrainedPretrained: 0.5 });
    expect(apart).toContain(
      'no difference that this data could show (one-sided permutation test, p = 0.300)',
    );
    expect(apart).not.toContain('more alike among themselves');
  });

  it('says that scores near those of other images say nothing, whatever the p', () => {
    const of = (unmatched: (at: number) => number): string =>
      plain(
        studyReport({
          ...result,
          representations: result.representations.map((one) => ({
            ...one,
            layers: one.layers.map((layer, at) => ({ ...layer, unmatched: unmatched(at) })),
            top: { ...one.top, p: 0.01, smallestP: 0.01 },
          })),
        }),
      );
    const near = of((at) => (at < 2 ? 0.1 : 0.61));
    expect(near).toContain(
      '(difference +0.080). Two from scratch have 0.610 already where one is shown other images. Neither score is far above that, ' +
        'so the difference says nothing about what the networks see, whatever its p (one-sided permutation test, p = 0.010). ' +
        'Layers further above what other images give: block1_pool, block2_pool',
    );
    expect(near).not.toContain('more alike among themselves');
    expect(of(() => 0.9)).toContain('That holds for every layer.');
    expect(of(() => 0.2)).toContain('more alike among themselves (one-sided permutation test, p = 0.010)');
  });

  it('names the layers that move least and most', () => {
    expect(text).toContain(
      'counted from chance: from random, block1_pool moves least (0.963, by chance 0.060) and block4_relu most (0.672, by chance 0.150)',
    );
    const flat = result.movement.map((one) => ({ ...one, layers: one.layers.slice(0, 1) }));
    expect(plain(studyReport({ ...result, movement: flat }))).toContain(
      'from random, block1_pool ends at 0.963, by chance 0.060;',
    );
    // A score that is higher, but hardly above what chance gives there, has moved further.
    const chances = result.movement.map((one) => ({
      ...one,
      layers: one.layers.map((layer, at) => (at === 2 ? { ...layer, chance: 0.75 } : layer)),
    }));
    expect(plain(studyReport({ ...result, movement: chances }))).toMatch(
      /from random, block1_pool moves least \(0\.963, by chance 0\.060\) and block3_pool most \(0\.\d+, by chance 0\.750\)/,
    );
  });

  it('calls a correlation one where its interval does', () => {
    expect(text).toContain(
      'correlate by 0.91 (0.74 to 0.97): what begins alike ends alike. Within single layers, where pairs of networks alone make the difference, the interval is above zero in 0 of 1, below it in 0, and on both sides in 1.',
    );
    expect(text).toContain('correlate by 0.12 (−0.30 to 0.50): no correlation that this data could show.');
    const of = (correlation?: { value: number; low: number; high: number }): string =>
      plain(
        studyReport({
          ...result,
          startAndEnd: result.startAndEnd.map((one) => ({
            model: one.model,
            points: one.points,
            byLayer: one.byLayer,
            ...(correlation && { correlation }),
          })),
        }),
      );
    expect(of({ value: 0.6, low: -1, high: 1 })).toContain(
      'correlate by 0.60; too few networks to say how sure that is.',
    );
    expect(of({ value: -0.6, low: -0.9, high: -0.1 })).toContain('what begins alike ends less alike');
    expect(of()).toContain('have no correlation that could be computed');
  });

  it('tells steps to the target, and until when a run that never got there is known', () => {
    expect(text).toContain(
      'median steps to a validation AUC of 0.91, which was looked at every 16 steps: transfuse:block1 48,',
    );
    const never = plain(studyReport(study({ target: 0.9999 })));
    expect(never).toContain(
      'LargeT: no start brought half of its runs to a validation AUC of 0.9999 within 192 steps.',
    );
    expect(never).toContain('&gt; 192, &gt; 192 –');
    const some = result.convergence.map((one) =>
      one.condition === 'random' ? { ...one, stepsToTarget: [96, null], medianSteps: null } : one,
    );
    const words = plain(studyReport({ ...result, convergence: some }));
    expect(words).toContain('Half or more of the runs from random did not reach it.');
    expect(words).toContain('random 96, &gt; 192 –');
  });

  it('compares a hybrid with full transfer', () => {
    expect(text).toMatch(
      /LargeT: hybrid:block2:0\.5 has 31% of the parameters of pretrained and reaches 0\.976 \(0\.955 to 0\.997\) against 0\.950/,
    );
    expect(text).toContain('their intervals overlap, which does not tell them apart');
    const of = (value: number): string => {
      const toPretrained = { value, low: value - 0.02, high: value + 0.02, p: 0.02, seeds: [0, 1] };
      const hybrid = result.hybrid.map((point) => ({
        ...point,
        toPretrained: { ...toPretrained, interval: point.interval },
      }));
      return plain(studyReport({ ...result, hybrid }));
    };
    expect(of(-0.03)).toContain('against pretrained −0.030 (−0.050 to −0.010), p = 0.020: worse.');
    expect(of(0.03)).toContain('against pretrained +0.030 (+0.010 to +0.050), p = 0.020: better.');
    expect(of(0.01)).toContain('p = 0.020: no difference that this data could show.');
  });

  it('leaves out what the study does not have, with the reason', () => {
    const bare = studyReport(study({ conditions: ['random', 'gabor'], seeds: [3], models: { Tiny: 1000 } }));
    expect(plain(section(bare, 'b'))).toContain(
      'Left out: it needs two finished random runs and one pretrained run',
    );
    expect(plain(section(bare, 'd'))).toContain('Left out: it needs two finished runs');
    expect(plain(section(bare, 'g'))).toContain('Left out: it needs finished runs of networks of two sizes');
    const nothing = {
      ...result,
      runs: [],
      performance: [],
      representations: [],
      movement: [],
      startAndEnd: [],
      filters: [],
      convergence: [],
      hybrid: [],
    };
    const empty = studyReport(nothing);
    expect(empty.match(/Left out: /g)).toHaveLength(7);
    expect(plain(empty)).toContain('No exhibit could be made of the runs that there are.');
    expect(studyFigures(nothing)).toEqual({});
  });

  it('has each class by itself where there are several', () => {
    const many = study({ classes: ['a', 'b', 'c'] });
    expect(plain(section(studyReport(many), 'a'))).toContain(
      'Test AUC of each class or label against the rest',
    );
    expect(plain(html)).not.toContain('of each class or label against');
    expect(plain(studyReport(many))).toContain(three(many.runs[0].test.perClass![2].auc.value));
  });

  it('takes a title, and says what is wrong with another thing', () => {
    expect(studyReport(result, { title: 'A & B' })).toContain('<title>A &amp; B</title>');
    expect(() => studyReport(result, { titel: 'x' } as object)).toThrow("studyReport has no option 'titel'");
    expect(() => studyReport(result, { title: 5 } as unknown as object)).toThrow('title is 5: give a text');
    for (const wrong of [{}, { format: 'svcca/plan@1' }, null, 7]) {
      expect(() => studyReport(wrong as StudyResult)).toThrow('this is no result of a study: its format is');
      expect(() => studyFigures(wrong as StudyResult)).toThrow('this is no result of a study');
    }
  });
});

describe('studyFigures', () => {
  const result = study();
  const figures = studyFigures(result) as Record<string, string>;

  it('has a file for each exhibit that is drawn', () => {
    expect(Object.keys(figures)).toEqual(FIGURES);
  });

  it('draws each mean with its interval, and each seed', () => {
    const shown = hovers(figures.performance);
    const [first] = result.performance;
    expect(shown).toContain(
      `LargeT, random\nAUC ${first.mean.value.toFixed(4)} (${first.mean.low.toFixed(4)} to ${first.mean.high.toFixed(4)})\n` +
        first.aucs.map(({ value }, at) => `seed ${at}: ${Number(value.toPrecision(7))}`).join('\n'),
    );
    // 12 means and 10 gains; two dots beside each mean.
    expect(
      all(parseXml(figures.performance), 'g').filter(({ attributes }) => attributes.class === 'point'),
    ).toHaveLength(22);
    expect(
      all(parseXml(figures.performance), 'circle').filter(({ attributes }) => attributes.r === '2.2'),
    ).toHaveLength(24);
  });

  it('draws a line for each kind of pair and one for chance, and a line for each start', () => {
    const lines = (svg: string): number =>
      all(parseXml(svg), 'g').filter(
        ({ attributes, children }) =>
          attributes['aria-label'] !== undefined && children[0]?.name === 'polyline',
      ).length;
    expect(lines(figures.representations)).toBe(2 * 5);
    expect(lines(figures.movement)).toBe(2 * (conditions.length + 1));
    expect(lines(figures.convergence)).toBe(2 * conditions.length);
    expect(hovers(figures.representations)).toContain('block3_pool\nscratch–scratch SVCCA 0.68');
  });

  it('gives a start the same colour in every figure', () => {
    const fills = (svg: string): Set<string> =>
      new Set(
        all(parseXml(svg), 'g')
          .filter(
            (node) =>
              node.attributes.class === 'point' &&
              all(node, 'title').some(({ text }) => text.includes('hybrid')),
          )
          .map(({ attributes }) => attributes.fill),
      );
    const used = ['performance', 'movement', 'hybrid'].map((name) => [...fills(figures[name])]);
    expect(used).toEqual([used[0], used[0], used[0]]);
    expect(used[0]).toHaveLength(1);
  });

  it('draws a scatter point for each pair and layer, and the target', () => {
    const points = result.startAndEnd.flatMap((one) => one.points);
    expect(hovers(figures['start-and-end'])).toHaveLength(points.length);
    expect(visible(parseXml(figures.convergence))).toContain('target 0.91');
    expect(hovers(figures.hybrid)).toContain(
      'Tiny, hybrid:block2:0.5\nAUC 0.936 (0.915 to 0.957)\n334,245 parameters',
    );
  });

  it('draws the mean of the seeds where all of them have an evaluation', () => {
    const [one] = result.convergence;
    const short = { ...one.curves[0], history: one.curves[0].history.slice(0, 5) };
    const curve = meanCurve({ ...one, curves: [short, one.curves[1]] });
    expect(curve).toHaveLength(5);
    expect(curve[3].auc).toBeCloseTo((one.curves[0].history[3].auc + one.curves[1].history[3].auc) / 2, 14);
    expect(curve[3].of).toBe(2);
  });
});

describe('the filters', () => {
  const decode = (uri: string): PNG =>
    PNG.sync.read(Buffer.from(uri.replace('data:image/png;base64,', ''), 'base64'));
  const colourAt = ({ data, width }: PNG, x: number, y: number): number[] => [
    ...data.subarray((y * width + x) * 4, (y * width + x) * 4 + 4),
  ];

  it('are pixels that a PNG reader reads back, each in the scale of its filter, transparent between', () => {
    // Two filters of 1 × 2: (−1, 0.5) and (0, 4).
    const kernel = { weights: [-1, 0, 0.5, 4], shape: [1, 2, 1, 2] as const };
    const most = filterScales([kernel, { ...kernel, weights: [0, 0, 0, -8] }]);
    expect(most).toEqual([1, 8]);
    const image = decode(filterPicture(kernel, most));
    const layout = gridLayout(kernel.shape);
    expect([image.width, image.height]).toEqual([layout.width, layout.height]);
    const second = layout.box(1);
    expect(colourAt(image, 0, 0)).toEqual([5, 48, 97, 255]);
    expect(colourAt(image, layout.pixel, 0)).toEqual(filterColours(kernel, 0, 1)[1]);
    expect(colourAt(image, second.x, 0)).toEqual([242, 239, 238, 255]);
    expect(colourAt(image, second.x - 1, 0)[3]).toBe(0);
    const [red, , blue] = colourAt(image, second.x + layout.pixel, 0);
    expect(red).toBeGreaterThan(blue);
  });

  it('are red, green and blue of three channels, the mean of others, and grey where all is zero', () => {
    const colour = { weights: [1, -1, 0], shape: [1, 1, 3, 1] as const };
    expect(filterColours(colour, 0, 1)).toEqual([[255, 0, 128, 255]]);
    const two = { weights: [1, -1], shape: [1, 1, 2, 1] as const };
    expect(filterColours(two, 0, 1)).toEqual([[242, 239, 238, 255]]);
    expect(filterColours({ ...colour, weights: [0, 0, 0] }, 0, 0)).toEqual([[128, 128, 128, 255]]);
  });

  it('are 64 at most, and the caption says so', () => {
    const many = study({ kernel: [3, 3, 3, 96], models: { A: 10 }, conditions: ['random'] });
    expect(hovers(studyFigures(many).filters!)).toHaveLength(64);
    expect(plain(studyReport(many))).toContain('The first 64 filters are drawn.');
    expect(hovers(studyFigures(many).filters!)[3]).toMatch(/^filter 3\nconstant\n1 is /);
  });

  it('do not make the page large', () => {
    const big = studyReport(study({ kernel: [7, 7, 3, 64] }));
    expect(big.length).toBeLessThan(1.5e6);
  });
});

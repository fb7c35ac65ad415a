/**
 * Exhibit (b): whether pretraining leaves other representations than training from scratch.
 *
 * @module
 */
import type { RepresentationExhibit } from '../../transfer/exhibit-records.js';
import type { StudyResult } from '../../transfer/study-result.js';
import { layerChart } from '../chart/over-layers.js';
import type { LayerSeries } from '../chart/over-layers.js';
import { domainOf } from '../colour.js';
import { BASELINE, CHANCE, curveStyle } from '../curve-marks.js';
import { writtenMeasure } from '../reading.js';
import { folded } from '../shell.js';
import { count, precise, score } from '../text.js';
import { LEVEL, listed, mean, pText, pValue, signed } from './exhibit.js';
import type { Exhibit } from './exhibit.js';
import { simpleTable } from './simple-table.js';

/** Reads exhibit (b) off a study. */
export function representationsExhibit(result: StudyResult): Exhibit {
  const { representations } = result;
  const measure = measureOf(result);
  const shared = { letter: 'b', heading: 'Do pretrained networks represent the images differently?' };
  if (representations.length === 0) {
    return {
      ...shared,
      findings: [],
      figures: [],
      tables: '',
      absent:
        'it needs two finished random runs and one pretrained run of an architecture with layers that can be compared.',
    };
  }
  return {
    ...shared,
    findings: representations.map((one) => finding(one, measure)),
    figures: [
      {
        name: 'representations',
        label: 'Similarity of trained networks by layer',
        drawings: representations.map((one) => chart(one, measure)),
        caption: `${measure} of corresponding layers of two trained networks, mean over all pairs; small dots are single pairs. Where scratch–scratch lies above scratch–pretrained, pretrained networks differ more from scratch ones than those differ among themselves.${baselineCaption(representations)}${chanceCaption(representations)}`,
      },
    ],
    tables: headline(representations) + folded('Numbers by layer', numbers(representations)),
  };
}

/** The measure of a study as prose has it. */
export function measureOf({ plan }: StudyResult): string {
  return writtenMeasure(plan.similarity?.measure ?? 'svcca');
}

function finding(one: RepresentationExhibit, measure: string): string {
  const { layers, scratchScratch, scratchPretrained, difference, p } = one.top;
  const baseline = topUnmatched(one);
  const others =
    baseline === undefined
      ? ''
      : ` Two from scratch have ${score(baseline)} already where one is shown other images.`;
  const what =
    `${one.model}: ${measure} over ${listed(layers)} is ${score(scratchScratch)} between two trainings from scratch and ` +
    `${score(scratchPretrained)} between one from scratch and one pretrained (difference ${signed(difference)}).${others}`;
  if (!isClear(Math.max(scratchScratch, scratchPretrained), baseline)) {
    return `${what} Neither score is far above that, so the difference says nothing about what the networks see, whatever its p (one-sided permutation test, ${pText(p)}). ${clearLayers(one)}`;
  }
  if (p <= LEVEL) {
    return `${what} Trainings from scratch are more alike among themselves (one-sided permutation test, ${pText(p)}).`;
  }
  return attainableP(one) > LEVEL
    ? `${what} So few networks cannot decide it: the permutation test gives ${pText(p)}, and the smallest p that it could give is ${pValue(attainableP(one))}.`
    : `${what} There is no difference that this data could show (one-sided permutation test, ${pText(p)}).`;
}

/** Scratch–scratch of other images, averaged as the headline is. */
function topUnmatched({ layers, top }: RepresentationExhibit): number | undefined {
  const value = mean(
    layers.filter(({ layer }) => top.layers.includes(layer)).map(({ unmatched = NaN }) => unmatched),
  );
  return Number.isFinite(value) ? value : undefined;
}

/** Of the way from other images to 1, what a score has to be above them to say something. */
const CLEAR = 0.1;

function isClear(value: number, baseline: number | undefined): boolean {
  return baseline === undefined || value - baseline >= CLEAR * (1 - baseline);
}

function clearLayers({ layers }: RepresentationExhibit): string {
  const clear = layers.filter(({ scratchScratch, scratchPretrained, unmatched }) =>
    isClear(Math.max(scratchScratch, scratchPretrained), unmatched),
  );
  return clear.length === 0
    ? 'That holds for every layer.'
    : `Layers further above what other images give: ${clear.map(({ layer }) => layer).join(', ')}.`;
}

/** The smallest p within reach: where pretrained networks are closer still, the exchange of all names counts as well. */
function attainableP({ seeds, top }: RepresentationExhibit): number {
  const { pretrainedPretrained: within = NaN, scratchScratch, smallestP, exact } = top;
  const both = exact && seeds.scratch.length === seeds.pretrained.length && within >= scratchScratch;
  return both ? 2 * smallestP : smallestP;
}

const UNMATCHED = 'other images';

/** Names and fields of the three kinds of pairs. */
const KINDS = [
  ['scratchScratch', 'scratch–scratch'],
  ['scratchPretrained', 'scratch–pretrained'],
  ['pretrainedPretrained', 'pretrained–pretrained'],
] as const;

function chart({ model, layers }: RepresentationExhibit, measure: string): string {
  const series = KINDS.flatMap(([key, name], at): LayerSeries[] => {
    const points = layers.flatMap(({ layer, [key]: value }) =>
      value === undefined ? [] : [{ layer, value, lines: [layer, `${name} ${measure} ${precise(value)}`] }],
    );
    const dots = layers.flatMap(({ layer, scores }) =>
      scores[key].length < 2
        ? []
        : scores[key].map((value) => ({ layer, value, lines: [layer, `one pair: ${precise(value)}`] })),
    );
    return points.length === 0 ? [] : [{ name, style: curveStyle(at), points, dots }];
  });
  const chance = chanceSeries(layers);
  const unmatched = layers.flatMap(({ layer, unmatched: value }) =>
    value === undefined
      ? []
      : [{ layer, value, lines: [layer, `${precise(value)} where each image meets another image`] }],
  );
  const baseline =
    unmatched.length === 0 ? [] : [{ name: UNMATCHED, style: BASELINE, points: unmatched, behind: true }];
  const all = [...series, ...baseline, ...chance];
  return layerChart({
    label: `${measure} of trained networks of ${model} by layer: ${layers.map(({ layer, scratchScratch, scratchPretrained }) => `${layer} ${score(scratchScratch, 2)} scratch–scratch and ${score(scratchPretrained, 2)} scratch–pretrained`).join(', ')}`,
    heading: model,
    measure,
    series: all,
    domain: domainOf(all.flatMap(({ points }) => points.map(({ value }) => value))),
    nice: true,
    flow: true,
    room: 440,
  });
}

function baselineCaption(all: readonly RepresentationExhibit[]): string {
  return all.some(({ layers }) => layers.some(({ unmatched }) => unmatched !== undefined))
    ? ` “${UNMATCHED[0].toUpperCase()}${UNMATCHED.slice(1)}” is scratch–scratch where each image of one network meets another image of the other: scores, and differences of scores, that are not far above it say nothing about what the networks see.`
    : '';
}

/** How to read the grey line, where there is one. */
export function chanceCaption(
  all: readonly { readonly layers: readonly { readonly chance?: number }[] }[],
): string {
  return all.some(({ layers }) => layers.some(({ chance }) => chance !== undefined))
    ? ' The dotted grey line is what unrelated representations of these sizes score on average.'
    : '';
}

/** What unrelated representations score, where that is known. */
export function chanceSeries(
  layers: readonly { readonly layer: string; readonly chance?: number }[],
): LayerSeries[] {
  const points = layers.flatMap(({ layer, chance }) =>
    chance === undefined ? [] : [{ layer, value: chance, lines: [layer, `${precise(chance)} by chance`] }],
  );
  return points.length === 0 ? [] : [{ name: 'chance', style: CHANCE, points, behind: true }];
}

function headline(all: readonly RepresentationExhibit[]): string {
  return simpleTable(
    'Averaged over the top two stages before the classifier',
    [
      { name: 'Architecture' },
      { name: 'Layers', wide: true },
      { name: 'Scratch–scratch', number: true },
      { name: 'Scratch–pretrained', number: true },
      { name: 'Pretrained–pretrained', number: true },
      { name: 'Other images', number: true },
      { name: 'Difference', number: true, strong: true },
      { name: 'p', number: true },
      { name: 'Smallest p', number: true },
      { name: 'Labellings', number: true },
    ],
    all.map((one) => {
      const { model, top } = one;
      return [
        model,
        top.layers.join(', '),
        score(top.scratchScratch),
        score(top.scratchPretrained),
        optional(top.pretrainedPretrained),
        optional(topUnmatched(one)),
        signed(top.difference),
        pValue(top.p),
        pValue(attainableP(one)),
        `${count(top.labellings)} ${top.exact ? '(all)' : '(drawn)'}`,
      ];
    }),
  );
}

function numbers(all: readonly RepresentationExhibit[]): string {
  return simpleTable(
    'Similarity by layer; p is the permutation test of this layer alone',
    [
      { name: 'Architecture' },
      { name: 'Layer' },
      { name: 'Scratch–scratch', number: true },
      { name: 'Scratch–pretrained', number: true },
      { name: 'Pretrained–pretrained', number: true },
      { name: 'Other images', number: true },
      { name: 'Chance', number: true },
      { name: 'p', number: true },
      { name: 'Datapoints', number: true },
      { name: 'Neurons', number: true },
      { name: 'Kept', number: true },
    ],
    all.flatMap(({ model, layers }) =>
      layers.map((one) => [
        model,
        one.layer,
        score(one.scratchScratch),
        score(one.scratchPretrained),
        optional(one.pretrainedPretrained),
        optional(one.unmatched),
        optional(one.chance),
        pValue(one.p),
        count(one.samples),
        count(one.neurons),
        one.kept === undefined ? '–' : count(one.kept),
      ]),
    ),
  );
}

function optional(value: number | undefined): string {
  return value === undefined ? '–' : score(value);
}

/**
 * Exhibit (c): how far each layer goes from its own initialisation.
 *
 * @module
 */
import type { MovementExhibit } from '../../transfer/exhibit-records.js';
import type { StudyResult } from '../../transfer/study-result.js';
import { layerChart } from '../chart/over-layers.js';
import { domainOf } from '../colour.js';
import type { CurveStyle } from '../curve-marks.js';
import { folded } from '../shell.js';
import { count, precise, score } from '../text.js';
import { conditionStyles } from './conditions.js';
import { groupBy } from './exhibit.js';
import type { Exhibit } from './exhibit.js';
import { chanceCaption, chanceSeries, measureOf } from './representations.js';
import { simpleTable } from './simple-table.js';

/** Reads exhibit (c) off a study. */
export function movementExhibit(result: StudyResult): Exhibit {
  const { movement } = result;
  const shared = { letter: 'c', heading: 'How far does each layer move from its own start?' };
  if (movement.length === 0) {
    return {
      ...shared,
      findings: [],
      figures: [],
      tables: '',
      absent: 'no finished run has layers that can be compared with its own initialisation.',
    };
  }
  const measure = measureOf(result);
  const style = conditionStyles(result);
  const models = groupBy(movement, ({ model }) => model);
  return {
    ...shared,
    findings: models.map(([model, rows]) => finding(model, rows, measure)),
    figures: [
      {
        name: 'movement',
        label: 'Similarity of each trained network with its own initialisation by layer',
        drawings: models.map(([model, rows]) => chart(model, rows, measure, style)),
        caption: `${measure} of each layer after training with the same layer of the same network before its first step, mean over seeds${movement.some(({ seeds }) => seeds.length > 1) ? ' (small dots: single seeds)' : ''}. 1 is a layer whose representation is, to this measure, what it was before.${chanceCaption(movement)}`,
      },
    ],
    tables: folded('Numbers by layer', numbers(movement)),
  };
}

function finding(model: string, rows: readonly MovementExhibit[], measure: string): string {
  const main = rows.filter(({ condition }) => condition === 'random' || condition === 'pretrained');
  const sentences = (main.length > 0 ? main : rows.slice(0, 1)).flatMap(({ condition, layers }) => {
    const sorted = layers.filter(({ mean }) => Number.isFinite(mean)).sort((a, b) => kept(b) - kept(a));
    if (sorted.length === 0) return [];
    const [least, most] = [sorted[0], sorted[sorted.length - 1]];
    return [
      sorted.length === 1
        ? `from ${condition}, ${least.layer} ends at ${told(least)}`
        : `from ${condition}, ${least.layer} moves least (${told(least)}) and ${most.layer} most (${told(most)})`,
    ];
  });
  if (sentences.length === 0) return `${model}: no layer has a score.`;
  const counted = rows.some(({ layers }) => layers.some(({ chance }) => chance !== undefined))
    ? ', counted from chance'
    : '';
  return `${model}, ${measure} with its own start${counted}: ${sentences.join('; ')}.`;
}

type LayerMovement = MovementExhibit['layers'][number];

/** How much of a layer stays. Scores by chance differ between layers, so it is counted from there where that is known. */
function kept({ mean, chance = 0 }: LayerMovement): number {
  return chance < 1 ? (mean - chance) / (1 - chance) : 0;
}

function told({ mean, chance }: LayerMovement): string {
  return score(mean) + (chance === undefined ? '' : `, by chance ${score(chance)}`);
}

function chart(
  model: string,
  rows: readonly MovementExhibit[],
  measure: string,
  style: (condition: string) => CurveStyle,
): string {
  const curves = rows.map(({ condition, seeds, layers }) => ({
    name: condition,
    style: style(condition),
    points: layers.map(({ layer, mean }) => ({
      layer,
      value: mean,
      lines: [`${layer}, ${condition}`, `${measure} ${precise(mean)}`],
    })),
    dots:
      seeds.length < 2
        ? []
        : layers.flatMap(({ layer, scores }) =>
            scores.map((value, at) => ({ layer, value, lines: [`seed ${seeds[at]}: ${precise(value)}`] })),
          ),
  }));
  const known = rows.find(({ layers }) => layers.some(({ chance }) => chance !== undefined));
  const series = [...curves, ...(known ? chanceSeries(known.layers) : [])];
  return layerChart({
    label: `${measure} with its own initialisation of ${model} by layer: ${curves.map(({ name, points }) => `${name} ${points.map(({ value }) => score(value, 2)).join(', ')}`).join('; ')}`,
    heading: model,
    measure: `${measure} with its own start`,
    series,
    domain: domainOf(series.flatMap(({ points }) => points.map(({ value }) => value))),
    nice: true,
    flow: true,
    room: 440,
  });
}

function numbers(movement: readonly MovementExhibit[]): string {
  const columns = [
    { name: 'Architecture' },
    { name: 'Start' },
    { name: 'Layer' },
    { name: 'Mean', number: true, strong: true },
    { name: 'Each seed', number: true },
    { name: 'Chance', number: true },
    { name: 'Datapoints', number: true },
    { name: 'Neurons', number: true },
  ];
  const rows = movement.flatMap(({ model, condition, layers }) =>
    layers.map(({ layer, mean, scores, chance, samples, neurons }) => [
      model,
      condition,
      layer,
      score(mean),
      scores.map((value) => score(value)).join(', '),
      chance === undefined ? '–' : score(chance),
      count(samples),
      count(neurons),
    ]),
  );
  return simpleTable('Similarity of each layer with itself before training', columns, rows);
}

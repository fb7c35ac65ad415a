/**
 * Exhibit (g): what part is enough: AUC against parameters.
 *
 * @module
 */
import type { HybridPoint } from '../../transfer/exhibit-records.js';
import type { StudyResult } from '../../transfer/study-result.js';
import { extentOf, linearAxis, logAxis } from '../chart/axis.js';
import { numericChart } from '../chart/numeric.js';
import { count, score } from '../text.js';
import { conditionStyles } from './conditions.js';
import { groupBy, interval, pText, signed, signedInterval } from './exhibit.js';
import type { Exhibit } from './exhibit.js';
import { simpleTable } from './simple-table.js';

/** Reads exhibit (g) off a study. */
export function hybridExhibit(result: StudyResult): Exhibit {
  const { hybrid } = result;
  const shared = { letter: 'g', heading: 'Which part is enough?' };
  if (new Set(hybrid.map(({ parameters }) => parameters)).size < 2) {
    const absent =
      'it needs finished runs of networks of two sizes: a hybrid beside its full network, or two architectures.';
    return { ...shared, findings: [], figures: [], tables: '', absent };
  }
  const models = groupBy(hybrid, ({ model }) => model);
  const sentences = models.flatMap(([model, points]) => findings(model, points));
  return {
    ...shared,
    findings:
      sentences.length > 0
        ? sentences
        : [
            'The study has no hybrid with a full network to compare it with; the drawing compares its architectures.',
          ],
    figures: [
      {
        name: 'hybrid',
        label: 'Test AUC against parameters',
        drawings: [chart(result, models)],
        caption:
          'Mean test AUC with the 95% intervals of exhibit (a) against the number of parameters, on a logarithmic scale; starts with the same number stand beside each other, under the name of their architecture. Up and to the left is better. The axis of the AUC does not begin at zero.',
      },
    ],
    tables: table(models),
  };
}

/** Each hybrid beside full transfer by the paired difference, or beside random starts by their intervals, where no more can be claimed. */
function findings(model: string, points: readonly HybridPoint[]): string[] {
  const full =
    points.find(({ condition }) => condition === 'pretrained') ??
    points.find(({ condition }) => condition === 'random');
  if (!full) return [];
  return points
    .filter(({ condition }) => condition.startsWith('hybrid'))
    .map(({ condition, parameters, auc, toPretrained }) => {
      const share = Math.round((100 * parameters) / full.parameters);
      const apart =
        auc.high < full.auc.low || auc.low > full.auc.high
          ? 'their intervals are apart'
          : 'their intervals overlap, which does not tell them apart';
      if (toPretrained && full.condition === 'pretrained') {
        const { low, high, p } = toPretrained;
        const sure = low > 0 ? 'better' : high < 0 ? 'worse' : 'no difference that this data could show';
        return `${model}: ${condition} has ${share}% of the parameters of pretrained and reaches ${interval(auc)}; against pretrained ${signedInterval(toPretrained)}, ${pText(p)}: ${sure}.`;
      }
      return `${model}: ${condition} has ${share}% of the parameters of ${full.condition} and reaches ${interval(auc)} against ${interval(full.auc)}: ${apart}.`;
    });
}

type Models = readonly (readonly [string, readonly HybridPoint[]])[];

function chart(result: StudyResult, models: Models): string {
  const { hybrid } = result;
  const style = conditionStyles(result);
  const conditions = groupBy(hybrid, ({ condition }) => condition);
  const aucs = extentOf(hybrid.flatMap(({ auc }) => [auc.value, auc.low, auc.high]));
  const flags = models.flatMap(([name, points]) =>
    [...new Set(points.map(({ parameters }) => parameters))].map((x) => ({ name, x })),
  );
  return numericChart({
    label: `Test AUC against parameters: ${hybrid.map(({ model, condition, parameters, auc }) => `${model} ${condition} ${score(auc.value)} with ${count(parameters)}`).join(', ')}`,
    x: { title: 'parameters', axis: logAxis(hybrid.map(({ parameters }) => parameters)), log: true },
    y: { title: 'test AUC', axis: linearAxis([Math.max(0, aucs[0]), Math.min(1, aucs[1])]) },
    series: conditions.map(([condition, points]) => ({
      name: condition,
      style: style(condition),
      points: points.map(({ model, parameters, auc }) => ({
        x: parameters,
        y: auc.value,
        low: auc.low,
        high: auc.high,
        lines: [`${model}, ${condition}`, `AUC ${interval(auc)}`, `${count(parameters)} parameters`],
      })),
    })),
    flags,
    width: 640,
    apart: 12,
  });
}

function table(models: Models): string {
  const columns = [
    { name: 'Architecture' },
    { name: 'Start' },
    { name: 'Parameters', number: true },
    { name: 'Of the whole', number: true },
    { name: 'Test AUC', number: true, strong: true },
    { name: '95% interval', number: true },
    { name: 'Against pretrained', number: true },
    { name: '95% interval', number: true },
  ];
  const rows = models.flatMap(([model, points]) => {
    const whole = Math.max(...points.map(({ parameters }) => parameters));
    return points.map(({ condition, parameters, auc, toPretrained }) => [
      model,
      condition,
      count(parameters),
      `${Math.round((100 * parameters) / whole)}%`,
      score(auc.value),
      `${score(auc.low)} to ${score(auc.high)}`,
      toPretrained ? signed(toPretrained.value) : '–',
      toPretrained ? `${score(toPretrained.low)} to ${score(toPretrained.high)}` : '–',
    ]);
  });
  return simpleTable('Test AUC and parameters', columns, rows);
}

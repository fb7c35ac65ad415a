/**
 * Exhibit (a): how well each architecture does from each start.
 *
 * @module
 */
import type { PerformanceRow } from '../../transfer/exhibit-records.js';
import type { StudyResult } from '../../transfer/study-result.js';
import { extentOf, linearAxis } from '../chart/axis.js';
import { rowsChart } from '../chart/rows.js';
import type { ChartRow } from '../chart/rows.js';
import { folded } from '../shell.js';
import { count, plural, precise, score } from '../text.js';
import { conditionStyles } from './conditions.js';
import { groupBy, interval, listed, pText, pValue, signed, signedInterval } from './exhibit.js';
import type { Exhibit, ExhibitFigure } from './exhibit.js';
import { simpleTable } from './simple-table.js';

/** Reads exhibit (a) off a study. */
export function performanceExhibit(result: StudyResult): Exhibit {
  const { performance } = result;
  const shared = { letter: 'a', heading: 'Does the start matter for the result?' };
  if (performance.length === 0) {
    return { ...shared, findings: [], figures: [], tables: '', absent: 'no run has been finished.' };
  }
  return {
    ...shared,
    findings: groupBy(performance, ({ model }) => model).map(([model, rows]) => finding(model, rows)),
    figures: [chart(result)],
    tables: table(result) + folded('Every run, and where the uncertainty comes from', details(result)),
  };
}

type Gain = NonNullable<PerformanceRow['gain']>;

/** What the gains over random starts are, and no more than their intervals allow. */
function finding(model: string, rows: readonly PerformanceRow[]): string {
  const gains = rows.flatMap(({ condition, gain }) => (gain ? [{ condition, gain }] : []));
  if (gains.length === 0) {
    const all = rows.map(({ condition, mean }) => `${condition} ${interval(mean)}`);
    return `${model}: test AUC of ${listed(all)}. Nothing shares a seed with a random start, so no gain can be told.`;
  }
  const random = rows.find(({ condition }) => condition === 'random');
  const base = random
    ? `random starts reach a test AUC of ${interval(random.mean)}`
    : 'against random starts';
  const pretrained = gains.filter(({ condition }) => condition === 'pretrained');
  const others = gains.filter(({ condition }) => condition !== 'pretrained');
  const sentences = [
    ...pretrained.map(({ gain }) => {
      const does = { gains: 'gains', losses: 'loses', none: `shows ${NONE}:` }[verdict(gain)];
      return `Pretrained ${does} ${signedInterval(gain)}, ${pText(gain.p)}.`;
    }),
    ...(['gains', 'losses', 'none'] as const).flatMap((what) => {
      const like = others.filter(({ gain }) => verdict(gain) === what);
      if (like.length === 0) return [];
      const each = like.map(({ condition, gain }) =>
        what === 'none'
          ? `${condition} (${signed(gain.value)})`
          : `${condition} ${signedInterval(gain)}, ${pText(gain.p)}`,
      );
      const head = { gains: 'Gains', losses: 'Losses', none: NONE[0].toUpperCase() + NONE.slice(1) }[what];
      return [`${head}: ${what === 'none' ? listed(each) : each.join('; ')}.`];
    }),
  ];
  return `${model}: ${base}. ${sentences.join(' ')}`;
}

const NONE = 'no difference that this data could show';

/** What an interval allows to say. */
function verdict({ low, high }: Gain): 'gains' | 'losses' | 'none' {
  if (low > 0) return 'gains';
  return high < 0 ? 'losses' : 'none';
}

function chart(result: StudyResult): ExhibitFigure {
  const { performance } = result;
  const style = conditionStyles(result);
  const hasGain = performance.some(({ gain }) => gain !== undefined);
  const groups = groupBy(performance, ({ model }) => model).map(([name, rows]) => ({
    name,
    rows: rows.map((row): ChartRow => {
      const { condition, mean, aucs, seeds, gain } = row;
      const auc = {
        value: mean.value,
        low: mean.low,
        high: mean.high,
        dots: aucs.map(({ value }) => value),
        lines: [
          `${name}, ${condition}`,
          `AUC ${interval(mean, 4)}`,
          ...seeds.map((seed, at) => `seed ${seed}: ${precise(aucs[at].value)}`),
        ],
      };
      const difference = gain && {
        value: gain.value,
        low: gain.low,
        high: gain.high,
        lines: [
          `${name}, ${condition} against random`,
          `${signedInterval(gain)}, ${pText(gain.p)}`,
          `over ${plural(gain.seeds.length, 'seed')}`,
        ],
      };
      return { name: condition, style: style(condition), cells: [auc, ...(hasGain ? [difference] : [])] };
    }),
  }));
  const ends = ({ value, low, high }: { value: number; low: number; high: number }): number[] => [
    value,
    low,
    high,
  ];
  const aucs = extentOf(
    performance.flatMap(({ mean, aucs: all }) => [...ends(mean), ...all.map(({ value }) => value)]),
  );
  const gains = extentOf([0, ...performance.flatMap(({ gain }) => (gain ? ends(gain) : []))]);
  const columns = [
    {
      title: 'test AUC',
      axis: linearAxis([Math.max(0, aucs[0]), Math.min(1, aucs[1])]),
      kind: 'interval' as const,
    },
    ...(hasGain
      ? [{ title: 'gain over random, same seeds', axis: linearAxis(gains), kind: 'interval' as const }]
      : []),
  ];
  return {
    name: 'performance',
    label: 'Test AUC by architecture and start',
    drawings: [
      rowsChart({
        label: `Test AUC with intervals: ${performance.map(({ model, condition, mean }) => `${model} ${condition} ${score(mean.value)}`).join(', ')}`,
        columns,
        groups,
      }),
    ],
    caption:
      `Markers are means over seeds, with 95% intervals that cover ${covers(performance)}. ` +
      (performance.some(({ aucs }) => aucs.length > 1) ? 'Small dots below them are single seeds. ' : '') +
      (hasGain
        ? 'On the right the paired difference to random starts of the same seeds: an interval that crosses zero shows no difference. '
        : '') +
      'The axis does not begin at zero.',
  };
}

function covers(rows: readonly PerformanceRow[]): string {
  const all = [...new Set(rows.map(({ interval: what }) => what))];
  return all
    .map((what) =>
      what === 'test images' ? 'other test images (one seed only)' : 'other seeds and other test images',
    )
    .join(', or ');
}

function table({ performance }: StudyResult): string {
  const most = Math.max(...performance.map(({ aucs }) => aucs.length));
  const columns = [
    { name: 'Architecture' },
    { name: 'Start' },
    { name: 'Parameters', number: true },
    { name: 'Seeds', number: true },
    { name: 'Test AUC', number: true, strong: true },
    { name: '95% interval', number: true },
    { name: 'Gain over random', number: true, strong: true },
    { name: '95% interval', number: true },
    { name: 'p', number: true },
  ];
  const rows = performance.map(({ model, condition, parameters, aucs, mean, gain }) => [
    model,
    condition,
    count(parameters),
    count(aucs.length),
    score(mean.value),
    range(mean),
    ...(gain ? [signed(gain.value), range(gain), pValue(gain.p)] : ['–', '–', '–']),
  ]);
  const note = most === 1 ? '; one seed each: nothing is known of other seeds' : '';
  return simpleTable(`Test AUC and parameters${note}`, columns, rows);
}

function range({ low, high }: { readonly low: number; readonly high: number }): string {
  return `${score(low)} to ${score(high)}`;
}

function details({ performance, runs }: StudyResult): string {
  const parts = simpleTable(
    'Intervals of the means by what they cover; p values are of one comparison each, without correction for their number',
    [
      { name: 'Architecture' },
      { name: 'Start' },
      { name: 'Both', number: true },
      { name: 'Test images alone', number: true },
      { name: 'Seeds alone', number: true },
    ],
    performance.map(({ model, condition, mean, parts: { images, seeds } }) => [
      model,
      condition,
      range(mean),
      range(images),
      seeds ? range(seeds) : '–',
    ]),
  );
  const every = simpleTable(
    'Every run, with DeLong’s 95% interval',
    [
      { name: 'Architecture' },
      { name: 'Start' },
      { name: 'Seed', number: true },
      { name: 'Steps', number: true },
      { name: 'Weights of step', number: true },
      { name: 'Validation AUC', number: true },
      { name: 'Test AUC', number: true, strong: true },
      { name: '95% interval', number: true },
      { name: 'Test loss', number: true },
      { name: 'Run' },
    ],
    runs.map(({ model, condition, seed, key, training, test }) => [
      model,
      condition,
      String(seed),
      count(training.steps) + (training.stopped === 'patience' ? ' (early stop)' : ''),
      count(training.kept.step),
      score(training.kept.auc),
      score(test.auc.value),
      range(test.auc),
      score(test.loss),
      key.slice(0, 12),
    ]),
  );
  return parts + every + perClass(runs);
}

function perClass(runs: StudyResult['runs']): string {
  const names = [...new Set(runs.flatMap(({ test }) => test.perClass?.map(({ name }) => name) ?? []))];
  if (names.length === 0) return '';
  return simpleTable(
    'Test AUC of each class or label against the rest',
    [
      { name: 'Architecture' },
      { name: 'Start' },
      { name: 'Seed', number: true },
      ...names.map((name) => ({ name, number: true })),
    ],
    runs.map(({ model, condition, seed, test }) => [
      model,
      condition,
      String(seed),
      ...names.map((name) => {
        const found = test.perClass?.find((one) => one.name === name);
        return found ? score(found.auc.value) : '–';
      }),
    ]),
  );
}

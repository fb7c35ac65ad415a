/**
 * Exhibit (d): whether networks that begin alike end alike.
 *
 * @module
 */
import type { StartAndEndExhibit, StudyNet } from '../../transfer/exhibit-records.js';
import type { StudyResult } from '../../transfer/study-result.js';
import { linearAxis } from '../chart/axis.js';
import { numericChart } from '../chart/numeric.js';
import { domainOf } from '../colour.js';
import { curveStyle } from '../curve-marks.js';
import { folded } from '../shell.js';
import { precise, score } from '../text.js';
import { groupBy, interval } from './exhibit.js';
import type { Exhibit } from './exhibit.js';
import { measureOf } from './representations.js';
import { simpleTable } from './simple-table.js';

/** Reads exhibit (d) off a study. */
export function startAndEndExhibit(result: StudyResult): Exhibit {
  const startAndEnd = result.startAndEnd.filter(({ points }) => points.length > 0);
  const shared = { letter: 'd', heading: 'Do networks that begin alike end alike?' };
  if (startAndEnd.length === 0) {
    return {
      ...shared,
      findings: [],
      figures: [],
      tables: '',
      absent: 'it needs two finished runs of an architecture, one of them from a random start.',
    };
  }
  const measure = measureOf(result);
  return {
    ...shared,
    findings: startAndEnd.map(finding),
    figures: [
      {
        name: 'start-and-end',
        label: 'Similarity at initialisation against similarity after training',
        drawings: startAndEnd.map((one) => chart(one, measure)),
        caption: `Each point is one layer of two networks: their ${measure} before the first step (across) and after training (up). Points near the dashed line are as alike after training as before. The correlation is over all layers, and much of it may be that layers differ from one another; that of each layer by itself is in the numbers. The layer of each point is shown on hover.`,
      },
    ],
    tables: folded('Numbers', numbers(startAndEnd)),
  };
}

function finding({ model, points, correlation, byLayer }: StartAndEndExhibit): string {
  const what = `${model}: over ${points.length} points, similarity at initialisation and after training`;
  if (!correlation || !Number.isFinite(correlation.value)) {
    return `${what} have no correlation that could be computed: one of the two does not vary, or there are too few points.`;
  }
  const { value, low, high } = correlation;
  if (low <= -1 && high >= 1)
    return `${what} correlate by ${score(value, 2)}; too few networks to say how sure that is.`;
  const sure =
    low > 0
      ? 'what begins alike ends alike'
      : high < 0
        ? 'what begins alike ends less alike'
        : 'no correlation that this data could show';
  return `${what} correlate by ${interval(correlation, 2)}: ${sure}.${within(byLayer)}`;
}

/** Whether pairs of networks make a correlation, or only that layers differ. */
function within(byLayer: StartAndEndExhibit['byLayer']): string {
  const known = byLayer.flatMap(({ correlation }) => (correlation ? [correlation] : []));
  if (known.length === 0) return '';
  const above = known.filter(({ low }) => low > 0).length;
  const below = known.filter(({ high }) => high < 0).length;
  const open = known.length - above - below;
  return ` Within single layers, where pairs of networks alone make the difference, the interval is above zero in ${above} of ${known.length}, below it in ${below}, and on both sides in ${open}.`;
}

function chart({ model, points, correlation }: StartAndEndExhibit, measure: string): string {
  const domain = domainOf(points.flatMap(({ initial, trained }) => [initial, trained]));
  const axis = linearAxis(domain);
  const [low, high] = axis.domain;
  const series = groupBy(points, ({ a, b }) => `${a.condition}–${b.condition}`).map(([name, all], at) => ({
    name,
    style: curveStyle(at),
    points: all.map(({ layer, a, b, initial, trained }) => ({
      x: initial,
      y: trained,
      lines: [
        layer,
        `${net(a)} and ${net(b)}`,
        `${precise(initial)} at initialisation, ${precise(trained)} after training`,
      ],
    })),
  }));
  const known = correlation && Number.isFinite(correlation.value);
  return numericChart({
    label: `Scatter of ${points.length} layers of pairs of networks of ${model}: ${measure} at initialisation against after training${known ? `, correlation ${score(correlation.value, 2)}` : ''}`,
    heading: known ? `${model} · correlation ${interval(correlation, 2)}` : model,
    x: { title: `${measure} at initialisation`, axis },
    y: { title: `${measure} after training`, axis },
    series,
    references: [{ from: [low, low], to: [high, high] }],
    width: 340,
  });
}

function net({ condition, seed }: StudyNet): string {
  return `${condition} of seed ${seed}`;
}

function numbers(all: readonly StartAndEndExhibit[]): string {
  const byLayer = all.flatMap(({ model, byLayer: layers }) =>
    layers.map(({ layer, correlation }) => [model, layer, correlation ? interval(correlation, 2) : '–']),
  );
  const correlations =
    byLayer.length === 0
      ? ''
      : simpleTable(
          'Correlation of each layer by itself, where pairs alone make the difference',
          [{ name: 'Architecture' }, { name: 'Layer' }, { name: 'Correlation', number: true }],
          byLayer,
        );
  return (
    correlations +
    simpleTable(
      'Every point',
      [
        { name: 'Architecture' },
        { name: 'Layer' },
        { name: 'Networks' },
        { name: 'At initialisation', number: true },
        { name: 'After training', number: true },
      ],
      all.flatMap(({ model, points }) =>
        points.map(({ layer, a, b, initial, trained }) => [
          model,
          layer,
          `${net(a)}, ${net(b)}`,
          score(initial),
          score(trained),
        ]),
      ),
    )
  );
}

/**
 * Corresponding layers as a curve, one per comparison.
 *
 * @module
 */
import { scaleLinear } from 'd3-scale';
import type { Similarity } from '../compare/similarity.js';
import { OptionError } from '../errors.js';
import { knownKeys } from '../options.js';
import { checkDomain, domainOf } from './colour.js';
import type { Domain } from './colour.js';
import { curveStyle, line, marker } from './curve-marks.js';
import { element, escape, hover } from './markup.js';
import { checkDrawable, corresponding, distinctNames, measureName } from './reading.js';
import type { Corresponding } from './reading.js';
import { elide, FONT, plural, precise, textWidth } from './text.js';

/** Options of {@link diagonalCurve}. */
export interface DiagonalCurveOptions {
  /**
   * Scores at the two ends of the y axis.
   * @defaultValue `[0, 1]` if all scores of the curves lie inside it, else their extent, rounded outwards
   */
  readonly domain?: Domain;
}

const SIZE = 12;
const PLOT_HEIGHT = 240;
const LONGEST_LABEL = 130;
const LEGEND_ROW = 20;

/**
 * Draws the diagonals of similarities as curves over the layers: which layers a training step, a seed or a data set moved.
 * Curves differ by colour, dash and marker; each point shows its pair of layers and its score on hover.
 *
 * @param similarities - one curve each; layers that only some of them have stand where those have them
 * @param options - see {@link DiagonalCurveOptions}
 * @returns a standalone SVG
 * @throws OptionError if there is no similarity, or for a bad option; ShapeError for a similarity without layers
 */
export function diagonalCurve(
  similarities: readonly Similarity[],
  options: DiagonalCurveOptions = {},
): string {
  knownKeys('diagonalCurve', options, ['domain']);
  if (similarities.length === 0)
    throw new OptionError('there is no diagonal to draw: give at least one similarity');
  similarities.forEach(checkDrawable);
  const diagonals = similarities.map(corresponding);
  const layers = mergeOrders(diagonals.map((pairs) => pairs.map(({ row }) => row)));
  const axis = yAxis(diagonals, options.domain && checkDomain(options.domain));
  const names = distinctNames(similarities);
  const frame = layOut(layers, names, axis.labels);
  const { width, height, top, bottom, x } = frame;
  const y = scaleLinear(axis.domain, [bottom, top]).clamp(true);
  const measures = [...new Set(similarities.map(measureName))];
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: 'img',
      'aria-label': `Similarity of corresponding layers: ${plural(names.length, 'curve')} over ${plural(layers.length, 'layer')}`,
      'font-family': FONT,
      'font-size': SIZE,
      style: 'font-variant-numeric:tabular-nums',
    },
    legend(names),
    element('text', { y: top - 16, fill: 'currentColor', 'font-weight': 600 }, escape(measures.join(', '))),
    grid(axis, frame, y),
    xLabels(layers, frame),
    ...diagonals.map((pairs, at) => curve(similarities[at], names[at], at, pairs, layers, x, y)),
  );
}

/** All names, each behind the one that it follows where it occurs; an order that shares none goes to the end. */
function mergeOrders(orders: readonly (readonly string[])[]): string[] {
  const merged: string[] = [];
  for (const order of orders) {
    let behind = order.some((name) => merged.includes(name)) ? -1 : merged.length - 1;
    for (const name of order) {
      const at = merged.indexOf(name);
      if (at < 0) merged.splice(++behind, 0, name);
      else behind = at;
    }
  }
  return merged;
}

interface Axis {
  readonly domain: Domain;
  readonly ticks: readonly number[];
  readonly labels: readonly string[];
}

function yAxis(diagonals: readonly (readonly Corresponding[])[], given: Domain | undefined): Axis {
  const domain = given ?? domainOf(diagonals.flat().map(({ cell }) => cell.score));
  const scale = scaleLinear(domain, [0, 1]);
  if (given === undefined) scale.nice(5);
  const [low, high] = scale.domain();
  const ticks = scale.ticks(5);
  return { domain: [low, high], ticks, labels: ticks.map(scale.tickFormat(5)) };
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly labels: readonly string[];
  readonly slanted: boolean;
  /** Where layer number `at` stands. */
  readonly x: (at: number) => number;
}

function layOut(layers: readonly string[], names: readonly string[], tickLabels: readonly string[]): Frame {
  const step = Math.min(110, Math.max(24, 620 / Math.max(1, layers.length)));
  const labels = layers.map((name) => elide(name, LONGEST_LABEL, SIZE));
  const widths = labels.map((label) => textWidth(label, SIZE));
  const slanted = widths.some((labelWidth) => labelWidth > step - 8);
  const pad = slanted ? 24 : Math.max(24, widths[0] / 2, widths[widths.length - 1] / 2);
  const ticks = Math.max(...tickLabels.map((label) => textWidth(label, SIZE))) + 10;
  // A slanted label leans out to the left, the first ones beyond the axis.
  const lean = slanted
    ? widths.map((labelWidth, at) => labelWidth * Math.SQRT1_2 - at * step - pad + SIZE)
    : [0];
  const left = Math.max(ticks, ...lean);
  const legendWidth = Math.max(...names.map((name) => 44 + textWidth(name, SIZE)));
  const right = Math.max(left + pad * 2 + step * (layers.length - 1), left + 280, Math.min(legendWidth, 640));
  const middle = layers.length === 1 ? (left + right) / 2 : left + pad;
  const stretched = layers.length === 1 ? 0 : (right - left - 2 * pad) / (layers.length - 1);
  const top = names.length * LEGEND_ROW + 44;
  const bottom = top + PLOT_HEIGHT;
  const below = slanted ? Math.max(...widths) * Math.SQRT1_2 + SIZE + 14 : SIZE + 18;
  return {
    width: Math.ceil(right + 8),
    height: Math.ceil(bottom + below),
    left,
    right,
    top,
    bottom,
    labels,
    slanted,
    x: (at) => middle + at * stretched,
  };
}

function legend(names: readonly string[]): string {
  const rows = names.map((name, at) => {
    const [style, y] = [curveStyle(at), at * LEGEND_ROW + 10];
    const ends = [
      [0, y],
      [32, y],
    ] as const;
    const shown = elide(name, 590, SIZE);
    const text = element(
      'text',
      { x: 42, y: y + 4, fill: 'currentColor' },
      ...(shown === name ? [] : [hover(name)]),
      escape(shown),
    );
    return line(style, ends) + marker(style, 16, y) + text;
  });
  return element('g', {}, ...rows);
}

function grid({ ticks, labels }: Axis, { left, right }: Frame, y: (value: number) => number): string {
  const lines = ticks.map((tick, at) => {
    const stroke = { stroke: 'currentColor', 'stroke-opacity': at === 0 ? 0.45 : 0.14 };
    return (
      element('line', { x1: left, x2: right, y1: y(tick), y2: y(tick), ...stroke }) +
      element('text', { x: left - 8, y: y(tick) + 4, 'text-anchor': 'end', 'fill-opacity': 0.75 }, labels[at])
    );
  });
  return element('g', { fill: 'currentColor' }, ...lines);
}

function xLabels(layers: readonly string[], { labels, slanted, bottom, x }: Frame): string {
  const texts = layers.map((name, at) => {
    const where = slanted
      ? { transform: `translate(${(x(at) + 4).toFixed(1)} ${bottom + 16}) rotate(-45)`, 'text-anchor': 'end' }
      : { x: x(at), y: bottom + SIZE + 10, 'text-anchor': 'middle' };
    return element('text', where, ...(labels[at] === name ? [] : [hover(name)]), escape(labels[at]));
  });
  return element('g', { fill: 'currentColor' }, ...texts);
}

function curve(
  similarity: Similarity,
  name: string,
  at: number,
  pairs: readonly Corresponding[],
  layers: readonly string[],
  x: (at: number) => number,
  y: (value: number) => number,
): string {
  const style = curveStyle(at);
  const { names } = similarity;
  const points = pairs
    .filter(({ cell }) => Number.isFinite(cell.score))
    .map((pair) => ({ pair, place: [x(layers.indexOf(pair.row)), y(pair.cell.score)] as const }));
  const marks = points.map(({ pair: { row, col, cell }, place }) =>
    marker(
      style,
      ...place,
      hover(`${row} (${names.a}) × ${col} (${names.b})`, `${measureName(similarity)} ${precise(cell.score)}`),
    ),
  );
  const path =
    points.length > 1
      ? line(
          style,
          points.map(({ place }) => place),
        )
      : '';
  return element('g', { 'aria-label': name }, path, ...marks);
}

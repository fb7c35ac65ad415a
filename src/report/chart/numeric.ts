/**
 * Curves and points over two axes of numbers.
 *
 * @module
 */
import { scaleLinear, scaleLog } from 'd3-scale';
import { dot, line, marker, target, whisker } from '../curve-marks.js';
import type { CurveStyle } from '../curve-marks.js';
import { element, escape, hover } from '../markup.js';
import { elide, textWidth } from '../text.js';
import { xGrid, yGrid } from './axis.js';
import type { Axis } from './axis.js';
import { drawing, SIZE } from './drawing.js';
import { chartHead } from './series-legend.js';

const HEIGHT = 260;
const FLAG_ROW = 18;
/** Markers along a curve beyond which only some are drawn; each shows its value on hover. */
const MOST_MARKERS = 10;

/** A point; one whose numbers are not finite is left out. */
export interface NumericPoint {
  readonly x: number;
  readonly y: number;
  /** Ends of its interval. */
  readonly low?: number;
  readonly high?: number;
  /** What it shows on hover. */
  readonly lines: readonly string[];
}

/** Points under one name. */
export interface NumericSeries {
  readonly name: string;
  readonly style: CurveStyle;
  readonly points: readonly NumericPoint[];
  /** Joins the points by a line. */
  readonly joined?: boolean;
  /** Curves behind the curve. */
  readonly thin?: readonly (readonly NumericPoint[])[];
}

/** A straight line to read the points against. */
export interface ReferenceLine {
  readonly from: readonly [x: number, y: number];
  readonly to: readonly [x: number, y: number];
}

/** A name at a place of the x axis, above the plot. */
export interface Flag {
  readonly x: number;
  readonly name: string;
}

/** What {@link numericChart} draws. */
export interface NumericChart {
  /** Text alternative. */
  readonly label: string;
  readonly heading?: string;
  readonly x: { readonly title: string; readonly axis: Axis; readonly log?: boolean };
  readonly y: { readonly title: string; readonly axis: Axis };
  readonly series: readonly NumericSeries[];
  readonly references?: readonly ReferenceLine[];
  readonly flags?: readonly Flag[];
  /** Of the plot. @defaultValue 400 */
  readonly width?: number;
  /** Pixels between points of several series at one x, so that none hides another. @defaultValue 0 */
  readonly apart?: number;
}

type Place = (point: { readonly x: number; readonly y: number }) => readonly [number, number];

/** Curves and points over two axes. */
export function numericChart(chart: NumericChart): string {
  const { x: across, y: up, series, references = [], flags = [], apart = 0 } = chart;
  const left = Math.max(...up.axis.labels.map((label) => textWidth(label, SIZE))) + 10;
  const right = left + (chart.width ?? 400);
  const head = chartHead(
    chart.heading,
    series.map(({ name, style, joined }) => ({ name, style, point: !joined })),
    right,
  );
  const x = (across.log ? scaleLog : scaleLinear)(across.axis.domain, [left, right]).clamp(true);
  const lanes = flagLanes(flags, x, left, right);
  const above = head.height + 44;
  const top = above + FLAG_ROW * Math.max(0, ...lanes.map(({ lane }) => lane + 1));
  const bottom = top + HEIGHT;
  const y = scaleLinear(up.axis.domain, [bottom, top]).clamp(true);
  const width = Math.ceil(Math.max(right, head.width) + 12 + lastLabel(across.axis, x, right));
  const titles = element(
    'g',
    { fill: 'currentColor', 'font-weight': 600 },
    element('text', { y: head.height + 28 }, escape(up.title)),
    element('text', { x: (left + right) / 2, y: bottom + 36, 'text-anchor': 'middle' }, escape(across.title)),
  );
  return drawing(
    { width, height: bottom + 44, label: chart.label },
    head.markup,
    titles,
    yGrid(up.axis, { left, right }, y),
    xGrid(across.axis, { top, bottom }, x),
    ...lanes.map((flag) => flagMark(flag, top)),
    ...references.map(({ from, to }) => reference([x(from[0]), y(from[1])], [x(to[0]), y(to[1])])),
    ...series.map((one, at) =>
      marks(one, (point) => [x(point.x) + apart * beside(series, at, point.x), y(point.y)]),
    ),
  );
}

/** Place of a series among those that have a point at this x, the middle one at 0. */
function beside(series: readonly NumericSeries[], at: number, x: number): number {
  const there = series.flatMap(({ points }, i) => (points.some((point) => point.x === x) ? [i] : []));
  return there.indexOf(at) - (there.length - 1) / 2;
}

/** What the last label of the x axis needs beyond the plot. */
function lastLabel({ ticks, labels }: Axis, x: (value: number) => number, right: number): number {
  const at = ticks.length - 1;
  return at < 0 ? 0 : Math.max(0, x(ticks[at]) + textWidth(labels[at], SIZE) / 2 - right - 8);
}

function reference([x1, y1]: readonly [number, number], [x2, y2]: readonly [number, number]): string {
  return element('line', {
    ...{ x1, y1, x2, y2 },
    stroke: 'currentColor',
    'stroke-opacity': 0.6,
    'stroke-dasharray': '5 4',
  });
}

interface PlacedFlag {
  readonly name: string;
  /** Of its place, and of the middle of its text. */
  readonly x: number;
  readonly middle: number;
  readonly lane: number;
}

/** Names that would overlap stand above each other. */
function flagLanes(
  flags: readonly Flag[],
  place: (value: number) => number,
  left: number,
  right: number,
): PlacedFlag[] {
  const ends: number[] = [];
  return [...flags]
    .sort((a, b) => a.x - b.x)
    .map(({ name: whole, x: value }) => {
      const name = elide(whole, right - left, SIZE);
      const [x, half] = [place(value), textWidth(name, SIZE) / 2];
      const middle = Math.min(Math.max(x, left + half), Math.max(right - half, left + half));
      const free = ends.findIndex((end) => end < middle - half - 8);
      const lane = free < 0 ? ends.length : free;
      ends[lane] = middle + half;
      return { name, x, middle, lane };
    });
}

function flagMark({ name, x, middle, lane }: PlacedFlag, top: number): string {
  const y = top - 8 - lane * FLAG_ROW;
  return (
    element('line', { x1: x, x2: x, y1: y + 4, y2: top, stroke: 'currentColor', 'stroke-opacity': 0.3 }) +
    element(
      'text',
      { x: middle, y, 'text-anchor': 'middle', fill: 'currentColor', 'fill-opacity': 0.75 },
      escape(name),
    )
  );
}

function marks({ name, style, points, joined, thin = [] }: NumericSeries, place: Place): string {
  const drawn = points.filter(finite);
  const every = joined ? Math.ceil(drawn.length / MOST_MARKERS) : 1;
  const paths = thin.map((curve) => {
    const ends = curve.filter(finite).map(place);
    return ends.length > 1 ? line(style, ends, true) : ends.map((end) => dot(style, ...end)).join('');
  });
  const path = joined && drawn.length > 1 ? line(style, drawn.map(place)) : '';
  return element(
    'g',
    { 'aria-label': name },
    ...paths,
    path,
    ...drawn.map((point, at) => {
      const [x, y] = place(point);
      const text = hover(...point.lines);
      if (at % every !== 0 && at !== drawn.length - 1) return target(x, y, text);
      const { low, high } = point;
      const ends =
        low === undefined || high === undefined || !Number.isFinite(low) || !Number.isFinite(high)
          ? ''
          : whisker(style, [x, place({ ...point, y: low })[1]], [x, place({ ...point, y: high })[1]]);
      return ends + marker(style, x, y, text);
    }),
  );
}

function finite({ x, y }: NumericPoint): boolean {
  return Number.isFinite(x) && Number.isFinite(y);
}

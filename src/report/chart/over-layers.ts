/**
 * Curves over the layers of networks.
 *
 * @module
 */
import { scaleLinear } from 'd3-scale';
import type { Domain } from '../colour.js';
import { dot, line, marker } from '../curve-marks.js';
import type { CurveStyle } from '../curve-marks.js';
import { element, escape, hover } from '../markup.js';
import { elide, textWidth } from '../text.js';
import { linearAxis, yGrid } from './axis.js';
import { drawing, SIZE } from './drawing.js';
import { chartHead } from './series-legend.js';
import type { ChartHead } from './series-legend.js';

const PLOT_HEIGHT = 240;
const LONGEST_LABEL = 130;

/** A value of a layer, and what it shows on hover. */
export interface LayerPoint {
  readonly layer: string;
  readonly value: number;
  readonly lines: readonly string[];
}

/** One curve. Points that are not finite are left out. */
export interface LayerSeries {
  readonly name: string;
  readonly style: CurveStyle;
  readonly points: readonly LayerPoint[];
  /** The single values behind the points, drawn small. */
  readonly dots?: readonly LayerPoint[];
  /** Drawn below the other curves, so that it hides none of their points. */
  readonly behind?: boolean;
}

/** What {@link layerChart} draws. */
export interface LayerChart {
  /** Text alternative. */
  readonly label: string;
  /** Name above the chart. */
  readonly heading?: string;
  /** What the y axis is. */
  readonly measure: string;
  readonly series: readonly LayerSeries[];
  /** Of the y axis. */
  readonly domain: Domain;
  /** Rounds the domain outwards. */
  readonly nice: boolean;
  /** Legend entries stand beside each other where there is room. @defaultValue one below the other */
  readonly flow?: boolean;
  /** Room for the layers. @defaultValue 620 */
  readonly room?: number;
}

/** Curves over layers in the order of execution; layers that only some curves have stand where those have them. */
export function layerChart(chart: LayerChart): string {
  const { series, measure } = chart;
  const layers = mergeOrders(series.map(({ points }) => points.map(({ layer }) => layer)));
  const axis = linearAxis(chart.domain, { nice: chart.nice });
  const frame = layOut(layers, chart, axis.labels);
  const { width, height, top, bottom, x } = frame;
  const y = scaleLinear(axis.domain, [bottom, top]).clamp(true);
  const place = (point: LayerPoint): readonly [number, number] => [
    x(layers.indexOf(point.layer)),
    y(point.value),
  ];
  return drawing(
    { width, height, label: chart.label },
    frame.head.markup,
    element('text', { y: top - 16, fill: 'currentColor', 'font-weight': 600 }, escape(measure)),
    yGrid(axis, frame, y),
    xLabels(layers, frame),
    ...[...series]
      .sort((one, other) => Number(other.behind ?? false) - Number(one.behind ?? false))
      .map((one) => curve(one, place)),
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

interface Frame {
  readonly head: ChartHead;
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

function layOut(layers: readonly string[], chart: LayerChart, tickLabels: readonly string[]): Frame {
  const { room = 620, flow = false, heading, series } = chart;
  const step = Math.min(110, Math.max(24, room / Math.max(1, layers.length)));
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
  const plot = Math.max(left + pad * 2 + step * (layers.length - 1), left + 280);
  const head = chartHead(heading, series, flow ? plot : 0);
  const right = Math.max(plot, head.width);
  const middle = layers.length === 1 ? (left + right) / 2 : left + pad;
  const stretched = layers.length === 1 ? 0 : (right - left - 2 * pad) / (layers.length - 1);
  const top = head.height + 44;
  const bottom = top + PLOT_HEIGHT;
  const below = slanted ? Math.max(...widths) * Math.SQRT1_2 + SIZE + 14 : SIZE + 18;
  return {
    head,
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
  { name, style, points, dots = [] }: LayerSeries,
  place: (point: LayerPoint) => readonly [number, number],
): string {
  const finite = points.filter(({ value }) => Number.isFinite(value));
  const small = dots.filter(({ value }) => Number.isFinite(value));
  const path = finite.length > 1 ? line(style, finite.map(place)) : '';
  return element(
    'g',
    { 'aria-label': name },
    path,
    ...small.map((point) => dot(style, ...place(point), hover(...point.lines))),
    ...finite.map((point) => marker(style, ...place(point), hover(...point.lines))),
  );
}

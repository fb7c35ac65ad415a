/**
 * The head of a chart: its name, and what its curves are called.
 *
 * @module
 */
import { line, marker } from '../curve-marks.js';
import type { CurveStyle } from '../curve-marks.js';
import { element, escape, hover } from '../markup.js';
import { elide, textWidth } from '../text.js';
import { SIZE } from './drawing.js';

const ROW = 20;
const LONGEST = 590;

/** A curve as the legend shows it. */
export interface LegendEntry {
  readonly name: string;
  readonly style: CurveStyle;
  /** A marker without a line. */
  readonly point?: boolean;
}

/** What stands above the plot. */
export interface ChartHead {
  readonly markup: string;
  readonly height: number;
  readonly width: number;
}

/**
 * Name and legend.
 *
 * @param width - legend entries stand beside each other while they fit into it; 0 for one below the other
 */
export function chartHead(
  heading: string | undefined,
  entries: readonly LegendEntry[],
  width: number,
): ChartHead {
  const above = heading === undefined ? 0 : ROW + 4;
  const shown = entries.map(({ name }) => elide(name, LONGEST, SIZE));
  const column = Math.max(0, ...shown.map((name) => 44 + textWidth(name, SIZE))) + 16;
  const columns = Math.max(1, Math.min(entries.length, Math.floor((width + 16) / column)));
  const rows = Math.ceil(entries.length / columns);
  const marks = entries.map((entry, at) =>
    item(entry, shown[at], Math.floor(at / rows) * column, above + (at % rows) * ROW + 10),
  );
  const elided = heading === undefined ? '' : elide(heading, Math.max(width, LONGEST / 2), SIZE + 1);
  const title =
    heading === undefined
      ? ''
      : element(
          'text',
          { y: 13, fill: 'currentColor', 'font-weight': 650, 'font-size': SIZE + 1 },
          ...(elided === heading ? [] : [hover(heading)]),
          escape(elided),
        );
  return {
    markup: title + element('g', {}, ...marks),
    height: above + rows * ROW,
    width: Math.max(
      entries.length === 0 ? 0 : Math.min(columns * column - 16, 640),
      textWidth(elided, SIZE + 1) * 1.08,
    ),
  };
}

function item({ name, style, point }: LegendEntry, shown: string, x: number, y: number): string {
  const ends = [
    [x, y],
    [x + 32, y],
  ] as const;
  const text = element(
    'text',
    { x: x + 42, y: y + 4, fill: 'currentColor' },
    ...(shown === name ? [] : [hover(name)]),
    escape(shown),
  );
  return (point ? '' : line(style, ends)) + marker(style, x + 16, y) + text;
}

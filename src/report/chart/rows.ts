/**
 * Rows of estimates: dots with whiskers, or bars, in columns that share their rows.
 *
 * @module
 */
import { scaleLinear } from 'd3-scale';
import { bar, dot, marker, whisker } from '../curve-marks.js';
import type { CurveStyle } from '../curve-marks.js';
import { element, escape, hover } from '../markup.js';
import { elide, textWidth } from '../text.js';
import { xGrid } from './axis.js';
import type { Axis } from './axis.js';
import { drawing, SIZE } from './drawing.js';

const ROW = 26;
const GAP = 56;
const LONGEST_NAME = 300;

/** One number of a row. */
export interface RowCell {
  /** Not finite where there is none: `text` stands there then. */
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
  /** The single values behind the number. */
  readonly dots?: readonly number[];
  /** What it shows on hover. */
  readonly lines: readonly string[];
  readonly text?: string;
}

/** A row: a cell for each column, or nothing. */
export interface ChartRow {
  readonly name: string;
  readonly style: CurveStyle;
  readonly cells: readonly (RowCell | undefined)[];
}

/** A column with an axis of its own. */
export interface ChartColumn {
  readonly title: string;
  readonly axis: Axis;
  /** Dots with whiskers, or bars from zero. */
  readonly kind: 'interval' | 'bar';
}

/** What {@link rowsChart} draws. */
export interface RowsChart {
  /** Text alternative. */
  readonly label: string;
  readonly columns: readonly ChartColumn[];
  readonly groups: readonly { readonly name: string; readonly rows: readonly ChartRow[] }[];
  /** Of each column. @defaultValue 330 */
  readonly width?: number;
}

/** Rows of estimates in groups, one below the other. */
export function rowsChart({ label, columns, groups, width: columnWidth = 330 }: RowsChart): string {
  const rows = groups.flatMap((group) => group.rows);
  const names = rows.map(({ name }) => elide(name, LONGEST_NAME, SIZE));
  const heads = groups.map(({ name }) => elide(name, LONGEST_NAME + columnWidth, SIZE));
  const left = Math.max(...names.map((name) => textWidth(name, SIZE))) + 18;
  const top = SIZE + 16;
  // Places of the rows, each group under its name.
  let y = top + 4;
  const places = groups.map((group) => {
    const head = y + 14;
    y += ROW;
    const ys = group.rows.map((_, at) => y + at * ROW + ROW / 2);
    y += group.rows.length * ROW + 6;
    return { head, ys };
  });
  const bottom = y;
  const starts = columns.map((_, at) => left + at * (columnWidth + GAP));
  const marks = columns.map(({ axis, kind, title }, c) => {
    const x = scaleLinear(axis.domain, [starts[c], starts[c] + columnWidth]).clamp(true);
    const text = element(
      'text',
      { x: starts[c], y: SIZE, fill: 'currentColor', 'font-weight': 600 },
      escape(title),
    );
    const cells = groups.flatMap((group, g) =>
      group.rows.map(({ style, cells: all }, r) => cellMark(all[c], style, kind, x, places[g].ys[r])),
    );
    return text + xGrid(axis, { top, bottom }, x, 0) + cells.join('');
  });
  let row = 0;
  const texts = groups.flatMap((group, g) => [
    named(group.name, heads[g], { x: 0, y: places[g].head + 4, 'font-weight': 650 }),
    ...group.rows.map(({ name }, r) => named(name, names[row++], { x: 0, y: places[g].ys[r] + 4 })),
  ]);
  const width = Math.ceil(starts[starts.length - 1] + columnWidth + 24);
  return drawing(
    { width, height: bottom + 24, label },
    element('g', { fill: 'currentColor' }, ...texts),
    ...marks,
  );
}

function named(name: string, shown: string, attributes: Readonly<Record<string, string | number>>): string {
  return element('text', attributes, ...(shown === name ? [] : [hover(name)]), escape(shown));
}

function cellMark(
  cell: RowCell | undefined,
  style: CurveStyle,
  kind: ChartColumn['kind'],
  x: (value: number) => number,
  y: number,
): string {
  if (cell === undefined) return '';
  const { value, low, high, dots = [], lines, text } = cell;
  if (!Number.isFinite(value)) {
    if (text === undefined) return '';
    return element(
      'text',
      { x: x(0) + 6, y: y + 4, fill: 'currentColor', 'fill-opacity': 0.65, 'font-size': SIZE - 1 },
      escape(text),
    );
  }
  if (kind === 'bar') return bar(style, x(0), x(value), y, hover(...lines));
  const ends =
    low === undefined || high === undefined || !Number.isFinite(low) || !Number.isFinite(high)
      ? ''
      : whisker(style, [x(low), y], [x(high), y]);
  return (
    ends +
    dots
      .filter(Number.isFinite)
      .map((one) => dot(style, x(one), y + 8))
      .join('') +
    marker(style, x(value), y, hover(...lines))
  );
}

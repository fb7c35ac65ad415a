/**
 * The frame of every drawing, and several drawings as one.
 *
 * @module
 */
import { element } from '../markup.js';
import { FONT } from '../text.js';

/** Size of the letters of a chart. */
export const SIZE = 12;

/** Width, height and what a reader who does not see the drawing is told. */
export interface DrawingFrame {
  readonly width: number;
  readonly height: number;
  readonly label: string;
}

/** A standalone SVG. @param children - markup */
export function drawing({ width, height, label }: DrawingFrame, ...children: readonly string[]): string {
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width,
      height,
      viewBox: `0 0 ${width} ${height}`,
      role: 'img',
      'aria-label': label,
      'font-family': FONT,
      'font-size': SIZE,
      style: 'font-variant-numeric:tabular-nums',
    },
    ...children,
  );
}

const GAP = 32;

/** Drawings beside and below each other in one. @param widest - a row that would be wider is broken */
export function together(drawings: readonly string[], label: string, widest = 1000): string {
  let [x, y, rowHeight, width] = [0, 0, 0, 0];
  const placed = drawings.map((svg) => {
    const [w, h] = sizeOf(svg);
    if (x > 0 && x + w > widest) [x, y, rowHeight] = [0, y + rowHeight + GAP, 0];
    const at = svg.replace('<svg ', `<svg x="${x}" y="${y}" `);
    x += w + GAP;
    rowHeight = Math.max(rowHeight, h);
    width = Math.max(width, x - GAP);
    return at;
  });
  return drawing({ width, height: y + rowHeight, label }, ...placed);
}

/** Width and height of a drawing of {@link drawing}. */
export function sizeOf(svg: string): [width: number, height: number] {
  const found = / width="(\d+)" height="(\d+)"/.exec(svg);
  return [Number(found?.[1] ?? 0), Number(found?.[2] ?? 0)];
}

/**
 * What tells the curves of one chart apart: colour, dash and marker, so that no reader depends on colour alone.
 *
 * @module
 */
import { element } from './markup.js';

/** Between light and dark, so that each stands out from a white page as from a black one. */
const colours = ['#2878bd', '#cf6312', '#12866f', '#b0529c', '#857420', '#6a66d1', '#d33d68', '#4f8a2c'];
const dashes = [undefined, '7 4', '2 3.5', '10 4 2 4', '14 4', '4 2.5'];

/** Outlines of the markers around (0, 0). */
const shapes = [
  'M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0z',
  'M-3.6,-3.6h7.2v7.2h-7.2z',
  'M0,-4.8L4.6,3.4H-4.6z',
  'M0,-5.2L5.2,0L0,5.2L-5.2,0z',
  'M0,4.8L4.6,-3.4H-4.6z',
  'M-1.4,-4.6h2.8v3.2h3.2v2.8h-3.2v3.2h-2.8v-3.2h-3.2v-2.8h3.2z',
];

/** How one curve is drawn. */
export interface CurveStyle {
  readonly colour: string;
  readonly dash: string | undefined;
  readonly shape: string;
}

/** What chance gives: grey, so that it stands behind the curves. */
export const CHANCE: CurveStyle = { colour: '#808080', dash: '2 3.5', shape: 'M-2.5,-1h5v2h-5z' };

/** What a comparison of other images gives. */
export const BASELINE: CurveStyle = { colour: '#808080', dash: '10 4', shape: 'M-3,-3h6v6h-6z' };

/** Style of curve `at`: after eight curves colours come again, with other dashes. */
export function curveStyle(at: number): CurveStyle {
  const turn = Math.floor(at / colours.length);
  const place = at % colours.length;
  return {
    colour: colours[place],
    dash: dashes[(place + turn) % dashes.length],
    shape: shapes[(place + turn) % shapes.length],
  };
}

/** A marker at (x, y). @param children - markup, for example what it shows on hover */
export function marker(
  { colour, shape }: CurveStyle,
  x: number,
  y: number,
  ...children: readonly string[]
): string {
  return element(
    'g',
    { class: 'point', transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`, fill: colour },
    ...children,
    element('path', { d: shape }),
    // A wider target than the marker itself.
    element('circle', { r: 9, 'fill-opacity': 0 }),
  );
}

/** A place that shows something on hover, without a marker. */
export function target(x: number, y: number, ...children: readonly string[]): string {
  return element('circle', { cx: x, cy: y, r: 6, 'fill-opacity': 0 }, ...children);
}

/** An interval between two points of one row or column. */
export function whisker(
  { colour }: CurveStyle,
  [x1, y1]: readonly [number, number],
  [x2, y2]: readonly [number, number],
): string {
  const [dx, dy] = x1 === x2 ? [3.5, 0] : [0, 3.5];
  const ends = [
    [x1, y1],
    [x2, y2],
  ].map(
    ([x, y]) =>
      `M${(x - dx).toFixed(1)},${(y - dy).toFixed(1)}L${(x + dx).toFixed(1)},${(y + dy).toFixed(1)}`,
  );
  const stem = `M${x1.toFixed(1)},${y1.toFixed(1)}L${x2.toFixed(1)},${y2.toFixed(1)}`;
  return element('path', {
    d: stem + ends.join(''),
    stroke: colour,
    'stroke-width': 1.6,
    'stroke-opacity': 0.85,
    fill: 'none',
  });
}

/** A bar from one x to another about the height y. */
export function bar(
  { colour }: CurveStyle,
  from: number,
  to: number,
  y: number,
  ...children: readonly string[]
): string {
  const width = Math.max(1, Math.abs(to - from));
  return element(
    'rect',
    { x: Math.min(from, to), y: y - 7, width, height: 14, fill: colour, 'fill-opacity': 0.85 },
    ...children,
  );
}

/** A small dot at (x, y): one of the values behind a marker. @param children - as of {@link marker} */
export function dot({ colour }: CurveStyle, x: number, y: number, ...children: readonly string[]): string {
  return element('circle', { cx: x, cy: y, r: 2.2, fill: colour, 'fill-opacity': 0.55 }, ...children);
}

/** A line through points. @param thin - one of the lines behind a line */
export function line(
  { colour, dash }: CurveStyle,
  points: readonly (readonly [number, number])[],
  thin = false,
): string {
  return element('polyline', {
    points: points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' '),
    fill: 'none',
    stroke: colour,
    'stroke-width': thin ? 1 : 2,
    'stroke-opacity': thin ? 0.4 : undefined,
    'stroke-dasharray': thin ? undefined : dash,
    'stroke-linejoin': 'round',
  });
}

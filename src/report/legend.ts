/**
 * The legend of a heat map: the colour bar with ticks, and the mark of the best match.
 *
 * @module
 */
import { scaleLinear } from 'd3-scale';
import type { ColourScale, Domain } from './colour.js';
import { element } from './markup.js';
import { textWidth } from './text.js';

const BAR = { width: 190, height: 10, steps: 64 };
const SIZE = 11;
const MUTED = 0.65;

/** What a legend says. */
export interface LegendText {
  readonly measure: string;
  /** Which end of the bar is the closer one. */
  readonly direction: string;
  readonly mark: string;
}

/** Width below which a legend is cut off. */
export function legendWidth(text: LegendText): number {
  return Math.max(BAR.width + 12, headWidth(text), 20 + textWidth(text.mark, SIZE));
}

/** A legend from (x, y) downwards. @param outlined - the mark is an outline rather than a dot */
export function legend(
  scale: ColourScale,
  text: LegendText,
  { x, y, width, outlined }: { x: number; y: number; width: number; outlined: boolean },
): { readonly markup: string; readonly height: number } {
  const beside = width >= Math.max(BAR.width, headWidth(text)) + 40 + textWidth(text.mark, SIZE);
  const key = beside ? { x: Math.max(BAR.width, headWidth(text)) + 32, y: 13 } : { x: 0, y: 56 };
  return {
    height: beside ? 42 : 64,
    markup: element(
      'g',
      { transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`, 'font-size': SIZE, fill: 'currentColor' },
      element('text', { y: 0, 'font-weight': 600 }, text.measure),
      element(
        'text',
        { x: textWidth(text.measure, SIZE) * 1.08 + 8, y: 0, 'fill-opacity': MUTED },
        text.direction,
      ),
      bar(scale),
      mark(key, outlined),
      element('text', { x: key.x + 18, y: key.y + 4, 'fill-opacity': MUTED }, text.mark),
    ),
  };
}

function headWidth({ measure, direction }: LegendText): number {
  return textWidth(measure, SIZE) * 1.08 + 8 + textWidth(direction, SIZE);
}

/** Slices instead of a gradient: a gradient needs an id, and ids collide where several drawings share a page. */
function bar(scale: ColourScale): string {
  const value = scaleLinear([0, BAR.steps - 1], scale.domain);
  const along = scaleLinear(scale.domain, [0, BAR.width]);
  const step = BAR.width / BAR.steps;
  const slices = Array.from({ length: BAR.steps }, (_, at) =>
    element('rect', {
      x: at * step,
      // Each slice reaches under the next, so that no hairline shows between them.
      width: at === BAR.steps - 1 ? step : step + 1,
      height: BAR.height,
      fill: scale.colour(value(at)),
    }),
  );
  const { ticks: values, labels } = ticksOf(scale.domain);
  const ticks = values.map((tick, at) =>
    element(
      'g',
      { transform: `translate(${along(tick).toFixed(1)} 0)` },
      element('line', { y1: BAR.height, y2: BAR.height + 4, stroke: 'currentColor', 'stroke-opacity': 0.5 }),
      element('text', { y: BAR.height + 15, 'text-anchor': 'middle' }, labels[at]),
    ),
  );
  return element('g', { transform: 'translate(0 8)' }, ...slices, ...ticks);
}

/** As many ticks as have room beside each other. */
function ticksOf(domain: Domain): { ticks: number[]; labels: string[] } {
  const scale = scaleLinear(domain, [0, BAR.width]);
  const choices = [5, 4, 3, 2, 1].map((wanted) => {
    const ticks = scale.ticks(wanted);
    return { ticks, labels: ticks.map(scale.tickFormat(wanted)) };
  });
  const room = ({ ticks, labels }: { ticks: number[]; labels: string[] }): boolean =>
    labels.every(
      (label, at) => at === 0 || scale(ticks[at]) - scale(ticks[at - 1]) > textWidth(label, SIZE) + 8,
    );
  return choices.find(room) ?? choices[choices.length - 1];
}

function mark({ x, y }: { x: number; y: number }, outlined: boolean): string {
  return outlined
    ? element('rect', {
        x,
        y: y - 6,
        width: 12,
        height: 12,
        rx: 2,
        fill: 'none',
        stroke: 'currentColor',
        'stroke-width': 1.5,
      })
    : element('circle', { cx: x + 6, cy: y, r: 3 });
}

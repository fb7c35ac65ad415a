/**
 * Axes of numbers: domain, ticks, grid lines.
 *
 * @module
 */
import { scaleLinear } from 'd3-scale';
import type { Domain } from '../colour.js';
import { element } from '../markup.js';
import { compact, textWidth } from '../text.js';
import { SIZE } from './drawing.js';

/** Where an axis begins and ends, and what is written along it. */
export interface Axis {
  readonly domain: Domain;
  readonly ticks: readonly number[];
  readonly labels: readonly string[];
}

/** An axis over a domain. @param nice - rounds the domain outwards to a tick */
export function linearAxis(domain: Domain, { nice = true, count = 5 } = {}): Axis {
  const scale = scaleLinear(domain, [0, 1]);
  if (nice) scale.nice(count);
  const [low, high] = scale.domain();
  const ticks = scale.ticks(count);
  return { domain: [low, high], ticks, labels: ticks.map(scale.tickFormat(count)) };
}

/** An axis of a logarithmic scale for counts: a little wider than its values, with ticks at 1, 2 and 5 times powers of ten. */
export function logAxis(values: readonly number[]): Axis {
  const [low, high] = extentOf(values);
  const domain: Domain = [low / 1.35, high * 1.35];
  const decades = Array.from({ length: 13 }, (_, power) => 10 ** power);
  const round = decades.flatMap((ten) => [1, 2, 5].map((times) => times * ten));
  const inside = (list: readonly number[]): number[] =>
    list.filter((tick) => tick >= domain[0] && tick <= domain[1]);
  const candidates = [inside(decades), inside(round), scaleLinear(domain, [0, 1]).ticks(4)];
  const ticks = candidates.find(({ length }) => length >= 3) ?? candidates[2];
  return { domain, ticks, labels: ticks.map(compact) };
}

/** Least and greatest of the values that are finite; `[0, 1]` where none is, and apart where all are the same. */
export function extentOf(values: Iterable<number>): Domain {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return [0, 1];
  if (low < high) return [low, high];
  const room = Math.abs(low) * 0.1 || 1;
  return [low - room, high + room];
}

/** Horizontal lines with their values at the left. */
export function yGrid(
  { ticks, labels }: Axis,
  { left, right }: { readonly left: number; readonly right: number },
  y: (value: number) => number,
): string {
  const lines = ticks.map((tick, at) => {
    const stroke = { stroke: 'currentColor', 'stroke-opacity': at === 0 ? 0.45 : 0.14 };
    return (
      element('line', { x1: left, x2: right, y1: y(tick), y2: y(tick), ...stroke }) +
      element('text', { x: left - 8, y: y(tick) + 4, 'text-anchor': 'end', 'fill-opacity': 0.75 }, labels[at])
    );
  });
  return element('g', { fill: 'currentColor' }, ...lines);
}

/** Vertical lines with their values below. @param strong - the line that is drawn darker, as that of zero */
export function xGrid(
  { ticks, labels }: Axis,
  { top, bottom }: { readonly top: number; readonly bottom: number },
  x: (value: number) => number,
  strong?: number,
): string {
  const { every, first } = labelled(ticks.map(x), labels, Math.max(0, ticks.indexOf(strong ?? NaN)));
  const lines = ticks.map((tick, at) => {
    const stroke = { stroke: 'currentColor', 'stroke-opacity': tick === strong ? 0.45 : 0.14 };
    return (
      element('line', { x1: x(tick), x2: x(tick), y1: top, y2: bottom, ...stroke }) +
      (at % every === first
        ? element(
            'text',
            { x: x(tick), y: bottom + 16, 'text-anchor': 'middle', 'fill-opacity': 0.75 },
            labels[at],
          )
        : '')
    );
  });
  return element('g', { fill: 'currentColor' }, ...lines);
}

/** Every how manieth label stands there, so that none touches the next; that of `anchor` does. */
function labelled(
  places: readonly number[],
  labels: readonly string[],
  anchor: number,
): { readonly every: number; readonly first: number } {
  const widths = labels.map((label) => textWidth(label, SIZE));
  const free = (every: number): boolean =>
    places.every((place, at) => {
      const next = at + every;
      return (
        at % every !== anchor % every ||
        next >= places.length ||
        places[next] - widths[next] / 2 - (place + widths[at] / 2) >= 6
      );
    });
  let every = 1;
  while (every < places.length && !free(every)) every++;
  return { every, first: anchor % every };
}

/**
 * Layer × layer similarities as a heat map.
 *
 * @module
 */
import type { Similarity } from '../compare/similarity.js';
import { knownKeys } from '../options.js';
import { drawing } from './chart/drawing.js';
import { checkDomain, colourScale } from './colour.js';
import type { ColourScale, Domain } from './colour.js';
import { layOut } from './heatmap-layout.js';
import type { HeatmapLayout } from './heatmap-layout.js';
import { legend, legendWidth } from './legend.js';
import { element, escape, hover } from './markup.js';
import { bestOf, checkDrawable, isDistance, measureName } from './reading.js';
import { count, plural, precise, score } from './text.js';

/** Options of {@link heatmap}. */
export interface HeatmapOptions {
  /**
   * Scores at the two ends of the colour scale; give the same to heat maps that are to be read side by side.
   * @defaultValue `[0, 1]` if all scores lie inside it, else the extent of the scores
   */
  readonly domain?: Domain;
}

/**
 * Draws a similarity as a heat map: one cell per pair of layers, with its value while there is room (up to 24 columns) and
 * with value, kept directions and samples on hover. Viridis, bright for close, and the best match of each row is marked.
 *
 * Text takes the colour of its surroundings (`currentColor`), so the drawing suits light and dark pages.
 *
 * @param similarity - what to draw
 * @param options - see {@link HeatmapOptions}
 * @returns a standalone SVG
 * @throws ShapeError if there are no layers; OptionError for a bad option
 */
export function heatmap(similarity: Similarity, options: HeatmapOptions = {}): string {
  knownKeys('heatmap', options, ['domain']);
  checkDrawable(similarity);
  const scale = colourScale(similarity, options.domain && checkDomain(options.domain));
  const text = {
    measure: escape(measureName(similarity)),
    direction: isDistance(similarity) ? 'brighter is closer' : 'brighter is more similar',
    mark: 'best match of the row',
  };
  const layout = layOut(similarity, legendWidth(text));
  const { left, width } = layout;
  const key = { x: left, y: layout.bottom + 28, width: width - left, outlined: layout.value !== undefined };
  const { markup, height } = legend(scale, text, key);
  const total = Math.ceil(key.y + height);
  return drawing(
    { width: Math.ceil(width), height: total, label: describe(similarity) },
    axes(similarity, layout),
    cells(similarity, layout, scale),
    markup,
  );
}

function describe(similarity: Similarity): string {
  const { names, rows, cols, scores } = similarity;
  const sorted = scores.filter(Number.isFinite).sort();
  const range =
    sorted.length === 0 ? '' : `, from ${score(sorted[0])} to ${score(sorted[sorted.length - 1])}`;
  const sides = `${plural(rows.length, 'layer')} of ${names.a} by ${count(cols.length)} of ${names.b}`;
  return `Heat map of ${measureName(similarity)}: ${sides}${range}`;
}

function axes({ rows, cols, names }: Similarity, layout: HeatmapLayout): string {
  const { left, top, cell, labels, titles } = layout;
  const rowLabels = rows.map((name, r) => {
    const y = top + (r + 0.5) * cell.height + labels.size * 0.36;
    return label(name, labels.rows[r], { x: left - 8, y, 'text-anchor': 'end' });
  });
  const colLabels = cols.map((name, c) => {
    const x = left + (c + 0.5) * cell.width;
    return label(
      name,
      labels.cols[c],
      labels.slanted
        ? {
            transform: `translate(${(x + labels.size * 0.3).toFixed(1)} ${(top - 6).toFixed(1)}) rotate(-45)`,
          }
        : { x, y: top - 7, 'text-anchor': 'middle' },
    );
  });
  return element(
    'g',
    { 'font-size': labels.size, fill: 'currentColor' },
    element(
      'g',
      { 'font-size': titles.size, 'font-weight': 600 },
      label(names.b, titles.cols, { x: left, y: titles.size }),
      label(names.a, titles.rows, {
        transform: `translate(${titles.size} ${top.toFixed(1)}) rotate(-90)`,
        'text-anchor': 'end',
      }),
    ),
    ...rowLabels,
    ...colLabels,
  );
}

/** A name, with the whole of it on hover where it was elided. */
function label(name: string, shown: string, attributes: Readonly<Record<string, string | number>>): string {
  return element('text', attributes, ...(shown === name ? [] : [hover(name)]), escape(shown));
}

function cells(similarity: Similarity, layout: HeatmapLayout, scale: ColourScale): string {
  const { rows, cols } = similarity;
  const all = rows.flatMap((_, row) => {
    const best = bestOf(similarity, row);
    return cols.map((_name, col) => cell(similarity, layout, scale, { row, col, best: col === best }));
  });
  const text = layout.value && { 'font-size': layout.value.size, 'text-anchor': 'middle' };
  return element('g', { ...text }, ...all);
}

function cell(
  similarity: Similarity,
  { left, top, cell: box, value }: HeatmapLayout,
  scale: ColourScale,
  { row, col, best }: { row: number; col: number; best: boolean },
): string {
  const at = row * similarity.cols.length + col;
  const result = similarity.scores[at];
  const ink = scale.ink(result);
  const [width, height] = [box.width - box.gap, box.height - box.gap];
  const [x, y] = [left + col * box.width, top + row * box.height];
  const middle = { x: x + width / 2, y: y + height / 2 };
  return element(
    'g',
    { class: 'cell' },
    hover(...explain(similarity, at, best)),
    element('rect', { x, y, width, height, rx: box.radius || undefined, fill: scale.colour(result) }),
    best ? bestMark({ x, y, width, height, middle }, value !== undefined, ink) : '',
    value === undefined
      ? ''
      : element('text', { ...middle, y: middle.y + value.size * 0.36, fill: ink }, value.texts[at]),
  );
}

function bestMark(
  {
    x,
    y,
    width,
    height,
    middle,
  }: { x: number; y: number; width: number; height: number; middle: { x: number; y: number } },
  outlined: boolean,
  ink: string,
): string {
  if (!outlined)
    return element('circle', { cx: middle.x, cy: middle.y, r: Math.min(width, height) * 0.15, fill: ink });
  const inner = { x: x + 3, y: y + 3, width: width - 6, height: height - 6, rx: 2 };
  return element('rect', {
    ...inner,
    fill: 'none',
    stroke: ink,
    'stroke-width': 1.25,
    'stroke-opacity': 0.85,
  });
}

/** The lines that a cell shows on hover. */
function explain(similarity: Similarity, at: number, best: boolean): string[] {
  const { rows, cols, names, cells: results } = similarity;
  const { score: value, chance, x, y, samples } = results[at];
  return [
    `${rows[Math.floor(at / cols.length)]} (${names.a}) × ${cols[at % cols.length]} (${names.b})`,
    `${measureName(similarity)} ${precise(value)}${best ? ', best match of the row' : ''}`,
    ...(chance === undefined ? [] : [`${precise(chance)} by chance`]),
    ...(x.kept === undefined ? [] : [`kept ${x.kept} of rank ${x.rank}, ${y.kept} of rank ${y.rank}`]),
    plural(samples, 'sample'),
  ];
}

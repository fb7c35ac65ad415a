/**
 * Exhibit (e): the filters of the first convolution before and after training.
 *
 * @module
 */
import type { FilterExhibit } from '../../transfer/exhibit-records.js';
import type { StudyResult } from '../../transfer/study-result.js';
import { drawing, SIZE } from '../chart/drawing.js';
import { element, escape, hover } from '../markup.js';
import { count, elide, plural, precise, score } from '../text.js';
import { groupBy, median } from './exhibit.js';
import type { Exhibit } from './exhibit.js';
import { diverging, filterPicture, filterScales, gridLayout, MOST_FILTERS } from './filter-grid.js';
import { simpleTable } from './simple-table.js';

const BETWEEN = 30;
const SWATCHES = 31;

/** Reads exhibit (e) off a study. */
export function filtersExhibit({ filters }: StudyResult): Exhibit {
  const shared = { letter: 'e', heading: 'What do the first filters look like before and after?' };
  if (filters.length === 0) {
    return {
      ...shared,
      findings: [],
      figures: [],
      tables: '',
      absent: 'no finished run has a convolution to show.',
    };
  }
  const models = groupBy(filters, ({ model }) => model);
  const cut = filters.some(({ shape }) => shape[3] > MOST_FILTERS);
  const [colour, grey] = [
    filters.some(({ shape }) => shape[2] === 3),
    filters.some(({ shape }) => shape[2] !== 3),
  ];
  const several = filters.some(({ shape }) => shape[2] !== 3 && shape[2] !== 1);
  return {
    ...shared,
    findings: models.map(([model, all]) => finding(model, all)),
    figures: [
      {
        name: 'filters',
        label: 'Filters of the first convolution before and after training',
        drawings: [...models.flatMap(([, all]) => all.map(panel)), ...(grey ? [colourKey()] : [])],
        caption:
          'Left before the first step, right after the last; a filter keeps its place. Each filter is scaled by its own greatest absolute weight, before or after, so that its two pictures can be compared with each other but not with other filters. ' +
          (grey
            ? `Blue is negative, near white is zero, red is positive${several ? ' (mean over the channels)' : ''}. `
            : '') +
          (colour
            ? 'Filters of three channels are drawn in red, green and blue: middle grey is zero. '
            : '') +
          (cut ? `The first ${MOST_FILTERS} filters are drawn. ` : '') +
          'A filter on the right shows on hover how it correlates with itself before training.',
      },
    ],
    tables: table(filters),
  };
}

function finding(model: string, all: readonly FilterExhibit[]): string {
  const values = all.map(({ unchanged }) => score(median(known(unchanged)), 2));
  const same = all.length > 1 && new Set(values).size === 1;
  const each = all.map(({ condition }, at) => `${condition} ${values[at]}`).join(', ');
  return `${model}, median correlation of a first-layer filter with itself before training: ${same ? `${values[0]} from every start` : each}.`;
}

/** Correlations that there are. */
function known(unchanged: FilterExhibit['unchanged']): number[] {
  return unchanged.filter((value) => value !== null);
}

function panel({ model, condition, seed, layer, shape, before, after, unchanged }: FilterExhibit): string {
  const kernels = [before, after].map((weights) => ({ weights, shape }));
  const most = filterScales(kernels);
  const layout = gridLayout(shape);
  const width = Math.max(2 * layout.width + BETWEEN, 260);
  const [top, second] = [46, layout.width + BETWEEN];
  const pictures = kernels.map((kernel, at) =>
    element('image', {
      x: at * second,
      y: top,
      width: layout.width,
      height: layout.height,
      style: 'image-rendering:pixelated',
      href: filterPicture(kernel, most),
    }),
  );
  const targets = Array.from({ length: layout.drawn }, (_, filter) => {
    const { x, y, width: w, height } = layout.box(filter);
    const value = unchanged[filter];
    return element(
      'rect',
      { x: second + x, y: top + y, width: w, height, 'fill-opacity': 0 },
      hover(
        `filter ${filter}`,
        value === null ? 'constant' : `correlation ${precise(value)}`,
        `1 is ${precise(most[filter])}`,
      ),
    );
  });
  const arrow = `M${layout.width + 7},${top + layout.height / 2}h14m-5,-4.5l5,4.5l-5,4.5`;
  const bottom = top + layout.height;
  const middle = median(known(unchanged));
  return drawing(
    {
      width: Math.ceil(width),
      height: bottom + 4,
      label: `${plural(shape[3], 'filter')} of ${layer} of ${model} from ${condition}, seed ${seed}, before and after training${Number.isFinite(middle) ? `: median correlation ${score(middle, 2)}` : ''}`,
    },
    element(
      'g',
      { fill: 'currentColor' },
      heading(`${model} · ${condition}`, width),
      element('text', { y: 34, 'fill-opacity': 0.75 }, 'before'),
      element('text', { x: second, y: 34, 'fill-opacity': 0.75 }, 'after'),
    ),
    ...pictures,
    element('path', {
      d: arrow,
      fill: 'none',
      stroke: 'currentColor',
      'stroke-opacity': 0.6,
      'stroke-width': 1.5,
    }),
    element('g', {}, ...targets),
  );
}

function heading(text: string, width: number): string {
  const shown = elide(text, width / 1.08, SIZE + 1);
  return element(
    'text',
    { y: 13, 'font-weight': 650, 'font-size': SIZE + 1 },
    ...(shown === text ? [] : [hover(text)]),
    escape(shown),
  );
}

/** The diverging scale. */
function colourKey(): string {
  const [step, height] = [5, 8];
  const swatches = Array.from({ length: SWATCHES }, (_, at) =>
    element('rect', {
      x: at * step,
      width: at === SWATCHES - 1 ? step : step + 1,
      height,
      fill: `rgb(${diverging((2 * at) / (SWATCHES - 1) - 1).join(',')})`,
    }),
  );
  const width = SWATCHES * step;
  const texts = (['−1', '0', '1'] as const).map((text, at) =>
    element(
      'text',
      {
        x: (at * width) / 2,
        y: height + 14,
        'text-anchor': (['start', 'middle', 'end'] as const)[at],
        'font-size': SIZE - 1,
      },
      text,
    ),
  );
  const what = element(
    'text',
    { x: width + 12, y: height, 'fill-opacity': 0.75, 'font-size': SIZE - 1 },
    'weight, in units of the greatest of its filter',
  );
  return drawing(
    {
      width: width + 300,
      height: 28,
      label: 'Colours of the filters: blue is −1, near white is 0, red is 1',
    },
    element('g', { fill: 'currentColor' }, ...swatches, ...texts, what),
  );
}

function table(filters: readonly FilterExhibit[]): string {
  return simpleTable(
    'Correlation of each filter with itself before training',
    [
      { name: 'Architecture' },
      { name: 'Start' },
      { name: 'Seed', number: true },
      { name: 'Convolution' },
      { name: 'Filters', number: true },
      { name: 'Lowest', number: true },
      { name: 'Median', number: true, strong: true },
      { name: 'Highest', number: true },
    ],
    filters.map(({ model, condition, seed, layer, shape: [h, w, c, n], unchanged }) => {
      const sorted = known(unchanged).sort((a, b) => a - b);
      return [
        model,
        condition,
        String(seed),
        layer,
        `${count(n)} of ${h} × ${w} × ${c}`,
        score(sorted[0]),
        score(median(sorted)),
        score(sorted[sorted.length - 1]),
      ];
    }),
  );
}

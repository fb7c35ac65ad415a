/**
 * Corresponding layers as a curve, one per comparison.
 *
 * @module
 */
import type { Similarity } from '../compare/similarity.js';
import { OptionError } from '../errors.js';
import { knownKeys } from '../options.js';
import { checkDomain, domainOf } from './colour.js';
import type { Domain } from './colour.js';
import { layerChart } from './chart/over-layers.js';
import { curveStyle } from './curve-marks.js';
import { checkDrawable, corresponding, distinctNames, measureName } from './reading.js';
import { plural, precise } from './text.js';

/** Options of {@link diagonalCurve}. */
export interface DiagonalCurveOptions {
  /**
   * Scores at the two ends of the y axis.
   * @defaultValue `[0, 1]` if all scores of the curves lie inside it, else their extent, rounded outwards
   */
  readonly domain?: Domain;
}

/**
 * Draws the diagonals of similarities as curves over the layers: which layers a training step, a seed or a data set moved.
 * Curves differ by colour, dash and marker; each point shows its pair of layers and its score on hover.
 *
 * @param similarities - one curve each; layers that only some of them have stand where those have them
 * @param options - see {@link DiagonalCurveOptions}
 * @returns a standalone SVG
 * @throws OptionError if there is no similarity, or for a bad option; ShapeError for a similarity without layers
 */
export function diagonalCurve(
  similarities: readonly Similarity[],
  options: DiagonalCurveOptions = {},
): string {
  knownKeys('diagonalCurve', options, ['domain']);
  if (similarities.length === 0)
    throw new OptionError('there is no diagonal to draw: give at least one similarity');
  similarities.forEach(checkDrawable);
  const names = distinctNames(similarities);
  const series = similarities.map((similarity, at) => ({
    name: names[at],
    style: curveStyle(at),
    points: corresponding(similarity).map(({ row, col, cell }) => ({
      layer: row,
      value: cell.score,
      lines: [
        `${row} (${similarity.names.a}) × ${col} (${similarity.names.b})`,
        `${measureName(similarity)} ${precise(cell.score)}`,
      ],
    })),
  }));
  const layers = new Set(series.flatMap(({ points }) => points.map(({ layer }) => layer)));
  const given = options.domain && checkDomain(options.domain);
  return layerChart({
    label: `Similarity of corresponding layers: ${plural(names.length, 'curve')} over ${plural(layers.size, 'layer')}`,
    measure: [...new Set(similarities.map(measureName))].join(', '),
    series,
    domain: given ?? domainOf(series.flatMap(({ points }) => points.map(({ value }) => value))),
    nice: given === undefined,
  });
}

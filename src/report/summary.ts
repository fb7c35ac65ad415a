/**
 * A comparison in plain words.
 *
 * @module
 */
import type { Similarity } from '../compare/similarity.js';
import { corresponding, isDistance, layerName, measureName } from './reading.js';
import type { Corresponding } from './reading.js';
import { count, elide, plural, score } from './text.js';

/** Longer names are elided in prose; the tables have them whole. */
const PROSE = { width: 300, size: 12 };

/** The diagonal in four numbers. */
export interface Diagonal {
  readonly mean: number;
  readonly closest: Corresponding;
  readonly farthest: Corresponding;
  /** Layers whose best match is the corresponding layer. */
  readonly matched: number;
  readonly layers: number;
}

/** Reads the diagonal; undefined if no pair of corresponding layers has a score. */
export function readDiagonal(similarity: Similarity): Diagonal | undefined {
  const sign = isDistance(similarity) ? -1 : 1;
  const pairs = corresponding(similarity).filter(({ cell }) => Number.isFinite(cell.score));
  if (pairs.length === 0) return undefined;
  const sorted = [...pairs].sort((a, b) => sign * (b.cell.score - a.cell.score));
  return {
    mean: pairs.reduce((sum, { cell }) => sum + cell.score, 0) / pairs.length,
    closest: sorted[0],
    farthest: sorted[sorted.length - 1],
    matched: pairs.filter(({ col, best }) => best?.layer === col).length,
    layers: pairs.length,
  };
}

/** What was compared and what came out, in one paragraph of plain text. */
export function findings(similarity: Similarity): string {
  const { names, rows, cols, samples } = similarity;
  const what = `${measureName(similarity)} of ${plural(rows.length, 'layer')} of ${names.a} with ${count(cols.length)} of ${names.b}`;
  const intro = `${what}, over ${plural(samples, 'sample')}.`;
  const diagonal = readDiagonal(similarity);
  if (!diagonal) return `${intro} No pair of corresponding layers has a score.`;
  const { mean, closest, farthest, matched, layers } = diagonal;
  const named = (pair: Corresponding): string => elide(layerName(pair), PROSE.width, PROSE.size);
  const [high, low] = [score(closest.cell.score), score(farthest.cell.score)];
  if (layers === 1)
    return `${intro} The one pair of corresponding layers, ${named(closest)}, scores ${high}.`;
  const range =
    closest.cell.score === farthest.cell.score
      ? `All ${count(layers)} pairs of corresponding layers score ${high}.`
      : `Corresponding layers score ${score(mean)} on average: they are most similar at ${named(closest)} (${high}) ` +
        `and least similar at ${named(farthest)} (${low}).`;
  const matches =
    matched === layers
      ? 'The best match of every layer is its corresponding layer.'
      : `The best match is the corresponding layer for ${count(matched)} of ${plural(layers, 'layer')}.`;
  return `${intro} ${range} ${matches}`;
}

/** How it was computed, in one line of plain text. */
export function provenance(similarity: Similarity): string {
  const methods = [...new Set(similarity.cells.map(({ method }) => method))].join(' and ');
  const options = flat(similarity.options).join(', ');
  return [
    `Engine ${similarity.engine}`,
    ...(methods === '' ? [] : [`method ${methods}`]),
    ...(options === '' ? [] : [options]),
  ].join(' · ');
}

/** `{ keep: { variance: 0.99 } }` as `keep.variance 0.99`. */
function flat(options: Readonly<Record<string, unknown>>, prefix = ''): string[] {
  return Object.entries(options).flatMap(([key, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? flat(value as Record<string, unknown>, `${prefix}${key}.`)
      : `${prefix}${key} ${typeof value === 'string' ? value : (JSON.stringify(value) ?? String(value))}`,
  );
}

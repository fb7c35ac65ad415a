/**
 * The warnings of a comparison, each once, with the layers that it concerns.
 *
 * @module
 */
import type { Similarity } from '../compare/similarity.js';
import { groupWarnings } from '../compare/warnings.js';
import { plural } from './text.js';

/** Pairs that are named before the rest is only counted. */
const NAMED = 6;

/** A warning with whom it concerns. */
export interface Note {
  readonly text: string;
  /** What cells have as their warning where they mean this one; none where it concerns the comparison as a whole. */
  readonly texts: ReadonlySet<string>;
  /** In words; empty where it concerns the comparison as a whole. */
  readonly concerns: string;
}

/** Warnings of the whole comparison first, then those of its cells in order of first appearance. */
export function notes(similarity: Similarity): Note[] {
  const none: ReadonlySet<string> = new Set();
  return [
    ...Array.from(new Set(similarity.warnings), (text) => ({ text, texts: none, concerns: '' })),
    ...groupWarnings(similarity.cells).map(({ text, texts, at }) => ({
      text,
      texts,
      concerns: inWords(similarity, at),
    })),
  ];
}

/** Full rows and full columns of the matrix by one name each, other pairs by two. */
function inWords({ rows, cols, names }: Similarity, at: ReadonlySet<number>): string {
  if (at.size === rows.length * cols.length) return 'all pairs';
  const has = (row: number, col: number): boolean => at.has(row * cols.length + col);
  const fullRows = rows.map((_, row) => cols.length > 1 && cols.every((_, col) => has(row, col)));
  const fullCols = cols.map((_, col) => rows.length > 1 && rows.every((_, row) => has(row, col)));
  const parts = [
    ...rows.filter((_, row) => fullRows[row]).map((row) => `${row} of ${names.a} with every layer`),
    ...cols.filter((_, col) => fullCols[col]).map((col) => `every layer with ${col} of ${names.b}`),
    ...rows.flatMap((row, r) =>
      cols.filter((_, c) => has(r, c) && !fullRows[r] && !fullCols[c]).map((col) => `${row} × ${col}`),
    ),
  ];
  if (parts.length <= NAMED) return parts.join(', ');
  return `${parts.slice(0, NAMED).join(', ')} and ${plural(parts.length - NAMED, 'other')}`;
}

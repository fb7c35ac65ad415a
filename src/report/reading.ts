/**
 * What a report reads off a similarity: which way is closer, the best match of a row, the diagonal with its cells, names.
 *
 * @module
 */
import { ShapeError } from '../errors.js';
import { isDistance } from '../compare/similarity.js';
import type { Cell, Similarity } from '../compare/similarity.js';

export { isDistance };

/** Names as they are written in prose. */
const written: Readonly<Record<string, string>> = {
  svcca: 'SVCCA',
  cca: 'CCA',
  pwcca: 'PWCCA',
  cka: 'CKA',
  procrustes: 'Procrustes',
  regression: 'linear regression R²',
  rvCoefficient: 'RV coefficient',
  pls: 'PLS',
  rsa: 'RSA',
  distanceCorrelation: 'distance correlation',
  mutualKnn: 'mutual k-NN',
};

/** The measure as prose names it, with what it returns where that is no similarity: `Procrustes angle`. */
export function measureName({ measure, options }: Similarity): string {
  const output = options.output;
  const name = writtenMeasure(measure);
  if (typeof output !== 'string' || output === 'similarity') return name;
  return `${name} ${output.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)}`;
}

/** A measure's name as prose has it. */
export function writtenMeasure(measure: string): string {
  return written[measure] ?? measure;
}

/** `a × b`, the two sides compared. */
export function pairName({ names }: Similarity): string {
  return `${names.a} × ${names.b}`;
}

/** One name per comparison, told apart by what differs: the sides, the measure, or else a number. */
export function distinctNames(similarities: readonly Similarity[]): string[] {
  const same = (name: (similarity: Similarity) => string): boolean =>
    new Set(similarities.map(name)).size === 1;
  const names = similarities.map((similarity) => {
    if (same(measureName)) return pairName(similarity);
    return same(pairName) ? measureName(similarity) : `${pairName(similarity)}, ${measureName(similarity)}`;
  });
  return names.map((name, at) => {
    if (names.indexOf(name) === names.lastIndexOf(name)) return name;
    return `${name} (${names.slice(0, at + 1).filter((other) => other === name).length})`;
  });
}

/** Position in row `row` of the closest layer, the first of equals; −1 if no score of the row is finite. */
export function bestOf(similarity: Similarity, row: number): number {
  const sign = isDistance(similarity) ? -1 : 1;
  const { cols, scores } = similarity;
  let best = -1;
  for (let col = 0; col < cols.length; col++) {
    const value = sign * scores[row * cols.length + col];
    if (Number.isFinite(value) && (best < 0 || value > sign * scores[row * cols.length + best])) best = col;
  }
  return best;
}

/** One pair of corresponding layers. */
export interface Corresponding {
  readonly row: string;
  readonly col: string;
  readonly cell: Cell;
  /** The layer of the second side that is closest to `row`. */
  readonly best: { readonly layer: string; readonly score: number } | undefined;
}

/** The diagonal, with all that a report says of it. */
export function corresponding(similarity: Similarity): Corresponding[] {
  const { rows, cols, scores } = similarity;
  return similarity.diagonal().map(({ row, col }) => {
    const at = rows.indexOf(row);
    const best = bestOf(similarity, at);
    return {
      row,
      col,
      cell: similarity.cell(row, col),
      best: best < 0 ? undefined : { layer: cols[best], score: scores[at * cols.length + best] },
    };
  });
}

/** `conv1`, or `conv1 × block1` where corresponding layers have different names. */
export function layerName({ row, col }: { readonly row: string; readonly col: string }): string {
  return row === col ? row : `${row} × ${col}`;
}

/** @throws ShapeError if there is nothing to draw. */
export function checkDrawable({ rows, cols }: Similarity): void {
  if (rows.length > 0 && cols.length > 0) return;
  throw new ShapeError(
    `a similarity of ${rows.length} × ${cols.length} layers cannot be drawn: compare at least one layer`,
  );
}

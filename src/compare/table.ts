/**
 * Scores as an aligned table of text.
 *
 * @module
 */

/** Row by row with the names of both sides, three digits a score. */
export function alignedTable(rows: readonly string[], cols: readonly string[], scores: Float64Array): string {
  const head = ['', ...cols];
  const body = rows.map((row, r) => [row, ...cols.map((_, c) => scores[r * cols.length + c].toFixed(3))]);
  const widths = head.map((_, c) => Math.max(...[head, ...body].map((line) => line[c].length)));
  const line = (cells: string[]) =>
    cells.map((text, c) => (c === 0 ? text.padEnd(widths[c]) : text.padStart(widths[c]))).join('  ');
  return [head, ...body].map((cells) => line(cells).trimEnd()).join('\n');
}

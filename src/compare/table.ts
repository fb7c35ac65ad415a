/**
 * Scores as an aligned table of text.
 *
 * @module
 */

/** Row by row with the names of both sides, three digits a score; long paths of layers are cut to their ends. */
export function alignedTable(rows: readonly string[], cols: readonly string[], scores: Float64Array): string {
  const head = ['', ...shortNames(cols)];
  const body = shortNames(rows).map((row, r) => [
    row,
    ...cols.map((_, c) => scores[r * cols.length + c].toFixed(3)),
  ]);
  const widths = head.map((_, c) => Math.max(...[head, ...body].map((line) => line[c].length)));
  const line = (cells: string[]) =>
    cells.map((text, c) => (c === 0 ? text.padEnd(widths[c]) : text.padStart(widths[c]))).join('  ');
  return [head, ...body].map((cells) => line(cells).trimEnd()).join('\n');
}

/** Characters of a name that a table has room for. */
const ROOM = 32;

/**
 * The names, of the longer ones `…/` and so many of the last parts of the path, two at least, as tell it from the others: graphs
 * repeat paths of a hundred characters in every node.
 */
export function shortNames(names: readonly string[]): string[] {
  return names.map((name) => {
    const parts = name.split('/');
    if (name.length <= ROOM) return name;
    for (let count = 2; count < parts.length; count++) {
      const end = `/${parts.slice(-count).join('/')}`;
      if (names.filter((other) => `/${other}`.endsWith(end)).length === 1) return `…${end}`;
    }
    return name;
  });
}

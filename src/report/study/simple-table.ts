/**
 * Tables of text and numbers.
 *
 * @module
 */
import { escape } from '../markup.js';
import { tableBox } from '../shell.js';

/** Characters of a name that is not broken into lines. */
const SHORT = 28;

/** A column: its name, and whether it holds numbers, which stand at the right. */
export interface Column {
  readonly name: string;
  readonly number?: boolean;
  readonly strong?: boolean;
  /** Texts that may be broken into lines. */
  readonly wide?: boolean;
}

/**
 * A table in a box that scrolls. The first column names the row; where names follow each other that are the same, one stands
 * for all.
 *
 * @param rows - plain text
 */
export function simpleTable(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  const head = columns.map(({ name, number }) => `<th scope="col"${kind(number)}>${escape(name)}</th>`);
  const lines = rows.map((cells, r) => {
    const [name, ...rest] = cells;
    const first = rows[r - 1]?.[0] !== name;
    const same = rows.slice(r).findIndex(([other]) => other !== name);
    const span = same < 0 ? rows.length - r : same;
    const scope = span === 1 ? 'scope="row"' : `scope="rowgroup" rowspan="${span}"`;
    const short = name.length <= SHORT ? ' class="short"' : '';
    const heading = `<th ${scope}${short}>${escape(name)}</th>`;
    const data = rest.map((text, at) => {
      const { number, strong, wide } = columns[at + 1];
      return `<td${kind(number, strong, wide)}>${escape(text)}</td>`;
    });
    return `<tr>${first ? heading : ''}${data.join('')}</tr>`;
  });
  return tableBox(`<table>
<caption>${escape(caption)}</caption>
<thead><tr>${head.join('')}</tr></thead>
<tbody>
${lines.join('\n')}
</tbody>
</table>`);
}

function kind(number = false, strong = false, wide = false): string {
  const names = [number ? 'number' : '', strong ? 'strong' : '', wide ? 'words' : ''].filter(Boolean);
  return names.length === 0 ? '' : ` class="${names.join(' ')}"`;
}

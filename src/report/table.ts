/**
 * The diagnostics of corresponding layers as an HTML table.
 *
 * @module
 */
import type { Similarity } from '../compare/similarity.js';
import type { SideSummary } from '../measures/measure.js';
import { escape } from './markup.js';
import { corresponding, layerName, measureName } from './reading.js';
import type { Corresponding } from './reading.js';
import { count, score } from './text.js';
import type { Note } from './warnings.js';

/** Where a table's references to warnings lead. */
export interface NoteLinks {
  readonly notes: readonly Note[];
  /** Beginning of the notes' ids; the number of the note follows. */
  readonly prefix: string;
}

/**
 * A line per pair of corresponding layers: score, what unrelated sides reach by chance where that is known, samples, both
 * sides' neurons, dead neurons, rank and kept directions, best match, method, and the numbers of the warnings.
 */
export function diagnosticsTable(similarity: Similarity, links: NoteLinks): string {
  const { names } = similarity;
  const pairs = corresponding(similarity);
  const columns: Columns = {
    chance: pairs.some(({ cell }) => cell.chance !== undefined),
    rank: pairs.some(({ cell }) => cell.x.rank !== undefined),
  };
  const body = pairs.map((pair) => line(pair, columns, links));
  const span = `colspan="${sideColumns(columns).length}" scope="colgroup" class="side"`;
  return `<table>
<caption>Diagnostics of corresponding layers</caption>
<thead>
<tr><th rowspan="2" scope="col">Layer</th><th rowspan="2" scope="col" class="number">${escape(measureName(similarity))}</th>
${columns.chance ? '<th rowspan="2" scope="col" class="number">Chance</th>' : ''}<th ${span}>${escape(names.a)}</th><th ${span}>${escape(names.b)}</th>
<th rowspan="2" scope="col" class="apart">Best match</th><th rowspan="2" scope="col" class="number">Samples</th><th rowspan="2" scope="col">Method</th><th rowspan="2" scope="col">Warnings</th></tr>
<tr>${sideHead(columns)}${sideHead(columns)}</tr>
</thead>
<tbody>
${body.join('\n')}
</tbody>
</table>`;
}

/** Columns that only some measures have. */
interface Columns {
  readonly chance: boolean;
  /** Rank and kept directions, of measures that factor the sides. */
  readonly rank: boolean;
}

function sideColumns({ rank }: Columns): string[] {
  return ['Neurons', 'Dead', ...(rank ? ['Rank', 'Kept'] : [])];
}

function sideHead(columns: Columns): string {
  return sideColumns(columns)
    .map((name, at) => `<th scope="col" class="number${at === 0 ? ' apart' : ''}">${name}</th>`)
    .join('');
}

function line({ row, col, cell, best }: Corresponding, columns: Columns, links: NoteLinks): string {
  const match =
    best === undefined
      ? '–'
      : `${best.layer === col ? escape(col) : `<strong>${escape(best.layer)}</strong>`} <span class="muted">${score(best.score)}</span>`;
  return [
    `<tr><th scope="row">${escape(layerName({ row, col }))}</th>`,
    `<td class="number strong">${score(cell.score)}</td>`,
    ...(columns.chance
      ? [`<td class="number muted">${cell.chance === undefined ? '–' : score(cell.chance)}</td>`]
      : []),
    side(cell.x, columns),
    side(cell.y, columns),
    `<td class="name apart">${match}</td>`,
    number(cell.samples),
    `<td>${escape(cell.method)}</td>`,
    `<td>${references(cell.warnings, links)}</td></tr>`,
  ].join('');
}

function side({ neurons, dead, rank, kept }: SideSummary, columns: Columns): string {
  return [
    number(neurons, 'apart'),
    number(dead, dead === 0 ? 'muted' : 'strong'),
    ...(columns.rank ? [number(rank), number(kept)] : []),
  ].join('');
}

function number(value: number | undefined, kind = ''): string {
  return `<td class="${`number ${kind}`.trim()}">${value === undefined ? '–' : count(value)}</td>`;
}

function references(warnings: readonly string[], { notes, prefix }: NoteLinks): string {
  const numbers = notes.flatMap(({ texts }, at) =>
    warnings.some((text) => texts.has(text)) ? [at + 1] : [],
  );
  if (numbers.length === 0) return '<span class="muted">–</span>';
  return numbers.map((at) => `<a href="#${prefix}${at}">${at}</a>`).join(', ');
}

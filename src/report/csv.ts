/**
 * The matrix of scores as a table for a spreadsheet or a data frame.
 *
 * @module
 */
import type { Similarity } from '../compare/similarity.js';

/**
 * Scores as CSV (RFC 4180): an empty cell and the names of the columns, then a line per row. Numbers have every digit
 * that is needed to read the same float64 back; lines end in CRLF.
 *
 * @param similarity - what to write
 * @returns the text of the file
 */
export function toCsv(similarity: Similarity): string {
  const { rows, cols, scores } = similarity;
  const lines = [
    ['', ...cols.map(quoted)],
    ...rows.map((row, r) => [quoted(row), ...cols.map((_, c) => String(scores[r * cols.length + c]))]),
  ];
  return lines.map((line) => `${line.join(',')}\r\n`).join('');
}

function quoted(text: string): string {
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

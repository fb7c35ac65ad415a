import { describe, expect, it } from 'vitest';
import { toCsv } from '../../src/report/index.js';
import { awkward, layers, similarity } from './fixtures.js';

/** Reads RFC 4180, quoted cells with line breaks included. */
function parse(csv: string): string[][] {
  const lines: string[][] = [[]];
  for (const [, quoted, plain, end] of csv.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    lines.at(-1)!.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end !== ',') lines.push([]);
  }
  return lines.slice(0, -1);
}

describe('toCsv', () => {
  it.each([
    ['5 × 5', layers(5), layers(5)],
    ['1 × 1', ['x'], ['x']],
    ['3 × 7', layers(3), layers(7, 'block')],
    ['awkward names', [...awkward, 'comma, separated', 'line\r\nbreak', ' spaces '], awkward],
  ])('writes %s so that names and every bit of the scores come back', (_, rows, cols) => {
    const input = similarity(rows, cols, (r, c) => Math.sqrt((r + 1) / (c + 7)) / 3);
    const [head, ...body] = parse(toCsv(input));
    expect(head).toEqual(['', ...cols]);
    expect(body.map(([name]) => name)).toEqual(rows);
    expect(body.flatMap(([, ...values]) => values.map(Number))).toEqual([...input.scores]);
  });

  it('writes plain text plainly', () => {
    const scores = [0.5, 1e-7, -2, 1];
    expect(toCsv(similarity(['a', 'b"'], ['c', 'd,e'], (r, c) => scores[r * 2 + c]))).toBe(
      ',c,"d,e"\r\na,0.5,1e-7\r\n"b""",-2,1\r\n',
    );
  });
});

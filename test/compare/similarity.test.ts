import { describe, expect, it } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { SIMILARITY_FORMAT, Similarity } from '../../src/compare/similarity.js';
import { FormatError, OptionError } from '../../src/errors.js';
import { gaussian } from '../support.js';

/** Scores row by row, with no more about the cells than the readers need. */
function matrix(rows: string[], cols: string[], scores: number[], options = {}): Similarity {
  const side = { neurons: 1, dead: 0, rank: 1, kept: 1 };
  return new Similarity({
    names: { a: 'left', b: 'right' },
    measure: 'procrustes',
    options,
    engine: 'ml-matrix',
    rows,
    cols,
    cells: scores.map((score) => ({ score, samples: 9, x: side, y: side, method: 'direct', warnings: [] })),
    samples: 9,
    fingerprints: { a: '0123' },
    warnings: [],
  });
}

const square = matrix(['p', 'q'], ['q', 'r'], [0.1, 0.25, 0.5, 0.9]);

describe('readers', () => {
  it('at and cell, by name', () => {
    expect(square.at('p', 'r')).toBe(0.25);
    expect(square.cell('q', 'q')).toMatchObject({ score: 0.5, samples: 9 });
    expect(Array.from(square.scores)).toEqual([0.1, 0.25, 0.5, 0.9]);
    expect(() => square.at('r', 'q')).toThrow(new OptionError("no row is called 'r': there are p, q"));
    expect(() => square.at('p', 'p')).toThrow(new OptionError("no column is called 'p': there are q, r"));
  });

  it('diagonal by name, or by place where no name is shared', () => {
    expect(square.diagonal()).toEqual([{ layer: 'q', row: 'q', col: 'q', score: 0.5 }]);
    const foreign = matrix(['p', 'q', 's'], ['x', 'y'], [1, 2, 3, 4, 5, 6]);
    expect(foreign.diagonal()).toEqual([
      { layer: 'p', row: 'p', col: 'x', score: 1 },
      { layer: 'q', row: 'q', col: 'y', score: 4 },
    ]);
  });

  it('best is the largest similarity, the first of equals', () => {
    expect(square.best('q')).toEqual({ layer: 'r', score: 0.9 });
    expect(matrix(['p'], ['x', 'y', 'z'], [0.2, 0.7, 0.7]).best('p').layer).toBe('y');
    expect(() => square.best('z')).toThrow(OptionError);
  });

  it.each(['distance', 'squaredDistance', 'euclideanDistance', 'angle'])(
    'best is the smallest %s',
    (output) => {
      const similarity = matrix(['p'], ['x', 'y', 'z'], [0.2, 0.1, 0.7], { output });
      expect(similarity.best('p')).toEqual({ layer: 'y', score: 0.1 });
    },
  );

  it('best of a computed angle is the layer itself', async () => {
    const record = { u: gaussian(50, 3, 1), v: gaussian(50, 4, 2) };
    const similarity = await compare(record, record, undefined, { measure: 'procrustes', output: 'angle' });
    expect(similarity.best('u').layer).toBe('u');
    expect(similarity.best('v').layer).toBe('v');
  });

  it('text and print', () => {
    expect(square.toString()).toBe('       q      r\np  0.100  0.250\nq  0.500  0.900');
    const lines: string[] = [];
    square.print((line) => lines.push(line));
    expect(lines.join('\n')).toContain('procrustes: left (rows) × right (columns), 9 samples\n');
    expect(lines.join('\n')).toContain(square.toString());
  });
});

describe('JSON', () => {
  it('comes back the same through text', async () => {
    const similarity = await compare(
      { x: gaussian(40, 3, 1) },
      { y: gaussian(40, 2, 2), z: gaussian(40, 3, 3) },
      undefined,
      { names: { a: 'one', b: 'two' }, fingerprints: { a: 'f', b: 'g', data: 'h' } },
    );
    const text = JSON.stringify(similarity);
    const back = Similarity.fromJSON(text);
    expect(JSON.stringify(back)).toBe(text);
    expect(back.at('x', 'z')).toBe(similarity.at('x', 'z'));
    expect(back.toJSON()).toEqual(Similarity.fromJSON(JSON.parse(text)).toJSON());
    expect(JSON.parse(text)).toMatchObject({
      format: SIMILARITY_FORMAT,
      scores: [[similarity.at('x', 'y'), similarity.at('x', 'z')]],
      fingerprints: { a: 'f', b: 'g', data: 'h' },
      options: { keep: { variance: 0.99 }, spatial: 'positions', positions: 'all', seed: 0 },
    });
  });

  it.each<[string, string | object, string]>([
    ['text that is no JSON', '{', 'a similarity is not JSON'],
    ['another format', { format: 'svcca/score@1' }, "'svcca/score@1'"],
    ['no arrays', { format: SIMILARITY_FORMAT, rows: ['a'] }, 'needs the arrays rows, cols and cells'],
    [
      'a wrong number of cells',
      { ...square.toJSON(), cells: square.cells.slice(1) },
      'a similarity of 2 × 2 layers has 3 cells',
    ],
    [
      'a cell without a score',
      { ...square.toJSON(), cells: [...square.cells.slice(1), null] },
      'cell 3 of a similarity has no score',
    ],
  ])('refuses %s', (_, json, message) => {
    expect(() => Similarity.fromJSON(json)).toThrow(FormatError);
    expect(() => Similarity.fromJSON(json)).toThrow(message);
  });
});

import { Similarity } from '../../src/compare/similarity.js';
import type { Cell, SimilarityData } from '../../src/compare/similarity.js';

/** Names that break markup, line up badly, or are longer than any label. */
export const awkward = [
  '<script>alert("1")</script>',
  'a&b\'s "block"',
  'свёртка_1',
  '畳み込み層',
  '👩‍🔬/é/conv',
  `backbone/${'inverted_residual_block/'.repeat(8)}project_conv`,
];

/** A record of one pair, as a comparison would leave it. */
export function cell(score: number, more: Partial<Cell> = {}): Cell {
  return {
    score,
    samples: 1000,
    x: { neurons: 64, dead: 0, rank: 64, kept: 31 },
    y: { neurons: 64, dead: 2, rank: 62, kept: 28 },
    method: 'direct',
    warnings: [],
    ...more,
  };
}

/** Scores that fall with the distance of two layers and with depth, as those of trained networks do. */
export function decaying(row: number, col: number, rows: number): number {
  return Math.max(0.02, 0.99 - 0.42 * (row / Math.max(1, rows - 1)) - 0.11 * Math.abs(row - col));
}

/** A similarity of the given layers; everything else has a sensible value that `more` can replace. */
export function similarity(
  rows: readonly string[],
  cols: readonly string[],
  score: (row: number, col: number) => number = (row, col) => decaying(row, col, rows.length),
  more: Partial<SimilarityData> = {},
): Similarity {
  return new Similarity({
    names: { a: 'scratch', b: 'pretrained' },
    measure: 'svcca',
    options: { keep: { variance: 0.99 }, crossing: 'kept', summary: 'mean', divisor: 'kept' },
    engine: 'ml-matrix',
    rows,
    cols,
    cells: rows.flatMap((_, row) => cols.map((_name, col) => cell(score(row, col)))),
    samples: 1000,
    fingerprints: {},
    warnings: [],
    ...more,
  });
}

/** `conv1`, `conv2`, … */
export function layers(count: number, prefix = 'conv'): string[] {
  return Array.from({ length: count }, (_, at) => `${prefix}${at + 1}`);
}

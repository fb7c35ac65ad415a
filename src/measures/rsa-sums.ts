/**
 * Sums over all pairs of samples from which the correlations of two dissimilarity matrices follow that need no ranks.
 *
 * @module
 */
import type { Engine } from '../engines/engine.js';
import { eachPair, somePairs } from '../pairwise/ranks-pairs.js';
import type { Sides } from '../pairwise/ranks-pairs.js';

/** Dissimilarities less a constant near their mean: sums of one pass then lose no digit. */
export interface PairSums {
  readonly samples: number;
  /** What was taken off each dissimilarity of a side. */
  readonly shift: Two;
  readonly sum: Two;
  readonly squares: Two;
  readonly products: number;
  /** Sums over samples of products of the rows' sums (each row with all others): of x with x, x with y, y with y. */
  readonly rowProducts: { readonly xx: number; readonly xy: number; readonly yy: number };
}

/** One number a side. */
export type Two = readonly [x: number, y: number];

/** Pairs by whose mean the sums are shifted. */
const SAMPLE = 1024;

/** Sums of both sides over the pairs above the diagonal, in one pass over the tiles. */
export async function pairSums(
  engine: Engine,
  sides: Sides,
  breathe: () => Promise<void>,
): Promise<PairSums> {
  const samples = sides[0].rows.rows;
  const shift: Two = [
    mean(await somePairs(sides[0], SAMPLE, breathe)),
    mean(await somePairs(sides[1], SAMPLE, breathe)),
  ];
  const rows = [new Float64Array(samples), new Float64Array(samples)] as const;
  const [sum, squares] = [
    [0, 0],
    [0, 0],
  ] satisfies [number, number][];
  let products = 0;
  await eachPair(engine, sides, breathe, ({ x, y, from, to, row, col }) => {
    // Partial sums by row, so that few additions are made to what is large already.
    let [sx, sy, xx, xy, yy] = [0, 0, 0, 0, 0];
    for (let at = from, j = col; at < to; at++, j++) {
      const [a, b] = [x[at] - shift[0], y[at] - shift[1]];
      sx += a;
      sy += b;
      xx += a * a;
      xy += a * b;
      yy += b * b;
      rows[0][j] += a;
      rows[1][j] += b;
    }
    rows[0][row] += sx;
    rows[1][row] += sy;
    sum[0] += sx;
    sum[1] += sy;
    squares[0] += xx;
    squares[1] += yy;
    products += xy;
  });
  const rowProducts = { xx: dot(rows[0], rows[0]), xy: dot(rows[0], rows[1]), yy: dot(rows[1], rows[1]) };
  return { samples, shift, sum, squares, products, rowProducts };
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value / values.length, 0);
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i], 0);
}

/**
 * Inner products of centred sample × sample matrices, and the similarity made of three of them: CKA of kernels, distance
 * correlation of distances.
 *
 * @module
 */
import type { PairwiseSums, Products, SideSums } from './sums.js';
import { total, totalOf } from './totals.js';

/** `⟨HKH, HLH⟩` with `H = I − 11ᵀ/n`: `(n − 1)²` times the HSIC of Gretton et al. 2005, `n²` times a squared distance covariance. */
export function centredProducts({ samples: n, x, y, products }: PairwiseSums): Products {
  const [rowsX, rowsY] = [x, y].map(({ rowSums, diagonal }) => rowSums.map((sum, i) => sum + diagonal[i]));
  const [totalX, totalY] = [total(rowsX), total(rowsY)];
  const centred = (
    product: number,
    diagonals: readonly [Float64Array, Float64Array],
    rows: readonly [Float64Array, Float64Array],
    totals: number,
  ): number => product + inner(...diagonals) - (2 / n) * inner(...rows) + totals / n / n;
  const [a, b] = [x.diagonal, y.diagonal];
  return {
    xx: centred(products.xx, [a, a], [rowsX, rowsX], totalX * totalX),
    xy: centred(products.xy, [a, b], [rowsX, rowsY], totalX * totalY),
    yy: centred(products.yy, [b, b], [rowsY, rowsY], totalY * totalY),
  };
}

/** `tr HKH`. */
export function centredTrace({ rowSums, diagonal }: SideSums): number {
  const n = diagonal.length;
  return totalOf(n, (i) => (1 - 1 / n) * diagonal[i] - rowSums[i] / n);
}

/**
 * Inner products of U-centred matrices (Székely and Rizzo 2014), whose diagonals do not count: `n(n − 3)` times the unbiased
 * HSIC of Song et al. 2012, equation 5. At least 4 samples.
 */
export function uCentredProducts({ samples: n, x, y, products }: PairwiseSums): Products {
  const [a, b] = [x.rowSums, y.rowSums];
  const [totalX, totalY] = [total(a), total(b)];
  const centred = (product: number, rows: number, totals: number): number =>
    product - (2 / (n - 2)) * rows + totals / (n - 1) / (n - 2);
  return {
    xx: centred(products.xx, inner(a, a), totalX * totalX),
    xy: centred(products.xy, inner(a, b), totalX * totalY),
    yy: centred(products.yy, inner(b, b), totalY * totalY),
  };
}

/**
 * Sums over the pairs `i < j` of products of values about their means: what Pearson's correlation of two upper triangles is
 * made of. The means are those of the values themselves.
 */
export function triangleProducts({ samples: n, x, y, products }: PairwiseSums): Products & {
  readonly pairs: number;
  readonly meanX: number;
  readonly meanY: number;
} {
  const pairs = (n * (n - 1)) / 2;
  const [totalX, totalY] = [total(x.rowSums) / 2, total(y.rowSums) / 2];
  return {
    pairs,
    meanX: x.shift + totalX / pairs,
    meanY: y.shift + totalY / pairs,
    xx: products.xx / 2 - (totalX / pairs) * totalX,
    xy: products.xy / 2 - (totalX / pairs) * totalY,
    yy: products.yy / 2 - (totalY / pairs) * totalY,
  };
}

/**
 * Self-products at or below these are rounding: of the values' last digits, and of the sums that cancelled. A side whose
 * values are all equal comes out there.
 */
export function roundingOf({ samples: n, x, y, products }: PairwiseSums): {
  readonly x: number;
  readonly y: number;
} {
  const level = (product: number, { shift }: SideSums): number =>
    1e-14 * product + 1e-27 * shift * shift * n * (n - 1);
  return { x: level(products.xx, x), y: level(products.yy, y) };
}

/** Which inner products: of doubly centred matrices, or of U-centred ones, whose expectation is that of the population. */
export type Estimator = 'biased' | 'debiased';

/** The cosine of the angle between two centred matrices. */
export interface Alignment {
  readonly score: number;
  /** The average of the score over all orders of one side's samples. */
  readonly chance: number;
  /** Whether a side has nothing left after centring, so that there is no angle. */
  readonly undefined: boolean;
}

/**
 * `⟨K, L⟩ / (‖K‖‖L‖)` of centred matrices; 0 where a side's norm is not above its rounding.
 *
 * Its average over all orders of the samples of y is exact: the norms do not change with the order, and a sum over pairs
 * becomes `tr K · tr L / (n − 1)`, which is 0 of U-centred matrices.
 */
export function alignment(sums: PairwiseSums, estimator: Estimator): Alignment {
  const { xx, xy, yy } = estimator === 'biased' ? centredProducts(sums) : uCentredProducts(sums);
  const rounding = roundingOf(sums);
  if (!(xx > rounding.x && yy > rounding.y)) return { score: 0, chance: 0, undefined: true };
  const norms = Math.sqrt(xx) * Math.sqrt(yy);
  if (estimator === 'debiased') return { score: xy / norms, chance: 0, undefined: false };
  const traces = centredTrace(sums.x) * centredTrace(sums.y);
  return {
    score: Math.min(1, Math.max(0, xy / norms)),
    chance: Math.min(1, traces / norms / (sums.samples - 1)),
    undefined: false,
  };
}

function inner(a: Float64Array, b: Float64Array): number {
  return totalOf(a.length, (i) => a[i] * b[i]);
}

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

/** How much of a centred self-product may be rounding. */
export interface ProductRounding {
  /** Of the sums that cancelled in it. */
  readonly sums: number;
  /** Of the values: the sum of squares of their last digits. */
  readonly values: number;
}

/** The rounding of both sides' self-products; a side whose values are all equal comes out no larger. */
export function roundingOf({ samples: n, x, y, products }: PairwiseSums): {
  readonly x: ProductRounding;
  readonly y: ProductRounding;
} {
  const of = (product: number, { shift, magnitude, minuend = 0 }: SideSums): ProductRounding => ({
    sums: 1e-14 * Math.max(product, minuend),
    values: 1e-27 * (shift * shift + magnitude * magnitude) * n * (n - 1),
  });
  return { x: of(products.xx, x), y: of(products.yy, y) };
}

/** Share of a self-product that may be rounding, above which a reader is told. */
const TOLERATED = 1e-6;

/** Whether a centred self-product can be divided by: `'rounding'` where nothing else is left of it, `'imprecise'` where little. */
export function standing(
  product: number,
  { sums, values }: ProductRounding,
): 'rounding' | 'imprecise' | 'sound' {
  if (!(product > sums + values)) return 'rounding';
  // Errors of sums add to the product itself, those of the values to its root.
  return sums / product + Math.sqrt(values / product) > TOLERATED ? 'imprecise' : 'sound';
}

/** The standing of both sides' self-products together: that of the worse. */
export function standingOf(
  { xx, yy }: Pick<Products, 'xx' | 'yy'>,
  rounding: { readonly x: ProductRounding; readonly y: ProductRounding },
): 'rounding' | 'imprecise' | 'sound' {
  const both = [standing(xx, rounding.x), standing(yy, rounding.y)];
  if (both.includes('rounding')) return 'rounding';
  return both.includes('imprecise') ? 'imprecise' : 'sound';
}

/** Told where a score stands on an {@link standing | imprecise} product. */
export const IMPRECISE =
  'The score may be off in its sixth digit, or before: all but a small rest of the self-similarity of a side cancels.';

/** Which inner products: of doubly centred matrices, or of U-centred ones, whose expectation is that of the population. */
export type Estimator = 'biased' | 'debiased';

/** The cosine of the angle between two centred matrices. */
export interface Alignment {
  readonly score: number;
  /** The average of the score over all orders of one side's samples. */
  readonly chance: number;
  /** Whether a side has nothing left after centring, so that there is no angle. */
  readonly undefined: boolean;
  /** Whether so little is left that the score has lost digits. */
  readonly imprecise: boolean;
}

/**
 * `⟨K, L⟩ / (‖K‖‖L‖)` of centred matrices; 0 where a side's norm is not above its rounding.
 *
 * Its average over all orders of the samples of y is exact: the norms do not change with the order, and a sum over pairs
 * becomes `tr K · tr L / (n − 1)`, which is 0 of U-centred matrices.
 */
export function alignment(sums: PairwiseSums, estimator: Estimator): Alignment {
  const products = estimator === 'biased' ? centredProducts(sums) : uCentredProducts(sums);
  const found = standingOf(products, roundingOf(sums));
  if (found === 'rounding') return { score: 0, chance: 0, undefined: true, imprecise: false };
  const { xx, xy, yy } = products;
  const norms = Math.sqrt(xx) * Math.sqrt(yy);
  const facts = { undefined: false, imprecise: found === 'imprecise' };
  if (estimator === 'debiased') return { score: xy / norms, chance: 0, ...facts };
  const traces = centredTrace(sums.x) * centredTrace(sums.y);
  return {
    score: Math.min(1, Math.max(0, xy / norms)),
    chance: Math.min(1, traces / norms / (sums.samples - 1)),
    ...facts,
  };
}

function inner(a: Float64Array, b: Float64Array): number {
  return totalOf(a.length, (i) => a[i] * b[i]);
}

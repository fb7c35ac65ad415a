/**
 * Pearson, cosine and whitened correlations of two dissimilarity matrices from sums over pairs.
 *
 * @module
 */
import { alignment, centredProducts, centredTrace, triangleProducts } from '../pairwise/centred-products.js';
import type { PairwiseSums, Products, SideSums } from '../pairwise/sums.js';

/** A correlation, and what it is on average when the samples of one side are put in random order (exact). */
export interface Correlated {
  readonly score: number;
  readonly chance: number;
  /** Whether a side's dissimilarities are equal but for rounding, where that leaves nothing to correlate. */
  readonly tied?: { readonly x: boolean; readonly y: boolean };
}

/** Variation of dissimilarities, relative to their mean, that is rounding. */
const ROUNDING = 2 ** -36;

/** Pearson's correlation; 0 where one side is constant. */
export function pearson(sums: PairwiseSums): Correlated {
  const tied = tiedSides(sums);
  return { score: tied.x || tied.y ? 0 : ratio(triangleProducts(sums)), chance: 0, tied };
}

/** Cosine of the two lists of dissimilarities; 0 where one side is 0. */
export function cosine(sums: PairwiseSums): Correlated {
  const { pairs, meanX, meanY, xx, xy, yy } = triangleProducts(sums);
  const [squaresX, squaresY] = [xx + pairs * meanX * meanX, yy + pairs * meanY * meanY];
  // Random order leaves the means alone, and nothing else in common.
  const means = pairs * meanX * meanY;
  return {
    score: ratio({ xx: squaresX, xy: xy + means, yy: squaresY }),
    chance: ratio({ xx: squaresX, xy: means, yy: squaresY }),
  };
}

/**
 * Cosine of dissimilarities whitened by the covariance that equal and independent noise of each sample gives them
 * (Diedrichsen, Berlot, Mur, Schütt, Shahbazi, Kriegeskorte 2021): that of the doubly centred matrices `HDH`, so of squared
 * Euclidean distances it is linear CKA.
 */
export function whitenedCosine(sums: PairwiseSums): Correlated {
  const { score, chance } = alignment(sums, 'biased');
  return { score, chance };
}

/** The same of dissimilarities less their mean: that of `H(D − mean·(J − I))H`, J all ones. */
export function whitenedPearson(sums: PairwiseSums): Correlated {
  const tied = tiedSides(sums);
  if (tied.x || tied.y) return { score: 0, chance: 0, tied };
  // T = D − shift·(J − I), its diagonal 0, is as small as D − mean·(J − I) = T − c·(J − I), so nothing cancels.
  // H(J − I)H = −H, so the wanted matrix is HTH + cH.
  const hollow = { ...sums, x: withoutDiagonal(sums.x), y: withoutDiagonal(sums.y) };
  const products = centredProducts(hollow);
  const { meanX, meanY } = triangleProducts(sums);
  const [a, b] = [meanX - sums.x.shift, meanY - sums.y.shift];
  const [traceX, traceY] = [centredTrace(hollow.x), centredTrace(hollow.y)];
  const freedom = sums.samples - 1;
  return {
    score: ratio({
      xx: products.xx + 2 * a * traceX + a * a * freedom,
      xy: products.xy + a * traceY + b * traceX + a * b * freedom,
      yy: products.yy + 2 * b * traceY + b * b * freedom,
    }),
    chance: 0,
    tied,
  };
}

function withoutDiagonal(side: SideSums): SideSums {
  return { ...side, diagonal: new Float64Array(side.diagonal.length) };
}

function tiedSides(sums: PairwiseSums): { x: boolean; y: boolean } {
  const { pairs, meanX, meanY, xx, yy } = triangleProducts(sums);
  const constant = (squares: number, mean: number): boolean => squares <= pairs * (ROUNDING * mean) ** 2;
  return { x: constant(xx, meanX), y: constant(yy, meanY) };
}

function ratio({ xx, xy, yy }: Products): number {
  if (!(xx > 0 && yy > 0)) return 0;
  return Math.max(-1, Math.min(1, xy / (Math.sqrt(xx) * Math.sqrt(yy))));
}

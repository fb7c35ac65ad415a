/**
 * Pearson, cosine and whitened correlations of two dissimilarity matrices from sums over pairs.
 *
 * @module
 */
import { pairsOf } from '../pairwise/ranks-pairs.js';
import type { PairSums, Two } from './rsa-sums.js';

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
export function pearson(sums: PairSums): Correlated {
  const { xx, xy, yy } = aboutMean(sums);
  return { score: ratio(xy, xx, yy), chance: 0, tied: { x: xx === 0, y: yy === 0 } };
}

/** Cosine of the two lists of dissimilarities; 0 where one side is 0. */
export function cosine(sums: PairSums): Correlated {
  const pairs = pairsOf(sums.samples);
  const { xx, xy, yy } = aboutMean(sums);
  const [a, b] = meansOf(sums);
  // Random order leaves the means alone.
  const [squaresX, squaresY] = [xx + pairs * a * a, yy + pairs * b * b];
  const means = pairs * a * b;
  return { score: ratio(xy + means, squaresX, squaresY), chance: ratio(means, squaresX, squaresY) };
}

/**
 * Cosine, or Pearson's correlation, of dissimilarities whitened by their covariance when each sample is measured with equal
 * and independent noise (Diedrichsen, Berlot, Mur, Schütt, Shahbazi, Kriegeskorte 2021): the cosine of the doubly centred
 * matrices `H·D·H`, so with squared Euclidean distances it is linear CKA.
 */
export function whitened(sums: PairSums, about: 'origin' | 'mean'): Correlated {
  const { samples: n, sum, shift, rowProducts } = sums;
  // T = D − shift, with a diagonal of zeros. D = T + c(J − I) for some c, so H·D·H = H·T·H − c·H, whose parts are known.
  const pairs = pairsOf(n);
  const constant = about === 'origin' ? shift : ([-sum[0] / pairs, -sum[1] / pairs] as const);
  const totals = [2 * sum[0], 2 * sum[1]] as const;
  const inner = (products: number, rows: number, i: 0 | 1, j: 0 | 1): number => {
    const centred = 2 * products - (2 * rows) / n + (totals[i] / n) * (totals[j] / n);
    const crossed = (constant[i] * totals[j] + constant[j] * totals[i]) / n;
    return centred + crossed + (n - 1) * constant[i] * constant[j];
  };
  const trace = (i: 0 | 1): number => -totals[i] / n - (n - 1) * constant[i];
  const varying = aboutMean(sums);
  const tied = { x: about === 'mean' && varying.xx === 0, y: about === 'mean' && varying.yy === 0 };
  const xx = tied.x ? 0 : inner(sums.squares[0], rowProducts.xx, 0, 0);
  const yy = tied.y ? 0 : inner(sums.squares[1], rowProducts.yy, 1, 1);
  const xy = inner(sums.products, rowProducts.xy, 0, 1);
  // A random order of the samples turns one centred matrix, on average, into its trace spread evenly.
  const spread = about === 'mean' ? 0 : (trace(0) * trace(1)) / (n - 1);
  return { score: ratio(xy, xx, yy), chance: ratio(spread, xx, yy), tied };
}

/** Sums of squares and products about the means; exactly 0 for a side that varies by rounding alone. */
function aboutMean(sums: PairSums): { xx: number; xy: number; yy: number } {
  const pairs = pairsOf(sums.samples);
  const [x, y] = sums.sum;
  const means = meansOf(sums);
  const floor = (side: 0 | 1): number => pairs * (ROUNDING * means[side]) ** 2;
  const [xx, yy] = [sums.squares[0] - (x * x) / pairs, sums.squares[1] - (y * y) / pairs];
  return {
    xx: xx > floor(0) ? xx : 0,
    yy: yy > floor(1) ? yy : 0,
    xy: sums.products - (x * y) / pairs,
  };
}

function meansOf({ samples, shift, sum }: PairSums): Two {
  return [shift[0] + sum[0] / pairsOf(samples), shift[1] + sum[1] / pairsOf(samples)];
}

function ratio(product: number, squaresX: number, squaresY: number): number {
  if (squaresX <= 0 || squaresY <= 0) return 0;
  return Math.max(-1, Math.min(1, product / (Math.sqrt(squaresX) * Math.sqrt(squaresY))));
}

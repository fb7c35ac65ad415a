/**
 * The dissimilarities of RSA, and what a reader should know of a side's samples under them.
 *
 * @module
 */
import type { Engine } from '../engines/engine.js';
import type { Matrix } from '../matrix.js';
import type { Rounding } from '../factor/rounding.js';
import { parallelAsEqual } from '../pairwise/ranks-parallel.js';
import { centredRows, largestToOne } from '../pairwise/rows.js';
import {
  correlationDissimilarity,
  cosineDissimilarity,
  euclidean,
  mahalanobis,
  squaredDistancesOf,
} from '../pairwise/values.js';
import type { PairwiseValues } from '../pairwise/values.js';

/** How two samples of a side differ. */
export type Dissimilarity =
  'correlation' | 'cosine' | 'euclidean' | 'squaredEuclidean' | 'mahalanobis' | 'squaredMahalanobis';

/** Names of the dissimilarities of two samples. */
export const DISSIMILARITIES: readonly Dissimilarity[] = [
  'correlation',
  'cosine',
  'euclidean',
  'squaredEuclidean',
  'mahalanobis',
  'squaredMahalanobis',
];

/**
 * Prepares a side.
 *
 * @param rounding - in the samples, where it is not that of their storage.
 */
export async function dissimilarityOf(
  engine: Engine,
  x: Matrix,
  dissimilarity: Dissimilarity,
  rounding?: Rounding,
): Promise<PairwiseValues> {
  switch (dissimilarity) {
    case 'correlation':
      return parallelAsEqual(correlationDissimilarity(x));
    case 'cosine':
      return parallelAsEqual(cosineDissimilarity(x));
    case 'euclidean':
      return euclidean(x);
    case 'squaredEuclidean':
      // No correlation notices their unit, and no square of them overflows or vanishes.
      return squaredDistancesOf(largestToOne(centredRows(x)));
    case 'mahalanobis':
      return rootOf(await mahalanobis(engine, x, rounding));
    case 'squaredMahalanobis':
      return mahalanobis(engine, x, rounding);
  }
}

function rootOf(side: PairwiseValues): PairwiseValues {
  return {
    ...side,
    apply(products, tile) {
      side.apply(products, tile);
      for (let at = 0; at < products.length; at++) products[at] = Math.sqrt(products[at]);
    },
  };
}

/** Samples that have no direction under an angular dissimilarity: all neurons 0, or all equal. */
export function withoutDirection({ rows, cols, data }: Matrix, dissimilarity: Dissimilarity): number {
  if (dissimilarity !== 'correlation' && dissimilarity !== 'cosine') return 0;
  let count = 0;
  for (let i = 0; i < rows; i++) {
    const none = dissimilarity === 'cosine' ? 0 : data[i * cols];
    let at = i * cols;
    while (at < (i + 1) * cols && data[at] === none) at++;
    if (at === (i + 1) * cols) count++;
  }
  return count;
}

/**
 * What a reader of an RSA score should know of it.
 *
 * @module
 */
import type { Matrix } from '../matrix.js';
import type { SampledPair } from './measure.js';
import { withoutDirection } from './rsa-dissimilarity.js';
import type { Dissimilarity } from './rsa-dissimilarity.js';

const NAMES = ['x', 'y'] as const;

/** Largest possible error of a score that goes without saying. */
const SILENT = 1e-6;

/** Where ranks were those of bins, and that might show. */
export function boundWarnings(bound: number): string[] {
  if (bound <= SILENT) return [];
  return [
    `Spearman's correlation was computed by bins of close dissimilarities: it may differ by up to ${bound.toExponential(1)} ` +
      'from that of the exact ranks.',
  ];
}

/** Samples whose angular dissimilarity from others is undefined. */
export function directionWarnings(
  sides: Pick<SampledPair, 'x' | 'y'>,
  dissimilarity: Dissimilarity,
): string[] {
  const what = dissimilarity === 'cosine' ? 'are all zeros' : 'have the same value in every neuron';
  return NAMES.flatMap((name) => {
    const count = withoutDirection(sides[name], dissimilarity);
    if (count === 0) return [];
    return [
      `${count} of ${sides[name].rows} samples of side ${name} ${what}: their ${dissimilarity} dissimilarity is undefined, and ` +
        'is taken as 1 from other samples and 0 among themselves.',
    ];
  });
}

/** Sides that vary, and all of whose dissimilarities are equal all the same. */
export function tiedWarnings(
  sides: Pick<SampledPair, 'x' | 'y'>,
  dissimilarity: Dissimilarity,
  tied: { readonly x: boolean; readonly y: boolean } = { x: false, y: false },
): string[] {
  const why = dissimilarity.toLowerCase().includes('mahalanobis')
    ? ', as they are by Mahalanobis distance unless there are more samples than neurons'
    : '';
  return NAMES.filter((name) => tied[name] && varies(sides[name])).map(
    (name) =>
      `All samples of side ${name} are equally dissimilar${why}: there is nothing to correlate, and the similarity is 0.`,
  );
}

function varies({ cols, data }: Matrix): boolean {
  return data.some((value, at) => value !== data[at % cols]);
}

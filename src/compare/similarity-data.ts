/**
 * The named matrix of one measure, out of the results of every pair of layers.
 *
 * @module
 */
import type { SimilarityResult } from '../measures/measure.js';
import type { Asked } from './asked.js';
import type { RecordedReading } from './recorded.js';
import type { SimilarityData } from './similarity.js';

/** What the matrices of all measures have in common. */
export interface CommonData extends Pick<
  SimilarityData,
  'names' | 'engine' | 'rows' | 'cols' | 'samples' | 'fingerprints'
> {
  readonly reading: RecordedReading;
}

/**
 * @param results - row by row.
 * @param positionsErrors - by the place of the pair: the error of drawing positions, where it was asked for.
 */
export function similarityData(
  { label, measure, options }: Asked,
  results: readonly SimilarityResult[],
  { names, engine, rows, cols, samples, fingerprints, reading }: CommonData,
  positionsErrors?: ReadonlyMap<number, number>,
): SimilarityData {
  return {
    names,
    ...(label !== measure.name && { label }),
    measure: measure.name,
    options: { ...options, ...reading },
    engine,
    rows,
    cols,
    cells: results.map(({ measure: _m, options: _o, engine: _e, ...cell }, place) => {
      const positionsError = positionsErrors?.get(place);
      return positionsError === undefined ? cell : { ...cell, positionsError };
    }),
    samples,
    fingerprints,
    warnings: [],
  };
}

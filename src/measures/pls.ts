/**
 * Partial least squares in its symmetric form (PLS-SVD): singular values of the cross-covariance.
 *
 * @module
 */
import { knownKeys } from '../options.js';
import { singularValues } from '../factor/small.js';
import type { Measure } from './measure.js';
import { scaledCross } from './scaled-cross.js';

/** Options of {@link pls}: there are none. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- a measure without options
export interface PlsOptions {}

/** PLS: singular values of `XᵀY/(n−1)`; the score is the largest, in the units of x times those of y. */
export const plsMeasure: Measure<PlsOptions> = {
  name: 'pls',
  reference: 'Wegelin, A survey of partial least squares methods, 2000, §2',
  invariances: ['orthogonal', 'translation'],
  cost: 'n·d² and d³ a layer, n·d² and d³ a pair',
  symmetric: true,
  defaults: Object.freeze({}),

  resolve(options) {
    knownKeys('pls', options, ['(none)']);
    return {};
  },

  needs: () => ({ keep: 'all', valuesOnly: true }),

  async evaluate(pair, _options, engine) {
    const values = await singularValues(engine, scaledCross(pair));
    const covariances = Array.from(values, (value) => value / (pair.x.samples - 1));
    return {
      score: covariances[0] ?? 0,
      singularValues: covariances,
      kept: { x: pair.x.rank, y: pair.y.rank },
    };
  },
};

/**
 * Options that reproduce what other tools compute under the same name. Spread one into a call:
 * `svcca(x, y, presets.anatome.svcca)`.
 *
 * @module
 */

/** Options by peer and measure. */
export const presets = Object.freeze({
  /** google/svcca: `cca_core.py` (mean of the leading ρ up to 98 % of their sum) and `pwcca.py`. */
  google: Object.freeze({
    cca: Object.freeze({ summary: 'thresholded' }),
    svcca: Object.freeze({ keep: Object.freeze({ variance: 0.99 }), crossing: 'kept' }),
    pwcca: Object.freeze({ variant: 'google' }),
  }),
  /** anatome: distances there are `1 −` these similarities. */
  anatome: Object.freeze({
    svcca: Object.freeze({
      keep: Object.freeze({ singularValueMass: 0.99 }),
      crossing: 'dropped',
      directions: 'raw',
    }),
    pwcca: Object.freeze({ variant: 'anatome', side: 'x' }),
    procrustes: Object.freeze({ output: 'distance' }),
  }),
  /** The demonstration that accompanies Kornblith et al. 2019. */
  kornblith: Object.freeze({
    cca: Object.freeze({ summary: 'meanSquared', centred: false, divisor: 'neurons' }),
    cka: Object.freeze({ estimator: 'biased' }),
  }),
  /** netrep: the angular Procrustes metric. */
  netrep: Object.freeze({ procrustes: Object.freeze({ output: 'angle' }) }),
  /** ReSi: the Euclidean Procrustes metric. */
  resi: Object.freeze({ procrustes: Object.freeze({ output: 'euclideanDistance' }) }),
} as const);

/**
 * Options that reproduce what other tools compute under the same name. Spread one into a call:
 * `svcca(x, y, presets.anatome.svcca)`. What each does, with numbers: docs/conventions.md.
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
  /** anatome: its distances are `1 −` these similarities, but for Procrustes, which is the distance. */
  anatome: Object.freeze({
    svcca: Object.freeze({
      keep: Object.freeze({ singularValueMass: 0.99 }),
      crossing: 'dropped',
      directions: 'raw',
    }),
    pwcca: Object.freeze({ variant: 'anatome', side: 'x' }),
    cka: Object.freeze({ kernel: 'linear', estimator: 'biased' }),
    procrustes: Object.freeze({ output: 'distance' }),
  }),
  /**
   * torch_cka: the unbiased HSIC of each batch, summed, of a shorter last one, too; its batch is that of the loader, here 256 as
   * in its example.
   */
  torch_cka: Object.freeze({
    cka: Object.freeze({
      kernel: 'linear',
      estimator: 'debiased',
      minibatch: 256,
      minibatchWeights: 'equal',
    }),
  }),
  /** The demonstration that accompanies Kornblith et al. 2019, and the linear regression of that paper. */
  kornblith: Object.freeze({
    cca: Object.freeze({ summary: 'meanSquared', centred: false, divisor: 'neurons' }),
    cka: Object.freeze({ kernel: 'linear', estimator: 'biased' }),
    regression: Object.freeze({ from: 'y' }),
  }),
  /** netrep: the angular metric, at `alpha: 1` that of Procrustes; smaller values mix singular values as they are with 1. */
  netrep: Object.freeze({ procrustes: Object.freeze({ output: 'angle', alpha: 1, scaling: 'none' }) }),
  /** ReSi, as its paper defines its measures. */
  resi: Object.freeze({
    cka: Object.freeze({ kernel: 'linear', estimator: 'biased' }),
    procrustes: Object.freeze({ output: 'euclideanDistance' }),
    rsa: Object.freeze({ dissimilarity: 'correlation', correlation: 'spearman' }),
    mutualKnn: Object.freeze({ k: 10, metric: 'cosine', overlap: 'jaccard' }),
  }),
  /** rsatoolbox: the defaults of `calc_rdm` and `compare`. */
  rsatoolbox: Object.freeze({
    rsa: Object.freeze({ dissimilarity: 'squaredEuclidean', correlation: 'cosine' }),
  }),
} as const);

/** Names of the peers. */
export type PresetName = keyof typeof presets;

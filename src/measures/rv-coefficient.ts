/**
 * The RV coefficient (Robert & Escoufier 1976) and its modified form (Smilde et al. 2009): correlation of the samples' inner
 * products `K = XXᵀ`, `L = YYᵀ` of centred sides, with or without their diagonals.
 *
 * @module
 */
import { flag, knownKeys } from '../options.js';
import { kernelCosine, productsOf } from './inner-products.js';
import type { InnerProducts, Measure, Outcome } from './measure.js';

/** Options of {@link rvCoefficient}. */
export interface RvCoefficientOptions {
  /**
   * Leaves out the diagonals of `XXᵀ` and `YYᵀ`, which tie any two sides of many neurons together; the score may then be
   * below 0. @defaultValue `false`
   */
  readonly modified?: boolean;
}

/**
 * RV coefficient: `⟨K, L⟩ / (‖K‖ ‖L‖)`, the same number as biased linear CKA. Its mean over all orders of the samples is known
 * exactly, so each result has `chance`; `adjusted` then is the adjusted RV of El Ghaziri & Qannari 2015.
 */
export const rvCoefficientMeasure: Measure<RvCoefficientOptions> = {
  name: 'rvCoefficient',
  reference:
    'Robert & Escoufier, A unifying tool for linear multivariate statistical methods: the RV-coefficient, Applied Statistics ' +
    '1976; modified: Smilde et al., Matrix correlations for high-dimensional data, Bioinformatics 2009; adjusted: ' +
    'El Ghaziri & Qannari, Measures of association between two datasets, Food Quality and Preference 2015',
  invariances: ['orthogonal', 'isotropic scaling', 'translation'],
  cost: 'n·d² a layer and a pair',
  symmetric: true,
  defaults: Object.freeze({ modified: false }),

  resolve(options) {
    knownKeys('rvCoefficient', options, Object.keys(this.defaults));
    return { modified: flag('modified', { ...this.defaults, ...options }.modified) };
  },

  needs: ({ modified }) => ({ keep: 'all', rowNorms: modified, products: true }),

  evaluate(pair, { modified }) {
    const kept = { x: pair.x.rank, y: pair.y.rank };
    return Promise.resolve().then(() => {
      if (kept.x === 0 || kept.y === 0) return { score: 0, kept };
      return { ...ofProducts(productsOf(pair), pair.x.samples, modified), kept };
    });
  },

  evaluateProducts({ x, products }, { modified }) {
    return Promise.resolve().then(() => {
      if (products.xx === 0 || products.yy === 0) return { score: 0 };
      return ofProducts(products, x.samples, modified);
    });
  },
};

/**
 * The squared diagonals are the squared norms of the rows. Centred rows sum to nothing, so the other entries of `K` sum to
 * `−tr K`, and the product of two such sums over `n(n − 1)` is the mean over all orders of the samples.
 */
function ofProducts(products: InnerProducts, n: number, modified: boolean): Outcome {
  if (!modified) return kernelCosine(products, n);
  const { xx, xy, yy, rowNorms } = products;
  if (rowNorms === undefined)
    throw new TypeError('the modified RV coefficient was not given the row norms that it asked for');
  const norm = Math.sqrt(xx - rowNorms.xx) * Math.sqrt(yy - rowNorms.yy);
  const score = (xy - rowNorms.xy) / norm;
  return { score: Math.max(-1, Math.min(1, score)), chance: 1 / n / (n - 1) / norm };
}

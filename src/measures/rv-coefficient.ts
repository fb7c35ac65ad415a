/**
 * The RV coefficient (Robert & Escoufier 1976) and its modified form (Smilde et al. 2009): correlation of the samples' inner
 * products `K = XXᵀ`, `L = YYᵀ` of centred sides, with or without their diagonals.
 *
 * @module
 */
import { flag, knownKeys } from '../options.js';
import type { InnerProducts } from '../factor/products.js';
import { IMPRECISE, standingOf } from '../pairwise/centred-products.js';
import { kernelCosine, overProducts, roundingOfDifference } from './inner-products.js';
import type { Accuracies, Accuracy } from './inner-products.js';
import type { Measure, Outcome } from './measure.js';

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

  needs: ({ modified }) => ({ keep: 'all', rowNorms: modified, products: true, valuesOnly: true }),

  ...overProducts((products, accuracy, samples, { modified }) =>
    ofProducts(products, accuracy, samples, modified),
  ),
};

/**
 * The squared diagonals are the squared norms of the rows. Centred rows sum to nothing, so the other entries of `K` sum to
 * `−tr K`, and the product of two such sums over `n(n − 1)` is the mean over all orders of the samples.
 */
function ofProducts(products: InnerProducts, accuracy: Accuracies, n: number, modified: boolean): Outcome {
  if (!modified) return kernelCosine(products, n);
  const { xx, xy, yy, rowNorms } = products;
  if (rowNorms === undefined)
    throw new TypeError('the modified RV coefficient was not given the row norms that it asked for');
  const rounding = (side: 'xx' | 'yy', own: Accuracy) =>
    roundingOfDifference(products[side] + rowNorms[side], rowNorms[side], n, own);
  const selves = { xx: xx - rowNorms.xx, yy: yy - rowNorms.yy };
  const found = standingOf(selves, { x: rounding('xx', accuracy.x), y: rounding('yy', accuracy.y) });
  if (found === 'rounding') return { score: 0, warnings: [UNDEFINED_MODIFIED] };
  const norm = Math.sqrt(selves.xx) * Math.sqrt(selves.yy);
  const score = Math.max(-1, Math.min(1, (xy - rowNorms.xy) / norm));
  const warnings = found === 'imprecise' ? [IMPRECISE] : [];
  return { score, chance: 1 / n / (n - 1) / norm, warnings };
}

const UNDEFINED_MODIFIED =
  'The modified RV coefficient is undefined here: without its diagonal nothing but rounding is left of the products of a side.';

/**
 * Centred kernel alignment (Kornblith, Norouzi, Lee, Hinton 2019). With the linear kernel over all samples from inner products,
 * without factors where nothing else needs them; with every other kernel, and over minibatches, from samples.
 *
 * @module
 */
import { OptionError } from '../errors.js';
import { flag, keyword, knownKeys, wholeNumber } from '../options.js';
import { checkKernel } from './cka-kernels.js';
import type { Bandwidth, CkaKernel } from './cka-kernels.js';
import { UNDEFINED_DEBIASED, checkEstimate, ckaOfSamples } from './cka-samples.js';
import type { MinibatchWeights } from './cka-samples.js';
import type { InnerProducts } from '../factor/products.js';
import { IMPRECISE, standingOf } from '../pairwise/centred-products.js';
import { kernelCosine, overProducts, roundingOfDifference } from './inner-products.js';
import type { Accuracies, Accuracy } from './inner-products.js';
import type { Measure, Outcome } from './measure.js';

/** Options of {@link cka}. */
export interface CkaOptions {
  /**
   * `'linear'`: `⟨x, y⟩`. `'polynomial'`: `(γ⟨x, y⟩ + c)^degree`, as scikit-learn's `polynomial_kernel`. `'rbf'`:
   * `exp(−‖x − y‖²/2σ²)`. `'cosine'`: `⟨x, y⟩/‖x‖‖y‖`, 0 for a sample of zeros. All but `'linear'` compare every sample with
   * every other, in tiles: n² · d operations and little memory.
   * @defaultValue `'linear'`
   */
  readonly kernel?: CkaKernel;
  /**
   * Bandwidth of `'rbf'`, of each side: `{ medianFraction: t }` makes σ² = t² · the median of all n² squared distances (the
   * diagonal's zeros included, as Kornblith's code, whose own default is 1 and whose printed example takes 0.5), or
   * `{ fixed: σ }` in the units of the activations. Over minibatches the median is that of each minibatch.
   * @defaultValue `{ medianFraction: 1 }`
   */
  readonly sigma?: Bandwidth;
  /** Degree of `'polynomial'`, a whole number of at least 1. @defaultValue `3` */
  readonly degree?: number;
  /** The c of `'polynomial'`, at least 0. @defaultValue `1` */
  readonly coefficient?: number;
  /** The γ of `'polynomial'`, above 0; `'auto'` is 1/neurons of the side. @defaultValue `'auto'` */
  readonly gamma?: 'auto' | number;
  /**
   * Whether neurons are centred before `'polynomial'` and `'cosine'`; those two notice where the origin is, and the published
   * codes take the activations as they are. `'linear'` and `'rbf'` do not notice.
   * @defaultValue `false`
   */
  readonly centred?: boolean;
  /**
   * `'biased'`: HSIC of Gretton et al. 2005, as Kornblith. `'debiased'`: the unbiased HSIC of Song et al. 2012 in all three
   * places; near 0 for independent representations even with few samples, and may fall below 0.
   * @defaultValue `'biased'`, and `'debiased'` with `minibatch`
   */
  readonly estimator?: 'biased' | 'debiased';
  /**
   * Samples in a minibatch, at least 4: the unbiased HSIC of each run of so many consecutive samples, averaged before the ratio
   * is taken (Nguyen, Raghu, Kornblith 2021, equation 3). A last minibatch of fewer than 4 is left out, and a warning says so.
   * `false`: all samples at once.
   * @defaultValue `false`
   */
  readonly minibatch?: false | number;
  /**
   * What a last minibatch that is shorter than the others counts by: `'samples'`, its share of samples, or `'equal'`, as much
   * as each of the others, as torch_cka has it.
   * @defaultValue `'samples'`
   */
  readonly minibatchWeights?: MinibatchWeights;
}

/**
 * CKA. Its `chance` is the average of the score over all orders of one side's samples, which is exact: `tr K · tr L / (n − 1)`
 * over the norms of the centred kernels, and 0 where debiased.
 */
export const ckaMeasure: Measure<CkaOptions> = {
  name: 'cka',
  reference:
    'Kornblith, Norouzi, Lee, Hinton, Similarity of neural network representations revisited, ICML 2019, arXiv 1905.00414; ' +
    'minibatches: Nguyen, Raghu, Kornblith, ICLR 2021, arXiv 2010.15327',
  invariances: ['orthogonal', 'isotropic scaling', 'translation'],
  cost: 'n·d² a layer and a pair; n²·d a pair with a kernel that is not linear, n·b·d over minibatches of b',
  symmetric: true,
  defaults: Object.freeze({
    kernel: 'linear',
    sigma: Object.freeze({ medianFraction: 1 }),
    degree: 3,
    coefficient: 1,
    gamma: 'auto',
    centred: false,
    estimator: 'biased',
    minibatch: false,
    minibatchWeights: 'samples',
  }),

  resolve(options) {
    knownKeys('cka', options, Object.keys(this.defaults));
    const all = { ...this.defaults, ...options };
    const minibatch = all.minibatch === false ? false : wholeNumber('minibatch', all.minibatch, 4);
    const usual = minibatch === false ? this.defaults.estimator : 'debiased';
    const { estimator: asked = usual } = options;
    const estimator = keyword('estimator', asked, ['biased', 'debiased']);
    if (minibatch !== false && estimator === 'biased') {
      throw new OptionError(
        "estimator is 'biased': an average over minibatches needs 'debiased', since the bias depends on their size",
      );
    }
    const minibatchWeights = keyword('minibatchWeights', all.minibatchWeights, ['samples', 'equal']);
    if (minibatch === false && minibatchWeights !== this.defaults.minibatchWeights) {
      throw new OptionError(
        `minibatchWeights is '${minibatchWeights}', but minibatch is false: give minibatch, too`,
      );
    }
    const kernel = checkKernel(all, this.defaults);
    return { ...kernel, centred: flag('centred', all.centred), estimator, minibatch, minibatchWeights };
  },

  needs: ({ kernel, estimator, minibatch }) =>
    kernel === 'linear' && minibatch === false
      ? { keep: 'all', rowNorms: estimator === 'debiased', products: true, valuesOnly: true }
      : { samples: true },

  ...overProducts((products, accuracy, samples, { estimator }) =>
    linear(products, accuracy, samples, estimator),
  ),

  evaluateSamples: (pair, options, engine) => ckaOfSamples(engine, pair, options),
};

/**
 * Linear CKA of sides of trace 1. Unbiased HSIC of linear kernels needs, beside `‖XᵀY‖²`, only the squared norms `aᵢ`, `bᵢ` of the
 * centred rows: `n(n−3)·HSIC = ‖XᵀY‖² − Σaᵢbᵢ·n/(n−2) + ΣaᵢΣbᵢ/((n−1)(n−2))`.
 */
function linear(
  products: InnerProducts,
  accuracy: Accuracies,
  n: number,
  estimator: 'biased' | 'debiased',
): Outcome {
  if (estimator === 'biased') return kernelCosine(products, n);
  checkEstimate(n, { estimator });
  const { rowNorms } = products;
  if (rowNorms === undefined)
    throw new TypeError('debiased CKA was not given the row norms that it asked for');
  const [ofNorms, ofTraces] = [n / (n - 2), 1 / ((n - 1) * (n - 2))];
  const hsic = (side: 'xx' | 'xy' | 'yy') => products[side] - ofNorms * rowNorms[side] + ofTraces;
  const rounding = (side: 'xx' | 'yy', own: Accuracy) => {
    const terms = products[side] + ofNorms * rowNorms[side] + ofTraces;
    return roundingOfDifference(terms, rowNorms[side], n, own);
  };
  const [xx, xy, yy] = [hsic('xx'), hsic('xy'), hsic('yy')];
  const found = standingOf({ xx, yy }, { x: rounding('xx', accuracy.x), y: rounding('yy', accuracy.y) });
  if (found === 'rounding') return { score: 0, warnings: [UNDEFINED_DEBIASED] };
  const warnings = found === 'imprecise' ? [IMPRECISE] : [];
  return { score: xy / Math.sqrt(xx) / Math.sqrt(yy), chance: 0, warnings };
}

/**
 * Centred kernel alignment (Kornblith, Norouzi, Lee, Hinton 2019). With the linear kernel over all samples from factors:
 * `‖S₁CS₂‖²`; with every other kernel, and over minibatches, from samples.
 *
 * @module
 */
import { OptionError } from '../errors.js';
import { flag, keyword, knownKeys, wholeNumber } from '../options.js';
import type { Factor } from '../factor/factor.js';
import { checkKernel } from './cka-kernels.js';
import type { Bandwidth, CkaKernel } from './cka-kernels.js';
import { UNDEFINED_DEBIASED, checkEstimate, ckaOfSamples } from './cka-samples.js';
import type { Measure, Pair } from './measure.js';

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
   * is taken (Nguyen, Raghu, Kornblith 2021, equation 3). A shorter last minibatch counts by its share of samples; with fewer
   * than 4 it is left out, and a warning says so. `false`: all samples at once.
   * @defaultValue `false`
   */
  readonly minibatch?: false | number;
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
  cost: 'n·d² and d³ a layer, n·d² a pair; n²·d a pair with a kernel that is not linear, n·b·d over minibatches of b',
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
  }),

  resolve(options) {
    knownKeys('cka', options, Object.keys(this.defaults));
    const all = { ...this.defaults, ...options };
    const minibatch = all.minibatch === false ? false : wholeNumber('minibatch', all.minibatch, 4);
    const usual = minibatch === false ? this.defaults.estimator : 'debiased';
    const estimator = keyword('estimator', options.estimator ?? usual, ['biased', 'debiased']);
    if (minibatch !== false && estimator === 'biased') {
      throw new OptionError(
        "estimator is 'biased': an average over minibatches needs 'debiased', since the bias depends on their size",
      );
    }
    return { ...checkKernel(all), centred: flag('centred', all.centred), estimator, minibatch };
  },

  needs: ({ kernel, estimator, minibatch }) =>
    kernel === 'linear' && minibatch === false
      ? { keep: 'all', rowNorms: estimator === 'debiased' }
      : { samples: true },

  evaluate(pair, { estimator }) {
    const kept = { x: pair.x.rank, y: pair.y.rank };
    const constant = kept.x === 0 || kept.y === 0;
    return Promise.resolve().then(() => {
      if (constant) return { score: 0, kept };
      return estimator === 'biased' ? { ...biased(pair), kept } : { ...debiased(pair), kept };
    });
  },

  evaluateSamples: (pair, options, engine) => ckaOfSamples(engine, pair, options),
};

function biased({ x, y, cross }: Pair): { score: number; chance: number } {
  const [a, b] = [relative(x), relative(y)];
  const norms = Math.sqrt(sumOf(a, 4) * sumOf(b, 4));
  // The kernels' traces and norms do not change with the order of samples.
  const chance = (sumOf(a, 2) * sumOf(b, 2)) / norms / (x.samples - 1);
  return { score: Math.min(1, alignmentOf(a, b, cross.data) / norms), chance: Math.min(1, chance) };
}

/**
 * Unbiased HSIC of linear kernels needs, beside `‖XᵀY‖²`, only the squared norms `aᵢ`, `bᵢ` of the centred rows:
 * `n(n−3)·HSIC = ‖XᵀY‖² − Σaᵢbᵢ·n/(n−2) + ΣaᵢΣbᵢ/((n−1)(n−2))`.
 */
function debiased({ x, y, cross, rowNorms }: Pair): { score: number; chance?: number; warnings?: string[] } {
  const n = x.samples;
  checkEstimate(n, { estimator: 'debiased' });
  if (rowNorms === undefined)
    throw new TypeError('debiased CKA was not given the row norms that it asked for');
  const [a, b] = [relative(x), relative(y)];
  const [p, q] = [x.s[0] ** 2, y.s[0] ** 2];
  const hsic = (product: number, norms: number, traces: number) =>
    product - (norms * n) / (n - 2) + traces / ((n - 1) * (n - 2));
  const [ta, tb] = [sumOf(a, 2), sumOf(b, 2)];
  const xy = hsic(alignmentOf(a, b, cross.data), rowNorms.xy / p / q, ta * tb);
  const xx = hsic(sumOf(a, 4), rowNorms.xx / p / p, ta * ta);
  const yy = hsic(sumOf(b, 4), rowNorms.yy / q / q, tb * tb);
  if (xx <= 0 || yy <= 0) {
    return { score: 0, warnings: [UNDEFINED_DEBIASED] };
  }
  return { score: xy / Math.sqrt(xx) / Math.sqrt(yy), chance: 0 };
}

/** `Σ (aᵢ Cᵢⱼ bⱼ)²`. */
function alignmentOf(a: Float64Array, b: Float64Array, cross: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j < b.length; j++) sum += (a[i] * cross[i * b.length + j] * b[j]) ** 2;
  }
  return sum;
}

/** Singular values relative to the largest: their fourth powers then neither overflow nor vanish. */
function relative({ s }: Factor): Float64Array {
  return s.map((value) => value / s[0]);
}

function sumOf(values: Float64Array, power: number): number {
  return values.reduce((sum, value) => sum + value ** power, 0);
}

/**
 * Centred kernel alignment with the linear kernel (Kornblith, Norouzi, Lee, Hinton 2019), from factors: `‖S₁CS₂‖²`.
 *
 * @module
 */
import { DataError } from '../errors.js';
import { keyword, knownKeys } from '../options.js';
import type { Factor } from '../factor/factor.js';
import type { Measure, Pair } from './measure.js';

/** Options of {@link cka}. */
export interface CkaOptions {
  /**
   * `'biased'`: HSIC of Gretton et al. 2005, as Kornblith. `'debiased'`: the unbiased HSIC of Song et al. 2012 in all three
   * places; near 0 for independent representations even with few samples, and may fall below 0.
   * @defaultValue `'biased'`
   */
  readonly estimator?: 'biased' | 'debiased';
}

/** Linear CKA. */
export const ckaMeasure: Measure<CkaOptions> = {
  name: 'cka',
  reference:
    'Kornblith, Norouzi, Lee, Hinton, Similarity of neural network representations revisited, ICML 2019, arXiv 1905.00414',
  invariances: ['orthogonal', 'isotropic scaling', 'translation'],
  cost: 'n·d² and d³ a layer, n·d² a pair',
  symmetric: true,
  defaults: Object.freeze({ estimator: 'biased' }),

  resolve(options) {
    knownKeys('cka', options, Object.keys(this.defaults));
    const all = { ...this.defaults, ...options };
    return { estimator: keyword('estimator', all.estimator, ['biased', 'debiased']) };
  },

  needs: ({ estimator }) => ({ keep: 'all', rowNorms: estimator === 'debiased' }),

  evaluate(pair, { estimator }) {
    const kept = { x: pair.x.rank, y: pair.y.rank };
    const constant = kept.x === 0 || kept.y === 0;
    return Promise.resolve().then(() => {
      if (constant) return { score: 0, kept };
      return estimator === 'biased' ? { score: biased(pair), kept } : { ...debiased(pair), kept };
    });
  },
};

function biased({ x, y, cross }: Pair): number {
  const [a, b] = [relative(x), relative(y)];
  const alignment = alignmentOf(a, b, cross.data) / Math.sqrt(sumOf(a, 4) * sumOf(b, 4));
  return Math.min(1, alignment);
}

/**
 * Unbiased HSIC of linear kernels needs, beside `‖XᵀY‖²`, only the squared norms `aᵢ`, `bᵢ` of the centred rows:
 * `n(n−3)·HSIC = ‖XᵀY‖² − Σaᵢbᵢ·n/(n−2) + ΣaᵢΣbᵢ/((n−1)(n−2))`.
 */
function debiased({ x, y, cross, rowNorms }: Pair): { score: number; warnings?: string[] } {
  const n = x.samples;
  if (n < 4) {
    throw new DataError(`debiased CKA of ${n} samples: at least 4 are needed`, { code: 'TOO_FEW_SAMPLES' });
  }
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
    return {
      score: 0,
      warnings: ['Debiased CKA is undefined here: the unbiased self-similarity of a side is not positive.'],
    };
  }
  return { score: xy / Math.sqrt(xx) / Math.sqrt(yy) };
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

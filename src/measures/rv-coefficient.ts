/**
 * The RV coefficient (Robert & Escoufier 1976) and its modified form (Smilde et al. 2009): correlation of the samples' inner
 * products `K = XXᵀ`, `L = YYᵀ` of centred sides, with or without their diagonals.
 *
 * @module
 */
import { flag, knownKeys } from '../options.js';
import type { Factor } from '../factor/factor.js';
import type { Measure, Outcome, Pair } from './measure.js';
import { scaledCross } from './scaled-cross.js';

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
  cost: 'n·d² and d³ a layer, n·d² a pair',
  symmetric: true,
  defaults: Object.freeze({ modified: false }),

  resolve(options) {
    knownKeys('rvCoefficient', options, Object.keys(this.defaults));
    return { modified: flag('modified', { ...this.defaults, ...options }.modified) };
  },

  needs: ({ modified }) => ({ keep: 'all', rowNorms: modified }),

  evaluate(pair, { modified }) {
    const kept = { x: pair.x.rank, y: pair.y.rank };
    return Promise.resolve().then(() => {
      if (kept.x === 0 || kept.y === 0) return { score: 0, kept };
      return { ...(modified ? withoutDiagonals(pair) : whole(pair)), kept };
    });
  },
};

/** Sums over the samples' inner products of a pair whose sides both have largest singular value 1. */
function products(pair: Pair) {
  const [a, b] = [relative(pair.x), relative(pair.y)];
  const { data } = scaledCross({ ...pair, x: { ...pair.x, s: a }, y: { ...pair.y, s: b } });
  return {
    kl: data.reduce((sum, value) => sum + value * value, 0),
    kk: sumOf(a, 4),
    ll: sumOf(b, 4),
    traces: sumOf(a, 2) * sumOf(b, 2),
  };
}

/** Over all orders of the samples `⟨K, L⟩` has the mean `tr K · tr L / (n − 1)`. */
function whole(pair: Pair): Outcome {
  const { kl, kk, ll, traces } = products(pair);
  const norm = Math.sqrt(kk * ll);
  return { score: Math.min(1, kl / norm), chance: traces / (pair.x.samples - 1) / norm };
}

/**
 * The squared diagonals are the squared norms of the rows. Centred rows sum to nothing, so the other entries of `K` sum to
 * `−tr K`, and the product of two such sums over `n(n − 1)` is the mean over all orders of the samples.
 */
function withoutDiagonals(pair: Pair): Outcome {
  const { x, y, rowNorms } = pair;
  if (rowNorms === undefined)
    throw new TypeError('the modified RV coefficient was not given the row norms that it asked for');
  const { kl, kk, ll, traces } = products(pair);
  const [p, q] = [x.s[0] ** 2, y.s[0] ** 2];
  const norm = Math.sqrt(kk - rowNorms.xx / p / p) * Math.sqrt(ll - rowNorms.yy / q / q);
  const score = (kl - rowNorms.xy / p / q) / norm;
  return {
    score: Math.max(-1, Math.min(1, score)),
    chance: traces / x.samples / (x.samples - 1) / norm,
  };
}

/** Singular values relative to the largest: their fourth powers then neither overflow nor vanish. */
function relative({ s }: Factor): Float64Array {
  return s.map((value) => value / s[0]);
}

function sumOf(values: Float64Array, power: number): number {
  return values.reduce((sum, value) => sum + value ** power, 0);
}

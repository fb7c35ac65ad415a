/**
 * Representational similarity analysis (Kriegeskorte, Mur, Bandettini 2008): how alike two representations find the same
 * pairs of samples.
 *
 * @module
 */
import { DataError, UnsupportedError } from '../errors.js';
import { keyword, knownKeys } from '../options.js';
import type { Engine } from '../engines/engine.js';
import { kendall } from '../pairwise/kendall.js';
import { SORTED_UP_TO, spearman } from '../pairwise/ranks.js';
import { allPairs, pairsOf } from '../pairwise/ranks-pairs.js';
import type { Sides } from '../pairwise/ranks-pairs.js';
import { pairwiseSums } from '../pairwise/sums.js';
import type { Measure, SampledPair } from './measure.js';
import { cosine, pearson, whitenedCosine, whitenedPearson } from './rsa-correlations.js';
import type { Correlated } from './rsa-correlations.js';
import { DISSIMILARITIES, dissimilarityOf } from './rsa-dissimilarity.js';
import type { Dissimilarity } from './rsa-dissimilarity.js';
import { boundWarnings, directionWarnings, tiedWarnings } from './rsa-warnings.js';

const CORRELATIONS = [
  'pearson',
  'spearman',
  'rhoA',
  'kendall',
  'kendallTauB',
  'cosine',
  'whitenedPearson',
  'whitenedCosine',
] as const;

/** Options of {@link rsa}. */
export interface RsaOptions {
  /**
   * How two samples differ within one representation; nothing is centred over the samples, and factors that would be common to
   * all pairs are left out.
   *
   * - `'correlation'`: `1 − r`, Pearson's r over the neurons (Kriegeskorte; the default of ReSi, too)
   * - `'cosine'`: `1 − cos`
   * - `'euclidean'`: `‖xᵢ − xⱼ‖`
   * - `'squaredEuclidean'`: its square (rsatoolbox's `euclidean`, which divides it by the number of neurons)
   * - `'mahalanobis'`: `√((xᵢ − xⱼ)ᵀ Σ⁺ (xᵢ − xⱼ))`, Σ the covariance of the neurons over the samples and Σ⁺ its
   *   pseudo-inverse (scipy's `mahalanobis`): Euclidean distance after whitening, so invariant under invertible linear maps.
   *   Pointless without more samples than neurons: all pairs then are equally far
   * - `'squaredMahalanobis'`: its square (rsatoolbox's `mahalanobis` with `noise` Σ⁺)
   *
   * A sample without direction (all neurons equal, of `'cosine'` all zero) has dissimilarity 1 from every other sample,
   * and 0 from others without direction.
   * @defaultValue `'correlation'`
   */
  readonly dissimilarity?: Dissimilarity;
  /**
   * How the dissimilarities of both sides over all pairs of samples are compared. In brackets the names of rsatoolbox, whose
   * numbers these are. For ranks, dissimilarities that agree to 2e-12 are tied.
   *
   * - `'spearman'` (`spearman`): exact for up to 4096 samples; beyond, the ranks are those of four million bins, with a warning
   *   if that could change the score by more than 1e-6
   * - `'rhoA'` (`rho-a`): the mean of Spearman's ρ over all ways to break ties, for models that predict ties (Schütt et al.
   *   2023); 1 only without ties
   * - `'pearson'` (`corr`)
   * - `'kendall'` (`tau-a`): τ-a, concordant less discordant over all pairs of pairs; 1 only without ties. Up to 4096 samples
   * - `'kendallTauB'` (`kendall`): τ-b, corrected for ties
   * - `'cosine'` (`cosine`): sensible where 0 means the same thing on both sides
   * - `'whitenedPearson'`, `'whitenedCosine'` (`corr_cov`, `cosine_cov`): the same of dissimilarities whitened by the
   *   covariance that independent noise of each sample gives them (Diedrichsen et al. 2021). Meant for squared distances;
   *   the whitened cosine of `'squaredEuclidean'` is linear CKA
   *
   * @defaultValue `'spearman'`, since dissimilarities of two systems need not be linearly related (Kriegeskorte et al. 2008;
   * ReSi's default as well)
   */
  readonly correlation?: (typeof CORRELATIONS)[number];
}

/** RSA, from tiles of both dissimilarity matrices. */
export const rsaMeasure: Measure<RsaOptions> = {
  name: 'rsa',
  reference:
    'Kriegeskorte, Mur, Bandettini, Representational similarity analysis, Frontiers in Systems Neuroscience 2:4, 2008',
  invariances: ['isotropic scaling'],
  cost: 'n²·d a pair; with spearman twice that above 4096 samples',
  symmetric: true,
  defaults: Object.freeze({ dissimilarity: 'correlation', correlation: 'spearman' }),

  resolve(options) {
    knownKeys('rsa', options, Object.keys(this.defaults));
    const all = { ...this.defaults, ...options };
    return {
      dissimilarity: keyword('dissimilarity', all.dissimilarity, DISSIMILARITIES),
      correlation: keyword('correlation', all.correlation, CORRELATIONS),
    };
  },

  needs: () => ({ samples: true }),

  async evaluateSamples(pair, options, engine) {
    const { x, y } = pair;
    if (x.rows < 3) {
      throw new DataError(
        `RSA of ${x.rows} samples, which are ${pairsOf(x.rows)} pair: at least 3 samples are needed`,
        {
          code: 'TOO_FEW_SAMPLES',
        },
      );
    }
    checkKendall(x.rows, options);
    const sides: Sides = [
      await dissimilarityOf(engine, x, options.dissimilarity, pair.rounding?.x),
      await dissimilarityOf(engine, y, options.dissimilarity, pair.rounding?.y),
    ];
    const { score, chance, tied, bound = 0 } = await correlated(engine, sides, pair, options);
    const warnings = [
      ...directionWarnings(pair, options.dissimilarity),
      ...tiedWarnings(pair, options.dissimilarity, tied),
      ...boundWarnings(bound),
    ];
    return { score, chance, warnings };
  },
};

/** Chance levels are exact: the mean over all orders in which one side's samples can be put. */
async function correlated(
  engine: Engine,
  sides: Sides,
  { breathe }: SampledPair,
  { correlation }: Required<RsaOptions>,
): Promise<Correlated & { bound?: number }> {
  switch (correlation) {
    case 'spearman':
    case 'rhoA': {
      const { score, rhoA, tied, bound } = await spearman(engine, sides, breathe);
      return { score: correlation === 'rhoA' ? rhoA : score, chance: 0, tied, bound };
    }
    case 'kendall':
    case 'kendallTauB': {
      const { tauA, tauB, tied } = kendall(...(await allPairs(engine, sides, breathe)));
      return { score: correlation === 'kendall' ? tauA : tauB, chance: 0, tied };
    }
    case 'pearson':
      return pearson(await pairwiseSums(engine, ...sides, breathe));
    case 'cosine':
      return cosine(await pairwiseSums(engine, ...sides, breathe));
    case 'whitenedPearson':
      return whitenedPearson(await pairwiseSums(engine, ...sides, breathe));
    case 'whitenedCosine':
      return whitenedCosine(await pairwiseSums(engine, ...sides, breathe));
  }
}

function checkKendall(samples: number, { correlation }: Required<RsaOptions>): void {
  if (!correlation.startsWith('kendall') || pairsOf(samples) <= SORTED_UP_TO) return;
  throw new UnsupportedError(
    `Kendall's correlation of ${samples} samples needs all ${pairsOf(samples)} dissimilarities in memory, and is computed for ` +
      "up to 4096 samples: choose correlation 'spearman', or give a random part of the samples",
  );
}

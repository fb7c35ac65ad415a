/** RSA against scipy's pdist with its correlations, and against rsatoolbox. */
import { rsaMeasure } from '../../../src/measures/rsa.js';
import type { RsaOptions } from '../../../src/measures/rsa.js';
import { by } from '../agreement.js';
import type { Agreement } from '../agreement.js';
import type { PairName } from '../data.js';

type Dissimilarity = NonNullable<RsaOptions['dissimilarity']>;
type Correlation = NonNullable<RsaOptions['correlation']>;

/** Exact zeros in rows make cosine and correlation undefined, and dead neurons a covariance singular: not every pair suits all. */
const PAIRS: Partial<Record<Dissimilarity, readonly PairName[]>> = {
  correlation: ['mnist', 'plain', 'offset', 'scales', 'wide'],
  cosine: ['mnist', 'plain', 'offset', 'scales', 'wide'],
  euclidean: ['mnist', 'plain', 'offset', 'scales', 'relu', 'wide', 'tied'],
  squaredEuclidean: ['mnist', 'plain', 'offset', 'scales', 'relu', 'wide', 'tied'],
};

const PDIST = {
  correlation: 'correlation',
  cosine: 'cosine',
  euclidean: 'euclidean',
  squaredEuclidean: 'sqeuclidean',
} as const;

/** scipy's Kendall is τ-b, and sorts a million of pairs for seconds. */
const SCIPY = { pearson: 'pearson', spearman: 'spearman', kendallTauB: 'kendall' } as const;

export const scipyRsa: readonly Agreement[] = [
  ...(Object.keys(PDIST) as (keyof typeof PDIST)[]).flatMap((dissimilarity) =>
    (Object.keys(SCIPY) as (keyof typeof SCIPY)[]).map((correlation): Agreement => ({
      of: `RSA ${dissimilarity}, ${correlation} (pdist)`,
      call: 'rsa',
      options: { dissimilarity: PDIST[dissimilarity], correlation: SCIPY[correlation] },
      pairs: PAIRS[dissimilarity]!.filter((pair) => correlation !== 'kendallTauB' || pair !== 'mnist'),
      ours: by(rsaMeasure, { dissimilarity, correlation }),
    })),
  ),
  ...(['pearson', 'spearman'] as const).flatMap((correlation) =>
    [false, true].map((squared): Agreement => ({
      of: `RSA ${squared ? 'squaredMahalanobis' : 'mahalanobis'}, ${correlation} (pdist)`,
      call: 'rsa_mahalanobis',
      options: { correlation, squared },
      pairs: ['mnist', 'plain', 'scales', 'relu'],
      ours: by(rsaMeasure, { dissimilarity: squared ? 'squaredMahalanobis' : 'mahalanobis', correlation }),
    })),
  ),
];

/** Its names; its Euclidean and Mahalanobis dissimilarities are squared. */
const RSATOOLBOX: Partial<Record<Dissimilarity, { dissimilarity: string; root?: boolean }>> = {
  correlation: { dissimilarity: 'correlation' },
  euclidean: { dissimilarity: 'euclidean', root: true },
  squaredEuclidean: { dissimilarity: 'euclidean' },
  squaredMahalanobis: { dissimilarity: 'mahalanobis' },
};

const COMPARE: Record<Correlation, string> = {
  pearson: 'corr',
  spearman: 'spearman',
  rhoA: 'rho-a',
  kendall: 'tau-a',
  kendallTauB: 'tau-b',
  cosine: 'cosine',
  whitenedPearson: 'corr_cov',
  whitenedCosine: 'cosine_cov',
};

export const rsatoolboxRsa: readonly Agreement[] = (
  Object.keys(RSATOOLBOX) as (keyof typeof RSATOOLBOX)[]
).flatMap((dissimilarity) =>
  (Object.keys(COMPARE) as Correlation[]).map((correlation): Agreement => ({
    of: `RSA ${dissimilarity}, ${correlation}`,
    call: 'rsa',
    options: { ...RSATOOLBOX[dissimilarity]!, correlation: COMPARE[correlation] },
    pairs:
      dissimilarity === 'squaredMahalanobis'
        ? ['plain', 'scales']
        : [
            ...(['plain', 'scales', 'wide'] as const),
            ...(correlation.startsWith('kendall') || correlation.startsWith('whitened')
              ? []
              : (['mnist'] as const)),
            ...(dissimilarity.endsWith('uclidean') ? (['tied'] as const) : []),
          ],
    ours: by(rsaMeasure, { dissimilarity, correlation }),
  })),
);

import { ccaMeasure } from '../../../src/measures/cca.js';
import { ckaMeasure } from '../../../src/measures/cka.js';
import { partial } from '../../../src/measures/partial.js';
import { plsMeasure } from '../../../src/measures/pls.js';
import { regressionMeasure } from '../../../src/measures/regression.js';
import { svccaMeasure } from '../../../src/measures/svcca.js';
import { by, computed, padded } from '../agreement.js';
import type { PeerTable } from '../agreement.js';
import { sklearnAreas } from './areas.js';
import { sklearnChance } from './chance.js';
import { sklearnInference } from './inference.js';
import { sklearnKernels } from './kernels.js';
import { sklearnNeighbours } from './knn.js';

export const sklearn: PeerTable = {
  peer: 'scikit-learn',
  agreements: [
    {
      of: 'leading canonical correlations (CCA)',
      call: 'cca',
      options: { components: 5 },
      pairs: ['mnist', 'plain', 'offset', 'relu'],
      ours: by(ccaMeasure, {}, ({ correlations }) => correlations!.slice(0, 5)),
      within: 1e-6,
      because: 'its power iterations stop before the last digits',
    },
    {
      of: 'covariances of the scores (PLSSVD)',
      call: 'pls',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu', 'wide'],
      ours: by(plsMeasure, {}, ({ singularValues }, answer) => padded(singularValues!, answer)),
    },
    {
      of: 'R² of y from x (LinearRegression)',
      call: 'regression',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu'],
      ours: by(regressionMeasure),
    },
    {
      of: 'SVCCA with 0.99 of the variance (PCA, then principal angles)',
      call: 'svcca',
      options: { variance: 0.99 },
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu'],
      ours: by(svccaMeasure, {}, ({ correlations }) => correlations!),
    },
    {
      of: 'linear CKA (pairwise_kernels, KernelCenterer)',
      call: 'cka',
      options: { kernel: 'linear' },
      pairs: ['mnist', 'plain', 'scales', 'relu', 'wide'],
      ours: by(ckaMeasure),
    },
    {
      of: 'linear CKA of what a third representation leaves (LinearRegression)',
      call: 'partial_cka',
      options: { kernel: 'linear' },
      pairs: ['confounded'],
      ours: computed(
        "partial(x, y, z, { measure: 'cka' })",
        async ({ x, y, z }) => (await partial(x, y, z!, { measure: 'cka' })).score,
      ),
    },
    {
      of: 'RBF CKA of what a third representation leaves',
      call: 'partial_cka',
      options: { kernel: 'rbf', gamma: 0.01 },
      pairs: ['confounded'],
      ours: computed(
        "partial(x, y, z, { measure: 'cka', kernel: 'rbf', sigma: { fixed: √50 } })",
        async ({ x, y, z }) => {
          const sigma = { fixed: Math.sqrt(50) };
          return (await partial(x, y, z!, { measure: 'cka', kernel: 'rbf', sigma })).score;
        },
      ),
    },
    ...sklearnKernels,
    ...sklearnNeighbours,
    ...sklearnChance,
    ...sklearnInference,
    ...sklearnAreas,
  ],
};

import { ccaMeasure } from '../../../src/measures/cca.js';
import { ckaMeasure } from '../../../src/measures/cka.js';
import { plsMeasure } from '../../../src/measures/pls.js';
import { regressionMeasure } from '../../../src/measures/regression.js';
import { svccaMeasure } from '../../../src/measures/svcca.js';
import { by, padded } from '../agreement.js';
import type { PeerTable } from '../agreement.js';
import { sklearnInference } from './inference.js';
import { sklearnKernels } from './kernels.js';

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
    ...sklearnKernels,
    ...sklearnInference,
  ],
};

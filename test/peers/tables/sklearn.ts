import { ccaMeasure } from '../../../src/measures/cca.js';
import { ckaMeasure } from '../../../src/measures/cka.js';
import { measurePair } from '../../../src/measures/functions.js';
import { plsMeasure } from '../../../src/measures/pls.js';
import { regressionMeasure } from '../../../src/measures/regression.js';
import { svccaMeasure } from '../../../src/measures/svcca.js';
import { padded, scoreOf } from '../agreement.js';
import type { PeerTable } from '../agreement.js';

export const sklearn: PeerTable = {
  peer: 'scikit-learn',
  agreements: [
    {
      of: 'leading canonical correlations (CCA)',
      call: 'cca',
      options: { components: 5 },
      pairs: ['mnist', 'plain', 'offset', 'relu'],
      ours: async ({ x, y }) => (await measurePair(ccaMeasure, x, y, {})).correlations!.slice(0, 5),
      within: 1e-6,
      because: 'its power iterations stop before the last digits',
    },
    {
      of: 'covariances of the scores (PLSSVD)',
      call: 'pls',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu', 'wide'],
      ours: async ({ x, y }, answer) =>
        padded((await measurePair(plsMeasure, x, y, {})).singularValues!, answer),
    },
    {
      of: 'R² of y from x (LinearRegression)',
      call: 'regression',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu'],
      ours: ({ x, y }) => scoreOf(measurePair(regressionMeasure, x, y, {})),
    },
    {
      of: 'SVCCA with 0.99 of the variance (PCA, then principal angles)',
      call: 'svcca',
      options: { variance: 0.99 },
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu'],
      ours: async ({ x, y }) => (await measurePair(svccaMeasure, x, y, {})).correlations!,
    },
    {
      of: 'linear CKA (pairwise_kernels, KernelCenterer)',
      call: 'cka',
      options: { kernel: 'linear' },
      pairs: ['mnist', 'plain', 'scales', 'relu', 'wide'],
      ours: ({ x, y }) => scoreOf(measurePair(ckaMeasure, x, y, {})),
    },
  ],
};

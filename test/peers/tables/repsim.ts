import { ccaMeasure } from '../../../src/measures/cca.js';
import { ckaMeasure } from '../../../src/measures/cka.js';
import { measurePair } from '../../../src/measures/run-pair.js';
import { pwccaMeasure } from '../../../src/measures/pwcca.js';
import { by, computed } from '../agreement.js';
import type { PeerTable } from '../agreement.js';
import { repsimKernels } from './kernels.js';

export const repsim: PeerTable = {
  peer: 'repsim',
  agreements: [
    {
      of: 'mean ρ (cca, pillai)',
      call: 'cca',
      options: { summary: 'pillai' },
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu'],
      ours: by(ccaMeasure),
    },
    {
      of: 'mean ρ² (cca, yanai)',
      call: 'cca',
      options: { summary: 'yanai' },
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu'],
      ours: by(ccaMeasure, { summary: 'meanSquared' }),
    },
    {
      of: 'PWCCA, the mean of both sides',
      call: 'pwcca',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu'],
      ours: computed("mean of pwcca { side: 'x' } and { side: 'y' }", async ({ x, y }) => {
        const [a, b] = [
          await measurePair(pwccaMeasure, x, y, { side: 'x' }),
          await measurePair(pwccaMeasure, x, y, { side: 'y' }),
        ];
        return (a.score + b.score) / 2;
      }),
    },
    {
      of: 'linear CKA (gretton)',
      call: 'cka',
      options: { kernel: 'linear', estimator: 'gretton' },
      pairs: ['mnist', 'plain', 'offset', 'relu', 'wide'],
      ours: by(ckaMeasure),
    },
    {
      of: 'debiased linear CKA (ratio of hsic, song)',
      call: 'hsic_ratio',
      options: { kernel: 'linear', estimator: 'song' },
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu', 'wide'],
      ours: by(ckaMeasure, { estimator: 'debiased' }),
    },
    ...repsimKernels,
  ],
};

import { ccaMeasure } from '../../../src/measures/cca.js';
import { ckaMeasure } from '../../../src/measures/cka.js';
import { measurePair } from '../../../src/measures/functions.js';
import { pwccaMeasure } from '../../../src/measures/pwcca.js';
import { scoreOf } from '../agreement.js';
import type { PeerTable } from '../agreement.js';

export const repsim: PeerTable = {
  peer: 'repsim',
  agreements: [
    {
      of: 'mean ρ (cca, pillai)',
      call: 'cca',
      options: { summary: 'pillai' },
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu'],
      ours: ({ x, y }) => scoreOf(measurePair(ccaMeasure, x, y, {})),
    },
    {
      of: 'mean ρ² (cca, yanai)',
      call: 'cca',
      options: { summary: 'yanai' },
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu'],
      ours: ({ x, y }) => scoreOf(measurePair(ccaMeasure, x, y, { summary: 'meanSquared' })),
    },
    {
      of: 'PWCCA, the mean of both sides',
      call: 'pwcca',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu'],
      ours: async ({ x, y }) => {
        const [a, b] = [
          await measurePair(pwccaMeasure, x, y, { side: 'x' }),
          await measurePair(pwccaMeasure, x, y, { side: 'y' }),
        ];
        return (a.score + b.score) / 2;
      },
    },
    {
      of: 'linear CKA (gretton)',
      call: 'cka',
      options: { kernel: 'linear', estimator: 'gretton' },
      pairs: ['mnist', 'plain', 'offset', 'relu', 'wide'],
      ours: ({ x, y }) => scoreOf(measurePair(ckaMeasure, x, y, {})),
    },
    {
      of: 'debiased linear CKA (ratio of hsic, song)',
      call: 'hsic_ratio',
      options: { kernel: 'linear', estimator: 'song' },
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu', 'wide'],
      ours: ({ x, y }) => scoreOf(measurePair(ckaMeasure, x, y, { estimator: 'debiased' })),
    },
  ],
};

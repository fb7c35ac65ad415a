import { ccaMeasure } from '../../../src/measures/cca.js';
import { measurePair } from '../../../src/measures/functions.js';
import type { PeerTable } from '../agreement.js';

export const statsmodels: PeerTable = {
  peer: 'statsmodels',
  agreements: [
    {
      of: 'canonical correlations (CanCorr)',
      call: 'cca',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'square'],
      ours: async ({ x, y }) => (await measurePair(ccaMeasure, x, y, {})).correlations!,
    },
  ],
};

import { ccaMeasure } from '../../../src/measures/cca.js';
import { by } from '../agreement.js';
import type { PeerTable } from '../agreement.js';

export const statsmodels: PeerTable = {
  peer: 'statsmodels',
  agreements: [
    {
      of: 'canonical correlations (CanCorr)',
      call: 'cca',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'square'],
      ours: by(ccaMeasure, {}, ({ correlations }) => correlations!),
    },
  ],
};

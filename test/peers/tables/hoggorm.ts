import { measurePair } from '../../../src/measures/functions.js';
import { rvCoefficientMeasure } from '../../../src/measures/rv-coefficient.js';
import { scoreOf } from '../agreement.js';
import type { PeerTable } from '../agreement.js';

export const hoggorm: PeerTable = {
  peer: 'hoggorm',
  agreements: [
    {
      of: 'RV coefficient (RVcoeff)',
      call: 'rv',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu', 'wide'],
      ours: ({ x, y }) => scoreOf(measurePair(rvCoefficientMeasure, x, y, {})),
    },
    {
      of: 'modified RV coefficient (RV2coeff)',
      call: 'modified',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu', 'wide'],
      ours: ({ x, y }) => scoreOf(measurePair(rvCoefficientMeasure, x, y, { modified: true })),
    },
  ],
};

import { rvCoefficientMeasure } from '../../../src/measures/rv-coefficient.js';
import { by } from '../agreement.js';
import type { PeerTable } from '../agreement.js';
import { hoggormChance } from './chance.js';

export const hoggorm: PeerTable = {
  peer: 'hoggorm',
  agreements: [
    {
      of: 'RV coefficient (RVcoeff)',
      call: 'rv',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu', 'wide'],
      ours: by(rvCoefficientMeasure),
    },
    {
      of: 'modified RV coefficient (RV2coeff)',
      call: 'modified',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu', 'wide'],
      ours: by(rvCoefficientMeasure, { modified: true }),
    },
    ...hoggormChance,
  ],
};

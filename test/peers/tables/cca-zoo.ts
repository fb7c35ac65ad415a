import { ccaMeasure } from '../../../src/measures/cca.js';
import { by } from '../agreement.js';
import type { PeerTable } from '../agreement.js';

const correlations = by(ccaMeasure, {}, (result) => result.correlations!);

export const ccaZoo: PeerTable = {
  peer: 'cca-zoo',
  agreements: [
    {
      of: 'canonical correlations (CCA)',
      call: 'cca',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'square'],
      ours: correlations,
    },
    {
      of: 'canonical correlations (MCCA of two views)',
      call: 'mcca',
      pairs: ['mnist', 'plain', 'offset', 'square'],
      ours: correlations,
    },
  ],
};

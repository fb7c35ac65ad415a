import { ccaMeasure } from '../../../src/measures/cca.js';
import { partial } from '../../../src/measures/partial.js';
import { by, computed } from '../agreement.js';
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
    {
      of: 'partial canonical correlations (PartialCCA)',
      call: 'partial_cca',
      pairs: ['confounded'],
      ours: computed('partial(x, y, z)', async ({ x, y, z }) => (await partial(x, y, z!)).correlations!),
    },
  ],
};

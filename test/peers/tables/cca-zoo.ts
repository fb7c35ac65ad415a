import { ccaMeasure } from '../../../src/measures/cca.js';
import { measurePair } from '../../../src/measures/functions.js';
import type { PeerTable, Value } from '../agreement.js';
import type { Sides } from '../data.js';

const correlations = async ({ x, y }: Sides): Promise<Value> =>
  (await measurePair(ccaMeasure, x, y, {})).correlations!;

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

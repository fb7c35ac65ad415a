import { ccaMeasure } from '../../../src/measures/cca.js';
import { measurePair } from '../../../src/measures/functions.js';
import { procrustesMeasure } from '../../../src/measures/procrustes.js';
import { scoreOf } from '../agreement.js';
import type { PeerTable } from '../agreement.js';
import { scipyRsa } from './rsa.js';

export const scipy: PeerTable = {
  peer: 'scipy',
  agreements: [
    {
      of: 'canonical correlations (cosines of subspace_angles)',
      call: 'cca',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'square'],
      ours: async ({ x, y }) => (await measurePair(ccaMeasure, x, y, {})).correlations!,
    },
    {
      of: 'Procrustes disparity = 1 − p² (spatial.procrustes)',
      call: 'procrustes_disparity',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu', 'wide'],
      ours: async ({ x, y }) => 1 - (await measurePair(procrustesMeasure, x, y, {})).score ** 2,
    },
    {
      of: 'Procrustes similarity (scale of orthogonal_procrustes)',
      call: 'procrustes_scale',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu', 'wide'],
      ours: ({ x, y }) => scoreOf(measurePair(procrustesMeasure, x, y, {})),
    },
    ...scipyRsa,
  ],
};

import { ccaMeasure } from '../../../src/measures/cca.js';
import { procrustesMeasure } from '../../../src/measures/procrustes.js';
import { by } from '../agreement.js';
import type { PeerTable } from '../agreement.js';
import { scipyInference } from './inference.js';
import { scipyNeighbours } from './knn.js';
import { scipyRsa } from './rsa.js';

export const scipy: PeerTable = {
  peer: 'scipy',
  agreements: [
    {
      of: 'canonical correlations (cosines of subspace_angles)',
      call: 'cca',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'square'],
      ours: by(ccaMeasure, {}, ({ correlations }) => correlations!),
    },
    {
      of: 'Procrustes disparity = 1 − p² (spatial.procrustes)',
      call: 'procrustes_disparity',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu', 'wide'],
      ours: by(procrustesMeasure, {}, ({ score }) => 1 - score ** 2),
    },
    {
      of: 'Procrustes similarity (scale of orthogonal_procrustes)',
      call: 'procrustes_scale',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu', 'wide'],
      ours: by(procrustesMeasure),
    },
    ...scipyRsa,
    ...scipyNeighbours,
    ...scipyInference,
  ],
};

import { ccaMeasure } from '../../../src/measures/cca.js';
import { by, computed } from '../agreement.js';
import type { PeerTable } from '../agreement.js';
import { ccaDirections } from '../../../src/measures/directions.js';
import { statsmodelsInference } from './inference.js';

export const statsmodels: PeerTable = {
  peer: 'statsmodels',
  agreements: [
    {
      of: 'canonical correlations (CanCorr)',
      call: 'cca',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'square'],
      ours: by(ccaMeasure, {}, ({ correlations }) => correlations!),
    },
    {
      of: 'leading canonical weights of x (x_cancoef)',
      call: 'weights',
      options: { leading: 4 },
      pairs: ['mnist', 'plain', 'offset', 'confounded'],
      ours: computed('ccaDirections(x, y).x.weights', async ({ x, y }) => {
        const { rows, cols, data } = (await ccaDirections(x, y)).x.weights;
        return Array.from({ length: rows }, (_, i) => Array.from(data.subarray(i * cols, i * cols + 4)));
      }),
    },
    ...statsmodelsInference,
  ],
};

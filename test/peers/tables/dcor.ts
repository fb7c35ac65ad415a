import { distanceCorrelationMeasure } from '../../../src/measures/distance-correlation.js';
import { by } from '../agreement.js';
import type { Agreement, PeerTable } from '../agreement.js';
import { dcorChance } from './chance.js';

export const dcor: PeerTable = {
  peer: 'dcor',
  agreements: [
    {
      of: 'distance correlation',
      call: 'biased',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu', 'wide', 'tied'],
      ours: by(distanceCorrelationMeasure),
    },
    {
      of: 'distance correlation, squared',
      call: 'biased_squared',
      pairs: ['mnist', 'plain', 'relu'],
      ours: by(distanceCorrelationMeasure, { squared: true }),
    },
    {
      of: 'bias-corrected distance correlation, squared',
      call: 'debiased_squared',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu', 'wide', 'tied'],
      ours: by(distanceCorrelationMeasure, { estimator: 'debiased', squared: true }),
    },
    ...[0.5, 1.5].map((exponent): Agreement => ({
      of: `distance correlation, distances to the power of ${exponent}`,
      call: 'biased',
      options: { exponent },
      pairs: ['mnist', 'plain', 'scales', 'wide'],
      ours: by(distanceCorrelationMeasure, { exponent }),
    })),
    ...dcorChance,
  ],
};

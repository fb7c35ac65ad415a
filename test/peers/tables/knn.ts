/** Nearest neighbours against scikit-learn, and their chance level against scipy. */
import { mutualKnnMeasure } from '../../../src/measures/mutual-knn.js';
import { measurePair } from '../../../src/measures/run-pair.js';
import { by, computed } from '../agreement.js';
import type { Agreement } from '../agreement.js';

export const sklearnNeighbours: readonly Agreement[] = (['cosine', 'euclidean'] as const).flatMap((metric) =>
  (['mutual', 'jaccard'] as const).flatMap((overlap) =>
    [1, 10, 45].map((k): Agreement => ({
      of: `${overlap} overlap of ${k} neighbours, ${metric} (NearestNeighbors)`,
      call: overlap === 'mutual' ? 'mutual_knn' : 'jaccard_knn',
      options: { k, metric },
      // A sample of zeros has no direction, so the ReLU pair has no neighbours by cosine that all would agree on.
      pairs: [
        'mnist',
        'plain',
        'offset',
        'scales',
        'wide',
        ...(metric === 'euclidean' ? (['relu'] as const) : []),
      ],
      ours: by(mutualKnnMeasure, { k, metric, overlap }),
    })),
  ),
);

export const scipyNeighbours: readonly Agreement[] = [1, 10, 45].map((k): Agreement => ({
  of: `chance of ${k} neighbours (hypergeom)`,
  call: 'knn_chance',
  options: { k },
  pairs: ['mnist', 'plain', 'wide'],
  ours: computed(`mutualKnn { k: ${k} }.chance`, async ({ x, y }) => [
    (await measurePair(mutualKnnMeasure, x, y, { k })).chance!,
    (await measurePair(mutualKnnMeasure, x, y, { k, overlap: 'jaccard' })).chance!,
  ]),
}));

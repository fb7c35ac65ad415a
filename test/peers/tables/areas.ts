import type { Matrix } from '../../../src/matrix.js';
import { auc } from '../../../src/transfer/auc.js';
import { delong, delongTest } from '../../../src/transfer/delong.js';
import { computed } from '../agreement.js';
import type { Agreement, PeerTable } from '../agreement.js';

function column({ rows, cols, data }: Matrix, at: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => data[row * cols + at]);
}

export const sklearnAreas: readonly Agreement[] = [
  {
    of: 'areas under ROC curves (roc_auc_score)',
    call: 'areas',
    pairs: ['outcomes'],
    ours: computed('auc', ({ x, y }) =>
      Promise.resolve(Array.from({ length: x.cols }, (_, i) => auc(column(x, i), column(y, i)))),
    ),
    within: 1e-12,
  },
];

export const mlstatkit: PeerTable = {
  peer: 'MLstatkit',
  agreements: [
    {
      of: 'DeLong: z, p and intervals (Delong_test)',
      call: 'delong',
      pairs: ['outcomes'],
      ours: computed('delongTest, delong', ({ x, y }) => {
        const found = Array.from({ length: x.cols - 1 }, (_, i) => {
          const [a, b, labels] = [column(x, i), column(x, i + 1), column(y, i)];
          const { z, p } = delongTest(b, a, labels);
          const [of, and] = [delong(a, labels), delong(b, labels)];
          return [z, p, of.low, of.high, and.low, and.high];
        });
        return Promise.resolve(found);
      }),
    },
  ],
};

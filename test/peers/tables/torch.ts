import { ckaMeasure } from '../../../src/measures/cka.js';
import { presets } from '../../../src/measures/presets.js';
import { by } from '../agreement.js';
import type { PeerTable } from '../agreement.js';
import { ckatorchKernels } from './kernels.js';

const biased = by(ckaMeasure);
const debiased = by(ckaMeasure, { estimator: 'debiased' });

export const torchCka: PeerTable = {
  peer: 'torch_cka',
  agreements: [
    {
      of: 'debiased linear CKA, one batch of all samples, float64',
      call: 'cka',
      pairs: ['mnist', 'plain', 'scales', 'relu', 'wide'],
      ours: debiased,
    },
    ...[50, 100].map((batch) => ({
      of: `CKA over minibatches of ${batch}`,
      call: 'cka',
      options: { batch },
      pairs: ['mnist', 'plain', 'scales', 'relu'] as const,
      ours: by(ckaMeasure, { minibatch: batch }),
    })),
    ...[90, 256].map((batch) => ({
      of: `CKA over minibatches of ${batch}, of which the last is shorter`,
      call: 'cka',
      options: { batch },
      pairs: ['mnist', 'plain', 'scales', 'relu'] as const,
      ours: by(ckaMeasure, { minibatch: batch, minibatchWeights: 'equal' }),
    })),
    {
      of: 'CKA as in its example, over minibatches of 256 of which the last is shorter',
      call: 'cka',
      options: { batch: 256 },
      pairs: ['plain', 'relu'],
      ours: by(ckaMeasure, presets.torch_cka.cka),
    },
    {
      of: 'debiased linear CKA, one batch of all samples, large means',
      call: 'cka',
      pairs: ['offset'],
      ours: debiased,
      within: 1e-6,
      because: 'it does not centre: the means cancel within its sums',
    },
    {
      of: 'debiased linear CKA, one batch of all samples, float32',
      call: 'cka',
      options: { dtype: 'float32' },
      pairs: ['mnist', 'plain', 'relu', 'wide'],
      ours: debiased,
      within: 1e-4,
      because: 'it sums n × n products in float32',
    },
  ],
};

export const ckatorch: PeerTable = {
  peer: 'ckatorch',
  agreements: [
    {
      of: 'linear CKA (cka_base)',
      call: 'cka',
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu', 'wide'],
      ours: biased,
    },
    {
      of: 'linear CKA (cka_base, hsic)',
      call: 'cka',
      options: { method: 'hsic' },
      pairs: ['mnist', 'plain', 'offset', 'relu', 'wide'],
      ours: biased,
    },
    ...ckatorchKernels,
    ...[50, 100].map((batch) => ({
      of: `CKA over minibatches of ${batch} (cka_batch)`,
      call: 'minibatch',
      options: { batch },
      pairs: ['mnist', 'plain', 'scales', 'relu'] as const,
      ours: by(ckaMeasure, { minibatch: batch }),
    })),
    {
      of: 'debiased linear CKA (cka_base, unbiased)',
      call: 'cka',
      options: { unbiased: true },
      pairs: ['mnist', 'plain', 'offset', 'scales', 'relu', 'wide'],
      ours: debiased,
    },
  ],
};

export const pytorchCka: PeerTable = {
  peer: 'pytorch-cka',
  agreements: [
    {
      of: 'debiased linear CKA (cka_from_features)',
      call: 'cka',
      pairs: ['mnist', 'plain', 'relu', 'wide'],
      ours: debiased,
    },
    {
      of: 'debiased linear CKA (cka_from_features), large means',
      call: 'cka',
      pairs: ['offset'],
      ours: debiased,
      within: 1e-6,
      because: 'it does not centre: the means cancel within its sums',
    },
  ],
};

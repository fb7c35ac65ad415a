/** CKA with kernels, for the peers that have them. */
import { ckaMeasure } from '../../../src/measures/cka.js';
import { measurePair } from '../../../src/measures/run-pair.js';
import { matrix } from '../../../src/matrix.js';
import type { Matrix } from '../../../src/matrix.js';
import { by, computed } from '../agreement.js';
import type { Agreement, Ours, Value } from '../agreement.js';

/** A peer that chooses a bandwidth for each side in a way of its own tells them: each side in units of its own. */
export interface Scored {
  readonly score: number;
  readonly sigma: readonly [number, number];
}

export const scoreIn = (answer: Value): Value => (answer as unknown as Scored).score;

export function withTheirWidths(text: string, estimator: 'biased' | 'debiased' = 'biased'): Ours {
  return computed(text, async ({ x, y }, answer) => {
    const [a, b] = (answer as unknown as Scored).sigma;
    const options = { kernel: 'rbf', sigma: { fixed: 1 }, estimator } as const;
    return (await measurePair(ckaMeasure, inUnitsOf(a, x), inUnitsOf(b, y), options)).score;
  });
}

function inUnitsOf(unit: number, { rows, cols, data }: Matrix): Matrix {
  return matrix(
    rows,
    cols,
    Float64Array.from(data, (value) => value / unit),
  );
}

export const sklearnKernels: readonly Agreement[] = [
  {
    of: 'RBF CKA, σ² the median of all squared distances',
    call: 'cka',
    options: { kernel: 'rbf', fraction: 1 },
    pairs: ['mnist', 'plain', 'offset', 'scales', 'relu', 'wide'],
    ours: by(ckaMeasure, { kernel: 'rbf' }),
  },
  {
    of: 'RBF CKA, half the median distance',
    call: 'cka',
    options: { kernel: 'rbf', fraction: 0.5 },
    pairs: ['mnist', 'plain', 'scales', 'relu', 'wide'],
    ours: by(ckaMeasure, { kernel: 'rbf', sigma: { medianFraction: 0.5 } }),
  },
  {
    of: 'RBF CKA, σ = 5',
    call: 'cka',
    options: { kernel: 'rbf', gamma: 0.02 },
    pairs: ['mnist', 'plain', 'relu', 'wide'],
    ours: by(ckaMeasure, { kernel: 'rbf', sigma: { fixed: 5 } }),
  },
  {
    of: 'polynomial CKA, degree 3',
    call: 'cka',
    options: { kernel: 'polynomial', degree: 3, coef0: 1 },
    pairs: ['mnist', 'plain', 'relu', 'wide'],
    ours: by(ckaMeasure, { kernel: 'polynomial' }),
  },
  {
    of: 'polynomial CKA, (0.05⟨x, y⟩)²',
    call: 'cka',
    options: { kernel: 'polynomial', degree: 2, coef0: 0, gamma: 0.05 },
    pairs: ['mnist', 'plain', 'offset', 'relu', 'wide'],
    ours: by(ckaMeasure, { kernel: 'polynomial', degree: 2, coefficient: 0, gamma: 0.05 }),
  },
  {
    of: 'polynomial CKA of centred neurons',
    call: 'cka_centred',
    options: { kernel: 'polynomial', degree: 3, coef0: 1 },
    pairs: ['mnist', 'plain', 'offset', 'relu', 'wide'],
    ours: by(ckaMeasure, { kernel: 'polynomial', centred: true }),
  },
  {
    of: 'cosine CKA',
    call: 'cka',
    options: { kernel: 'cosine' },
    pairs: ['mnist', 'plain', 'offset', 'scales', 'relu', 'wide'],
    ours: by(ckaMeasure, { kernel: 'cosine' }),
  },
  {
    of: 'cosine CKA of centred neurons',
    call: 'cka_centred',
    options: { kernel: 'cosine' },
    pairs: ['mnist', 'plain', 'offset', 'scales', 'relu', 'wide'],
    ours: by(ckaMeasure, { kernel: 'cosine', centred: true }),
  },
];

export const repsimKernels: readonly Agreement[] = [
  {
    of: 'RBF CKA, σ the median distance of different samples (rbf)',
    call: 'cka_median',
    pairs: ['mnist', 'plain', 'relu', 'wide'],
    theirs: scoreIn,
    ours: withTheirWidths("cka { kernel: 'rbf', sigma: { fixed: its median } }"),
  },
  {
    of: 'RBF CKA, σ² half the mean squared distance (rbf_mean)',
    call: 'cka_mean',
    pairs: ['mnist', 'plain', 'relu', 'wide'],
    theirs: scoreIn,
    ours: withTheirWidths("cka { kernel: 'rbf', sigma: { fixed: √(mean d²/2) } }"),
  },
];

export const ckatorchKernels: readonly Agreement[] = [
  {
    of: 'RBF CKA (cka_base)',
    call: 'cka_rbf',
    pairs: ['mnist', 'plain', 'offset', 'scales', 'relu', 'wide'],
    theirs: scoreIn,
    ours: withTheirWidths("cka { kernel: 'rbf', sigma: { fixed: its lower median } }"),
  },
];

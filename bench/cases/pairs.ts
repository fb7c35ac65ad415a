/**
 * One pair of layers: tall, as a dense layer over many samples; taller, as a convolution over positions; and wide.
 */
import type { Engine, PairOptions, SimilarityResult } from 'svcca';
import type { Case, PeerSpec, Trial } from '../case.js';
import { activations, float64 } from '../data.js';
import type { Layers } from '../data.js';
import type { Value } from '../harness.js';
import type { Library } from '../library.js';
import { google, numpy, torch } from './peers.js';

type PairMeasure = 'cca' | 'svcca' | 'pwcca' | 'cka';

function prepare(measure: PairMeasure, options: PairOptions = {}) {
  return (engine: Engine, { x, y }: Layers, { svcca }: Library): Trial<SimilarityResult> => ({
    run: () => svcca[measure](x, y, { ...options, engine }),
    finish: ({ score, correlations }): Value =>
      measure === 'pwcca' || correlations === undefined ? [score] : [score, ...correlations],
  });
}

/** Peers of each measure on a layer with more samples than neurons. */
const peers: Record<PairMeasure, PeerSpec[]> = {
  cca: [
    numpy('SVD', 'cca_svd'),
    numpy('Gram + eigh', 'cca_eigh'),
    numpy('Gram + Cholesky', 'cca_cholesky'),
    google('cca'),
    torch('SVD', 'cca_svd'),
    torch('Gram + eigh', 'cca_eigh'),
  ],
  svcca: [
    numpy('SVD', 'svcca_svd'),
    numpy('Gram + eigh', 'svcca_eigh'),
    google('svcca'),
    torch('SVD', 'svcca_svd'),
    torch('Gram + eigh', 'svcca_eigh'),
  ],
  pwcca: [numpy('SVD', 'pwcca_svd'), numpy('Gram + eigh', 'pwcca_eigh')],
  cka: [numpy('Gram', 'cka')],
};

const ccaZoo: PeerSpec = {
  name: 'cca-zoo',
  module: 'cca_zoo_peer',
  run: 'cca',
  scoreOnly: true,
  note: 'fit and score',
};
const scikitLearn: PeerSpec = {
  name: 'scikit-learn',
  module: 'sklearn_peer',
  run: 'cca',
  tolerance: 1e-2,
  scoreOnly: true,
  note: 'one direction after another, each iterated to 1e-6; it would need hours for the larger pair',
};

const LABEL: Record<PairMeasure, string> = { cca: 'CCA', svcca: 'SVCCA', pwcca: 'PWCCA', cka: 'linear CKA' };

/** Pairs of layers. @param quick - small */
export function pairCases(quick: boolean): Case[] {
  const [rows, cols] = quick ? [1000, 64] : [10000, 512];
  const pair = (measure: PairMeasure, more: PeerSpec[] = []): Case => ({
    name: `pair-${measure}`,
    title: `${LABEL[measure]}, n = ${rows}, d = ${cols}, float32`,
    size: { rows, cols },
    work: (5 * rows * cols ** 2) / 1e9,
    data: () => activations(rows, cols),
    prepare: prepare(measure),
    peers: [...peers[measure], ...more],
  });
  const double: Case = {
    ...pair('cca'),
    name: 'pair-cca-float64',
    title: `CCA, n = ${rows}, d = ${cols}, float64 (direct route)`,
    work: (10 * rows * cols ** 2) / 1e9,
    data: () => float64(activations(rows, cols)),
  };
  return [
    small(quick),
    pair('cca', [ccaZoo]),
    pair('svcca'),
    pair('pwcca'),
    pair('cka'),
    double,
    ...shapes(quick),
  ];
}

/** A pair small enough for plain JavaScript, and for scikit-learn. */
function small(quick: boolean): Case {
  const [rows, cols] = quick ? [500, 16] : [2000, 64];
  return {
    name: 'small-cca',
    title: `CCA of a small pair, n = ${rows}, d = ${cols}, float32`,
    size: { rows, cols },
    work: (5 * rows * cols ** 2) / 1e9,
    data: () => activations(rows, cols),
    prepare: prepare('cca'),
    peers: [...peers.cca, ccaZoo, scikitLearn],
  };
}

/** Layers of other shapes. */
function shapes(quick: boolean): Case[] {
  const conv = quick ? { rows: 4096, cols: 32 } : { rows: 50176, cols: 256 };
  const wide = quick ? { rows: 200, cols: 512 } : { rows: 2000, cols: 4096 };
  const of = (measure: PairMeasure, kind: string, { rows, cols }: typeof conv, specs: PeerSpec[]): Case => ({
    name: `${kind}-${measure}`,
    title: `${LABEL[measure]} of a ${kind} layer, n = ${rows}, d = ${cols}, float32`,
    size: { rows, cols },
    work: (5 * rows * cols * Math.min(rows, cols)) / 1e9,
    data: () => activations(rows, cols),
    prepare: prepare(measure),
    peers: specs,
  });
  return [
    of('svcca', 'conv', conv, peers.svcca),
    of('cca', 'conv', conv, peers.cca),
    of('svcca', 'wide', wide, [numpy('SVD', 'svcca_svd'), numpy('rows', 'svcca_rows'), google('svcca')]),
    of('cka', 'wide', wide, [numpy('Gram', 'cka'), numpy('rows', 'cka_rows')]),
  ];
}

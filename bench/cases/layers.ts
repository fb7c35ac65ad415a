/**
 * Every layer of one network with every layer of another: what the library is made for.
 */
import type { Engine, Similarity } from 'svcca';
import type { Case, PeerSpec, Trial } from '../case.js';
import { activations } from '../data.js';
import type { Layers } from '../data.js';
import type { Library } from '../library.js';
import { google, numpy, torch } from './peers.js';

/** What sets google's procedure apart here. */
const EVERY_PAIR = 'factors both layers again for every pair';

function prepare(options: Record<string, unknown>) {
  return (engine: Engine, data: Layers, { svcca }: Library): Trial<Similarity> => {
    const side = (letter: string) =>
      Object.fromEntries(Object.entries(data).filter(([name]) => name.startsWith(letter)));
    return {
      run: () => svcca.compare(side('x'), side('y'), undefined, { ...options, engine }),
      finish: ({ scores }) => Array.from(scores),
    };
  };
}

/** 12 × 12 layers. @param quick - 3 × 3 small ones */
export function layerCases(quick: boolean): Case[] {
  const { count, rows, cols } = quick
    ? { count: 3, rows: 600, cols: 32 }
    : { count: 12, rows: 5000, cols: 256 };
  const of = (name: string, label: string, options: Record<string, unknown>, peers: PeerSpec[]): Case => ({
    name: `layers-${name}`,
    title: `${count} × ${count} layers, ${label}, n = ${rows}, d = ${cols}, float32`,
    size: { layers: count, rows, cols },
    work: (2 * count * rows * cols ** 2 + count ** 2 * rows * cols ** 2) / 1e9,
    data: () => activations(rows, cols, count),
    prepare: prepare(options),
    peers,
  });
  return [
    of('svcca', 'SVCCA', { measure: 'svcca' }, [
      numpy('SVD', 'layers_svcca_svd'),
      numpy('Gram + eigh', 'layers_svcca_eigh'),
      torch('Gram + eigh', 'layers_svcca_eigh'),
      google('layers_svcca', EVERY_PAIR),
    ]),
    of('cca', 'CCA', { measure: 'cca' }, [
      numpy('SVD', 'layers_cca_svd'),
      numpy('Gram + eigh', 'layers_cca_eigh'),
      numpy('Gram + Cholesky', 'layers_cca_cholesky'),
      torch('Gram + eigh', 'layers_cca_eigh'),
      google('layers_cca', EVERY_PAIR),
    ]),
    of('cka', 'linear CKA', { measure: 'cka' }, [numpy('Gram', 'layers_cka'), torch('Gram', 'layers_cka')]),
    of('debiased-cka', 'debiased linear CKA', { measure: 'cka', estimator: 'debiased' }, [
      {
        name: 'pytorch-cka',
        module: 'pytorch_cka_peer',
        run: 'layers_cka',
        tolerance: 1e-3,
        note: 'float32, samples × samples',
      },
      {
        name: 'torch_cka',
        module: 'torch_cka_peer',
        run: 'layers_cka',
        options: { batch_size: quick ? 200 : 250 },
        tolerance: 0.02,
        note: 'float32, mean over mini-batches: another estimator of the same quantity',
      },
    ]),
  ];
}

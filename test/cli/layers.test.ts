import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { captureCommand } from '../../src/cli/capture.js';
import { layersCommand } from '../../src/cli/layers.js';
import { writeNpy } from '../../src/io/npy.js';
import { loadNpz, saveNpz } from '../../src/node/files.js';
import { FLOAT, graphArtifacts, node, placeholder, shapeOf } from '../capture/graphs.js';
import { root } from '../support.js';
import { runHere } from './here.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'svcca-layers-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ones = (...shape: number[]) => ({
  shape,
  data: new Float32Array(shape.reduce((product, axis) => product * axis, 1)).fill(1),
});

function saveGraph(path: string, artifacts: tf.io.ModelArtifacts): void {
  mkdirSync(path);
  const weightsManifest = [{ paths: ['w.bin'], weights: artifacts.weightSpecs }];
  const json = { format: 'graph-model', modelTopology: artifacts.modelTopology, weightsManifest };
  writeFileSync(join(path, 'model.json'), JSON.stringify(json));
  const bytes = new tf.io.CompositeArrayBuffer(artifacts.weightData).slice();
  writeFileSync(join(path, 'w.bin'), new Uint8Array(bytes));
}

it('has no column for what is left out where nothing is', async () => {
  const { out } = await runHere(
    layersCommand,
    join(root, 'examples/compare-checkpoints/checkpoints/scratch-1'),
  );
  expect(out).toMatch(/^layer +kind +output shape +parameters\nimage +InputLayer +28 × 28 × 1 +0\n/);
});

it('says why nodes of a graph are left out', async () => {
  const artifacts = graphArtifacts([
    placeholder('x', [-1, 4]),
    node('y', 'Relu', ['x']),
    node('same', 'Identity', ['y']),
  ]);
  saveGraph(join(folder, 'graph'), artifacts);
  const { out } = await runHere(layersCommand, join(folder, 'graph'));
  expect(out.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['layer', 'kind', 'output shape', 'parameters', 'left out'],
    ['x', 'Placeholder', '4', expect.stringMatching(/^0?$/), 'an input'],
    ['y', 'Relu', expect.anything(), expect.anything()],
    ['same', 'Identity', expect.anything(), expect.anything(), 'it hands its input on'],
    [''],
  ]);
});

it('lists arrays that cannot be compared, and why', async () => {
  const head = "{'descr': '<U3', 'fortran_order': False, 'shape': (8,), }".padEnd(117) + '\n';
  const text = Buffer.concat([Buffer.from('\x93NUMPY\x01\0\x76\0' + head, 'latin1'), Buffer.alloc(96)]);
  const path = join(folder, 'acts.npz');
  const arrays = { epochs: ones(3), tokens: ones(8, 5, 2), 'tokens.mask': ones(8, 5), gap: ones(8, 6), deep: ones(1, 1, 1, 1, 1, 1) }; // prettier-ignore
  const files = Object.entries(arrays).map(([name, array]) => [`${name}.npy`, writeNpy(array)] as const);
  writeFileSync(path, zipSync({ ...Object.fromEntries(files), 'names.npy': text }));
  const { out } = await runHere(layersCommand, path, '--json');
  expect(JSON.parse(out)).toEqual([
    { name: 'epochs', kind: 'Array', shape: [], leftOut: 'it has 3 samples, others have 8' },
    { name: 'tokens', kind: 'Array', shape: [5, 2] },
    { name: 'tokens.mask', kind: 'Array', shape: [5], leftOut: "the mask of 'tokens'" },
    { name: 'gap', kind: 'Array', shape: [6] },
    { name: 'deep', kind: 'Array', shape: [1, 1, 1, 1, 1], leftOut: expect.stringMatching(/^it has shape/) },
    { name: 'names', kind: 'Array', shape: [], leftOut: expect.stringMatching(/^dtype '<U3' holds text; /) },
  ]);
  await saveNpz(join(folder, 'plain.npz'), { gap: ones(8, 6) });
  const plain = await runHere(layersCommand, join(folder, 'plain.npz'));
  expect(plain.out).toBe('layer  kind   output shape  parameters\ngap    Array             6            \n'.replace(/ +\n$/, '\n')); // prettier-ignore
});

it('a graph with a switch of a default takes one array', async () => {
  const switched = join(folder, 'switch');
  const artifacts = graphArtifacts(
    [
      placeholder('x', [-1, 4]),
      node('training', 'PlaceholderWithDefault', ['off'], { dtype: FLOAT, shape: { shape: shapeOf() } }),
      node('y', 'AddV2', ['x', 'training']),
    ],
    { off: { shape: [], values: [3] } },
  );
  saveGraph(switched, artifacts);
  await saveNpz(join(folder, 'x.npz'), { samples: ones(2, 4) });
  const out = join(folder, 'y.npz');
  await runHere(captureCommand, switched, '--data', join(folder, 'x.npz'), '--out', out);
  expect([...(await loadNpz(out))['y'].data]).toEqual(Array(8).fill(4));
});

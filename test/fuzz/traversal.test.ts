/** Names in files that lead out of a folder: nothing is read from there, and nothing written. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataError, FormatError } from '../../src/errors.js';
import { writeNpy } from '../../src/io/npy.js';
import { openActivations } from '../../src/node/array-files.js';
import { loadModel } from '../../src/node/models.js';
import { saveActivations } from '../../src/node/save-activations.js';

let outside: string;
let folder: string;
beforeEach(() => {
  outside = mkdtempSync(join(tmpdir(), 'svcca-traversal-'));
  folder = join(outside, 'inside');
  mkdirSync(folder);
});
afterEach(() => rmSync(outside, { recursive: true, force: true }));

const array = writeNpy({ shape: [4, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 9) });
const NAMES = [
  '../evil',
  '../../evil',
  'a/../../evil',
  '/evil',
  'C:/evil',
  '..\\evil',
  'a\\..\\..\\evil',
  '..',
  '',
];

describe('arrays of an archive', () => {
  it.each(NAMES)("'%s' is a name and no path; no file is written for it", async (name) => {
    writeFileSync(join(folder, 'acts.npz'), zipSync({ [`${name}.npy`]: array }));
    const { set, close } = await openActivations(join(folder, 'acts.npz'));
    try {
      expect(set.layers.map((layer) => layer.name)).toEqual([name]);
      expect(await set.matrices()).toMatchObject({ [name]: { rows: 4, cols: 2 } });
      await expect(saveActivations(join(folder, 'out'), set)).rejects.toThrow(DataError);
    } finally {
      await close();
    }
    expect(readdirSync(outside)).toEqual(['inside']);
    expect(readdirSync(folder)).toEqual(['acts.npz']);
    expect(existsSync('/evil.npy')).toBe(false);
  });
});

describe('weights of a model', () => {
  const topology = {
    class_name: 'Sequential',
    config: {
      name: 'net',
      layers: [
        {
          class_name: 'Dense',
          config: { name: 'out', units: 2, use_bias: false, batch_input_shape: [null, 2], dtype: 'float32' },
        },
      ],
    },
  };
  const save = (path: string) => {
    const weights = [{ name: 'out/kernel', shape: [2, 2], dtype: 'float32' }];
    const json = {
      format: 'layers-model',
      modelTopology: topology,
      weightsManifest: [{ paths: [path], weights }],
    };
    writeFileSync(join(folder, 'model.json'), JSON.stringify(json));
  };

  it.each(['../secret.bin', 'a/../../secret.bin', '..', '.', ''])("in '%s' are not read", async (path) => {
    writeFileSync(join(outside, 'secret.bin'), new Uint8Array(16));
    save(path);
    await expect(loadModel(folder)).rejects.toThrow(FormatError);
  });

  it('with an absolute path are not read', async () => {
    writeFileSync(join(outside, 'secret.bin'), new Uint8Array(16));
    save(join(outside, 'secret.bin'));
    await expect(loadModel(folder)).rejects.toThrow(FormatError);
  });

  it('in the folder are read', async () => {
    writeFileSync(join(folder, 'weights.bin'), new Uint8Array(16));
    save('weights.bin');
    const { model } = await loadModel(folder);
    model.dispose();
  });
});

/**
 * Activations from PyTorch, Keras and JAX, saved by the very lines that docs/activations.md shows; and a PyTorch network against
 * its TensorFlow.js twin of the same weights, through files and live.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { captureCommand } from '../../src/cli/capture.js';
import { parseStrictly } from '../../src/cli/arguments.js';
import { compare } from '../../src/compare/compare.js';
import type { Comparable } from '../../src/compare/sources.js';
import { readSafetensors } from '../../src/io/safetensors.js';
import type { Matrix } from '../../src/matrix.js';
import { openActivations, type FileOptions } from '../../src/node/array-files.js';
import { loadNpz } from '../../src/node/files.js';
import { saveActivations } from '../../src/node/save-activations.js';
import { capture } from '../../src/capture/capture.js';
import { missingFrameworks, pythonBlocks, runPython } from './frameworks.js';
import { LAYERS, TWIN, saveModel, twinOf } from './twin.js';

const missing = missingFrameworks();
const title = (what: string) => (missing === undefined ? what : `${what} (${missing})`);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'svcca-frameworks-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});
const at = (name: string) => join(folder, name);

/** Whole layers of a file. */
async function matricesOf(name: string, options: FileOptions = {}): Promise<Record<string, Matrix>> {
  const { set, close } = await openActivations(at(name), options);
  try {
    return await set.matrices();
  } finally {
    await close();
  }
}

/** Largest difference, relative to the largest value. */
function difference(a: Matrix, b: Matrix): number {
  expect([a.rows, a.cols]).toEqual([b.rows, b.cols]);
  let [most, scale] = [0, 1e-30];
  for (let i = 0; i < a.data.length; i++) {
    most = Math.max(most, Math.abs(a.data[i] - b.data[i]));
    scale = Math.max(scale, Math.abs(a.data[i]));
  }
  return most / scale;
}

describe.skipIf(missing !== undefined)(title('PyTorch and its TensorFlow.js twin'), () => {
  let twin: tf.Sequential;
  let images: tf.Tensor;

  beforeAll(async () => {
    const [savez, safetensors, large] = pythonBlocks('PyTorch');
    const bfloat16 =
      'save_file({"x": torch.arange(-300, 300).to(torch.bfloat16) / 7}, "bfloat16.safetensors")';
    // The hooks of the first block stay: what they keep was saved before.
    await runPython(
      folder,
      [TWIN, savez, safetensors, bfloat16, large, 'for file in files.values(): file.flush()'].join('\n'),
    );
    twin = twinOf(await loadNpz(at('weights.npz')));
    const { images: pixels } = await loadNpz(at('images.npz'));
    images = tf.tensor(pixels.data, pixels.shape);
    await saveModel(twin, at('twin'));
  }, 300_000);

  afterAll(() => {
    tf.dispose([images, ...twin.weights.map((weight) => weight.read())]);
  });

  it('the three ways of saving give the same activations', async () => {
    const layout = { layout: 'NCHW' } as const;
    const npz = await matricesOf('torch.npz', layout);
    expect(Object.keys(npz)).toEqual(LAYERS);
    const tensors = await matricesOf('torch.safetensors', layout);
    const perLayer = await matricesOf('torch-layers', layout);
    for (const name of LAYERS) {
      expect(difference(tensors[name], npz[name]), name).toBe(0);
      expect(difference(perLayer[name], npz[name]), name).toBe(0);
    }
    const { x } = readSafetensors(readFileSync(at('bfloat16.safetensors')));
    expect(x.data.every((value) => Math.fround(value) === value)).toBe(true);
    expect(x.data[0]).toBe(-42.75);
  });

  it('each value is that of the twin, but for the rounding of float32', async () => {
    const live = await (await capture(twin, images)).matrices();
    const torch = await matricesOf('torch.npz', { layout: 'NCHW' });
    for (const name of LAYERS) {
      const [x, y] = [live[name], torch[name]];
      if (name === 'flat') expect([x.rows, x.cols]).toEqual([y.rows, y.cols]);
      else expect(difference(x, y), name).toBeLessThan(1e-5);
    }
  });

  /** Canonical correlations of every layer with its own, all of them 1. */
  async function expectOnes(a: Comparable, b: Comparable, data?: tf.Tensor): Promise<void> {
    const similarity = await compare(a, b, data, { measure: 'cca,procrustes' });
    expect([similarity.rows, similarity.cols]).toEqual([LAYERS, LAYERS]);
    for (const name of LAYERS) {
      const { correlations, x } = similarity.by('cca').cell(name, name);
      expect(correlations!.length, name).toBe(x.kept);
      expect(Math.min(...correlations!), name).toBeGreaterThanOrEqual(1 - 1e-6);
      expect(similarity.by('procrustes').at(name, name), name).toBeGreaterThanOrEqual(1 - 1e-6);
    }
    // Not of all layers with all: the measure tells them apart.
    expect(similarity.by('procrustes').at('conv1', 'logits')).toBeLessThan(0.9);
  }

  it('live against the file: ρ ≥ 1 − 1e-6 at every layer', async () => {
    const { set, close } = await openActivations(at('torch.npz'), { layout: 'NCHW' });
    await expectOnes(twin, set, images);
    await close();
  });

  it('file against file: ρ ≥ 1 − 1e-6 at every layer', async () => {
    const torch = await openActivations(at('torch.npz'), { layout: 'channelsFirst' });
    await saveActivations(at('live.safetensors'), await capture(twin, images));
    for (const [name, write] of [
      ['live.safetensors', () => Promise.resolve()],
      ['captured.npz', captured],
    ] as const) {
      await write();
      const own = await openActivations(at(name));
      await expectOnes(own.set, torch.set);
      await own.close();
    }
    await torch.close();
  });

  /** Runs `svcca capture` on the twin as it was saved. */
  async function captured(): Promise<void> {
    const args = [at('twin'), '--data', at('images.npz'), '--backend', 'cpu', '--out', at('captured.npz')];
    const { values } = parseStrictly(captureCommand, args);
    const { write } = process.stdout;
    process.stdout.write = () => true;
    try {
      await captureCommand.run(values, new AbortController().signal, []);
    } finally {
      process.stdout.write = write;
    }
  }
});

describe.skipIf(missing !== undefined)(title('Keras'), () => {
  it('saves what the model gives, channels last', async () => {
    const before = `
import keras, numpy as np
keras.utils.set_random_seed(4)
model = keras.Sequential([
    keras.Input((8, 8, 2)),
    keras.layers.Conv2D(3, 3, activation="relu", name="conv1"),
    keras.layers.BatchNormalization(name="norm1"),
    keras.layers.Dropout(0.5, name="drop"),
    keras.layers.GlobalAveragePooling2D(name="pool"),
    keras.layers.Dense(4, name="logits"),
])
images = np.random.default_rng(1).normal(size=(100, 8, 8, 2)).astype("float32")
`;
    const after = `
np.save("expected.npy", np.asarray(keras.ops.convert_to_numpy(model(images, training=False))))
np.save("expected-conv.npy", np.asarray(keras.ops.convert_to_numpy(model.layers[0](images))))
`;
    const [block] = pythonBlocks('Keras');
    await runPython(folder, `${before}\n${block}\n${after}`);
    const layers = await matricesOf('keras.npz');
    expect(Object.keys(layers)).toEqual(['conv1', 'norm1', 'drop', 'pool', 'logits']);
    const { expected } = await matricesOf('expected.npy');
    expect(difference(layers.logits, expected)).toBeLessThan(1e-6);
    expect(difference(layers.conv1, (await matricesOf('expected-conv.npy'))['expected-conv'])).toBeLessThan(
      1e-6,
    );
    expect(layers.drop).toEqual(layers.norm1);
    expect([layers.conv1.rows, layers.conv1.cols]).toEqual([100 * 36, 3]);
  }, 120_000);
});

describe.skipIf(missing !== undefined)(title('JAX'), () => {
  it('saves what the function gives, bfloat16 included', async () => {
    const before = `
import numpy as np, jax.numpy as jnp
random = np.random.default_rng(1)
shapes = {"w1": (6, 8), "b1": (8,), "w2": (8, 3), "b2": (3,)}
params = {name: jnp.asarray(random.normal(size=shape), "float32") for name, shape in shapes.items()}
images = random.normal(size=(150, 6)).astype("float32")
`;
    const after = `
hidden = np.maximum(images @ np.asarray(params["w1"]) + np.asarray(params["b1"]), 0)
np.save("jax-hidden.npy", hidden)
params = {name: value.astype("bfloat16") for name, value in params.items()}
images = jnp.asarray(images, "bfloat16")
`;
    const [block] = pythonBlocks('JAX');
    await runPython(folder, `${before}\n${block}\n${after}\n${block.replace('jax.npz', 'jax-bf16.npz')}`);
    const { hidden, logits } = await matricesOf('jax.npz');
    expect(difference(hidden, (await matricesOf('jax-hidden.npy'))['jax-hidden'])).toBeLessThan(1e-5);
    const half = await matricesOf('jax-bf16.npz');
    expect(difference(half.hidden, hidden)).toBeLessThan(0.03);
    expect(difference(half.hidden, hidden)).toBeGreaterThan(1e-4);
    expect(logits.rows).toBe(150);
  }, 120_000);
});

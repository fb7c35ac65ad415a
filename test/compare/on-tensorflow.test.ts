/** Two models on TensorFlow, compared by its own float64 kernels: the activations do not leave the device. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it, vi } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { openEngine } from '../../src/engines/select.js';
import { chooseBackend } from '../../src/node/backend.js';
import { Random } from '../../src/random.js';
import { distance, root } from '../support.js';

process.env['SVCCA_TFJS_NODE'] ??= join(root, '.native/node_modules/@tensorflow/tfjs-node');
const skipped = existsSync(join(process.env['SVCCA_TFJS_NODE'], 'lib/napi-v8/tfjs_binding.node'))
  ? undefined
  : 'needs SVCCA_TFJS_NODE or npm run native';

function network(seed: number): tf.LayersModel {
  const init = (k: number) => ({
    kernelInitializer: tf.initializers.randomNormal({ stddev: 0.4, seed: seed * 10 + k }),
  });
  const size = { filters: 6, kernelSize: 3, padding: 'same' } as const;
  return tf.sequential({
    layers: [
      tf.layers.conv2d({ name: 'conv1', inputShape: [12, 12, 1], activation: 'relu', ...size, ...init(1) }),
      tf.layers.maxPooling2d({ name: 'pool', poolSize: 2 }),
      tf.layers.conv2d({ name: 'conv2', activation: 'relu', ...size, ...init(2) }),
      tf.layers.globalAveragePooling2d({ name: 'gap' }),
    ],
  });
}

describe.skipIf(skipped)(`compare on tensorflow${skipped ? ` (skipped: ${skipped})` : ''}`, () => {
  it.each([{}, { memory: 0 }, { positions: 5 }, { measure: 'cca' as const }])(
    'gives the scores of ml-matrix, reads no activation, and leaves no tensor: %j',
    async (options) => {
      await chooseBackend({ prefer: 'tensorflow' });
      expect(tf.getBackend()).toBe('tensorflow');
      const [a, b] = [network(1), network(2)];
      const images = tf.tensor(Float32Array.from(new Random(3).normals(200 * 144)), [200, 12, 12, 1]);
      const common = { layers: ['conv1', 'conv2', 'gap'], batchSize: 64, ...options };
      const through = await compare(a, b, images, { ...common, engine: 'ml-matrix' });
      const engine = await openEngine('tensorflow');
      const before = tf.memory().numTensors;
      const read = vi.spyOn(tf.Tensor.prototype, 'data');
      const direct = await compare(a, b, images, { ...common, engine });
      const sizes = read.mock.contexts.map((tensor) => (tensor as tf.Tensor).size);
      read.mockRestore();
      // The answers to "is all of it finite?", and nothing else.
      expect(sizes.every((size) => size === 1)).toBe(true);
      expect(tf.memory().numTensors).toBe(before);
      // Averages of positions are float32 sums on the device, float64 sums in host memory.
      expect(distance(direct.scores, through.scores)).toBeLessThan(1e-6);
      await engine.close?.();
      for (const thing of [a, b, images]) thing.dispose();
    },
  );
});

/** Keys of runs: what decides the numbers, and nothing else. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildModel } from '../../src/transfer/models.js';
import { canonical, fingerprintModel, runKey } from '../../src/transfer/run-key.js';
import type { RunContent } from '../../src/transfer/run-key.js';
import { resolveTraining } from '../../src/transfer/train-options.js';
import type { TrainOptions } from '../../src/transfer/training.js';
import { data } from './study-data.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const training = (options: TrainOptions) => resolveTraining(options, data.target.train);
const content: RunContent = {
  spec: { family: 'cbr-Tiny', inputShape: [8, 8, 1], classes: 2, width: 0.5 },
  condition: 'hybrid:block1:0.5',
  training: training({ epochs: 2, batchSize: 8, seed: 3 }),
  data: 'abc',
  pretrained: 'def',
  backend: 'cpu',
};

describe('the key of a run', () => {
  it.each<[string, Partial<RunContent>]>([
    ['family', { spec: { ...content.spec, family: 'cbr-Small' } }],
    ['size', { spec: { ...content.spec, inputShape: [8, 9, 1] } }],
    ['classes', { spec: { ...content.spec, classes: 3 } }],
    ['width', { spec: { ...content.spec, width: 0.25 } }],
    ['momentum', { spec: { ...content.spec, momentum: 0.5 } }],
    ['condition', { condition: 'transfuse:block1' }],
    ['factor', { condition: 'hybrid:block1:0.25' }],
    ['seed', { training: { ...content.training, seed: 4 } }],
    ['steps', { training: training({ epochs: 3, batchSize: 8, seed: 3 }) }],
    ['rate', { training: { ...content.training, learningRate: 0.1 } }],
    ['schedule', { training: training({ epochs: 2, batchSize: 8, seed: 3, schedule: { warmup: 1 } }) }],
    ['augmentation', { training: training({ epochs: 2, batchSize: 8, seed: 3, augment: { flip: true } }) }],
    ['pixels', { training: { ...content.training, pixels: { offset: 1, scale: 255 } } }],
    ['data', { data: 'abd' }],
    ['pretrained weights', { pretrained: 'deg' }],
    ['backend', { backend: 'tensorflow' }],
  ])('changes with the %s', async (_, change) => {
    expect(await runKey({ ...content, ...change })).not.toBe(await runKey(content));
  });

  it('is that of every spelling of the same run', async () => {
    const key = await runKey(content);
    expect(key).toMatch(/^[0-9a-f]{32}$/);
    const same = { ...content, condition: 'hybrid:block1:0.50' } as RunContent;
    expect(await runKey(Object.fromEntries(Object.entries(same).reverse()) as unknown as RunContent)).toBe(
      key,
    );
    // 24 images in batches of 8.
    expect(await runKey({ ...content, training: training({ steps: 6, batchSize: 8, seed: 3 }) })).toBe(key);
  });
});

describe('canonical', () => {
  it('orders keys at every depth, leaves out what is undefined, and keeps lists in order', () => {
    expect(canonical({ b: [{ d: 1, c: 2 }, 0], a: undefined })).toBe('{"b":[{"c":2,"d":1},0]}');
  });
});

describe('the fingerprint of a network', () => {
  it('changes with any weight, and is that of an equal network', async () => {
    const spec = { family: 'cbr-Tiny', inputShape: [8, 8, 1], classes: 2, width: 1 / 16 } as const;
    const [a, b] = [await buildModel(spec, { seed: 1 }), await buildModel(spec, { seed: 1 })];
    expect(await fingerprintModel(a)).toBe(await fingerprintModel(b));
    const last = b.layers.at(-1)!;
    const [kernel, bias] = last.getWeights() as [tf.Tensor, tf.Tensor];
    tf.tidy(() => {
      last.setWeights([kernel, bias.add(1e-6)]);
    });
    expect(await fingerprintModel(a)).not.toBe(await fingerprintModel(b));
    a.dispose();
    b.dispose();
  });
});

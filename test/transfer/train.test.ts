import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { train } from '../../src/transfer/train.js';
import { bits, brightness, halves, linearModel, tinyModel } from './train-data.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const data = { train: brightness(50, 1), validation: brightness(40, 2) };

describe('train', () => {
  it('learns: a small problem is solved, and the history shows it', async () => {
    const model = tinyModel();
    const result = await train(model, data, { epochs: 8, batchSize: 16, learningRate: 0.02 });
    expect(result.steps).toBe(32);
    expect(result.stopped).toBe('done');
    expect(result.history.map(({ step }) => step)).toEqual([0, 4, 8, 12, 16, 20, 24, 28, 32]);
    expect(result.kept).toEqual(result.history.at(-1));
    expect(result.kept.auc).toBeGreaterThan(0.99);
    expect(result.kept.loss).toBeLessThan(result.history[0].loss / 2);
    expect(result.history[0]).not.toHaveProperty('trainLoss');
    model.dispose();
  });

  it('learns several labels of an image', async () => {
    const labelled = { train: halves(64, 1), validation: halves(40, 2) };
    const model = linearModel();
    const { kept } = await train(model, labelled, { epochs: 15, batchSize: 16, learningRate: 0.05 });
    expect(kept.auc).toBeGreaterThan(0.99);
    model.dispose();
  });

  it('gives the same bits for the same seed, others for another', async () => {
    const run = async (seed: number) => {
      const model = tinyModel({ dropout: 0.4 });
      const result = await train(model, data, {
        steps: 6,
        batchSize: 16,
        seed,
        augment: { flip: true, shift: 1 },
      });
      const weights = bits(model);
      model.dispose();
      return { result, weights };
    };
    const first = await run(3);
    expect(await run(3)).toEqual(first);
    expect((await run(4)).weights).not.toEqual(first.weights);
  });
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { train } from '../../src/transfer/train.js';
import { bits, brightness, linearModel, tinyModel } from './train-data.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const data = { train: brightness(24, 1), validation: brightness(12, 2) };
const weightsOf = (model: tf.LayersModel, stage: string) =>
  model.layers
    .filter(({ name }) => name.startsWith(stage))
    .flatMap(({ weights }) => weights.map((weight) => [...weight.read().dataSync()]));

describe('frozen stages', () => {
  it('keep every weight, running statistics included, and give their flag back', async () => {
    const model = tinyModel();
    model.getLayer('block2_conv').trainable = false;
    const flags = model.layers.map(({ trainable }) => trainable);
    const before = ['block1', 'block2_conv', 'block2_bn', 'head'].map((stage) => weightsOf(model, stage));
    await train(model, data, { steps: 3, batchSize: 8, frozen: ['block1'] });
    const after = ['block1', 'block2_conv', 'block2_bn', 'head'].map((stage) => weightsOf(model, stage));
    expect(after[0]).toEqual(before[0]);
    // By the model's own flag.
    expect(after[1]).toEqual(before[1]);
    for (const moving of [2, 3]) {
      after[moving].forEach((weight, i) => {
        expect(weight).not.toEqual(before[moving][i]);
      });
    }
    expect(model.layers.map(({ trainable }) => trainable)).toEqual(flags);
    expect(Object.hasOwn(model.getLayer('block1_bn'), 'call')).toBe(false);
    model.dispose();
  });

  it('normalise by their running statistics, so that the rest trains as if it saw what inference gives', async () => {
    // With the first block frozen, the training is that of the second block and head on the first one's inference outputs.
    const model = tinyModel();
    const options = { steps: 4, batchSize: 8, seed: 3 };
    const block1 = tf.model({
      inputs: model.inputs,
      outputs: model.getLayer('block1_pool').output,
    });
    const prefixed = (part: { images: Uint8Array | Float32Array; shape: readonly number[] }) => {
      const values = Float32Array.from(part.images, (value) => value / 255);
      const out = block1.predict(
        tf.tensor4d(values, part.shape as [number, number, number, number]),
      ) as tf.Tensor4D;
      return { ...part, images: out.dataSync<'float32'>().slice(), shape: out.shape };
    };
    const inner = { train: prefixed(data.train), validation: prefixed(data.validation) };
    const input = tf.input({ shape: inner.train.shape.slice(1) });
    let x: tf.SymbolicTensor = input;
    const whole = tinyModel();
    for (const name of [
      'block2_conv',
      'block2_bn',
      'block2_relu',
      'block2_pool',
      'head_gap',
      'head_logits',
    ]) {
      x = whole.getLayer(name).apply(x) as tf.SymbolicTensor;
    }
    const rest = tf.model({ inputs: input, outputs: x });
    const direct = await train(model, data, { ...options, frozen: ['block1'] });
    const split = await train(rest, inner as never, { ...options, pixels: { offset: 0, scale: 1 } });
    direct.history.forEach(({ loss, auc }, i) => {
      expect(split.history[i].loss).toBeCloseTo(loss, 5);
      expect(split.history[i].auc).toBeCloseTo(auc, 5);
    });
    weightsOf(model, 'head').forEach((weight, i) => {
      const other = weightsOf(whole, 'head')[i];
      weight.forEach((value, j) => {
        expect(other[j]).toBeCloseTo(value, 5);
      });
    });
  });

  it('give flags back after an error, too, and leave the compiled model alone', async () => {
    const model = linearModel();
    const optimizer = tf.train.sgd(0.1);
    model.compile({ optimizer, loss: 'meanSquaredError' });
    await expect(train(model, data, { steps: 1, frozen: ['head'] })).rejects.toThrow(
      'nothing is left to train: every layer with weights is frozen',
    );
    expect(model.layers.every(({ trainable }) => trainable)).toBe(true);
    const before = bits(model);
    await train(model, data, { steps: 1 });
    expect(bits(model)).not.toEqual(before);
    expect(model.optimizer).toBe(optimizer);
    expect(model.loss).toBe('meanSquaredError');
    const tiny = tinyModel();
    await expect(train(tiny, data, { steps: 1, frozen: ['block9'] })).rejects.toThrow(
      "frozen names 'block9': the stages of the model are block1, block2, head",
    );
  });

  it('trains batch norms without scale and centre, which TensorFlow.js does not', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.conv2d({ inputShape: [6, 6, 1], filters: 2, kernelSize: 3 }),
        tf.layers.batchNormalization({ scale: false, center: false }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 2 }),
      ],
    });
    const { history } = await train(model, data, { steps: 2, batchSize: 8 });
    expect(history.every(({ loss }) => Number.isFinite(loss))).toBe(true);
  });
});

import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/random.js';
import { train } from '../../src/transfer/train.js';
import { distance } from '../support.js';
import { bits, brightness, tinyModel } from './train-data.js';

const kernel = () => tf.getKernel('Conv2DBackpropFilter', 'wasm');

beforeAll(async () => {
  await tf.setBackend('wasm');
});
afterAll(async () => {
  await tf.setBackend('cpu');
});

describe('training on WebAssembly', () => {
  it('is not there but for the training', async () => {
    const model = tinyModel();
    expect(kernel()).toBeUndefined();
    await train(model, { train: brightness(8, 1), validation: brightness(8, 2) }, { steps: 1 });
    expect(kernel()).toBeDefined();
    model.dispose();
  });

  it("has the gradient by the filters that 'cpu' computes, for every stride and padding", async () => {
    const random = new Random(1);
    const draw = (shape: number[]) =>
      Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal());
    let cases = 0;
    for (const pad of ['same', 'valid'] as const) {
      for (const strides of [1, 2, 3, [2, 1]] as const) {
        for (const [height, width] of [
          [1, 1],
          [3, 3],
          [2, 4],
        ] as const) {
          const imageShape: [number, number, number, number] = [2, 9, 8, 3];
          const filterShape: [number, number, number, number] = [height, width, 3, 5];
          const [images, filters] = [draw(imageShape), draw(filterShape)];
          const gradient = () => {
            const before = tf.memory().numTensors;
            const x = tf.tensor4d(images, imageShape);
            const w = tf.tensor4d(filters, filterShape);
            const conv = (filter: tf.Tensor) => tf.conv2d(x, filter as tf.Tensor4D, strides as number, pad);
            // A gradient of its own: with stride 3 and this padding, 'wasm' computes other convolutions than 'cpu'.
            const above = tf.tidy(() => {
              const { shape, size } = conv(w);
              return tf.range(0, size).mul(0.37).sin().reshape(shape);
            });
            const out = tf.grad(conv)(w, above);
            const values = out.dataSync().slice();
            const { shape } = out;
            tf.dispose([x, w, above, out]);
            expect(tf.memory().numTensors).toBe(before);
            return { values, shape };
          };
          const lent = gradient();
          await tf.setBackend('cpu');
          const own = gradient();
          await tf.setBackend('wasm');
          expect(lent.shape).toEqual(own.shape);
          expect(distance(lent.values, own.values)).toBeLessThan(
            2e-5 * Math.max(...own.values.map(Math.abs)),
          );
          cases++;
        }
      }
    }
    expect(cases).toBe(24);
  });

  it('goes as on plain JavaScript, and gives the same bits each time', async () => {
    const data = { train: brightness(20, 1), validation: brightness(12, 2) };
    const run = async () => {
      const model = tinyModel();
      const before = tf.memory().numTensors;
      const { history } = await train(model, data, {
        steps: 4,
        batchSize: 8,
        optimizer: 'sgd',
        learningRate: 0.05,
      });
      expect(tf.memory().numTensors).toBe(before);
      const weights = bits(model);
      model.dispose();
      return { history, weights };
    };
    const first = await run();
    expect(await run()).toEqual(first);
    await tf.setBackend('cpu');
    const plain = await run();
    await tf.setBackend('wasm');
    first.weights.forEach((weight, i) => {
      expect(distance(weight, plain.weights[i])).toBeLessThan(1e-4);
    });
  });
});

/** `initialise` on layers of many kinds: determinism, each initializer's own distribution, no other layer's business. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { OptionError, UnsupportedError } from '../../src/errors.js';
import { cbr } from '../../src/transfer/cbr.js';
import { initialise } from '../../src/transfer/initialise.js';
import { randomise, withoutLeak } from '../capture/models.js';
import { copied, weightsOf } from './start-models.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Recurrent, bidirectional, nested and seeded layers, without names. */
function motley(units = 3): tf.LayersModel {
  const inner = tf.sequential({
    layers: [
      tf.layers.timeDistributed({
        inputShape: [4, 5],
        layer: tf.layers.dense({ units: 6, kernelInitializer: tf.initializers.heNormal({ seed: 3 }) }),
      }),
      tf.layers.bidirectional({ layer: tf.layers.lstm({ units: 4 }), mergeMode: 'concat' }),
    ],
  });
  return tf.sequential({
    layers: [
      inner,
      tf.layers.batchNormalization(),
      tf.layers.dense({ units: 7, kernelInitializer: 'leCunNormal', biasInitializer: 'ones' }),
      tf.layers.prelu(),
      tf.layers.dense({ units }),
    ],
  });
}

describe('initialise', () => {
  it('gives the same bits for the same seed, whatever the weights, names and seeds were', async () => {
    const first = motley();
    // Built later, so that its layers have other names; seeds of initializers do not count.
    const second = randomise(motley(), 5);
    expect(second.layers[1].name).not.toBe(first.layers[1].name);
    await withoutLeak(async () => {
      await initialise(first, { seed: 4 });
      await initialise(second, { seed: 4 });
    });
    expect(weightsOf(second)).toEqual(weightsOf(first));
    await initialise(second, { seed: 5 });
    const [a, b] = [weightsOf(first), weightsOf(second)];
    for (const name of ['0/0/kernel', '0/1/kernel', '2/kernel', '4/kernel'])
      expect(b[name]).not.toEqual(a[name]);
    tf.dispose([first, second].flatMap((model) => model.weights.map((weight) => weight.read())));
  });

  it('draws the two directions of a bidirectional layer apart', async () => {
    const model = motley();
    await initialise(model, { seed: 1 });
    const kernels = model.weights.filter(({ originalName }) => /lstm.*\/kernel$/.test(originalName));
    expect(kernels).toHaveLength(2);
    expect(kernels[0].read().dataSync()).not.toEqual(kernels[1].read().dataSync());
    model.dispose();
  });

  it('leaves a layer as it is when others change', async () => {
    const two = motley(2);
    const nine = motley(9);
    await initialise(two, { seed: 8 });
    await initialise(nine, { seed: 8 });
    const [a, b] = [weightsOf(two), weightsOf(nine)];
    const last = (name: string) => name.startsWith('4/');
    expect(Object.keys(a).filter((name) => !last(name))).toHaveLength(Object.keys(a).length - 2);
    for (const name of Object.keys(a)) if (!last(name)) expect(b[name], name).toEqual(a[name]);
    tf.dispose([two, nine].flatMap((model) => model.weights.map((weight) => weight.read())));
  });

  it('draws from the initializer of each weight and resets the statistics', async () => {
    const model = randomise(
      tf.sequential({
        layers: [
          tf.layers.dense({
            inputShape: [200],
            units: 300,
            kernelInitializer: 'heNormal',
            biasInitializer: 'ones',
          }),
          tf.layers.batchNormalization({
            movingVarianceInitializer: 'ones',
            gammaInitializer: tf.initializers.constant({ value: 2 }),
          }),
          tf.layers.dense({
            units: 100,
            kernelInitializer: tf.initializers.randomUniform({ minval: 1, maxval: 2 }),
          }),
        ],
      }),
    );
    const { layers, parameters } = await initialise(model, { seed: 6 });
    expect(layers).toEqual(model.layers.map(({ name }) => name));
    expect(parameters).toBe(model.countParams());
    const weights = weightsOf(model);
    // He: variance 2 / fan-in before the cut at two deviations, which leaves 0.774 of it. Five standard errors.
    const kernel = weights['0/kernel'];
    const variance = kernel.reduce((sum, value) => sum + value * value, 0) / kernel.length;
    expect(Math.abs(variance / ((2 / 200) * 0.774) - 1)).toBeLessThan(5 * Math.sqrt(2 / kernel.length));
    const uniform = weights['2/kernel'];
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...uniform)).toBeLessThanOrEqual(2);
    expect(Math.abs(uniform.reduce((sum, value) => sum + value, 0) / uniform.length - 1.5)).toBeLessThan(
      5 * Math.sqrt(1 / 12 / uniform.length),
    );
    expect(new Set(weights['0/bias'])).toEqual(new Set([1]));
    expect(new Set(weights['1/gamma'])).toEqual(new Set([2]));
    expect(new Set(weights['1/moving_mean'])).toEqual(new Set([0]));
    expect(new Set(weights['1/moving_variance'])).toEqual(new Set([1]));
    model.dispose();
  });

  it('keeps frozen layers frozen and Math.random as it was', async () => {
    const model = motley();
    model.layers[2].trainable = false;
    const random = Math.random;
    await initialise(model);
    expect(Math.random).toBe(random);
    expect(model.layers[2].trainableWeights).toHaveLength(0);
    const before = model.countParams();
    expect(copied(model)).toHaveLength(model.weights.length);
    expect(model.countParams()).toBe(before);
    model.dispose();
  });

  it('draws a network of this library anew', async () => {
    const model = await cbr('Tiny', { inputShape: [8, 8, 1], classes: 2, width: 0.125, seed: 1 });
    const before = weightsOf(model);
    const { parameters } = await withoutLeak(() => initialise(model, { seed: 2 }));
    expect(parameters).toBe(model.countParams());
    const after = weightsOf(model);
    expect(after['block1_conv/kernel']).not.toEqual(before['block1_conv/kernel']);
    model.dispose();
  });

  it('says what it cannot do, and leaks nothing', async () => {
    class Unknown extends tf.layers.Layer {
      static className = 'UnknownToTensorFlow';
      override computeOutputShape(shape: tf.Shape): tf.Shape {
        return shape;
      }
      override call(inputs: tf.Tensor[]): tf.Tensor {
        return inputs[0].clone();
      }
    }
    const model = tf.sequential({
      layers: [tf.layers.dense({ units: 2, inputShape: [3] }), new Unknown({})],
    });
    const before = weightsOf(model);
    await withoutLeak(async () => {
      await expect(initialise(model)).rejects.toThrow(UnsupportedError);
      await expect(initialise(model)).rejects.toThrow(
        /cannot be built anew.*UnknownToTensorFlow.*registerClass/s,
      );
      await expect(initialise(model, { seed: 0.5 })).rejects.toThrow(
        'seed is 0.5: give a whole number of at least 0',
      );
      await expect(initialise(model, { sed: 1 } as object)).rejects.toThrow("initialise has no option 'sed'");
      await expect(initialise({} as never)).rejects.toThrow(OptionError);
      await expect(initialise(tf.sequential())).rejects.toThrow('model has no weights yet');
    });
    expect(weightsOf(model)).toEqual(before);
    model.dispose();
  });
});

/** `slim`: counts by hand, sums that stay consistent, and what has to stay as it is. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { OptionError, UnsupportedError } from '../../src/errors.js';
import { cbr } from '../../src/transfer/cbr.js';
import { efficientNetLite0 } from '../../src/transfer/efficientnet-lite0.js';
import { initialise } from '../../src/transfer/initialise.js';
import { resNet50 } from '../../src/transfer/resnet50.js';
import { slim } from '../../src/transfer/slim.js';
import { stages } from '../../src/transfer/stages.js';
import { transfuse } from '../../src/transfer/transfuse.js';
import { withoutLeak } from '../capture/models.js';
import { copied, noise, residual } from './start-models.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Output channels of each layer that has a kernel of its own, in order. */
function widths(model: tf.LayersModel): number[] {
  return model.layers
    .filter((layer) => ['Conv2D', 'Dense', 'SeparableConv2D', 'LSTM'].includes(layer.getClassName()))
    .map((layer) => (layer.outputShape as number[]).at(-1)!);
}

/** Whether the network runs and gives finite numbers. */
function runs(model: tf.LayersModel): boolean {
  const [, height, , channels] = model.inputs[0].shape as number[];
  return tf.tidy(() => {
    const output = model.predict(noise(2, height, channels)) as tf.Tensor;
    return Array.from(output.dataSync()).every(Number.isFinite);
  });
}

const names = (model: tf.LayersModel) => model.layers.map(({ name }) => name);

describe('slim', () => {
  it('halves the later blocks of a CBR: exact counts', async () => {
    const model = await cbr('Tiny', { inputShape: [16, 16, 1], classes: 2, widths: [8, 16, 32, 64] });
    await initialise(model, { seed: 3 });
    const before = copied(model);
    const tensors = tf.memory().numTensors;
    const light = await slim(model, { from: 'block2', seed: 3 });
    expect(tf.memory().numTensors - tensors).toBe(light.weights.length);
    expect(names(light)).toEqual(names(model));
    expect(stages(light)).toEqual(stages(model));
    expect(widths(light)).toEqual([8, 16, 16, 32, 2]);
    const saved = 25 * (16 * 32 - 16 * 16) + 4 * 16 + 25 * (32 * 64 - 16 * 32) + 4 * 32 + 2 * 32;
    expect(light.countParams()).toBe(model.countParams() - saved);
    expect(copied(model)).toEqual(before);
    expect(runs(light)).toBe(true);

    // The hybrid: the prefix fits, and fresh weights are those of the seed.
    expect(copied(light).slice(0, 10)).toEqual(before.slice(0, 10));
    await transfuse(model, light, { upTo: 'block2' });
    const again = await slim(model, { from: 'block2', factor: 0.5, seed: 3 });
    expect(copied(again)).toEqual(copied(light));
    const other = await slim(model, { from: 'block2', seed: 4 });
    expect(copied(other)[10]).not.toEqual(copied(light)[10]);
    for (const one of [model, light, again, other]) one.dispose();
  });

  it('keeps residual networks of this library whole', async () => {
    const resnet = await resNet50({ inputShape: [16, 16, 3], classes: 3, width: 0.125 });
    const lite = await efficientNetLite0({ inputShape: [16, 16, 3], classes: 3, width: 0.25 });
    for (const [model, from] of [
      [resnet, 'block2'],
      [lite, 'block3'],
    ] as const) {
      const light = await slim(model, { from });
      expect(names(light)).toEqual(names(model));
      expect(runs(light)).toBe(true);
      const kept = stages(model).findIndex(({ name }) => name === from);
      for (const [i, { name, layers }] of stages(model).entries()) {
        for (const layer of layers) {
          const [a, b] = [model, light].map((one) => (one.getLayer(layer).outputShape as number[]).at(-1)!);
          // Every number of channels after the stage is halved, but the classifier's (global pooling has the channels of the top).
          const expected = i <= kept || layer === 'head_logits' ? a : Math.round(a / 2);
          expect(b, `${name} ${layer}`).toBe(expected);
        }
      }
      light.dispose();
      model.dispose();
    }
  });

  it('keeps numbers that meet what is kept, and redesigns the inside of the branch', async () => {
    const model = residual(3);
    // Convolutions in the order of the listing: 8 | 12 8 + | 16 10, 10 + | hidden 6, 3 classes.
    const at = (width: number) =>
      model.layers.findIndex(
        (layer) => (layer.outputShape as number[]).at(-1) === width && layer.getClassName() === 'Conv2D',
      );
    const light = await slim(model, { from: model.layers[at(8)].name });
    expect(widths(model).toSorted((a, b) => a - b)).toEqual([3, 6, 8, 8, 10, 10, 12, 16]);
    // 12 → 6; the 8 that is added to the kept 8 stays; 16 → 8; both 10 → 5; hidden 6 → 3.
    expect(widths(light).toSorted((a, b) => a - b)).toEqual([3, 3, 5, 5, 6, 8, 8, 8]);
    expect(names(light)).toEqual(names(model));
    expect(runs(light)).toBe(true);
    light.dispose();
    model.dispose();
  });

  it('follows channels through concatenations, depth multipliers, gates and flattening', async () => {
    const {
      conv2d,
      concatenate,
      dense,
      depthwiseConv2d,
      flatten,
      multiply,
      separableConv2d,
      globalAveragePooling2d,
      reshape,
    } = tf.layers;
    const image = tf.input({ shape: [6, 6, 2] });
    const first = conv2d({ name: 'first', filters: 4, kernelSize: 3, padding: 'same' }).apply(
      image,
    ) as tf.SymbolicTensor;
    const left = separableConv2d({ name: 'left', filters: 6, kernelSize: 3, padding: 'same' }).apply(
      first,
    ) as tf.SymbolicTensor;
    const right = depthwiseConv2d({
      name: 'right',
      kernelSize: 3,
      padding: 'same',
      depthMultiplier: 2,
    }).apply(first) as tf.SymbolicTensor;
    const both = concatenate({ name: 'both' }).apply([left, right]) as tf.SymbolicTensor;
    const attention = dense({ name: 'attention', units: 14, activation: 'sigmoid' }).apply(
      globalAveragePooling2d({ name: 'gap' }).apply(both),
    ) as tf.SymbolicTensor;
    const gated = multiply({ name: 'gated' }).apply([
      both,
      reshape({ name: 'reshaped', targetShape: [1, 1, 14] }).apply(attention) as tf.SymbolicTensor,
    ]) as tf.SymbolicTensor;
    const mask = conv2d({ name: 'mask', filters: 1, kernelSize: 1 }).apply(gated) as tf.SymbolicTensor;
    const seen = multiply({ name: 'seen' }).apply([
      conv2d({ name: 'last', filters: 8, kernelSize: 1 }).apply(gated) as tf.SymbolicTensor,
      mask,
    ]) as tf.SymbolicTensor;
    const hidden = dense({ name: 'hidden', units: 10 }).apply(
      flatten({ name: 'flat' }).apply(seen),
    ) as tf.SymbolicTensor;
    const model = tf.model({
      inputs: image,
      outputs: dense({ name: 'out', units: 5 }).apply(hidden) as tf.SymbolicTensor,
    });
    const light = await slim(model, { from: 'first', factor: 0.5 });
    const shape = (name: string) => (light.getLayer(name).outputShape as number[]).slice(1);
    // The gate goes through a reshape of 14 numbers, so what it multiplies stays at 14.
    expect(shape('attention')).toEqual([14]);
    expect(shape('both')).toEqual([6, 6, 14]);
    expect(shape('last')).toEqual([6, 6, 4]);
    expect(shape('mask')).toEqual([6, 6, 1]);
    expect(shape('flat')).toEqual([144]);
    expect(shape('hidden')).toEqual([5]);
    expect(shape('out')).toEqual([5]);
    expect(runs(light)).toBe(true);
    light.dispose();
    model.dispose();
  });

  it('keeps what a nested model takes, and one layer used twice alike', async () => {
    const inner = tf.sequential({
      name: 'inner',
      layers: [tf.layers.dense({ name: 'in', units: 4, inputShape: [6] })],
    });
    const x = tf.input({ shape: [3] });
    const shared = tf.layers.dense({ name: 'shared', units: 6 });
    const a = tf.layers.dense({ name: 'a', units: 6 }).apply(x) as tf.SymbolicTensor;
    const once = shared.apply(a) as tf.SymbolicTensor;
    const twice = shared.apply(once) as tf.SymbolicTensor;
    const c = tf.layers.dense({ name: 'c', units: 8 }).apply(twice) as tf.SymbolicTensor;
    const d = tf.layers.dense({ name: 'd', units: 6 }).apply(c) as tf.SymbolicTensor;
    const model = tf.model({ inputs: x, outputs: inner.apply(d) as tf.SymbolicTensor });
    const light = await slim(model, { from: 'a' });
    const width = (name: string) => (light.getLayer(name).outputShape as number[]).at(-1);
    // 'shared' eats the kept 6 and its own output, so it stays; 'c' is free; 'd' goes into the nested model.
    expect(light.getLayer('shared').getWeights()[0].shape).toEqual([6, 6]);
    expect(width('c')).toBe(4);
    expect(width('d')).toBe(6);
    light.dispose();
    await expect(slim(model, { from: 'inner/in' })).rejects.toThrow(UnsupportedError);
    model.dispose();
  });

  it('says what it cannot do, and leaks nothing', async () => {
    const model = await cbr('Tiny', { inputShape: [12, 12, 1], classes: 2, width: 0.125 });
    await withoutLeak(async () => {
      await expect(slim(model, { from: 'block9' })).rejects.toThrow(
        /from names 'block9'.*the stages are block1, /,
      );
      await expect(slim(model, { from: 'block4' })).rejects.toThrow(
        /no layer after it can have 0.5 of its channels/,
      );
      await expect(slim(model, { from: 'block1', factor: 1.5 })).rejects.toThrow('factor is 1.5');
      await expect(slim(model, { from: 'block1', factor: 0 })).rejects.toThrow(OptionError);
      await expect(slim(model, {} as { from: string })).rejects.toThrow('from is undefined');
      await expect(slim(model, { from: 'block1', width: 1 } as { from: string })).rejects.toThrow(
        "slim has no option 'width'",
      );
    });
    const same = await slim(model, { from: 'block1', factor: 1 });
    expect(same.countParams()).toBe(model.countParams());
    same.dispose();
    model.dispose();
  });
});

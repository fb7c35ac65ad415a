/** Stages of the library's networks and of others. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildModel, families } from '../../src/transfer/models.js';
import { stages } from '../../src/transfer/stages.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const blocks = (count: number): string[] => Array.from({ length: count }, (_, i) => `block${i + 1}`);

describe('stages', () => {
  it.each(families)('of %s are its own, and hold every layer once', async (family) => {
    const channels = family.startsWith('cbr') ? 1 : 3;
    const model = await buildModel({ family, inputShape: [28, 28, channels], classes: 2, width: 0.125 });
    const found = stages(model);
    const expected = {
      'cbr-LargeT': [...blocks(5), 'head'],
      'cbr-LargeW': [...blocks(4), 'head'],
      'cbr-Small': [...blocks(4), 'head'],
      'cbr-Tiny': [...blocks(4), 'head'],
      efficientNetLite0: ['stem', ...blocks(7), 'top', 'head'],
      resNet50: ['conv1', ...blocks(4), 'head'],
    }[family];
    expect(found.map(({ name }) => name)).toEqual(expected);
    expect(found.flatMap(({ layers }) => layers)).toEqual(model.layers.slice(1).map(({ name }) => name));
    for (const { name, layers } of found)
      expect(layers.every((layer) => layer.startsWith(`${name}_`))).toBe(true);
    expect(found.at(-1)!.layers).toEqual(['head_gap', 'head_logits']);
    // The stages are one after the other: each begins with what the one before it ends with.
    for (const [i, { layers }] of found.slice(1).entries()) {
      const before = model.getLayer(found[i].layers.at(-1)!).output as tf.SymbolicTensor;
      expect((model.getLayer(layers[0]).input as tf.SymbolicTensor).id).toBe(before.id);
    }
    model.dispose();
  });

  it('of the sequential model of a user begin at each layer with weights', () => {
    const model = tf.sequential({
      layers: [
        tf.layers.reshape({ inputShape: [64], targetShape: [8, 8, 1] }),
        tf.layers.conv2d({ filters: 2, kernelSize: 3, name: 'conv2d_Conv2D1' }),
        tf.layers.batchNormalization({ name: 'batch_normalization_BatchNormalization1' }),
        tf.layers.reLU({ name: 're_lu_ReLU1' }),
        tf.layers.conv2d({ filters: 2, kernelSize: 3, name: 'conv2d_Conv2D2' }),
        tf.layers.flatten({ name: 'flatten_Flatten1' }),
        tf.layers.dense({ units: 2, name: 'dense_Dense1' }),
        tf.layers.softmax({ name: 'softmax_Softmax1' }),
      ],
    });
    expect(stages(model).map(({ name, layers }) => [name, layers.length])).toEqual([
      ['conv2d_Conv2D1', 4],
      ['conv2d_Conv2D2', 2],
      ['head', 2],
    ]);
    expect(stages(model)[0].layers.at(-1)).toBe('re_lu_ReLU1');
    model.dispose();
  });

  it('are not told by prefixes that come again', () => {
    const input = tf.input({ shape: [4] });
    let x = input;
    for (const name of ['a_one', 'b_one', 'a_two', 'head_logits'])
      x = tf.layers.dense({ units: 3, name }).apply(x) as tf.SymbolicTensor;
    const model = tf.model({ inputs: input, outputs: x });
    expect(stages(model).map(({ name }) => name)).toEqual(['a_one', 'b_one', 'a_two', 'head']);
    model.dispose();
  });

  it('have one head, whatever layers are called', () => {
    const names = ['first', 'head', 'last'];
    const layers = names.map((name) => tf.layers.dense({ units: 3, name, inputShape: [3] }));
    const model = tf.sequential({ layers });
    expect(stages(model)).toEqual([
      { name: 'first', layers: ['first'] },
      { name: 'head_1', layers: ['head'] },
      { name: 'head', layers: ['last'] },
    ]);
    model.dispose();
  });

  it('of a model without weights are one', () => {
    const model = tf.sequential({ layers: [tf.layers.flatten({ inputShape: [2, 2], name: 'flat' })] });
    expect(stages(model)).toEqual([{ name: 'head', layers: ['flat'] }]);
  });
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { listLayers, openProbe } from '../../src/capture/probe.js';
import { ShapeError } from '../../src/errors.js';
import {
  activations,
  branched,
  expectSame,
  images,
  names,
  nested,
  predict,
  randomise,
  sequential,
  withoutLeak,
} from './models.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('values', () => {
  it('equals predict of sub-models, dropout off and batch norm by running statistics', async () => {
    const model = sequential();
    const x = images(5);
    const layers = ['conv1', 'norm', 'drop', 'pool', 'flat', 'logits'];
    const raw = await withoutLeak(() => activations(model, layers, [x]));
    const outputs = layers.map((name) => model.getLayer(name).output as tf.SymbolicTensor);
    predict(model, outputs, x).forEach((tensor, i) => expectSame(raw.get(layers[i]), tensor));
    expect(raw.get('drop')!.data).toEqual(raw.get('norm')!.data);
  });

  it('equals predict in a model with branches, and runs no more than it needs', async () => {
    const model = branched();
    const x = images(3);
    const raw = await activations(model, ['short', 'long1', 'sum', 'image'], [x]);
    expect([...raw.keys()]).toEqual(
      listLayers(model)
        .map((l) => l.name)
        .filter((n) => n !== 'long2'),
    );
    const outputs = ['short', 'long1', 'sum'].map((name) => model.getLayer(name).output as tf.SymbolicTensor);
    predict(model, outputs, x).forEach((tensor, i) =>
      expectSame(raw.get(['short', 'long1', 'sum'][i]), tensor),
    );
    expectSame(raw.get('image'), x);
    const ran = vi.spyOn(model.getLayer('long2'), 'call');
    await activations(model, ['short', 'long1'], [x]);
    expect(ran).toHaveBeenCalledTimes(0);
    await activations(model, ['sum', 'long2'], [x]);
    expect(ran).toHaveBeenCalledTimes(1);
  });

  it('equals predict of hand-built stages in nested models, each layer run once', async () => {
    const { model, backbone, block } = nested();
    const x = images(4);
    const ran = vi.spyOn(block.getLayer('conv'), 'call');
    const layers = ['stem', 'backbone/block/conv', 'backbone/block', 'backbone/pool', 'backbone', 'head'];
    const raw = await withoutLeak(() => activations(model, layers, [x]));
    expect(ran).toHaveBeenCalledTimes(1);
    const [stem] = predict(model, [model.getLayer('stem').output as tf.SymbolicTensor], x);
    const conv = tf.model({ inputs: block.inputs, outputs: block.layers[0].output });
    const pool = backbone.predict(stem) as tf.Tensor;
    expectSame(raw.get('stem'), stem);
    expectSame(raw.get('backbone/block/conv'), conv.predict(stem) as tf.Tensor);
    expectSame(raw.get('backbone/block'), block.predict(stem) as tf.Tensor);
    expectSame(raw.get('backbone/pool'), pool);
    expectSame(raw.get('backbone'), pool);
    expectSame(raw.get('head'), model.predict(x) as tf.Tensor);
  });

  it('reaches into a model that a Sequential begins with', async () => {
    const { backbone, block } = nested();
    const model = tf.sequential({ name: 'top', layers: [backbone, tf.layers.flatten({ name: 'flat' })] });
    const x = images(3, [6, 6, 3]);
    const raw = await activations(model, ['backbone/block/conv', 'backbone', 'flat'], [x]);
    const conv = tf.model({ inputs: block.inputs, outputs: block.layers[0].output });
    expectSame(raw.get('backbone/block/conv'), conv.predict(x) as tf.Tensor);
    expectSame(raw.get('backbone'), backbone.predict(x) as tf.Tensor);
    expectSame(raw.get('flat'), model.predict(x) as tf.Tensor);
  });

  it('names the uses of a shared layer in order of execution', async () => {
    const x = tf.input({ shape: [3], name: 'x' });
    const shared = tf.layers.dense({ name: 'shared', units: 3, activation: 'tanh' });
    const twice = shared.apply(shared.apply(x)) as tf.SymbolicTensor;
    const model = randomise(tf.model({ inputs: x, outputs: twice, name: 'twice' }));
    const data = images(4, [3]);
    const raw = await activations(model, ['shared@0', 'shared@1'], [data]);
    expect(names(listLayers(model))).toEqual(['x', 'shared@0', 'shared@1']);
    const outputs = [shared.getOutputAt(0), shared.getOutputAt(1)] as tf.SymbolicTensor[];
    predict(model, outputs, data).forEach((tensor, i) => expectSame(raw.get(`shared@${i}`), tensor));
    // Another model that uses the same layer once sees it once.
    const once = tf.model({ inputs: x, outputs: shared.getOutputAt(0) });
    expect(names(listLayers(once))).toEqual(['x', 'shared']);
  });

  it('captures a shared nested model at each use (two towers), and several inputs', async () => {
    const tower = tf.sequential({
      name: 'tower',
      layers: [tf.layers.dense({ name: 'fc', inputShape: [3], units: 2, activation: 'tanh' })],
    });
    const [a, b] = [tf.input({ shape: [3], name: 'a' }), tf.input({ shape: [3], name: 'b' })];
    const joined = tf.layers
      .concatenate({ name: 'join' })
      .apply([tower.apply(a), tower.apply(b)] as tf.SymbolicTensor[]) as tf.SymbolicTensor;
    const model = randomise(tf.model({ inputs: [a, b], outputs: joined, name: 'towers' }));
    const [xa, xb] = [images(4, [3], 1), images(4, [3], 2)];
    const raw = await withoutLeak(() => activations(model, ['tower@0/fc', 'tower@1/fc', 'join'], [xa, xb]));
    const towers = [raw.get('tower@0/fc')!, raw.get('tower@1/fc')!].map(({ data }) => Array.from(data));
    const expected = [xa, xb].map((x) => Array.from((tower.predict(x) as tf.Tensor).dataSync()));
    expect(towers.toSorted()).toEqual(expected.toSorted());
    expectSame(raw.get('join'), model.predict([xa, xb]) as tf.Tensor);
  });

  it('hands masks on as predict does', async () => {
    const x = tf.input({ shape: [5], name: 'tokens', dtype: 'int32' });
    const embedded = tf.layers
      .embedding({ name: 'embed', inputDim: 6, outputDim: 3, maskZero: true })
      .apply(x);
    const steps = tf.layers.simpleRNN({ name: 'steps', units: 4, returnSequences: true }).apply(embedded);
    const last = tf.layers.lstm({ name: 'last', units: 2 }).apply(steps) as tf.SymbolicTensor;
    const model = randomise(tf.model({ inputs: x, outputs: last, name: 'masked' }));
    const tokens = tf.tensor2d(
      [
        [1, 2, 0, 3, 0],
        [5, 4, 3, 0, 0],
      ],
      [2, 5],
      'int32',
    );
    const raw = await withoutLeak(() => activations(model, ['embed', 'steps', 'last'], [tokens]));
    const outputs = ['embed', 'steps', 'last'].map(
      (name) => model.getLayer(name).output as tf.SymbolicTensor,
    );
    predict(model, outputs, tokens).forEach((tensor, i) =>
      expectSame(raw.get(['embed', 'steps', 'last'][i]), tensor),
    );
  });
});

describe('the user’s model', () => {
  it('is left as it was: nodes, weights, output and saved form', async () => {
    const { model, backbone, block } = nested();
    const x = images(2);
    const state = () => ({
      nodes: [model, backbone, block].flatMap((m) =>
        m.layers.map((l) => [l.name, l.inboundNodes.length, l.outboundNodes.length]),
      ),
      json: model.toJSON(undefined, false),
      output: Array.from((model.predict(x) as tf.Tensor).dataSync()),
      fresh: tf.layers.dense({ units: 1 }).name.replace(/\d+$/, ''),
    });
    const before = state();
    await activations(model, names(listLayers(model)), [x]);
    expect(state()).toEqual(before);
  });

  it('may be captured on inputs of another dtype', async () => {
    const model = sequential();
    const x = tf.randomUniform([3, 6, 6, 2], 0, 255, 'int32');
    const raw = await withoutLeak(() => activations(model, ['logits'], [x]));
    expectSame(raw.get('logits'), model.predict(x.toFloat()) as tf.Tensor);
  });
});

describe('errors', () => {
  it('names both shapes when the input does not fit, and leaks nothing', async () => {
    const model = sequential();
    const x = images(2, [5, 6, 2]);
    await withoutLeak(async () => {
      await expect(activations(model, ['conv1'], [x])).rejects.toThrow(ShapeError);
      await expect(activations(model, ['conv1'], [x])).rejects.toThrow(
        "the data has shape [2, 5, 6, 2], but input 'conv1_input' of model 'plain' takes [null, 6, 6, 2]",
      );
      await expect(activations(model, ['conv1'], [x, x])).rejects.toThrow(/takes 1 input .* the data has 2/);
    });
  });

  it('frees everything when a layer throws half-way', async () => {
    const model = sequential();
    const x = images(2);
    model.getLayer('pool').setCallHook(() => {
      throw new Error('stop here');
    });
    await withoutLeak(async () => {
      await expect(activations(model, ['conv1', 'logits'], [x])).rejects.toThrow('stop here');
    });
  });

  it('refuses unknown names, and a layer where a model belongs', async () => {
    await expect(openProbe(sequential(), [{ name: 'nope' }])).rejects.toThrow(/no layer 'nope'/);
    const layer = tf.layers.dense({ name: 'alone', units: 2 });
    expect(() => listLayers(layer as never)).toThrow(/'alone' is a layer and not a model: take tf.model\(/);
  });
});

/** Channels first, and activations of rank 5. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { listLayers } from '../../src/capture/probe.js';
import { activations, expectSame, images, names, predict, randomise, withoutLeak } from './models.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** The names and shapes that are listed. */
const listed = (model: tf.LayersModel): [string, readonly (number | null)[]][] =>
  listLayers(model).map(({ name, shape }) => [name, shape]);

/** conv → batch norm → relu → dropout → sum with a second convolution → pool → flatten → dense, in either layout. */
function twin(dataFormat: 'channelsFirst' | 'channelsLast'): tf.LayersModel {
  const first = dataFormat === 'channelsFirst';
  const x = tf.input({ shape: first ? [2, 7, 6] : [7, 6, 2], name: 'image' });
  const conv = tf.layers.conv2d({ name: 'conv', filters: 3, kernelSize: 3, dataFormat }).apply(x);
  const norm = tf.layers.batchNormalization({ name: 'norm', axis: first ? 1 : 3 }).apply(conv);
  const relu = tf.layers.activation({ name: 'relu', activation: 'relu' }).apply(norm);
  const drop = tf.layers.dropout({ name: 'drop', rate: 0.5 }).apply(relu) as tf.SymbolicTensor;
  const beside = tf.layers.conv2d({ name: 'beside', filters: 3, kernelSize: 3, dataFormat }).apply(x);
  const sum = tf.layers.add({ name: 'sum' }).apply([drop, beside as tf.SymbolicTensor]);
  const pool = tf.layers.maxPooling2d({ name: 'pool', poolSize: 2, dataFormat }).apply(sum);
  const mean = tf.layers.globalAveragePooling2d({ name: 'mean', dataFormat }).apply(pool);
  const out = tf.layers.dense({ name: 'out', units: 2 }).apply(mean) as tf.SymbolicTensor;
  return randomise(tf.model({ inputs: x, outputs: out, name: 'twin' }));
}

describe('a model with channels first', () => {
  it('is listed and captured as its twin with channels last', async () => {
    const [first, last] = [twin('channelsFirst'), twin('channelsLast')];
    expect(listed(first)).toEqual(listed(last));
    const x = images(3, [7, 6, 2]);
    const channelsFirst = x.transpose([0, 3, 1, 2]);
    const layers = names(listLayers(first));
    const raw = await withoutLeak(() => activations(first, layers, [channelsFirst]));
    const expected = await activations(last, layers, [x]);
    for (const name of layers) {
      const [{ shape, data }, twins] = [raw.get(name)!, expected.get(name)!];
      expect(shape, name).toEqual(twins.shape);
      // What tfjs computes for a batch norm over axis 1 is not what it computes over the last, on its cpu backend.
      if (['image', 'conv', 'beside'].includes(name))
        expect(Array.from(data), name).toEqual(Array.from(twins.data));
    }
    // And those are what predict gives, its axes moved.
    const inner = ['conv', 'norm', 'drop', 'sum', 'pool'];
    const outputs = inner.map((name) => first.getLayer(name).output as tf.SymbolicTensor);
    predict(first, outputs, channelsFirst).forEach((tensor, i) =>
      expectSame(raw.get(inner[i]), tensor.transpose([0, 2, 3, 1])),
    );
  });

  it('that turns its axes by a Permute is followed', async () => {
    const x = tf.input({ shape: [4, 5, 2], name: 'image' });
    const turned = tf.layers.permute({ name: 'first', dims: [3, 1, 2] }).apply(x);
    const padded = tf.layers.activation({ name: 'tanh', activation: 'tanh' }).apply(turned);
    const conv = tf.layers
      .conv2d({ name: 'conv', filters: 3, kernelSize: 2, dataFormat: 'channelsFirst' })
      .apply(padded);
    const back = tf.layers.permute({ name: 'last', dims: [2, 3, 1] }).apply(conv);
    const norm = tf.layers.batchNormalization({ name: 'norm' }).apply(back) as tf.SymbolicTensor;
    const model = randomise(tf.model({ inputs: x, outputs: norm, name: 'turning' }));
    expect(listed(model)).toEqual([
      ['image', [4, 5, 2]],
      ['first', [4, 5, 2]],
      ['tanh', [4, 5, 2]],
      ['conv', [3, 4, 3]],
      ['last', [3, 4, 3]],
      ['norm', [3, 4, 3]],
    ]);
    const data = images(2, [4, 5, 2]);
    const raw = await withoutLeak(() => activations(model, ['first', 'tanh', 'conv', 'norm'], [data]));
    expectSame(raw.get('first'), data);
    expectSame(raw.get('tanh'), data.tanh());
    const inner = model.getLayer('conv').output as tf.SymbolicTensor;
    expectSame(raw.get('conv'), predict(model, [inner], data)[0].transpose([0, 2, 3, 1]));
    expectSame(raw.get('norm'), model.predict(data) as tf.Tensor);
  });

  it('is known through nested models, from either side, and inside custom layers', async () => {
    class Block extends tf.layers.Layer {
      static className = 'Block';
      readonly conv = tf.layers.conv2d({
        name: 'conv',
        filters: 2,
        kernelSize: 3,
        padding: 'same',
        dataFormat: 'channelsFirst',
      });
      readonly relu = tf.layers.reLU({ name: 'relu' });
      override call(x: tf.Tensor | tf.Tensor[]): tf.Tensor {
        return this.relu.apply(this.conv.apply([x].flat()[0])) as tf.Tensor;
      }
    }
    const inner = tf.input({ shape: [2, 4, 5], name: 'inner' });
    const elu = tf.layers.elu({ name: 'elu' }).apply(inner) as tf.SymbolicTensor;
    const activation = tf.model({ inputs: inner, outputs: elu, name: 'net' });
    const x = tf.input({ shape: [2, 4, 5], name: 'image' });
    const block = new Block({ name: 'block' }).apply(activation.apply(x));
    const up = tf.layers
      .upSampling2d({ name: 'up', size: [2, 2], dataFormat: 'channelsFirst' })
      .apply(block) as tf.SymbolicTensor;
    const model = tf.model({ inputs: x, outputs: up, name: 'whole' });
    const shapes = new Map(listed(model));
    for (const name of ['image', 'net/inner', 'net/elu', 'net', 'block/conv', 'block/relu', 'block'])
      expect(shapes.get(name), name).toEqual([4, 5, 2]);
    expect(shapes.get('up')).toEqual([8, 10, 2]);
    const data = images(2, [2, 4, 5]);
    model.predict(data);
    const layers = [...shapes.keys()];
    const raw = await withoutLeak(() => activations(model, layers, [data]));
    const moved = (tensor: tf.Tensor) => tensor.transpose([0, 2, 3, 1]);
    for (const name of ['net/elu', 'net']) expectSame(raw.get(name), moved(data.elu()));
    expectSame(raw.get('up'), moved(model.predict(data) as tf.Tensor));
    expect(raw.get('block/relu')!.data).toEqual(raw.get('block')!.data);
    expect(Array.from(raw.get('block/relu')!.data)).toEqual(
      Array.from(raw.get('block/conv')!.data, (value) => Math.max(value, 0)),
    );
  });
});

describe('activations of rank 5', () => {
  it.each(['channelsFirst', 'channelsLast'] as const)('come channels last: %s', async (dataFormat) => {
    const first = dataFormat === 'channelsFirst';
    const move = (tensor: tf.Tensor, order: number[]) => (first ? tensor.transpose(order) : tensor);
    const volume = tf.sequential({
      layers: [
        tf.layers.conv3d({
          name: 'conv',
          filters: 3,
          kernelSize: 2,
          dataFormat,
          inputShape: first ? [2, 4, 5, 6] : [4, 5, 6, 2],
        }),
        tf.layers.activation({ name: 'relu', activation: 'relu' }),
      ],
    });
    expect(listed(volume)).toEqual([
      ['conv', [3, 4, 5, 3]],
      ['relu', [3, 4, 5, 3]],
    ]);
    const x = images(2, first ? [2, 4, 5, 6] : [4, 5, 6, 2]);
    const raw = await withoutLeak(() => activations(volume, ['conv', 'relu'], [x]));
    expectSame(raw.get('relu'), move(volume.predict(x) as tf.Tensor, [0, 2, 3, 4, 1]));

    const film = tf.sequential({
      layers: [
        tf.layers.convLstm2d({
          name: 'lstm',
          filters: 3,
          kernelSize: 2,
          dataFormat,
          returnSequences: true,
          inputShape: first ? [3, 2, 5, 4] : [3, 5, 4, 2],
        }),
        tf.layers.timeDistributed({
          name: 'frames',
          layer: tf.layers.conv2d({ filters: 2, kernelSize: 2, dataFormat }),
        }),
        tf.layers.convLstm2d({ name: 'last', filters: 2, kernelSize: 2, dataFormat }),
      ],
    });
    expect(listed(film)).toEqual([
      ['lstm', [3, 4, 3, 3]],
      ['frames', [3, 3, 2, 2]],
      ['last', [2, 1, 2]],
    ]);
    const frames = images(2, first ? [3, 2, 5, 4] : [3, 5, 4, 2]);
    const layers = ['lstm', 'frames', 'last'];
    const found = await withoutLeak(() => activations(film, layers, [frames]));
    const outputs = layers.map((name) => film.getLayer(name).output as tf.SymbolicTensor);
    const [lstm, each, last] = predict(film, outputs, frames);
    expectSame(found.get('lstm'), move(lstm, [0, 1, 3, 4, 2]));
    expectSame(found.get('frames'), move(each, [0, 1, 3, 4, 2]));
    expectSame(found.get('last'), move(last, [0, 2, 3, 1]));
  });
});

/** Sequences: recurrent layers, embeddings, attention, and the masks that go with their activations. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  activations,
  encoder,
  expectSame,
  images,
  outputsOf,
  predict,
  randomise,
  tokens,
  unpadded,
  withoutLeak,
} from './models.js';

let ids: tf.Tensor2D;
let model: tf.LayersModel;

beforeAll(async () => {
  await tf.setBackend('cpu');
  ids = tokens();
  model = encoder();
});

describe('activations of sequences', () => {
  it('equal predict: embedding, recurrent layers with and without sequences, attention by dot products', async () => {
    const x = tf.input({ shape: [5], name: 'tokens', dtype: 'int32' });
    const embedded = tf.layers.embedding({ name: 'embed', inputDim: 6, outputDim: 3 }).apply(x);
    const gru = tf.layers.gru({ name: 'gru', units: 4, returnSequences: true }).apply(embedded);
    const dense = (name: string) => tf.layers.dense({ name, units: 2 }).apply(gru) as tf.SymbolicTensor;
    const [query, key] = [dense('query'), dense('key')];
    const scores = tf.layers.dot({ name: 'scores', axes: -1 }).apply([query, key]);
    const weights = tf.layers
      .activation({ name: 'weights', activation: 'softmax' })
      .apply(scores) as tf.SymbolicTensor;
    const context = tf.layers
      .dot({ name: 'context', axes: [2, 1] })
      .apply([weights, gru as tf.SymbolicTensor]);
    const last = tf.layers.simpleRNN({ name: 'last', units: 2 }).apply(context) as tf.SymbolicTensor;
    const model = randomise(tf.model({ inputs: x, outputs: last, name: 'attention' }));
    const layers = ['embed', 'gru', 'query', 'key', 'scores', 'weights', 'context', 'last'];
    const raw = await withoutLeak(() => activations(model, layers, [ids]));
    predict(model, outputsOf(model, layers), ids).forEach((tensor, i) =>
      expectSame(raw.get(layers[i]), tensor),
    );
    // Every row of attention weights is a distribution.
    const { data } = raw.get('weights')!;
    for (let row = 0; row < 15; row++) {
      let sum = 0;
      for (let i = 0; i < 5; i++) sum += data[row * 5 + i];
      expect(sum).toBeCloseTo(1, 6);
    }
    expect([...raw.values()].every(({ mask }) => mask === undefined)).toBe(true);
  });

  it('equal predict where initial states and inner sequences come in: encoder, decoder, bidirectional, time-distributed', async () => {
    const source = tf.input({ shape: [4, 2], name: 'source' });
    const target = tf.input({ shape: [3, 2], name: 'target' });
    const [, h, c] = tf.layers
      .lstm({ name: 'encoder', units: 3, returnState: true })
      .apply(source) as tf.SymbolicTensor[];
    const decoded = tf.layers
      .lstm({ name: 'decoder', units: 3, returnSequences: true })
      .apply(target, { initialState: [h, c] });
    const both = tf.layers
      .bidirectional({
        name: 'both',
        layer: tf.layers.gru({ units: 2, returnSequences: true }),
        mergeMode: 'concat',
      })
      .apply(tf.layers.activation({ name: 'tanh', activation: 'tanh' }).apply(decoded));
    const steps = tf.layers
      .timeDistributed({ name: 'steps', layer: tf.layers.dense({ units: 2 }) })
      .apply(tf.layers.dense({ name: 'before', units: 3 }).apply(decoded)) as tf.SymbolicTensor;
    const model = randomise(tf.model({ inputs: [source, target], outputs: steps, name: 'translate' }));
    const data = [images(3, [4, 2], 1), images(3, [3, 2], 2)];
    const layers = ['decoder', 'before', 'steps'];
    const raw = await withoutLeak(() => activations(model, layers, data));
    predict(model, outputsOf(model, layers), data).forEach((tensor, i) =>
      expectSame(raw.get(layers[i]), tensor),
    );
    const further = randomise(
      tf.model({ inputs: [source, target], outputs: both as tf.SymbolicTensor, name: 'further' }),
    );
    const own = await withoutLeak(() => activations(further, ['tanh', 'both'], data));
    expectSame(own.get('both'), further.predict(data) as tf.Tensor);
  });
});

describe('masks', () => {
  it('go with activations as far as the model hands them on', async () => {
    const layers = ['embed', 'steps', 'drop', 'conv', 'more', 'last', 'out'];
    const raw = await withoutLeak(() => activations(model, layers, [ids]));
    predict(model, outputsOf(model, layers), ids).forEach((tensor, i) =>
      expectSame(raw.get(layers[i]), tensor),
    );
    for (const name of ['embed', 'steps', 'drop'])
      expect(Array.from(raw.get(name)!.mask!)).toEqual(unpadded(ids));
    // A convolution hands no mask on, and a layer that gives no sequence has none.
    for (const name of ['conv', 'more', 'last', 'out']) expect(raw.get(name)!.mask).toBeUndefined();
  });

  it('come from a Masking layer, and are left out where nothing is masked', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.masking({ name: 'masking', inputShape: [3, 2] }),
        tf.layers.lstm({ name: 'lstm', units: 2, returnSequences: true }),
      ],
    });
    const rows = [1, 2, 0, 0, 3, 4, 5, 6, 7, 8, 0, 0];
    const raw = await activations(model, ['masking', 'lstm'], [tf.tensor3d(rows, [2, 3, 2])]);
    for (const { mask } of raw.values()) expect(Array.from(mask!)).toEqual([1, 0, 1, 1, 1, 0]);
    const full = await activations(model, ['lstm'], [tf.ones([2, 3, 2])]);
    expect(full.get('lstm')!.mask).toBeUndefined();
  });

  it('hold for a nested model and every direction, output and inner position of a masked step', async () => {
    const inner = tf.input({ shape: [5], name: 'inner', dtype: 'int32' });
    const embedded = tf.layers
      .embedding({ name: 'embed', inputDim: 6, outputDim: 4, maskZero: true })
      .apply(inner);
    const lstm = tf.layers
      .lstm({ name: 'lstm', units: 4, returnSequences: true, returnState: true })
      .apply(embedded) as tf.SymbolicTensor[];
    const reader = tf.model({ inputs: inner, outputs: lstm[0], name: 'reader' });
    const x = tf.input({ shape: [5], name: 'tokens', dtype: 'int32' });
    const read = reader.apply(x) as tf.SymbolicTensor;
    const pixels = tf.layers.reshape({ name: 'pixels', targetShape: [5, 2, 2] }).apply(read);
    const spread = tf.layers
      .timeDistributed({ name: 'spread', layer: tf.layers.dense({ units: 3 }) })
      .apply(pixels) as tf.SymbolicTensor;
    const model = randomise(tf.model({ inputs: x, outputs: spread, name: 'pages' }));
    const layers = ['reader/embed', 'reader/lstm:0', 'reader/lstm:1', 'reader', 'pixels'];
    const raw = await withoutLeak(() => activations(model, layers, [ids]));
    for (const name of ['reader/embed', 'reader/lstm:0', 'reader'])
      expect(Array.from(raw.get(name)!.mask!)).toEqual(unpadded(ids));
    expect(raw.get('reader/lstm:1')!.mask).toBeUndefined();

    const direct = tf.layers.embedding({ name: 'images', inputDim: 6, outputDim: 4, maskZero: true });
    const rows = tf.input({ shape: [5, 2], name: 'rows', dtype: 'int32' });
    const picture = tf.model({ inputs: rows, outputs: direct.apply(rows) as tf.SymbolicTensor });
    const pairs = tf.tensor3d([...unpadded(ids), ...unpadded(ids)], [3, 5, 2], 'int32');
    const { mask, shape } = (await activations(picture, ['images'], [pairs])).get('images')!;
    expect(shape).toEqual([3, 5, 2, 4]);
    expect(Array.from(mask!)).toEqual([...unpadded(ids), ...unpadded(ids)]);
  });

  it('are those of one branch after an addition, as tfjs takes them', async () => {
    const x = tf.input({ shape: [5], name: 'tokens', dtype: 'int32' });
    const embedded = tf.layers
      .embedding({ name: 'embed', inputDim: 6, outputDim: 3, maskZero: true })
      .apply(x) as tf.SymbolicTensor;
    const dense = tf.layers.dense({ name: 'dense', units: 3 }).apply(embedded) as tf.SymbolicTensor;
    const sum = tf.layers.add({ name: 'sum' }).apply([embedded, dense]) as tf.SymbolicTensor;
    const beside = tf.layers.concatenate({ name: 'beside', axis: -1 }).apply([embedded, dense]);
    const model = tf.model({ inputs: x, outputs: [sum, beside as tf.SymbolicTensor], name: 'residual' });
    const raw = await withoutLeak(() => activations(model, ['dense', 'sum', 'beside'], [ids]));
    for (const { mask } of raw.values()) expect(Array.from(mask!)).toEqual(unpadded(ids));
  });

  it('do not leave a nested model for the layers after it, as in predict', async () => {
    const inner = tf.input({ shape: [5], name: 'inner', dtype: 'int32' });
    const embed = tf.layers.embedding({ name: 'embed', inputDim: 6, outputDim: 4, maskZero: true });
    const lstm = tf.layers.lstm({ name: 'lstm', units: 4, returnSequences: true });
    const reader = tf.model({ inputs: inner, outputs: lstm.apply(embed.apply(inner)) as tf.SymbolicTensor });
    const x = tf.input({ shape: [5], name: 'tokens', dtype: 'int32' });
    const after = tf.layers.simpleRNN({ name: 'after', units: 3, returnSequences: true });
    const outputs = after.apply(reader.apply(x)) as tf.SymbolicTensor;
    const whole = randomise(tf.model({ inputs: x, outputs, name: 'around' }));
    const raw = await activations(whole, ['after'], [ids]);
    expectSame(raw.get('after'), whole.predict(ids) as tf.Tensor);
    expect(raw.get('after')!.mask).toBeUndefined();
  });

  it('reach the same layers as in predict, which hands the last one on to layers without any', async () => {
    // Two towers: tfjs gives the mask of the first to run to the recurrent layer of the other.
    const [a, b] = [
      tf.input({ shape: [5], name: 'a', dtype: 'int32' }),
      tf.input({ shape: [5, 3], name: 'b' }),
    ];
    const left = tf.layers
      .lstm({ name: 'left', units: 2, returnSequences: true })
      .apply(tf.layers.embedding({ inputDim: 6, outputDim: 3, maskZero: true }).apply(a));
    const deep = tf.layers.dense({ name: 'deep', units: 2 }).apply(left) as tf.SymbolicTensor;
    const right = tf.layers.lstm({ name: 'right', units: 2, returnSequences: true }).apply(b);
    const orders = [
      [deep, right as tf.SymbolicTensor],
      [right as tf.SymbolicTensor, deep],
    ];
    for (const towers of orders) {
      const joined = tf.layers.concatenate().apply(towers) as tf.SymbolicTensor;
      const model = randomise(tf.model({ inputs: [a, b], outputs: joined, name: 'towers' }));
      const data = [ids, images(3, [5, 3])];
      const all = await activations(model, [joined.sourceLayer.name, 'right'], data);
      expectSame(all.get(joined.sourceLayer.name), model.predict(data) as tf.Tensor);
      const alone = await activations(model, ['right'], data);
      expect(alone.get('right')!.data).toEqual(all.get('right')!.data);
    }
  });
});

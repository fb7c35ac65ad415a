import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { listLayers } from '../../src/capture/probe.js';
import { activations, expectSame, images, names, nested, predict, randomise, withoutLeak } from './models.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const symbolic = (value: unknown): tf.SymbolicTensor[] => [value].flat() as tf.SymbolicTensor[];

describe('layers with several outputs', () => {
  it('are listed with every output, `name:0` first, and captured as predict gives them', async () => {
    const x = tf.input({ shape: [4, 3], name: 'x' });
    const lstm = tf.layers.lstm({ name: 'lstm', units: 2, returnSequences: true, returnState: true });
    const outputs = symbolic(lstm.apply(x));
    const joined = tf.layers.concatenate({ name: 'join' }).apply(outputs.slice(1)) as tf.SymbolicTensor;
    const model = randomise(tf.model({ inputs: x, outputs: joined, name: 'states' }));
    expect(listLayers(model).map(({ name, shape }) => [name, shape])).toEqual([
      ['x', [4, 3]],
      ['lstm:0', [4, 2]],
      ['lstm:1', [2]],
      ['lstm:2', [2]],
      ['join', [4]],
    ]);
    const data = images(5, [4, 3]);
    const raw = await withoutLeak(() => activations(model, ['lstm:0', 'lstm:1', 'lstm:2', 'join'], [data]));
    predict(model, outputs, data).forEach((tensor, i) => expectSame(raw.get(`lstm:${i}`), tensor));
    // The last step of the sequence is the hidden state.
    const [steps, hidden] = [raw.get('lstm:0')!, raw.get('lstm:1')!];
    for (let n = 0; n < 5; n++)
      for (let c = 0; c < 2; c++) expect(hidden.data[n * 2 + c]).toBe(steps.data[(n * 4 + 3) * 2 + c]);
  });

  it('both directions of a bidirectional layer that does not merge them, and each use of a shared one', async () => {
    const [x, y] = [tf.input({ shape: [3, 2], name: 'x' }), tf.input({ shape: [3, 2], name: 'y' })];
    const both = tf.layers.bidirectional({
      name: 'both',
      layer: tf.layers.simpleRNN({ units: 2, returnSequences: true }),
      mergeMode: null as never,
    });
    const [a, b] = [symbolic(both.apply(x)), symbolic(both.apply(y))];
    const sum = tf.layers.add({ name: 'sum' }).apply([...a, ...b]) as tf.SymbolicTensor;
    const model = randomise(tf.model({ inputs: [x, y], outputs: sum, name: 'directions' }));
    expect(
      names(listLayers(model))
        .filter((name) => name.startsWith('both'))
        .toSorted(),
    ).toEqual(['both@0:0', 'both@0:1', 'both@1:0', 'both@1:1']);
    const data = [images(2, [3, 2], 1), images(2, [3, 2], 2)];
    const raw = await withoutLeak(() => activations(model, names(listLayers(model)), data));
    const found = ['both@0:0', 'both@0:1', 'both@1:0', 'both@1:1'].map((name) =>
      Array.from(raw.get(name)!.data),
    );
    const expected = predict(model, [...a, ...b], data).map((tensor) => [...tensor.dataSync()]);
    expect(found.toSorted()).toEqual(expected.toSorted());
  });

  it('a nested model with two outputs', async () => {
    const inner = tf.input({ shape: [3], name: 'inner' });
    const left = tf.layers.dense({ name: 'left', units: 2 }).apply(inner) as tf.SymbolicTensor;
    const right = tf.layers.dense({ name: 'right', units: 4 }).apply(left) as tf.SymbolicTensor;
    const split = tf.model({ inputs: inner, outputs: [right, left], name: 'split' });
    const x = tf.input({ shape: [3], name: 'x' });
    const parts = symbolic(split.apply(x));
    const join = tf.layers.concatenate({ name: 'join' }).apply(parts) as tf.SymbolicTensor;
    const model = randomise(tf.model({ inputs: x, outputs: join, name: 'outer' }));
    expect(names(listLayers(model))).toEqual([
      ...['x', 'split/inner', 'split/left', 'split/right', 'split:0', 'split:1', 'join'],
    ]);
    const data = images(3, [3]);
    const raw = await withoutLeak(() => activations(model, ['split:0', 'split:1', 'split/left'], [data]));
    const [first, second] = split.predict(data) as tf.Tensor[];
    expectSame(raw.get('split:0'), first);
    expectSame(raw.get('split:1'), second);
    expectSame(raw.get('split/left'), second);
  });
});

describe('nesting', () => {
  it('reaches models in models in models, each used twice', async () => {
    const cell = tf.sequential({
      name: 'cell',
      layers: [tf.layers.dense({ name: 'fc', inputShape: [3], units: 3, activation: 'tanh' })],
    });
    const middle = tf.input({ shape: [3], name: 'm' });
    const block = tf.model({
      inputs: middle,
      outputs: cell.apply(cell.apply(middle)) as tf.SymbolicTensor,
      name: 'block',
    });
    const x = tf.input({ shape: [3], name: 'x' });
    const y = block.apply(block.apply(x)) as tf.SymbolicTensor;
    const model = randomise(tf.model({ inputs: x, outputs: y, name: 'deep' }));
    const uses = ['block@0/cell@0', 'block@0/cell@1', 'block@1/cell@0', 'block@1/cell@1'];
    expect(names(listLayers(model))).toEqual(
      expect.arrayContaining(uses.flatMap((use) => [use, `${use}/fc`])),
    );
    const data = images(4, [3]);
    const raw = await withoutLeak(() =>
      activations(
        model,
        uses.map((use) => `${use}/fc`),
        [data],
      ),
    );
    let expected: tf.Tensor = data;
    for (const use of uses) {
      expected = cell.predict(expected) as tf.Tensor;
      expectSame(raw.get(`${use}/fc`), expected);
    }
    expect([...expected.dataSync()]).toEqual([...(model.predict(data) as tf.Tensor).dataSync()]);
  });

  it('reaches into a Sequential that begins with a Sequential that begins with a model', async () => {
    const { backbone } = nested();
    const middle = tf.sequential({
      name: 'middle',
      layers: [backbone, tf.layers.activation({ name: 'tanh', activation: 'tanh' })],
    });
    const model = tf.sequential({ name: 'top', layers: [middle, tf.layers.flatten({ name: 'flat' })] });
    const listed = names(listLayers(model));
    expect(listed).toContain('middle/backbone/block/conv');
    expect(listed.slice(-3)).toEqual(['middle/tanh', 'middle', 'flat']);
    const data = images(2, [6, 6, 3]);
    const raw = await withoutLeak(() => activations(model, listed, [data]));
    expectSame(raw.get('middle/backbone'), backbone.predict(data) as tf.Tensor);
    expectSame(raw.get('middle'), middle.predict(data) as tf.Tensor);
    expectSame(raw.get('flat'), model.predict(data) as tf.Tensor);
  });

  it('captures a model that was saved and loaded under the same names', async () => {
    const { model } = nested();
    let saved: tf.io.ModelArtifacts | undefined;
    await model.save(
      tf.io.withSaveHandler((artifacts) => {
        saved = artifacts;
        return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
      }),
    );
    const loaded = await tf.loadLayersModel(tf.io.fromMemory(saved!));
    const listed = names(listLayers(model));
    expect(names(listLayers(loaded))).toEqual(listed);
    const data = images(2);
    const [a, b] = [await activations(model, listed, [data]), await activations(loaded, listed, [data])];
    for (const name of listed) expect(Array.from(b.get(name)!.data)).toEqual(Array.from(a.get(name)!.data));
  });
});

/** Layers inside custom layers. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { capture } from '../../src/capture/capture.js';
import { listLayers, openProbe } from '../../src/capture/probe.js';
import { compare } from '../../src/compare/compare.js';
import { UnsupportedError } from '../../src/errors.js';
import { Mixed, Residual, Twice, one, wrap, type Input } from './custom-layers.js';
import { activations, expectSame, images, names, randomise, tokens, withoutLeak } from './models.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const callsOf = (layers: tf.layers.Layer[]): (string | undefined)[] =>
  layers.map((layer) => Object.getOwnPropertyDescriptor(layer, 'call') && layer.name);

describe('values', () => {
  it('are what the layers give, out of the layer’s own tidy', async () => {
    const block = new Residual({ name: 'block' });
    const model = wrap(block, [6, 6, 2]);
    const x = images(3);
    model.predict(x);
    const listed = names(listLayers(model));
    const raw = await withoutLeak(() => activations(model, listed, [x]));
    const conv1 = block.conv1.apply(x) as tf.Tensor;
    expectSame(raw.get('block/conv1'), conv1);
    expectSame(raw.get('block/relu'), conv1.relu());
    expectSame(raw.get('block/conv2'), block.rest[1].apply(conv1.relu()) as tf.Tensor);
    expectSame(raw.get('block'), model.predict(x) as tf.Tensor);
  });

  it('of every call, depth and kind', async () => {
    const mixed = new Mixed({ name: 'mixed' });
    const model = wrap(mixed, [3]);
    const x = images(4, [3]);
    model.predict(x);
    const raw = await withoutLeak(() => activations(model, names(listLayers(model)), [x]));
    const first = mixed.shared.apply(x) as tf.Tensor;
    const second = mixed.shared.apply(first) as tf.Tensor;
    expectSame(raw.get('mixed/shared@0'), first);
    expectSame(raw.get('mixed/shared@1'), second);
    const scaled = mixed.inner.scale.apply(second) as tf.Tensor;
    expectSame(raw.get('mixed/twice/scale'), scaled);
    expectSame(raw.get('mixed/twice'), scaled.mul(2));
    const net = mixed.net.predict(scaled.mul(2)) as tf.Tensor;
    expectSame(raw.get('mixed/net'), net);
    expectSame(raw.get('mixed/net/soft'), net);
    expectSame(raw.get('mixed/heads.second'), mixed.heads.second.apply(net) as tf.Tensor);
  });

  it('of each use of a shared custom layer, and within nested models', async () => {
    const block = new Residual({ name: 'block' });
    const inner = tf.sequential({
      name: 'body',
      layers: [tf.layers.activation({ name: 'tanh', activation: 'tanh', inputShape: [6, 6, 2] }), block],
    });
    const x = tf.input({ shape: [6, 6, 2], name: 'x' });
    const y = block.apply(inner.apply(x)) as tf.SymbolicTensor;
    const model = tf.model({ inputs: x, outputs: y, name: 'twice' });
    const data = images(2);
    model.predict(data);
    const raw = await withoutLeak(() => activations(model, ['body/block/conv1', 'block/conv1'], [data]));
    expectSame(raw.get('body/block/conv1'), block.conv1.apply(data.tanh()) as tf.Tensor);
    const body = inner.predict(data) as tf.Tensor;
    expectSame(raw.get('block/conv1'), block.conv1.apply(body) as tf.Tensor);
  });

  it('carry the mask of the layer they are in, or their own', async () => {
    class Reader extends tf.layers.Layer {
      static className = 'Reader';
      readonly embed = tf.layers.embedding({ name: 'embed', inputDim: 6, outputDim: 3, maskZero: true });
      readonly lstm = tf.layers.lstm({ name: 'lstm', units: 2, returnSequences: true });
      override call(x: Input): tf.Tensor {
        const embedded = this.embed.apply(one(x)) as tf.Tensor;
        const mask = this.embed.computeMask(one(x));
        return this.lstm.apply(embedded, { mask }) as tf.Tensor;
      }
      override computeOutputShape([n, t]: [number | null, number]): tf.Shape {
        return [n, t, 2];
      }
    }
    class Block extends tf.layers.Layer {
      static className = 'Block';
      readonly dense = tf.layers.dense({ name: 'dense', units: 2 });
      override call(x: Input): tf.Tensor {
        return this.dense.apply(one(x)) as tf.Tensor;
      }
      override computeOutputShape(shape: tf.Shape): tf.Shape {
        return [...shape.slice(0, -1), 2];
      }
    }
    const x = tf.input({ shape: [5], name: 'tokens', dtype: 'int32' });
    const read = new Reader({ name: 'reader' }).apply(x);
    const embedded = tf.layers
      .embedding({ name: 'other', inputDim: 6, outputDim: 3, maskZero: true })
      .apply(x);
    const block = new Block({ name: 'block' }).apply(embedded);
    const joined = tf.layers
      .concatenate({ name: 'join' })
      .apply([read, block] as tf.SymbolicTensor[]) as tf.SymbolicTensor;
    const model = tf.model({ inputs: x, outputs: joined, name: 'reading' });
    const ids = tokens();
    model.predict(ids);
    const layers = ['reader/embed', 'reader/lstm', 'block/dense', 'block'];
    const raw = await withoutLeak(() => activations(model, layers, [ids]));
    const counts = Array.from(ids.dataSync(), (token) => (token === 0 ? 0 : 1));
    for (const name of ['reader/embed', 'reader/lstm', 'block/dense'])
      expect(Array.from(raw.get(name)!.mask!), name).toEqual(counts);
    // A custom layer that does not say it supports masks gives none, as in predict.
    expect(raw.get('block')!.mask).toBeUndefined();
  });
});

describe('hooks', () => {
  const layersIn = (block: Residual): tf.layers.Layer[] => [block, block.conv1, ...block.rest];

  it('are gone after success, an error in any layer, and an abort', async () => {
    const block = new Residual({ name: 'block' });
    const model = wrap(block, [6, 6, 2]);
    const x = images(4);
    model.predict(x);
    const listed = names(listLayers(model));
    const none = [undefined, undefined, undefined, undefined];
    expect(callsOf(layersIn(block))).toEqual(none);
    await activations(model, listed, [x]);
    expect(callsOf(layersIn(block))).toEqual(none);
    const failing = block.rest[1];
    failing.call = () => {
      throw new Error('stop here');
    };
    await withoutLeak(async () => {
      await expect(activations(model, listed, [x])).rejects.toThrow('stop here');
    });
    expect(callsOf(layersIn(block))).toEqual([undefined, undefined, undefined, 'conv2']);
    Reflect.deleteProperty(failing, 'call');
    const controller = new AbortController();
    await withoutLeak(async () => {
      const signal = controller.signal;
      const onProgress = () => {
        controller.abort(new Error('enough'));
      };
      const set = await capture(model, x, { batchSize: 2, signal, onProgress });
      await expect(set.matrices()).rejects.toThrow('enough');
    });
    expect(callsOf(layersIn(block))).toEqual(none);
  });

  it('leave the user’s own in place, and call them', async () => {
    const block = new Residual({ name: 'block' });
    const model = wrap(block, [6, 6, 2]);
    const x = images(2);
    model.predict(x);
    const hook = vi.fn();
    block.rest[0].setCallHook(hook);
    const spy = vi.spyOn(block.conv1, 'call');
    const own = Object.getOwnPropertyDescriptor(block.conv1, 'call');
    await activations(model, ['block/conv1', 'block/relu'], [x]);
    // Once to list, once to run.
    expect(spy.mock.calls.length).toBe(2);
    expect(Object.getOwnPropertyDescriptor(block.conv1, 'call')).toEqual(own);
    block.conv1.apply(x);
    expect(spy.mock.calls.length).toBe(3);
  });

  it('refuse a layer whose number of calls depends on the data, by name and leaking nothing', async () => {
    class Fickle extends tf.layers.Layer {
      static className = 'Fickle';
      readonly step = tf.layers.dense({ name: 'step', units: 3 });
      override call(x: Input): tf.Tensor {
        let y = this.step.apply(one(x)) as tf.Tensor;
        if (one(x).sum().dataSync()[0] !== 0) y = this.step.apply(y) as tf.Tensor;
        return y;
      }
    }
    const model = wrap(new Fickle({ name: 'fickle' }), [3]);
    const x = tf.ones([2, 3]);
    model.predict(x);
    await withoutLeak(async () => {
      const reading = activations(model, ['fickle/step'], [x]);
      await expect(reading).rejects.toThrow(UnsupportedError);
      await expect(reading).rejects.toThrow(
        /'fickle\/step' is called 2 times in this batch.*leave it out by 'layers'/,
      );
    });
    const fickle = await withoutLeak(() => activations(model, ['fickle'], [x]));
    expectSame(fickle.get('fickle'), model.predict(x) as tf.Tensor);
  });
});

describe('models of custom layers', () => {
  it('are compared layer by layer', async () => {
    const build = () => {
      const x = tf.input({ shape: [6, 6, 2], name: 'x' });
      const block = new Residual({ name: 'block' }).apply(x);
      const y = tf.layers.flatten({ name: 'flat' }).apply(block) as tf.SymbolicTensor;
      return tf.model({ inputs: x, outputs: y, name: 'net' });
    };
    const data = images(60);
    const model = build();
    const similarity = await compare(model, model, data, { layers: 'block/*', measure: 'cca' });
    for (const name of ['block/conv1', 'block/relu', 'block/conv2'])
      expect(similarity.at(name, name)).toBeCloseTo(1, 6);
  });

  it('a model without symbolic outputs is refused with the way that works', async () => {
    class Own extends tf.LayersModel {
      readonly dense = tf.layers.dense({ units: 2 });
      constructor() {
        super({ inputs: [], outputs: [], name: 'own' });
      }
      override predict(x: tf.Tensor): tf.Tensor {
        return this.dense.apply(x) as tf.Tensor;
      }
    }
    const own = new Own();
    // tfjs lets one exist and predict.
    expect(own.predict(tf.ones([1, 3])).shape).toEqual([1, 2]);
    expect(() => listLayers(own)).toThrow(UnsupportedError);
    expect(() => listLayers(own)).toThrow(
      /class extends tf\.layers\.Layer.*tf\.model\(\{ inputs: x, outputs: layer\.apply\(x\) \}\)/,
    );
    await expect(openProbe(own, [{ name: 'dense' }])).rejects.toThrow(UnsupportedError);
    expect(randomise(wrap(new Twice({ name: 'way' }), [3])).predict(tf.ones([1, 3]))).toBeDefined();
  });
});

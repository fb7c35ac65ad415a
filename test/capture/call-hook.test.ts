/** Layers inside custom layers. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { capture } from '../../src/capture/capture.js';
import { listLayers, openProbe } from '../../src/capture/probe.js';
import { compare } from '../../src/compare/compare.js';
import { UnsupportedError } from '../../src/errors.js';
import { activations, expectSame, images, names, randomise, tokens, withoutLeak } from './models.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

type Input = tf.Tensor | tf.Tensor[];
const one = (x: Input): tf.Tensor => [x].flat()[0];

/** conv1 → relu → conv2, added to the input: a residual block as people write it, its layers built at the first call. */
class Residual extends tf.layers.Layer {
  static className = 'Residual';
  readonly conv1 = tf.layers.conv2d({ name: 'conv1', filters: 2, kernelSize: 3, padding: 'same' });
  readonly rest = [
    tf.layers.reLU({ name: 'relu' }),
    tf.layers.conv2d({ name: 'conv2', filters: 2, kernelSize: 3, padding: 'same' }),
  ];
  override call(x: Input): tf.Tensor {
    return tf.tidy(() => {
      let y = this.conv1.apply(one(x)) as tf.Tensor;
      for (const layer of this.rest) y = layer.apply(y) as tf.Tensor;
      return y.add(one(x));
    });
  }
}

/** A layer that calls what it holds in ways of all kinds. */
class Mixed extends tf.layers.Layer {
  static className = 'Mixed';
  readonly shared = tf.layers.dense({ name: 'shared', units: 3, activation: 'tanh' });
  readonly unused = tf.layers.dense({ name: 'unused', units: 3 });
  readonly inner = new Twice({ name: 'twice' });
  readonly net = tf.sequential({
    name: 'net',
    layers: [
      tf.layers.dense({ name: 'fc', units: 4, inputShape: [3] }),
      tf.layers.activation({ name: 'soft', activation: 'softmax' }),
    ],
  });
  readonly heads = {
    first: tf.layers.dense({ name: 'head', units: 2 }),
    second: tf.layers.dense({ name: 'head', units: 2 }),
  };
  override call(x: Input): tf.Tensor {
    const shared = this.shared.apply(this.shared.apply(one(x))) as tf.Tensor;
    const deep = this.inner.apply(shared) as tf.Tensor;
    const net = this.net.apply(deep) as tf.Tensor;
    const heads = Object.values(this.heads).map((head) => head.call(net, {}) as tf.Tensor);
    return tf.concat(heads, 1);
  }
  override computeOutputShape(): tf.Shape {
    return [null, 4];
  }
  override build(shape: tf.Shape | tf.Shape[]): void {
    for (const head of Object.values(this.heads)) head.build([null, 4]);
    super.build(shape);
  }
}

class Twice extends tf.layers.Layer {
  static className = 'Twice';
  readonly scale = tf.layers.dense({ name: 'scale', units: 3, useBias: false });
  override call(x: Input): tf.Tensor {
    return (this.scale.apply(one(x)) as tf.Tensor).mul(2);
  }
}

function wrap(layer: tf.layers.Layer, shape: (number | null)[], name = 'model'): tf.LayersModel {
  const x = tf.input({ shape, name: 'x' });
  return tf.model({ inputs: x, outputs: layer.apply(x) as tf.SymbolicTensor, name });
}

const callsOf = (layers: tf.layers.Layer[]): (string | undefined)[] =>
  layers.map((layer) => Object.getOwnPropertyDescriptor(layer, 'call') && layer.name);

describe('listing', () => {
  it('has the layers of a custom layer by path, in the order of their calls, before the layer itself', () => {
    const block = new Residual({ name: 'block' });
    expect(listLayers(wrap(block, [6, 6, 2]))).toEqual([
      { name: 'x', kind: 'InputLayer', shape: [6, 6, 2], parameters: 0 },
      { name: 'block/conv1', kind: 'Conv2D', shape: [6, 6, 2], parameters: 38 },
      { name: 'block/relu', kind: 'ReLU', shape: [6, 6, 2], parameters: 0 },
      { name: 'block/conv2', kind: 'Conv2D', shape: [6, 6, 2], parameters: 38 },
      { name: 'block', kind: 'Residual', shape: [6, 6, 2], parameters: 0 },
    ]);
  });

  it('names repeated calls, layers at any depth, models, and layers of one name; not what is never called', () => {
    const model = wrap(new Mixed({ name: 'mixed' }), [3]);
    expect(names(listLayers(model))).toEqual([
      'x',
      'mixed/shared@0',
      'mixed/shared@1',
      'mixed/twice/scale',
      'mixed/twice',
      'mixed/net/fc',
      'mixed/net/soft',
      'mixed/net',
      'mixed/head',
      'mixed/heads.second',
      'mixed',
    ]);
  });

  it('leaves open the axes that the model leaves open', () => {
    const model = wrap(new Residual({ name: 'block' }), [null, null, 2]);
    expect(listLayers(model).find(({ name }) => name === 'block/conv1')!.shape).toEqual([null, null, 2]);
  });

  it('takes the order of the properties where the layer cannot run on zeros, and leaves them out by default', async () => {
    class Picky extends Residual {
      static override className = 'Picky';
      override call(x: Input): tf.Tensor {
        if (one(x).sum().dataSync()[0] === 0) throw new Error('no zeros, please');
        return super.call(x);
      }
    }
    const block = new Picky({ name: 'block' });
    const model = wrap(block, [6, 6, 2]);
    const layers = listLayers(model);
    expect(names(layers)).toEqual(['x', 'block/conv1', 'block/relu', 'block/conv2', 'block']);
    expect(layers[1]).toMatchObject({
      shape: [],
      leftOut: expect.stringContaining('cannot run on zeros') as string,
    });
    const x = images(2);
    model.predict(x);
    expect((await capture(model, x)).layers.map(({ name }) => name)).toEqual(['block']);
    const raw = await withoutLeak(() => activations(model, ['block/conv1'], [x]));
    expectSame(raw.get('block/conv1'), block.conv1.apply(x) as tf.Tensor);
  });

  it('leaves out by default what has no samples first', async () => {
    class Turned extends tf.layers.Layer {
      static className = 'Turned';
      readonly dense = tf.layers.dense({ name: 'dense', units: 2 });
      readonly turn = tf.layers.dense({ name: 'turn', units: 3 });
      override call(x: Input): tf.Tensor {
        const turned = this.turn.apply(one(x).reshape([-1, 1])) as tf.Tensor;
        return this.dense.apply(turned.reshape([-1, 9])) as tf.Tensor;
      }
      override computeOutputShape(): tf.Shape {
        return [null, 2];
      }
    }
    const model = wrap(new Turned({ name: 'turned' }), [3]);
    expect(listLayers(model).map(({ name, leftOut }) => [name, leftOut])).toEqual([
      ['x', undefined],
      ['turned/turn', 'its first axis is not samples'],
      ['turned/dense', undefined],
      ['turned', undefined],
    ]);
    const matrices = await (await capture(model, images(4, [3]))).matrices();
    expect(Object.keys(matrices)).toEqual(['turned/dense', 'turned']);
  });

  it('looks through maps, and records that hold themselves or the layer', () => {
    class Knot extends tf.layers.Layer {
      static className = 'Knot';
      readonly config: Record<string, unknown> = { size: 3 };
      readonly parts = new Map([['a', tf.layers.dense({ name: 'fc', units: 3 })]]);
      constructor(name: string) {
        super({ name });
        Object.assign(this.config, { again: this.config, owner: this, list: [this.config] });
      }
      override call(x: Input): tf.Tensor {
        return this.parts.get('a')!.apply(one(x)) as tf.Tensor;
      }
    }
    expect(names(listLayers(wrap(new Knot('knot'), [3])))).toEqual(['x', 'knot/fc', 'knot']);
  });

  it('leaves recurrent layers and wrappers whole: what they hold runs once a step', () => {
    const model = tf.sequential({
      layers: [
        tf.layers.timeDistributed({ name: 'td', layer: tf.layers.dense({ units: 2 }), inputShape: [3, 2] }),
        tf.layers.rnn({ name: 'rnn', cell: tf.layers.lstmCell({ units: 2 }), returnSequences: true }),
        tf.layers.bidirectional({
          name: 'both',
          layer: tf.layers.gru({ units: 2 }),
          mergeMode: 'sum',
        }),
      ],
    });
    expect(names(listLayers(model))).toEqual(['td', 'rnn', 'both']);
  });
});

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

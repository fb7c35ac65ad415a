/** What is listed of the layers inside custom layers. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { capture } from '../../src/capture/capture.js';
import { listLayers } from '../../src/capture/probe.js';
import { Mixed, Residual, one, wrap, type Input } from './custom-layers.js';
import { activations, expectSame, images, names, withoutLeak } from './models.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

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

  it('is that of the layers it holds now, also after they changed', () => {
    const block = new Residual({ name: 'block' });
    const model = wrap(block, [6, 6, 2]);
    const inside = () => names(listLayers(model)).filter((name) => name.startsWith('block/'));
    expect(inside()).toEqual(['block/conv1', 'block/relu', 'block/conv2']);
    block.rest.push(tf.layers.reLU({ name: 'last' }));
    expect(inside()).toEqual(['block/conv1', 'block/relu', 'block/conv2', 'block/last']);
    block.rest.splice(0, 1);
    expect(inside()).toEqual(['block/conv1', 'block/conv2', 'block/last']);
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

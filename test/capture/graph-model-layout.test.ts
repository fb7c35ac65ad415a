import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { listLayers, openProbe } from '../../src/capture/probe.js';
import { distance } from '../support.js';
import { NCHW, NHWC, graph, node, placeholder } from './graphs.js';
import { images, withoutLeak } from './models.js';

beforeAll(async () => {
  tf.env().set('PROD', true);
  await tf.setBackend('cpu');
});

const shapesOf = (model: tf.GraphModel) =>
  Object.fromEntries(listLayers(model).map(({ name, shape }) => [name, shape]));

const axes = (...values: number[]) => ({ shape: [values.length], values, dtype: 'int32' as const });

describe('channels first', () => {
  it('is seen where a converter moves the channels round a convolution, and not where axes are others', async () => {
    // What comes of a PyTorch model through ONNX: images first, convolutions in the order of TensorFlow.
    const model = await graph(
      [
        placeholder('x', [-1, 2, 6, 5]),
        node('in', 'Transpose', ['x', 'last']),
        node('conv', 'Conv2D', ['in', 'k'], NHWC),
        node('out', 'Transpose', ['conv', 'first']),
        node('scaled', 'Mul', ['out', 's']),
        node('relu', 'Relu', ['scaled']),
        node('again', 'Transpose', ['relu', 'last']),
        node('pooled', 'Mean', ['relu', 'grid'], { keep_dims: { b: false } }),
        node('swapped', 'Transpose', ['conv', 'swap']),
      ],
      {
        k: { shape: [3, 3, 2, 4] },
        s: { shape: [4, 1, 1] },
        last: axes(0, 2, 3, 1),
        first: axes(0, 3, 1, 2),
        swap: axes(0, 2, 1, 3),
        grid: axes(2, 3),
      },
    );
    expect(shapesOf(model)).toMatchObject({
      ...{ in: [6, 5, 2], conv: [4, 3, 4], out: [4, 3, 4], scaled: [4, 3, 4], relu: [4, 3, 4] },
      ...{ again: [4, 3, 4], pooled: [4], swapped: [3, 4, 4] },
    });
    const last = images(2, [6, 5, 2]) as tf.Tensor4D;
    const x = last.transpose([0, 3, 1, 2]);
    const probe = await openProbe(model, [{ name: 'conv' }, { name: 'out' }, { name: 'relu' }]);
    const found = await withoutLeak(() => probe.run([x]));
    const [conv, relu] = tf.tidy(() => {
      const plain = tf.conv2d(last, model.weights['k'][0] as tf.Tensor4D, 1, 'valid');
      return [plain, plain.mul(model.weights['s'][0].reshape([4])).relu()];
    });
    for (const [name, expected] of [
      ['conv', conv],
      ['out', conv],
      ['relu', relu],
    ] as const) {
      expect(found.get(name)!.shape).toEqual(expected.shape);
      expect(distance(Array.from(found.get(name)!.data), expected.dataSync())).toBeLessThan(1e-6);
    }
    tf.dispose([last, x, conv, relu]);
    model.dispose();
  });

  it('ends where a reduction takes an axis away: which one is left is not known', async () => {
    const model = await graph(
      [
        placeholder('x', [-1, 2, 6, 5]),
        node('conv', 'Conv2D', ['x', 'k'], NCHW),
        node('grey', 'Mean', ['conv', 'channels'], { keep_dims: { b: false } }),
        node('kept', 'Mean', ['conv', 'channels'], { keep_dims: { b: true } }),
      ],
      { k: { shape: [3, 3, 2, 4] }, channels: axes(1) },
    );
    expect(shapesOf(model)).toMatchObject({ conv: [4, 3, 4], grey: [4, 3], kept: [4, 3, 1] });
    const x = images(2, [2, 6, 5]);
    const probe = await openProbe(model, [{ name: 'conv' }, { name: 'grey' }]);
    const found = await withoutLeak(() => probe.run([x]));
    const grey = tf.tidy(() => tf.tensor4d(found.get('conv')!.data as Float32Array, [2, 4, 3, 4]).mean(-1));
    expect(found.get('grey')!.shape).toEqual([2, 4, 3]);
    expect(distance(Array.from(found.get('grey')!.data), grey.dataSync())).toBeLessThan(1e-6);
    tf.dispose([x, grey]);
    model.dispose();
  });
});

describe('the run on zeros', () => {
  const chain = (length: number) =>
    Array.from({ length }, (_, i) => node(`n${i}`, 'Neg', [i === 0 ? 'x' : `n${i - 1}`]));

  it('holds few nodes at a time where they are large, and knows all of them', async () => {
    const large = await graph([placeholder('x', [-1, 1024, 600, 1]), ...chain(20)]);
    const small = await graph([placeholder('x', [-1, 8, 8, 1]), ...chain(20)]);
    const held = async (model: tf.GraphModel) => {
      const { executor } = model as unknown as { executor: { execute(...all: unknown[]): tf.Tensor[] } };
      const execute = vi.spyOn(executor, 'execute');
      const layers = await withoutLeak(() => Promise.resolve(listLayers(model)));
      expect(layers.slice(1).every(({ shape }) => shape.length === 3 && shape[2] === 1)).toBe(true);
      expect(layers).toHaveLength(21);
      const counts = execute.mock.calls.map(([, outputs]) => (outputs as string[]).length);
      listLayers(model);
      expect(execute).toHaveBeenCalledTimes(counts.length);
      return counts;
    };
    expect(await held(large)).toEqual([16, 5]);
    expect(await held(small)).toEqual([21]);
    for (const model of [large, small]) model.dispose();
  });
});

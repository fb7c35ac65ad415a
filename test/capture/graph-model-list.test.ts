import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { capture } from '../../src/capture/capture.js';
import { listLayers, openProbe } from '../../src/capture/probe.js';
import { OptionError } from '../../src/errors.js';
import { brief, equal, kept, run, weight } from './graph-runs.js';
import { FLOAT, NHWC, graph, node, placeholder, plain, shapeOf } from './graphs.js';
import { images, withoutLeak } from './models.js';

describe('listLayers of a graph', () => {
  it('lists what depends on the data, in order, with op, shape, weights and why it is left out', async () => {
    const model = kept(await plain());
    await withoutLeak(async () => {
      expect(brief(model)).toEqual([
        ['x', 'Placeholder', [6, 6, 2], 0, 'an input'],
        ['conv', 'Conv2D', [4, 4, 3], 54, undefined],
        ['bias', 'BiasAdd', [4, 4, 3], 3, undefined],
        ['relu', 'Relu', [4, 4, 3], 0, undefined],
        ['flat', 'Reshape', [48], 0, undefined],
        ['dense', 'MatMul', [4], 192, undefined],
        ['probs', 'Softmax', [4], 0, undefined],
        ['winner', 'ArgMax', [], 0, 'its values are int32'],
        ['Identity', 'Identity', [4], 0, 'it hands its input on'],
      ]);
    });
  });

  it('puts nodes after their inputs where the file does not', async () => {
    const model = kept(
      await graph([node('b', 'Relu', ['a']), node('a', 'Neg', ['x']), placeholder('x', [-1, 3])]),
    );
    expect(listLayers(model).map(({ name }) => name)).toEqual(['x', 'a', 'b']);
  });

  it('leaves axes open that the model leaves open, and nodes whose first axis is not samples', async () => {
    const model = kept(
      await graph(
        [
          placeholder('x', [-1, -1, -1, 2]),
          node('conv', 'Conv2D', ['x', 'k'], NHWC),
          node('rows', 'Reshape', ['conv', 'sizes']),
          node('pooled', 'Mean', ['conv', 'axes'], { keep_dims: { b: false } }),
          node('total', 'Sum', ['pooled', 'first'], { keep_dims: { b: false } }),
        ],
        {
          k: { shape: [3, 3, 2, 5] },
          sizes: { shape: [2], values: [-1, 5], dtype: 'int32' },
          axes: { shape: [2], values: [1, 2], dtype: 'int32' },
          first: { shape: [1], values: [0], dtype: 'int32' },
        },
      ),
    );
    expect(brief(model).slice(1)).toEqual([
      ['conv', 'Conv2D', [null, null, 5], 90, undefined],
      ['rows', 'Reshape', [5], 0, 'its first axis is not samples'],
      ['pooled', 'Mean', [5], 0, undefined],
      ['total', 'Sum', [], 0, 'its first axis is not samples'],
    ]);
    const x = kept(images(3, [7, 5, 2]));
    const [pooled] = await run(model, ['pooled'], x);
    await equal(pooled, tf.tidy(() => tf.conv2d(x as tf.Tensor4D, weight(model, 'k') as tf.Tensor4D, 1, 'valid').mean([1, 2]))); // prettier-ignore
    await expect((await capture(model, x, { layers: 'rows' })).matrices()).rejects.toThrow(
      /'rows' .*first axis is not samples; leave it out/,
    );
  });

  it('believes the shapes that the file states, without running', async () => {
    const stated = (...shape: number[]) => ({ _output_shapes: { list: { shape: [shapeOf(...shape)] } } });
    const model = kept(
      await graph([
        placeholder('x', [-1, 4]),
        node('y', 'Neg', ['x'], stated(-1, 4)),
        node('z', 'Relu', ['y'], stated(-1, -1)),
        node('t', 'Transpose', ['z', 'x'], stated(4, -1)),
      ]),
    );
    expect(brief(model).slice(1)).toEqual([
      ['y', 'Neg', [4], 0, undefined],
      ['z', 'Relu', [null], 0, undefined],
      ['t', 'Transpose', [null], 0, 'its first axis is not samples'],
    ]);
  });

  it('gives no shape where the model cannot run on zeros, and captures it all the same', async () => {
    const shapeless = { name: 'x', op: 'Placeholder', attr: { dtype: FLOAT } };
    const model = kept(await graph([shapeless, node('y', 'Neg', ['x'])]));
    expect(brief(model).slice(1)).toEqual([['y', 'Neg', [], 0, undefined]]);
    const x = kept(images(2, [3]));
    const [y] = await run(model, ['y'], x);
    await equal(y, x.neg());
  });

  it('tells shapes up to a node that does not run', async () => {
    tf.registerOp('Broken', () => {
      throw new Error('not on this backend');
    });
    const chain = Array.from({ length: 9 }, (_, i) => node(`n${i}`, 'Neg', [i === 0 ? 'x' : `n${i - 1}`]));
    const model = kept(
      await graph([
        placeholder('x', [-1, 4]),
        ...chain,
        node('bad', 'Broken', ['n8']),
        node('late', 'Neg', ['bad']),
      ]),
    );
    const shapes = listLayers(model).map(({ name, shape }) => [name, shape.length]);
    expect(shapes.slice(0, 10).every(([, rank]) => rank === 1)).toBe(true);
    expect(shapes.slice(10)).toEqual([['bad', 0], ['late', 0]]); // prettier-ignore
    const probe = await openProbe(model, [{ name: 'late' }]);
    const x = kept(images(2, [4]));
    await withoutLeak(async () => {
      await expect(probe.run([x])).rejects.toThrow('not on this backend');
    });
    tf.deregisterOp('Broken');
  });

  it('reads attributes that are damaged as if they were not there', async () => {
    const odd = (value: unknown) => ({
      fused_ops: value,
      data_format: value,
      _output_shapes: value,
      T: value,
    });
    const values = [
      null,
      5,
      {},
      { s: 7 },
      { list: {} },
      { list: { s: 'x', shape: 3, type: 1 } },
      { list: null },
    ];
    const model = kept(
      await graph([
        placeholder('x', [-1, 4]),
        ...values.map((value, i) => ({ name: `y${i}`, op: 'Neg', input: ['x'], attr: odd(value) })),
        { name: 'n', op: 'IdentityN', input: ['x'], attr: odd({ list: { type: 9 } }) },
      ]),
    );
    const listed = listLayers(model).slice(1);
    expect(listed).toHaveLength(values.length + 1);
    for (const { shape } of listed) expect(shape).toEqual([4]);
  });

  it('refuses a model that is not loaded', () => {
    expect(() => listLayers(new tf.GraphModel('nowhere'))).toThrow(OptionError);
  });
});

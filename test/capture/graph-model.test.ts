import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { capture } from '../../src/capture/capture.js';
import { listInputs, listLayers, openProbe } from '../../src/capture/probe.js';
import { OptionError, ShapeError } from '../../src/errors.js';
import { distance } from '../support.js';
import { brief, equal, kept, run, weight } from './graph-runs.js';
import { FLOAT, INT, NCHW, NHWC, graph, node, placeholder, plain, shapeOf, texts } from './graphs.js';
import { images, withoutLeak } from './models.js';

describe('capture of a graph', () => {
  it('gives the values of every node, and leaves tensors and model as they were', async () => {
    const model = kept(await plain());
    const x = kept(images(5)) as tf.Tensor4D;
    const expected = tf.tidy(() => {
      const conv = tf.conv2d(x, weight(model, 'kernel') as tf.Tensor4D, 1, 'valid');
      const relu = conv.add(weight(model, 'b')).relu();
      const dense = relu.reshape([5, 48]).matMul(weight(model, 'w'));
      return { conv, relu, dense, Identity: dense.softmax() };
    });
    const names = Object.keys(expected) as (keyof typeof expected)[];
    const found = await run(model, names, x);
    for (const [i, name] of names.entries()) await equal(found[i], expected[name]);
    const set = await capture(model, x, { batchSize: 2 });
    expect(set.layers.map(({ name }) => name)).toEqual(['conv', 'bias', 'relu', 'flat', 'dense', 'probs']);
    const { dense } = await withoutLeak(() => set.matrices());
    expect(dense).toMatchObject({ rows: 5, cols: 4 });
    expect(distance(dense.data, found[2].data as Float32Array)).toBe(0);
  });

  it('runs again on the device, with tensors of the caller', async () => {
    const model = kept(await plain());
    const x = kept(images(3));
    const probe = await openProbe(model, [{ name: 'x' }, { name: 'dense' }, { name: 'Identity' }]);
    await withoutLeak(async () => {
      const outputs = await probe.runOnDevice([x]);
      expect([...outputs.keys()]).toEqual(['x', 'dense', 'Identity']);
      for (const { tensor } of outputs.values()) tensor.dispose();
    });
    // Neither the input nor a weight went with them.
    await equal((await run(model, ['x'], x))[0], x.clone());
    probe.dispose();
    await expect(probe.run([x])).rejects.toThrow(/disposed/);
    await expect(probe.runOnDevice([x])).rejects.toThrow(/disposed/);
  });

  it('fused ops are one node, named by all of them', async () => {
    const model = kept(
      await graph(
        [
          placeholder('x', [-1, 6, 6, 2]),
          node('a/Relu6', '_FusedConv2D', ['x', 'k', 'b'], {
            ...NHWC,
            fused_ops: texts('BiasAdd', 'Relu6'),
            num_args: { i: '1' },
          }),
          node('d', 'FusedDepthwiseConv2dNative', ['a/Relu6', 'dk', 'db'], {
            ...NHWC,
            fused_ops: texts('BiasAdd'),
            num_args: { i: '1' },
          }),
          node('flat', 'Reshape', ['d', 'sizes']),
          node('m', '_FusedMatMul', ['flat', 'w', 'c'], {
            fused_ops: texts('BiasAdd', 'Relu'),
            num_args: { i: '1' },
            transpose_a: { b: false },
            transpose_b: { b: false },
          }),
        ],
        {
          k: { shape: [3, 3, 2, 3] },
          b: { shape: [3] },
          dk: { shape: [3, 3, 3, 1] },
          db: { shape: [3] },
          sizes: { shape: [2], values: [-1, 12], dtype: 'int32' },
          w: { shape: [12, 4] },
          c: { shape: [4] },
        },
      ),
    );
    expect(brief(model).slice(1)).toEqual([
      ['a/Relu6', '_FusedConv2D+BiasAdd+Relu6', [4, 4, 3], 57, undefined],
      ['d', 'FusedDepthwiseConv2dNative+BiasAdd', [2, 2, 3], 30, undefined],
      ['flat', 'Reshape', [12], 0, undefined],
      ['m', '_FusedMatMul+BiasAdd+Relu', [4], 52, undefined],
    ]);
    const x = kept(images(2)) as tf.Tensor4D;
    const names = (await capture(model, x, { layers: 'op:Relu*' })).layers.map(({ name }) => name);
    expect(names).toEqual(['a/Relu6', 'm']);
    const [a, m] = await run(model, names, x);
    const w = (name: string) => weight(model, name);
    const first = tf.tidy(() =>
      tf
        .conv2d(x, w('k') as tf.Tensor4D, 1, 'valid')
        .add(w('b'))
        .relu6(),
    );
    const second = tf.tidy(() =>
      tf
        .depthwiseConv2d(first as tf.Tensor4D, w('dk') as tf.Tensor4D, 1, 'valid')
        .add(w('db'))
        .reshape([2, 12])
        .matMul(w('w'))
        .add(w('c'))
        .relu(),
    );
    await equal(a, first);
    await equal(m, second, 1e-5);
  });

  it('further outputs of a node are name:1', async () => {
    const model = kept(
      await graph(
        [
          placeholder('x', [-1, 6]),
          node('parts', 'Split', ['axis', 'x'], { num_split: { i: '3' } }),
          node('top', 'TopKV2', ['x', 'k'], { sorted: { b: true } }),
          node('sum', 'AddV2', ['parts:1', 'parts:2']),
          node('claims', 'Split', ['axis', 'x'], { num_split: { i: '2' } }),
          node('both', 'IdentityN', ['x', 'sum'], { T: { list: { type: ['DT_FLOAT', 'DT_FLOAT'] } } }),
        ],
        {
          axis: { shape: [], values: [1], dtype: 'int32' },
          k: { shape: [], values: [2], dtype: 'int32' },
        },
      ),
    );
    expect(brief(model).slice(1)).toEqual([
      ['parts', 'Split', [2], 0, undefined],
      ['parts:1', 'Split', [2], 0, undefined],
      ['parts:2', 'Split', [2], 0, undefined],
      ['top', 'TopKV2', [2], 0, undefined],
      ['top:1', 'TopKV2', [2], 0, 'its values are int32'],
      ['sum', 'AddV2', [2], 0, undefined],
      ['claims', 'Split', [3], 0, undefined],
      ['claims:1', 'Split', [3], 0, undefined],
      ['both', 'IdentityN', [6], 0, 'it hands its input on'],
      ['both:1', 'IdentityN', [2], 0, 'it hands its input on'],
    ]);
    const x = kept(images(4, [6]));
    const names = ['parts', 'parts:2', 'sum', 'both:1', 'top:1'];
    const [zero, two, sum, both, index] = await run(model, names, x);
    const part = (k: number) => tf.slice(x, [0, 2 * k], [4, 2]);
    await equal(zero, part(0));
    await equal(two, part(2));
    const total = tf.tidy(() => part(1).add(part(2)));
    await equal(both, total.clone());
    await equal(sum, total);
    const { values, indices } = tf.topk(x, 2);
    values.dispose();
    await equal(index, indices);
  });

  it('channels first becomes channels last, through ops that do not move axes', async () => {
    const model = kept(
      await graph(
        [
          placeholder('x', [-1, 2, 6, 5]),
          node('conv', 'Conv2D', ['x', 'k'], NCHW),
          node('scaled', 'Mul', ['conv', 's']),
          node('relu', 'Relu', ['scaled']),
          node('back', 'Transpose', ['relu', 'axes']),
          node('after', 'Neg', ['back']),
          node('mean', 'Mean', ['relu', 'grid'], { keep_dims: { b: false } }),
        ],
        {
          k: { shape: [3, 3, 2, 3] },
          s: { shape: [3, 1, 1] },
          axes: { shape: [4], values: [0, 2, 3, 1], dtype: 'int32' },
          grid: { shape: [2], values: [2, 3], dtype: 'int32' },
        },
      ),
    );
    expect(brief(model).map(([name, , shape]) => [name, shape])).toEqual([
      ['x', [2, 6, 5]],
      ['conv', [4, 3, 3]],
      ['scaled', [4, 3, 3]],
      ['relu', [4, 3, 3]],
      ['back', [4, 3, 3]],
      ['after', [4, 3, 3]],
      ['mean', [3]],
    ]);
    const last = kept(images(2, [6, 5, 2])) as tf.Tensor4D;
    const x = kept(last.transpose([0, 3, 1, 2]));
    const [conv, relu, back, mean] = await run(model, ['conv', 'relu', 'back', 'mean'], x);
    const expected = tf.tidy(() => {
      const plainConv = tf.conv2d(last, weight(model, 'k') as tf.Tensor4D, 1, 'valid');
      return [plainConv, plainConv.mul(weight(model, 's').reshape([3])).relu()] as const;
    });
    await equal(conv, expected[0]);
    await equal(mean, expected[1].mean([1, 2]));
    await equal(back, expected[1].clone());
    await equal(relu, expected[1]);
  });

  it('several inputs by name, whatever the signature calls them', async () => {
    // Keys that are also names of other nodes, as exporters produce them.
    const signature = {
      inputs: {
        left: { name: 'serving_b:0', dtype: 'DT_INT32', tensorShape: shapeOf(-1, 3) },
        serving_b: { name: 'serving_a:0', dtype: 'DT_FLOAT', tensorShape: shapeOf(-1, 3) },
      },
      outputs: { hidden: { name: 'result:0', dtype: 'DT_FLOAT', tensorShape: shapeOf(-1, 3) } },
    };
    const model = kept(
      await graph(
        [
          placeholder('serving_a', [-1, 3]),
          placeholder('serving_b', [-1, 3], INT),
          node('ids', 'Cast', ['serving_b'], { SrcT: INT, DstT: FLOAT }),
          node('hidden', 'Sub', ['serving_a', 'ids']),
          node('result', 'Relu', ['hidden']),
        ],
        {},
        { signature },
      ),
    );
    const probe = await openProbe(model, [{ name: 'hidden' }]);
    expect(probe.inputs).toEqual([
      { name: 'left', shape: [null, 3], dtype: 'int32' },
      { name: 'serving_b', shape: [null, 3], dtype: 'float32' },
    ]);
    const a = kept(tf.tensor2d([[1, 2, 3]])); // prettier-ignore
    const b = kept(tf.tensor2d([[5, 6, 8]])); // prettier-ignore
    const [hidden] = await run(model, ['hidden'], b, a);
    expect(Array.from(hidden.data as Float32Array)).toEqual([-4, -4, -5]);
    const set = await capture(model, () => [{ serving_b: a.clone(), left: b.clone() }], { layers: 'hidden' });
    expect(Array.from((await set.matrices())['hidden'].data)).toEqual([-4, -4, -5]);
    await expect(probe.run([a])).rejects.toThrow(
      'the graph model takes 2 inputs (left, serving_b), the data has 1',
    );
  });

  it('a switch with a default is not asked for', async () => {
    const model = kept(
      await graph(
        [
          placeholder('x', [-1, 2]),
          node('training', 'PlaceholderWithDefault', ['off'], { dtype: FLOAT, shape: { shape: shapeOf() } }),
          node('y', 'AddV2', ['x', 'training']),
        ],
        { off: { shape: [], values: [10] } },
      ),
    );
    const x = kept(tf.tensor2d([[1, 2]])); // prettier-ignore
    const [y] = await run(model, ['y'], x);
    expect(Array.from(y.data as Float32Array)).toEqual([11, 12]);
    expect(listInputs(model)).toEqual([{ name: 'x', shape: [null, 2], dtype: 'float32' }]);
  });

  it.each([1, 2])('a graph bound to batches of %i takes any multiple', async (batch) => {
    const model = kept(
      await graph([placeholder('x', [batch, 3]), node('flat', 'Reshape', ['x', 'sizes'])], {
        sizes: { shape: [2], values: [batch, 3], dtype: 'int32' },
      }),
    );
    const x = kept(images(6, [3]));
    const [flat] = await run(model, ['flat'], x);
    await equal(flat, x.clone());
    expect(listLayers(model)[1]).toEqual({ name: 'flat', kind: 'Reshape', shape: [3], parameters: 0 });
    if (batch === 1) return;
    const odd = kept(images(5, [3]));
    const set = await capture(model, odd, { batchSize: 4 });
    await expect(withoutLeak(() => set.matrices())).rejects.toThrow(
      'takes [2, 3]: give a multiple of 2 samples, and a batchSize that is one',
    );
  });

  it('names shapes that do not fit', async () => {
    const model = kept(await plain());
    const probe = await openProbe(model, [{ name: 'conv' }]);
    const [wrong, single] = [kept(images(2, [5, 6, 2])), kept(tf.zeros([6, 6, 2]))];
    await withoutLeak(async () => {
      await expect(probe.run([wrong])).rejects.toThrow(ShapeError);
      await expect(probe.run([wrong])).rejects.toThrow(
        "the data has shape [2, 5, 6, 2], but input 'x' of the graph model takes [null, 6, 6, 2]",
      );
      await expect(probe.run([single])).rejects.toThrow(/first axis must be samples .*batch\(\)/);
    });
  });

  it('refuses training and names that are not listed', async () => {
    const model = kept(await plain());
    const x = kept(images(2));
    await expect(capture(model, x, { training: true })).rejects.toThrow(OptionError);
    await expect(capture(model, x, { training: true })).rejects.toThrow(/graph for inference/);
    await expect(openProbe(model, [{ name: 'kernel' }])).rejects.toThrow("has no layer 'kernel'");
    await expect(capture(model, x, { layers: 'op:Conv' })).rejects.toThrow("did you mean 'op:Conv2D'");
  });

  it('leaks nothing when a batch fails or the reading is given up', async () => {
    const model = kept(
      await graph([placeholder('x', [-1, 2]), node('y', 'Log', ['x']), node('z', 'Neg', ['y'])]),
    );
    const x = kept(tf.tensor2d([[1, 2], [3, 4], [5, -1], [1, 1]])); // prettier-ignore
    const set = await capture(model, x, { batchSize: 1 });
    await withoutLeak(async () => {
      await expect(set.matrices()).rejects.toThrow(/layer 'y' .* is NaN at sample 2, channel 1/);
    });
    await withoutLeak(async () => {
      for await (const batch of set.batches()) {
        expect(batch.samples).toBe(1);
        break;
      }
    });
    const stop = new AbortController();
    const aborted = await capture(model, x, {
      batchSize: 1,
      signal: stop.signal,
      onProgress: ({ done }) => done === 2 && stop.abort(new Error('enough')),
    });
    await withoutLeak(async () => {
      await expect(aborted.matrices()).rejects.toThrow('enough');
    });
  });
});

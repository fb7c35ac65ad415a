import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { capture } from '../../src/capture/capture.js';
import { listLayers, openProbe } from '../../src/capture/probe.js';
import { UnsupportedError } from '../../src/errors.js';
import { equal, kept, run } from './graph-runs.js';
import { FLOAT, INT, graph, node, placeholder, shapeOf, text } from './graphs.js';
import { images, withoutLeak } from './models.js';

describe('what cannot be run in one step', () => {
  const scalar = { shape: [], values: [1] };
  const small = placeholder('x', [-1, 2]);

  it.each([
    [
      'control flow',
      [
        node('yes', 'Switch', ['before', 'always']),
        node('merged', 'Merge', ['yes', 'yes:1'], { N: { i: '2' } }),
        node('late', 'Neg', ['merged']),
      ],
      "layer 'late' cannot be captured: it needs node 'yes' (Switch), which is control flow; choose layers before that node",
    ],
    [
      'a loop',
      [
        node('enter', 'Enter', ['before'], { frame_name: text('f') }),
        node('turn', 'Merge', ['enter', 'next'], { N: { i: '2' } }),
        node('next', 'NextIteration', ['turn']),
        node('late', 'Exit', ['next']),
      ],
      "layer 'late' cannot be captured: it needs node 'next' (NextIteration), which is control flow",
    ],
    [
      'a function',
      [
        node('late', 'StatelessWhile', ['before'], {
          cond: { func: { name: 'c' } },
          body: { func: { name: 'c' } },
        }),
      ],
      "it needs node 'late' (StatelessWhile), which is control flow",
    ],
    [
      'a list of tensors',
      [
        node('list', 'TensorListFromTensor', ['before', 'shape'], { element_dtype: FLOAT }),
        node('late', 'TensorListStack', ['list', 'shape'], { element_dtype: FLOAT }),
      ],
      "it needs node 'list' (TensorListFromTensor), which is control flow",
    ],
    [
      'values that decide on shapes',
      [node('where', 'Where', ['before']), node('late', 'Cast', ['where'], { SrcT: INT, DstT: FLOAT })],
      "it needs node 'where' (Where), whose shape depends on the values",
    ],
    [
      'a hash table',
      [
        node('table', 'HashTableV2', [], { key_dtype: FLOAT, value_dtype: FLOAT }),
        node('late', 'LookupTableFindV2', ['table', 'before', 'always']),
      ],
      "it needs node 'table' (HashTableV2), a hash table",
    ],
    [
      'an op that tfjs does not know',
      [node('odd', 'Mystery', ['before']), node('late', 'Neg', ['odd'])],
      "it needs node 'odd' (Mystery), an op that TensorFlow.js does not know",
    ],
    [
      'random numbers',
      [
        node('noise', 'RandomStandardNormal', ['shape'], { dtype: FLOAT }),
        node('late', 'AddV2', ['before', 'noise']),
      ],
      "it needs node 'noise' (RandomStandardNormal), which draws new random numbers each time",
    ],
    [
      'an input that the signature lacks',
      [placeholder('hidden', [-1, 2]), node('late', 'AddV2', ['before', 'hidden'])],
      "it needs node 'hidden' (Placeholder), which is not among the inputs of the model",
    ],
    [
      'a constant without a value',
      [{ name: 'lost', op: 'Const', attr: { dtype: FLOAT } }, node('late', 'AddV2', ['before', 'lost'])],
      "it needs node 'lost' (Const), a constant of which the file holds no value",
    ],
    [
      'a resource',
      [
        {
          name: 'store',
          op: 'Placeholder',
          attr: { dtype: { type: 'DT_RESOURCE' }, shape: { shape: shapeOf() } },
        },
        node('late', 'AddV2', ['before', 'store']),
      ],
      "it needs node 'store' (Placeholder), a resource that the model fills",
    ],
  ])('%s', async (_, nodes, message) => {
    const signature = {
      inputs: { x: { name: 'x:0', dtype: 'DT_FLOAT', tensorShape: shapeOf(-1, 2) } },
      outputs: { late: { name: 'late:0', dtype: 'DT_FLOAT', tensorShape: shapeOf(-1, 2) } },
    };
    const model = kept(
      await graph(
        [small, node('before', 'Neg', ['x']), ...nodes],
        { always: { ...scalar, dtype: 'bool' }, shape: { shape: [1], values: [2], dtype: 'int32' } },
        { signature },
      ),
    );
    const x = kept(images(3, [2]));
    // What comes before is captured, also by default.
    const set = await capture(model, x);
    expect(set.layers.map(({ name }) => name)).toEqual(['before']);
    await equal((await run(model, ['before'], x))[0], x.neg());
    expect(listLayers(model).find(({ name }) => name === 'late')?.leftOut).toMatch(/^it needs '/);
    await expect(capture(model, x, { layers: 'late' })).rejects.toThrow(UnsupportedError);
    await expect(capture(model, x, { layers: 'late' })).rejects.toThrow(message);
  });

  it('an op that a program has added, unless it turns out to be asynchronous', async () => {
    tf.registerOp('Twice', ({ inputs: [x] }) => x.mul(2));
    tf.registerOp('Later', ({ inputs: [x] }) => Promise.resolve(x.mul(2)));
    try {
      const model = kept(await graph([small, node('twice', 'Twice', ['x']), node('later', 'Later', ['x'])]));
      const x = kept(images(3, [2]));
      const [twice] = await run(model, ['twice'], x);
      await equal(twice, x.mul(2));
      const probe = await openProbe(model, [{ name: 'later' }]);
      await expect(probe.run([x])).rejects.toThrow(UnsupportedError);
      await expect(probe.run([x])).rejects.toThrow(/cannot be run in one step: .*'Later' returned a promise/);
    } finally {
      tf.deregisterOp('Twice');
      tf.deregisterOp('Later');
    }
  });

  it('an op that hands on the very tensor it was given', async () => {
    tf.registerOp('Same', ({ inputs: [input] }) => input);
    try {
      const nodes = [placeholder('x', [-1, 2]), node('y', 'Neg', ['x']), node('z', 'Same', ['y'])];
      const model = kept(await graph([...nodes, node('same', 'Same', ['x'])]));
      const x = kept(images(3, [2]));
      const [y, z, same] = await run(model, ['y', 'z', 'same'], x);
      await equal(y, x.neg());
      await equal(z, x.neg());
      await equal(same, x.clone());
      expect(x.isDisposed).toBe(false);
    } finally {
      tf.deregisterOp('Same');
    }
  });

  it('values that are no numbers', async () => {
    const model = kept(await graph([placeholder('x', [-1, 2]), node('c', 'Complex', ['x', 'x'])]));
    const x = kept(images(3, [2]));
    expect(listLayers(model)[1].leftOut).toBe('its values are complex64');
    const probe = await openProbe(model, [{ name: 'c' }]);
    await withoutLeak(async () => {
      await expect(probe.run([x])).rejects.toThrow("layer 'c' gives complex64 values");
    });
  });
});

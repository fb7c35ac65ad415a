import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { openTogether, type CaptureData } from '../../src/capture/capture.js';
import { preparationOf } from '../../src/capture/prepare.js';
import type { Preprocess } from '../../src/capture/preprocess.js';
import { readOutputs } from '../../src/capture/read-outputs.js';
import { openSource, type LazySamples } from '../../src/capture/source.js';
import { DataError, ShapeError } from '../../src/errors.js';
import { spoolTo } from '../../src/node/spool.js';
import { echo, withoutLeak } from './models.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** A model that gives its inputs, of one number each, side by side. */
function beside(...names: string[]): tf.LayersModel {
  const inputs = names.map((name) => tf.input({ shape: [1], name }));
  const outputs = tf.layers.concatenate({ name: 'all' }).apply(inputs) as tf.SymbolicTensor;
  return tf.model({ inputs, outputs, name: names.join(' and ') });
}

/** What each model gets of a sample. */
async function received(models: tf.LayersModel[], data: CaptureData, preprocess?: Preprocess) {
  return withoutLeak(async () => {
    const sides = models.map((model) => ({ model, layers: 'all', ...(preprocess && { preprocess }) }));
    const together = await openTogether(sides, data);
    const got: number[][] = [];
    for await (const batches of together.batches())
      got.push(...batches.map(({ layers }) => [...layers.get('all')!.data]));
    await together.close();
    return got;
  });
}

describe('models of several inputs', () => {
  const [image, meta] = [() => tf.ones([1, 1]), () => tf.fill([1, 1], 2)];

  it('get what is theirs by name, whatever the order in which each lists its inputs', async () => {
    const models = [beside('image', 'meta'), beside('meta', 'image')];
    const named = () => [{ image: image(), meta: meta() }];
    expect(await received(models, named as never)).toEqual([
      [1, 2],
      [2, 1],
    ]);
    expect(await received(models.toReversed(), named as never)).toEqual([
      [2, 1],
      [1, 2],
    ]);
    // Arrays are in the order of the first model.
    expect(await received(models, [[[1]], [[2]]])).toEqual([
      [1, 2],
      [2, 1],
    ]);
  });

  it('get them in order where the names are others, and functions hear the name of each model', async () => {
    const models = [beside('image', 'meta'), beside('meta', 'picture'), beside('image', 'meta')];
    const data = [[[1]], [[2]]];
    expect(await received(models, data)).toEqual([
      [1, 2],
      [1, 2],
      [1, 2],
    ]);
    const byName: Preprocess = (batch, input) => (input === 'meta' ? batch.mul(10) : batch);
    expect(await received(models, data, byName)).toEqual([
      [1, 20],
      [10, 2],
      [1, 20],
    ]);
    expect(await received([beside('image', 'meta'), beside('meta', 'image')], data, byName)).toEqual([
      [1, 20],
      [20, 1],
    ]);
  });

  it('must be of as many inputs', async () => {
    const other = echo([1]);
    for (const models of [
      [beside('p', 'q'), other],
      [other, beside('p', 'q')],
    ]) {
      const reading = received(models, [[[1]], [[2]]], (batch) => batch);
      await expect(reading).rejects.toThrow(ShapeError);
      await expect(reading).rejects.toThrow(/takes 2 inputs \(p, q\)|another 2 \(p, q\)/);
    }
  });
});

describe('preprocessing', () => {
  const input = { name: 'x', shape: [null, 2, 2, 3], dtype: 'float32' };

  it('of several models is done once where it is the same, however it is written', async () => {
    const other = { ...input, name: 'y' };
    const preparations = [
      preparationOf('preprocess', { resize: 'input', scale: 2 }, [input]),
      preparationOf('preprocess', { scale: 2, resize: 'input' }, [other]),
      preparationOf('preprocess', { scale: 3, resize: 'input' }, [input]),
      preparationOf('preprocess', undefined, [input]),
      preparationOf('preprocess', {}, [input]),
    ];
    await withoutLeak(async () => {
      const source = await openSource({ shape: [1, 4, 4, 3], data: new Float32Array(48) }, { preparations });
      for await (const { inputs } of source.batches()) {
        const [a, b, c, d, e] = inputs.map(([tensor]) => tensor);
        expect(b).toBe(a);
        expect(new Set([a, c, d, e]).size).toBe(4);
      }
    });
  });

  it('by a function does not touch the data nor what other models get', async () => {
    const data = tf.ones([2, 1]);
    const greedy: Preprocess = (batch) => {
      const twice = batch.mul(2);
      batch.dispose();
      return twice;
    };
    await withoutLeak(async () => {
      const sides = ['a', 'b'].map((name) => ({ model: echo([1], name), layers: 'all' }));
      const together = await openTogether(
        [{ ...sides[0], preprocess: greedy }, sides[1], { ...sides[0], preprocess: greedy }],
        data,
      );
      for await (const batches of together.batches())
        expect(batches.map(({ layers }) => [...layers.get('all')!.data])).toEqual([
          [2, 2],
          [1, 1],
          [2, 2],
        ]);
    });
    expect(data.isDisposed).toBe(false);
  });

  it('of one model leaves nothing of the others when it fails', async () => {
    const picture = { height: 2, width: 2, channels: 3 as const, data: new Uint8Array(12) };
    const models = ['a', 'b', 'c'].map((name) => echo([2, 2, 3], name));
    let calls = 0;
    const failing: Preprocess = (batch) => {
      if (++calls === 2) throw new Error('in the second batch');
      return batch.clone();
    };
    for (const data of [
      { shape: [2, 2, 2, 3], data: new Float32Array(24) },
      { images: [picture, picture] },
    ]) {
      calls = 0;
      await withoutLeak(async () => {
        const together = await openTogether(
          [
            { model: models[0], preprocess: { scale: 2 } },
            { model: models[1], preprocess: (batch) => batch.mul(2) },
            { model: models[2], preprocess: failing },
          ],
          data,
          { batchSize: 1 },
        );
        const starts: number[] = [];
        const reading = async () => {
          for await (const [{ start }] of together.batches()) starts.push(start);
        };
        await expect(reading()).rejects.toThrow('in the second batch');
        expect(starts).toEqual([0]);
      });
    }
  });

  const lazy: LazySamples = {
    samples: 3,
    async *read({ from, to }) {
      yield await Promise.resolve(tf.ones([to - from, 1]));
    },
  };
  function* generator() {
    yield tf.ones([3, 1]);
  }
  const picture = { height: 1, width: 1, channels: 1 as const, data: Uint8Array.of(7) };
  it.each<[string, () => CaptureData]>([
    ['a tensor', () => [[1], [1], [1]]],
    ['a stream', () => generator],
    ['samples fetched when needed', () => lazy],
    ['an iterator in a spool', () => generator()],
    ['images', () => ({ images: [picture, picture] })],
  ])('that draws at random is refused, on %s', async (what, data) => {
    let drawn = 0;
    const preprocess: Preprocess = (batch) => batch.add(drawn++);
    const same: Preprocess = (batch) => batch.add(1);
    const model = echo(what === 'images' ? [1, 1, 1] : [1]);
    const passes = async (how: Preprocess) => {
      const together = await openTogether([{ model, preprocess: how }], data(), { spool: spoolTo() });
      try {
        for (const range of [{}, {}, { from: 1 }]) {
          for await (const [{ samples }] of together.batches(range)) expect(samples).toBeGreaterThan(0);
        }
      } finally {
        await together.close();
      }
    };
    await withoutLeak(async () => {
      await passes(same);
      await expect(passes(preprocess)).rejects.toThrow(DataError);
      await expect(passes(preprocess)).rejects.toThrow(/preprocess made other values of samples 0 to/);
    });
  });
});

describe('data that are used up by reading', () => {
  const stream = () =>
    new ReadableStream<number[][]>({
      start(controller) {
        for (const batch of [[[1], [2]], [[3]]]) controller.enqueue(batch);
        controller.close();
      },
    });

  it('of the web are kept in a spool, or refused with the way out', async () => {
    const read = async (data: CaptureData, spool = true) => {
      const source = await openSource(data, spool ? { spool: spoolTo() } : {});
      const counts: number[] = [];
      try {
        for (let pass = 0; pass < 2; pass++)
          for await (const { samples } of source.batches()) counts.push(samples);
      } finally {
        await source.close();
      }
      return counts;
    };
    await withoutLeak(async () => {
      expect(await read(stream() as never)).toEqual([2, 1, 2, 1]);
      await expect(read(stream() as never, false)).rejects.toThrow(/read only once.*spoolTo/);
      // An iterable that cannot be told from one that begins anew.
      const iterator = [[[1], [2]]].values();
      await expect(read({ [Symbol.iterator]: () => iterator })).rejects.toThrow(/read only once.*spoolTo/);
    });
  });
});

describe('activations that are read', () => {
  it('are freed one by one, and all of them after an error', async () => {
    await withoutLeak(async () => {
      const [first, second] = [tf.ones([2]), tf.zeros([2])];
      const read = vi.spyOn(second, 'data').mockImplementationOnce(() => {
        expect(first.isDisposed).toBe(true);
        return Promise.resolve(Float32Array.of(3, 4));
      });
      const outputs = new Map([
        ['a', { tensor: first, mask: Uint8Array.of(1, 0) }],
        ['b', { tensor: second }],
      ]);
      expect(await readOutputs(outputs)).toEqual(
        new Map<string, unknown>([
          ['a', { shape: [2], data: Float32Array.of(1, 1), mask: Uint8Array.of(1, 0) }],
          ['b', { shape: [2], data: Float32Array.of(3, 4) }],
        ]),
      );
      expect(read).toHaveBeenCalledOnce();
      const lost = tf.ones([2]);
      vi.spyOn(lost, 'data').mockRejectedValueOnce(new Error('the device is lost'));
      const failing = new Map([lost, tf.ones([2])].map((tensor, i) => [String(i), { tensor }]));
      await expect(readOutputs(failing)).rejects.toThrow('the device is lost');
    });
  });
});

import { readdir } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { capture, openTogether } from '../../src/capture/capture.js';
import type { DecodedImage } from '../../src/capture/images.js';
import { openSource, type CaptureData, type Source } from '../../src/capture/source.js';
import type { OpenSpool } from '../../src/capture/spool.js';
import { DataError, ShapeError } from '../../src/errors.js';
import { spoolTo } from '../../src/node/spool.js';
import { images, sequential, withoutLeak } from './models.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** A spool in memory that says what became of it. */
function memorySpool() {
  const state = { opened: 0, closed: 0, bytes: 0, reads: 0 };
  const open: OpenSpool = () => {
    state.opened++;
    const parts = new Map<number, Uint8Array>();
    return Promise.resolve({
      append(bytes) {
        const start = state.bytes;
        parts.set(start, bytes.slice());
        state.bytes += bytes.length;
        return Promise.resolve(start);
      },
      read(start, length) {
        state.reads++;
        const out = new Uint8Array(length);
        out.set(parts.get(start)!.subarray(0, length));
        return Promise.resolve(out);
      },
      close() {
        state.closed++;
        return Promise.resolve();
      },
    });
  };
  return { state, open };
}

/** Uneven batches 0, 1, 2, … of two columns, and whether the generator was left. */
function* rows(counts: readonly number[], left?: { done: boolean }) {
  let value = 0;
  try {
    for (const count of counts) {
      yield tf.tensor2d(Array.from({ length: count }, () => [value, value++]));
    }
  } finally {
    if (left) left.done = true;
  }
}

async function read(source: Source, from?: number, to?: number) {
  const [cuts, values]: [number[][], number[]] = [[], []];
  const range = { ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
  for await (const { start, samples, inputs } of source.batches(range)) {
    cuts.push([start, samples]);
    const column = inputs[0][0].slice([0, 0], [samples, 1]);
    values.push(...(await column.data()));
    column.dispose();
  }
  return { cuts, values };
}

const upTo = (n: number, from = 0) => Array.from({ length: n - from }, (_, i) => from + i);

describe('data that can be read once, with a spool', () => {
  it('are read again from what was kept', async () => {
    const { state, open } = memorySpool();
    await withoutLeak(async () => {
      const source = await openSource(rows([3, 5, 1]), { batchSize: 2, spool: open });
      expect(source.samples).toBeUndefined();
      const first = await read(source);
      expect(first).toEqual({
        cuts: [
          [0, 2],
          [2, 1],
          [3, 2],
          [5, 2],
          [7, 1],
          [8, 1],
        ],
        values: upTo(9),
      });
      expect(source.samples).toBe(9);
      expect(await read(source)).toEqual(first);
      expect(await read(source, 4, 8)).toEqual({
        cuts: [
          [4, 1],
          [5, 2],
          [7, 1],
        ],
        values: upTo(8, 4),
      });
      expect(state).toMatchObject({ opened: 1, closed: 0, bytes: 9 * 2 * 4 });
      await source.close();
      await source.close();
      expect([state.closed, source.samples]).toEqual([1, 9]);
    });
  });

  it('go on where the last pass was left, early or at the end of a range', async () => {
    const { open } = memorySpool();
    const left = { done: false };
    await withoutLeak(async () => {
      const source = await openSource(rows([2, 2, 2, 2], left), { batchSize: 2, spool: open });
      for await (const { start } of source.batches()) if (start === 2) break;
      expect(left.done).toBe(false);
      expect((await read(source, 0, 3)).values).toEqual([0, 1, 2]);
      expect((await read(source, 5, 6)).values).toEqual([5]);
      expect(source.samples).toBeUndefined();
      expect((await read(source)).values).toEqual(upTo(8));
      expect([source.samples, left.done]).toEqual([8, true]);
      await source.close();
    });
  });

  it('are given up when they are closed before their end', async () => {
    const { state, open } = memorySpool();
    const left = { done: false };
    const source = await openSource(rows([2, 2], left), { spool: open });
    for await (const batch of source.batches()) {
      expect(batch.samples).toBe(2);
      break;
    }
    await source.close();
    expect([left.done, state.closed]).toEqual([true, 1]);
    await expect(read(source, 2)).rejects.toThrow(/cannot be read any more/);
    const unused = memorySpool();
    await (await openSource(rows([1]), { spool: unused.open })).close();
    expect(unused.state.opened).toBe(0);
  });

  it('serve two passes side by side', async () => {
    const { open } = memorySpool();
    const source = await openSource(rows([1, 2, 3, 4]), { batchSize: 3, spool: open });
    const [a, b] = [source.batches(), source.batches()].map((pass) => pass[Symbol.asyncIterator]());
    const starts: (number | undefined)[][] = [];
    for (let i = 0; i < 6; i++) {
      const [x, y] = await Promise.all([a.next(), b.next()]);
      starts.push([x.done ? undefined : x.value.start, y.done ? undefined : y.value.start]);
    }
    expect(starts).toEqual([
      [0, 0],
      [1, 1],
      [3, 3],
      [6, 6],
      [9, 9],
      [undefined, undefined],
    ]);
    await source.close();
  });

  it('keep types, several inputs, labels beside them and decoded images', async () => {
    const { open } = memorySpool();
    const bytes = (n: number): DecodedImage => ({
      height: 1,
      width: n,
      channels: 3,
      data: new Uint8Array(3 * n).fill(n),
    });
    async function* elements() {
      yield await Promise.resolve({
        xs: { a: tf.tensor1d([1, 2], 'int32'), b: tf.tensor1d([true, false], 'bool') },
        ys: tf.ones([2]),
      });
      yield { xs: [tf.tensor1d([3], 'int32'), tf.tensor1d([true], 'bool')], ys: tf.ones([1]) };
    }
    const inputs = ['a', 'b'].map((name) => ({ name, shape: [], dtype: 'float32' }));
    await withoutLeak(async () => {
      const source = await openSource(elements(), {
        preparations: [{ preprocess: undefined, inputs }],
        spool: open,
      });
      for (let pass = 0; pass < 2; pass++) {
        const got = [];
        for await (const batch of source.batches()) {
          for (const tensor of batch.inputs[0]) got.push([tensor.dtype, ...(await tensor.data())]);
        }
        expect(got).toEqual([
          ['int32', 1, 2],
          ['bool', 1, 0],
          ['int32', 3],
          ['bool', 1],
        ]);
      }
      await source.close();
    });
    let decoded = 0;
    const lazily = (n: number) => () => {
      decoded++;
      return Promise.resolve(bytes(n));
    };
    const photos = [{ images: [lazily(2), lazily(2)] }, { images: [bytes(2)] }].values();
    await withoutLeak(async () => {
      const source = await openSource(photos, { batchSize: 1, spool: memorySpool().open });
      const once = await readImages(source);
      expect(once).toEqual(Array(18).fill(2));
      expect(await readImages(source)).toEqual(once);
      await source.close();
    });
    expect(decoded).toBe(2);
  });

  it('tell an error of theirs each time, as what was lost with it cannot be read again', async () => {
    function* failing() {
      yield tf.zeros([2, 2]);
      throw new Error('the network is gone');
    }
    const { state, open } = memorySpool();
    await withoutLeak(async () => {
      const source = await openSource(failing(), { spool: open });
      for (let pass = 0; pass < 2; pass++)
        await expect(read(source, 2)).rejects.toThrow('the network is gone');
      await source.close();
    });
    expect(state.closed).toBe(1);
    await withoutLeak(async () => {
      const ragged = await openSource([[[1, 2], [3]]].values() as CaptureData, { spool: open });
      await expect(read(ragged)).rejects.toThrow(ShapeError);
      await expect(read(ragged)).rejects.toThrow(ShapeError);
      await ragged.close();
    });
    const none = await openSource([].values(), { spool: open });
    await expect(read(none)).rejects.toThrow(/no samples/);
  });

  it('leave nothing where the values of a second input cannot be read back', async () => {
    const { open } = memorySpool();
    let reads = 0;
    const failing: OpenSpool = async () => {
      const spool = await open();
      return {
        ...spool,
        read: (start, length) =>
          ++reads === 4 ? Promise.reject(new Error('the disk is gone')) : spool.read(start, length),
      };
    };
    const inputs = ['a', 'b'].map((name) => ({ name, shape: [], dtype: 'float32' }));
    await withoutLeak(async () => {
      const data = (function* () {
        for (let i = 0; i < 2; i++) yield [tf.zeros([2, 1]), tf.ones([2, 1])];
      })();
      const preparations = [{ preprocess: undefined, inputs }];
      const source = await openSource(data, { preparations, spool: failing });
      await expect(read(source)).rejects.toThrow('the disk is gone');
      await source.close();
    });
    expect(reads).toBe(4);
  });

  it('tell what is wrong with the spool, and leave nothing', async () => {
    const broken: OpenSpool = () => Promise.reject(new DataError('the disk is full'));
    await withoutLeak(async () => {
      const source = await openSource(rows([2]), { spool: broken });
      await expect(read(source)).rejects.toThrow('the disk is full');
      await source.close();
    });
  });
});

async function readImages(source: Source): Promise<number[]> {
  const out: number[] = [];
  for await (const { inputs } of source.batches()) out.push(...(await inputs[0][0].data()));
  return out;
}

const openFiles = async () => (await readdir('/proc/self/fd').catch(() => [])).length;

describe('capture of a generator', () => {
  it('reads it twice from a spool on disk, and closes that', async () => {
    const files = await openFiles();
    const model = sequential();
    const all = images(7);
    function* batches() {
      for (const [from, count] of [
        [0, 3],
        [3, 4],
      ])
        yield all.slice([from], [count]);
    }
    await withoutLeak(async () => {
      const expected = await (await capture(model, all, { layers: 'conv1' })).matrices();
      const set = await capture(model, batches(), { layers: 'conv1', batchSize: 2, spool: spoolTo() });
      expect(await set.matrices()).toEqual(expected);
      expect(await set.matrices()).toEqual(expected);
      expect(set.samples).toBe(7);
      await set.close();
    });
    expect(await openFiles()).toBe(files);
  });

  it('leaves nothing after an error in the second batch and after an abort', async () => {
    const files = await openFiles();
    const model = sequential();
    const controller = new AbortController();
    await withoutLeak(async () => {
      for (const fault of ['error', 'abort'] as const) {
        function* batches() {
          yield images(3);
          if (fault === 'error') throw new Error('second batch');
          controller.abort(new Error('enough'));
          yield images(3);
        }
        const together = await openTogether([{ model }, { model, layers: 'logits' }], batches(), {
          spool: spoolTo(),
          ...(fault === 'abort' && { signal: controller.signal }),
        });
        const pass = async () => {
          for await (const [{ samples }] of together.deviceBatches()) expect(samples).toBe(3);
        };
        await expect(pass()).rejects.toThrow(fault === 'error' ? 'second batch' : 'enough');
        await together.close();
      }
    });
    expect(await openFiles()).toBe(files);
  });
});

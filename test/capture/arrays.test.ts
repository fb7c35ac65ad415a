import { fc, test } from '@fast-check/vitest';
import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { ActivationBatch } from '../../src/capture/activations.js';
import { activationStream } from '../../src/capture/stream-set.js';
import { fromArrays } from '../../src/capture/arrays.js';
import { zipBatches } from '../../src/capture/zip.js';
import { DataError, OptionError, ShapeError } from '../../src/errors.js';

const ramp = (shape: number[]) => ({
  shape,
  data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i),
});

async function collect<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of stream) all.push(item);
  return all;
}

describe('fromArrays', () => {
  it('reads matrices, shaped arrays and tensors of rank 1 to 4 in the order of the record', async () => {
    const set = await fromArrays({
      conv: ramp([3, 2, 2, 4]),
      tokens: tf.zeros([3, 5, 2]),
      dense: [
        [1, 2],
        [3, 4],
        [5, 6],
      ],
      unit: { shape: [3], data: Float32Array.of(1, 2, 3) },
    });
    expect(set.layers).toEqual([
      { name: 'conv', kind: 'Array', shape: [2, 2, 4] },
      { name: 'tokens', kind: 'Array', shape: [5, 2] },
      { name: 'dense', kind: 'Array', shape: [2] },
      { name: 'unit', kind: 'Array', shape: [] },
    ]);
    expect([set.samples, set.spatial]).toEqual([3, 'positions']);
    const [batch, ...rest] = await collect(set.batches());
    expect(rest).toEqual([]);
    expect([...batch.layers].map(([name, { grid, channels }]) => [name, grid, channels])).toEqual([
      ['conv', [2, 2], 4],
      ['tokens', [5, 1], 2],
      ['dense', [1, 1], 2],
      ['unit', [1, 1], 1],
    ]);
  });

  it('keeps float64 and float32, without copying', async () => {
    const double = ramp([4, 3]);
    const single = { shape: [4, 3], data: new Float32Array(12) };
    const { double: x, single: y } = await (await fromArrays({ double, single })).matrices();
    expect(x.data).toBe(double.data);
    expect(y.data).toBe(single.data);
  });

  it('applies the spatial rule and cuts batches', async () => {
    const record = { conv: ramp([5, 2, 2, 3]) };
    const whole = await (await fromArrays(record, { spatial: 'mean' })).matrices();
    expect([whole.conv.rows, whole.conv.cols]).toEqual([5, 3]);
    expect([...whole.conv.data.subarray(0, 3)]).toEqual([4.5, 5.5, 6.5]);
    const cut = await fromArrays(record, { spatial: 'mean', batchSize: 2 });
    expect((await collect(cut.batches())).map(({ start, samples }) => [start, samples])).toEqual([
      [0, 2],
      [2, 2],
      [4, 1],
    ]);
    expect(await cut.matrices()).toEqual(whole);
    const drawn = { positions: 2, seed: 9 };
    const some = await (await fromArrays(record, drawn)).matrices();
    expect(some.conv.rows).toBe(10);
    expect(await (await fromArrays(record, { ...drawn, batchSize: 1 })).matrices()).toEqual(some);
  });

  it('takes an array beside a layer as its mask', async () => {
    const tokens = ramp([3, 4, 2]);
    const mask = { shape: [3, 4], data: Uint8Array.from([1, 1, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1]) };
    const set = await fromArrays({
      tokens,
      'tokens.mask': mask,
      other: ramp([3, 2]),
      'other.mask': ramp([3]),
    });
    expect(set.layers.map(({ name }) => name)).toEqual(['tokens', 'other', 'other.mask']);
    const { tokens: read } = await set.matrices();
    expect(Array.from(read.data)).toEqual([0, 1, 2, 3, 8, 9, 16, 17, 18, 19, 20, 21, 22, 23]);
    const means = await fromArrays({ tokens, 'tokens.mask': mask }, { spatial: 'mean' });
    expect(Array.from((await means.matrices()).tokens.data)).toEqual([1, 2, 8, 9, 19, 20]);
    const first = { shape: [1, 2, 2], data: Float32Array.of(1, 2, 3, 4) };
    const channelsFirst = await fromArrays(
      { x: first, 'x.mask': { shape: [1, 2], data: [0, 1] } },
      { layout: 'NCHW' },
    );
    expect(Array.from((await channelsFirst.matrices()).x.data)).toEqual([2, 4]);
    // A mask has no channels that could be moved: of images, too, it is rows and columns.
    const images = { shape: [1, 2, 2, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
    const squares = { images, 'images.mask': { shape: [1, 2, 2], data: [1, 0, 1, 1] } };
    const wanted = [1, 5, 3, 7, 4, 8];
    const { images: kept } = await (await fromArrays(squares, { layout: 'NCHW' })).matrices();
    expect(Array.from(kept.data)).toEqual(wanted);
    const stream = await activationStream(() => [squares], { layout: 'NCHW' });
    expect(Array.from((await stream.matrices()).images.data)).toEqual(wanted);
    const wrong = { shape: [3, 4], data: Float32Array.of(1, 1, 1, 1, 1, 0.5, 1, 1, 1, 1, 1, 1) };
    await expect(fromArrays({ tokens, 'tokens.mask': wrong })).rejects.toThrow(
      "the mask of layer 'tokens' is 0.5 at sample 1, position 1",
    );
    const short = { shape: [3, 3], data: new Float32Array(9) };
    const plain = await fromArrays({ tokens, 'tokens.mask': short });
    expect(plain.layers.map(({ name }) => name)).toEqual(['tokens', 'tokens.mask']);
  });

  it('names what is wrong', async () => {
    const a = ramp([3, 2]);
    await expect(fromArrays({ a, b: ramp([4, 2]) })).rejects.toThrow(ShapeError);
    await expect(fromArrays({ a, b: ramp([4, 2]) })).rejects.toThrow(
      "layer 'b' has 4 samples and layer 'a' has 3",
    );
    await expect(fromArrays({})).rejects.toThrow(OptionError);
    await expect(fromArrays({ a: ramp([1, 1, 2, 2, 2, 2]) })).rejects.toThrow(/layer 'a' has shape/);
    await expect(fromArrays({ a: { shape: [2, 2, 2], data: [1, 2] } })).rejects.toThrow(
      /needs 8 values, got 2/,
    );
    await expect(fromArrays({ a: { shape: [1, 2, 2], data: [1, 2, NaN, 4] } })).rejects.toThrow(
      "layer 'a' is NaN at sample 0, position (1, 0), channel 0",
    );
    await expect(fromArrays({ a: { shape: [2, 2], data: [1, 2, 3, Infinity] } })).rejects.toThrow(DataError);
    await expect(fromArrays({ a: { shape: [0, 2, 2], data: [] } })).rejects.toThrow(DataError);
    await expect(fromArrays({ a: { shape: [2, 2, 1], data: 'abcd' as never } })).rejects.toThrow(ShapeError);
    await expect(fromArrays({ a: null as never })).rejects.toThrow(ShapeError);
    await expect(fromArrays({ a }, { spatial: 'sum' as never })).rejects.toThrow(OptionError);
  });
});

describe('zipBatches', () => {
  const cut = async (samples: number, batchSize: number) =>
    (await fromArrays({ x: ramp([samples, 2, 1, 3]) }, { batchSize })).batches();

  test.prop([
    fc.integer({ min: 1, max: 20 }),
    fc.integer({ min: 1, max: 21 }),
    fc.integer({ min: 1, max: 21 }),
  ])('cuts both streams to the same batches and loses nothing', async (samples, left, right) => {
    const pairs = await collect(zipBatches(await cut(samples, left), await cut(samples, right)));
    let start = 0;
    const values: number[] = [];
    for (const [a, b] of pairs) {
      expect([a.start, a.samples]).toEqual([start, b.samples]);
      expect(a).toEqual(b);
      start += a.samples;
      values.push(...a.layers.get('x')!.data);
    }
    expect(start).toBe(samples);
    expect(values).toEqual([...ramp([samples * 6]).data]);
  });

  it('names both totals when they differ', async () => {
    const read = async () => collect(zipBatches(await cut(7, 3), await cut(9, 2)));
    await expect(read()).rejects.toThrow(ShapeError);
    await expect(read()).rejects.toThrow('the two sides have 7 and 9 samples');
  });

  it('closes both streams, read to the end or not', async () => {
    const closed: string[] = [];
    async function* watched(name: string): AsyncGenerator<ActivationBatch> {
      try {
        yield* await cut(6, 2);
      } finally {
        closed.push(name);
      }
    }
    for await (const [a] of zipBatches(watched('a'), watched('b'))) if (a.start === 2) break;
    expect(closed).toEqual(['a', 'b']);
  });
});

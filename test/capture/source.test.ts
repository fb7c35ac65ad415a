import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { openSource } from '../../src/capture/source.js';
import type { CaptureData, LazySamples, Source, SourceOptions } from '../../src/capture/source.js';
import { DataError, OptionError, ShapeError } from '../../src/errors.js';
import { withoutLeak } from './models.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** A model with inputs of these names. */
const pairOf = (...names: string[]) => ({
  preprocess: undefined,
  inputs: names.map((name) => ({ name, shape: [], dtype: 'float32' })),
});

const values = Array.from({ length: 10 }, (_, i) => [i, -i]);

async function read(source: Source): Promise<{ starts: number[]; counts: number[]; rows: number[] }> {
  const [starts, counts, rows] = [[] as number[], [] as number[], [] as number[]];
  for await (const { start, samples, inputs } of source.batches()) {
    starts.push(start);
    counts.push(samples);
    expect(inputs[0][0].shape[0]).toBe(samples);
    rows.push(...(await inputs[0][0].data()));
  }
  return { starts, counts, rows };
}

/** Reads twice and checks that both passes, and the tensors held, are the same. */
async function readTwice(data: CaptureData, options: SourceOptions = { batchSize: 4 }) {
  return withoutLeak(async () => {
    const source = await openSource(data, options);
    const first = await read(source);
    expect(await read(source)).toEqual(first);
    expect(source.samples).toBe(first.counts.reduce((a, b) => a + b, 0));
    return first;
  });
}

const flat = values.flat();

describe('kinds of data', () => {
  it('cuts a tensor, plain arrays and nested arrays into batches', async () => {
    const x = tf.tensor2d(values);
    const expected = { starts: [0, 4, 8], counts: [4, 4, 2], rows: flat.map((v) => v + 0) };
    for (const data of [
      x,
      { shape: [10, 2], data: flat },
      { shape: [10, 2], data: Float64Array.from(flat) },
      { shape: [10, 2], data: Int32Array.from(flat) },
      values,
      values.map((row) => Float32Array.from(row)),
    ]) {
      const { starts, counts, rows } = await readTwice(data);
      expect({ starts, counts, rows: rows.map((v) => v + 0) }).toEqual(expected);
    }
    expect(x.isDisposed).toBe(false);
    expect((await openSource(x)).samples).toBe(10);
  });

  it('reads an array of tensors as consecutive samples, or as one per input', async () => {
    const parts = [tf.tensor2d(values.slice(0, 3)), tf.tensor2d(values.slice(3))];
    expect(await readTwice(parts)).toMatchObject({ starts: [0, 3, 7], counts: [3, 4, 3] });
    const pair = [tf.tensor2d(values), tf.tensor1d(values.map(([v]) => v))];
    const source = await openSource(pair, { batchSize: 8, preparations: [pairOf('a', 'b')] });
    const shapes = [];
    for await (const { inputs } of source.batches()) shapes.push(inputs[0].map(({ shape }) => [...shape]));
    expect(shapes).toEqual([
      [[8, 2], [8]],
      [[2, 2], [2]],
    ]);
  });

  it('reads a tf.data.Dataset, with and without labels, again and again', async () => {
    const plain = tf.data.array(values).batch(4);
    expect(await readTwice(plain)).toMatchObject({ counts: [4, 4, 2] });
    const labelled = tf.data.zip({ xs: tf.data.array(values), ys: tf.data.array(flat.slice(10)) }).batch(5);
    expect(await readTwice(labelled)).toMatchObject({
      starts: [0, 4, 5, 9],
      counts: [4, 1, 4, 1],
    });
  });

  it('reads several inputs of a stream by name or in order', async () => {
    const named = () => [
      { b: tf.ones([2, 1]), a: tf.zeros([2, 1]) },
      { xs: [tf.zeros([1, 1]), tf.ones([1, 1])] },
    ];
    expect((await readTwice(named as never, { preparations: [pairOf('a', 'b')] })).rows).toEqual([0, 0, 0]);
  });

  it('reads generator functions, async or not, and disposes of what they give', async () => {
    function* batches() {
      for (let i = 0; i < 10; i += 5) yield tf.tensor2d(values.slice(i, i + 5));
    }
    async function* later() {
      yield* batches();
    }
    for (const data of [batches, later, async () => later()]) {
      expect(await readTwice(data)).toMatchObject({ starts: [0, 4, 5, 9] });
    }
    const reusable = { [Symbol.asyncIterator]: later };
    expect(await readTwice(reusable)).toMatchObject({ counts: [4, 1, 4, 1] });
  });
});

describe('a source that is not the same twice', () => {
  it('says that a generator can be read only once, and the way out', async () => {
    async function* once() {
      yield tf.tensor2d(values);
    }
    await withoutLeak(async () => {
      const source = await openSource(once());
      await read(source);
      await expect(read(source)).rejects.toThrow(DataError);
      await expect(read(source)).rejects.toThrow(/read only once.*function that returns a new iterator/s);
    });
  });

  it('detects a shuffled dataset', async () => {
    const shuffled = tf.data.array(values).shuffle(10).batch(5);
    await withoutLeak(async () => {
      const source = await openSource(shuffled);
      await read(source);
      await expect(read(source)).rejects.toThrow(/gave other values from sample 0 on.*shuffling/s);
    });
  });

  it('detects other values, more samples and fewer', async () => {
    const passes = async (...counts: number[][]) => {
      let pass = 0;
      const source = await openSource(() => counts[pass++].map((n) => tf.fill([n, 1], n)));
      await read(source);
      await read(source);
    };
    await withoutLeak(async () => {
      await passes([3, 2], [3, 2]);
      await expect(passes([3, 2], [3, 4])).rejects.toThrow(/gave other values from sample 3 on/);
      await expect(passes([3, 2], [3, 2, 1])).rejects.toThrow(/more than the 5 samples of the first pass/);
      await expect(passes([3, 2], [3])).rejects.toThrow(/ended after 3 samples/);
    });
  });

  it('sees a change in the middle of large images', async () => {
    let pass = 0;
    const source = await openSource(() => {
      const data = new Float32Array(8 * 100 * 100).map((_, i) => i % 100);
      if (pass++ > 0) data.copyWithin(30_000, 30_001, 60_000);
      return [tf.tensor(data, [8, 100, 100])];
    });
    await read(source);
    await expect(read(source)).rejects.toThrow(DataError);
  });
});

describe('a stream that is shuffled or changed at random', () => {
  /** Digits like MNIST's: nearly all pixels are 0. */
  const digits = () =>
    Array.from({ length: 200 }, (_, n) => {
      const image = new Float32Array(28 * 28);
      for (let stroke = 0; stroke < 60; stroke++) image[(n * 37 + stroke * 29) % image.length] = 1;
      return image;
    });

  const secondPass = async (data: CaptureData) => {
    const source = await openSource(data);
    await read(source);
    return read(source);
  };

  it('is refused, also where samples are nearly alike and only two change places', async () => {
    const all = digits();
    await withoutLeak(async () => {
      for (let seed = 0; seed < 20; seed++) {
        await expect(
          secondPass(tf.data.array(all).shuffle(200, String(seed), true).batch(64)),
        ).rejects.toThrow(/switch shuffling and random augmentation off/);
      }
      let pass = 0;
      const swapped = () => {
        const order = all.map((_, i) => i);
        if (pass++ > 0) [order[7], order[8]] = [order[8], order[7]];
        return [0, 64, 128].map((start) => order.slice(start, start + 64).map((i) => all[i]));
      };
      await expect(secondPass(swapped)).rejects.toThrow(/gave other values from sample 0 on/);
    });
  });

  it('is refused where augmentation draws anew', async () => {
    const photos = Array.from({ length: 8 }, (_, n) => tf.randomUniform([16, 16, 3], 0, 1, 'float32', n));
    const flips = [true, false, false, true, true, false, true, false, false, true];
    let drawn = 0;
    const augmented = tf.data
      .array(photos)
      .map((photo) => (flips[drawn++ % flips.length] ? photo.reverse(1) : photo.clone()))
      .batch(4);
    await expect(secondPass(augmented)).rejects.toThrow(DataError);
    tf.dispose(photos);
  });

  it('is compared as far as a pass went, in ranges and after leaving early', async () => {
    let first = 0;
    function* batches() {
      for (let n = 0; n < 3; n++) yield tf.fill([3, 1], n === 0 ? first : n);
    }
    const source = await openSource(batches, { batchSize: 2 });
    const range = async (from: number, to: number) => {
      const got: number[][] = [];
      for await (const { start, inputs } of source.batches({ from, to }))
        got.push([start, ...(await inputs[0][0].data())]);
      return got;
    };
    await withoutLeak(async () => {
      expect(await range(2, 5)).toEqual([
        [2, 0],
        [3, 1, 1],
      ]);
      for await (const { start } of source.batches()) if (start === 5) break;
      expect(source.samples).toBeUndefined();
      expect((await read(source)).counts).toEqual([2, 1, 2, 1, 2, 1]);
      expect(source.samples).toBe(9);
      expect(await range(8, 20)).toEqual([[8, 2]]);
      first = 5;
      // Of a range what comes before it is held to the first pass too: the samples would be others.
      await expect(range(4, 6)).rejects.toThrow(/other values from sample 0/);
    });
  });

  it.each<[string, (first: boolean) => CaptureData]>([
    ['a tensor', (first) => () => [tf.ones(first ? [2, 6, 5, 1] : [2, 5, 6, 1])]],
    [
      'images',
      (first) => {
        const side = first ? { height: 6, width: 5 } : { height: 5, width: 6 };
        return () => [{ images: [{ ...side, channels: 1 as const, data: new Uint8Array(30) }] }];
      },
    ],
  ])('is refused where %s of the same values has another shape', async (_, dataOf) => {
    let first = true;
    await withoutLeak(async () => {
      const source = await openSource(() => {
        const stream = (dataOf(first) as () => never)();
        first = false;
        return stream;
      });
      await read(source);
      await expect(read(source)).rejects.toThrow(/other values from sample 0 on/);
    });
  });

  it('is refused where its batches are cut elsewhere', async () => {
    let pass = 0;
    const source = await openSource(() => (pass++ === 0 ? [[[1], [2]], [[3]]] : [[[1]], [[2], [3]]]));
    await read(source);
    await expect(read(source)).rejects.toThrow(/other values from sample 0 on/);
  });
});

describe('samples that are fetched when needed', () => {
  const lazily = (
    samples: number,
    element: (from: number, to: number) => unknown,
    left?: () => void,
  ): LazySamples => ({
    samples,
    async *read({ from, to }, batchSize) {
      try {
        for (let at = from; at < to; at += batchSize)
          yield (await Promise.resolve(element(at, Math.min(at + batchSize, to)))) as never;
      } finally {
        left?.();
      }
    },
  });
  const column = (from: number, to: number) => tf.tidy(() => tf.range(from, to).reshape([to - from, 1]));

  it('are read again and again, and only what is asked for', async () => {
    const asked: number[][] = [];
    const data = lazily(10, (from, to) => {
      asked.push([from, to]);
      return { xs: column(from, to), ys: tf.zeros([to - from]) };
    });
    expect(await readTwice(data)).toMatchObject({ starts: [0, 4, 8], rows: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] });
    await withoutLeak(async () => {
      const source = await openSource(data, { batchSize: 4 });
      asked.length = 0;
      const got = [];
      for await (const { start, inputs } of source.batches({ from: 3, to: 9 }))
        got.push([start, ...(await inputs[0][0].data())]);
      expect(got).toEqual([
        [3, 3, 4, 5, 6],
        [7, 7, 8],
      ]);
      expect(asked).toEqual([
        [3, 7],
        [7, 9],
      ]);
      for await (const batch of source.batches({ from: 12 })) expect(batch).toBeUndefined();
    });
  });

  it('are held to what they were', async () => {
    let shift = 0;
    const source = await openSource(
      lazily(4, (from, to) => column(from + shift, to + shift)),
      { batchSize: 2 },
    );
    await read(source);
    shift = 1;
    await withoutLeak(async () => {
      await expect(read(source)).rejects.toThrow(/other values for samples 0 to 1 than before/);
    });
  });

  it('must be as many as they say, and are left properly', async () => {
    let left = 0;
    const few = await openSource(
      lazily(
        4,
        (from) => column(from, from + 1),
        () => left++,
      ),
      { batchSize: 2 },
    );
    const many = await openSource(
      lazily(
        4,
        (from, to) => column(from, to + 1),
        () => left++,
      ),
      { batchSize: 2 },
    );
    await withoutLeak(async () => {
      await expect(read(few)).rejects.toThrow(/gave 2 samples when those from 0 to 3 were asked for/);
      await expect(read(many)).rejects.toThrow(/gave 6 samples/);
      for await (const { start } of many.batches({ to: 4 })) if (start === 0) break;
    });
    expect(left).toBe(3);
    await expect(openSource(lazily(0, column))).rejects.toThrow(/no samples/);
  });
});

describe('bad data', () => {
  it.each([
    ['nothing', [], DataError, /no samples/],
    ['a tensor without samples', () => tf.zeros([0, 2]), DataError, /no samples/],
    ['a number', () => 3, OptionError, /data is 3: give a tensor/],
    ['an object', () => ({ what: 1 }), OptionError, /no known kind/],
    ['a scalar', () => tf.scalar(1), ShapeError, /scalar/],
    ['strings', () => tf.tensor1d(['a']), DataError, /tensor of string/],
    ['a wrong length', () => ({ shape: [2, 2], data: [1, 2, 3] }), ShapeError, /needs 4 values, got 3/],
    ['an array of words', () => ['a', 'b'], ShapeError, /holds 'a' where samples are needed/],
  ])('%s', async (_, data, kind, message) => {
    const open = async () => openSource((typeof data === 'function' ? data() : data) as never);
    await expect(open()).rejects.toThrow(kind);
    await expect(open()).rejects.toThrow(message);
  });

  it('names ragged rows, disposed tensors, uneven inputs and a bad batch size', async () => {
    await expect(openSource([[1, 2], [3]]).then(read)).rejects.toThrow(ShapeError);
    await expect(openSource([[1, 2], [3]]).then(read)).rejects.toThrow(
      /sample 1 has a list of 1 where sample 0 has a list of 2/,
    );
    await expect(
      openSource([
        [1, 2],
        [3, 'x'],
      ] as never).then(read),
    ).rejects.toThrow(/sample 1 has 'x' .* a number/);
    await expect(
      openSource([
        [[1], [2]],
        [[3], 4],
      ] as never).then(read),
    ).rejects.toThrow(/sample 1 has 4 .* a list of 1/);
    const gone = tf.zeros([2, 2]);
    gone.dispose();
    await expect(openSource(gone)).rejects.toThrow(/already disposed/);
    const uneven = [tf.zeros([2, 1]), tf.zeros([3, 1])];
    await expect(openSource(uneven, { preparations: [pairOf('a', 'b')] })).rejects.toThrow('(a: 2, b: 3)');
    await expect(openSource(tf.zeros([2]), { preparations: [pairOf('a', 'b')] })).rejects.toThrow(
      /1 arrays for a model of 2 inputs/,
    );
    await expect(openSource(tf.zeros([2]), { batchSize: 0 })).rejects.toThrow(OptionError);
    await expect(openSource((() => 3) as never).then(read)).rejects.toThrow(/function must return/);
    await expect(openSource(() => []).then(read)).rejects.toThrow(/no samples/);
  });

  it('frees the batch when reading stops in the middle', async () => {
    await withoutLeak(async () => {
      function* batches() {
        for (let i = 0; i < 3; i++) yield tf.zeros([4, 2]);
      }
      const source = await openSource(batches, { batchSize: 2 });
      for await (const { start } of source.batches()) if (start === 2) break;
    });
  });
});

import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { capture, openTogether } from '../../src/capture/capture.js';
import type { CaptureData } from '../../src/capture/capture.js';
import type { DecodedImage } from '../../src/capture/images.js';
import type { Preprocess, PreprocessSteps } from '../../src/capture/preprocess.js';
import { DataError, OptionError, ShapeError } from '../../src/errors.js';
import { withoutLeak } from './models.js';

interface Values {
  readonly shape: number[];
  readonly data: number[];
}
/** Made by make.py with PyTorch, NumPy and Pillow. */
const expected = JSON.parse(
  readFileSync(new URL('preprocess/expected.json', import.meta.url), 'utf8'),
) as Record<'image' | 'luma' | 'torch' | 'caffe' | 'tf' | 'resize 5, crop 4x3', Values> &
  Record<'antialias' | 'plain' | 'nearest' | 'pillow', Record<string, Values>>;

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** A model that gives back what it takes. */
function echo(shape: (number | null)[], name = 'echo'): tf.LayersModel {
  const x = tf.input({ shape, name: 'x' });
  const same = tf.layers.activation({ name: 'same', activation: 'linear' });
  return tf.model({ inputs: x, outputs: same.apply(x) as tf.SymbolicTensor, name });
}

const models: tf.LayersModel[] = [];
afterEach(() => {
  for (const model of models.splice(0)) model.dispose();
});
function kept(model: tf.LayersModel): tf.LayersModel {
  models.push(model);
  return model;
}

/** What the model gets of the data, all samples. */
async function seen(
  data: CaptureData,
  preprocess?: Preprocess,
  shape: (number | null)[] = [null, null, null],
): Promise<Values> {
  const model = kept(echo(shape));
  const set = await capture(model, data, { batchSize: 2, ...(preprocess && { preprocess }) });
  const [parts, out]: [number[], number[]] = [[], []];
  for await (const { samples, layers } of set.batches()) {
    const { grid, channels, data: values } = layers.get('same')!;
    parts.push(samples);
    out.push(...values);
    parts.splice(1, Infinity, grid[0], grid[1], channels);
  }
  await set.close();
  return { shape: parts.slice(1), data: out };
}

const image = (name?: string): DecodedImage => ({
  height: 7,
  width: 10,
  channels: 3,
  data: Uint8Array.from(expected.image.data),
  ...(name !== undefined && { name }),
});
/** The same image by the way of decoded images and by that of tensors. */
const ways: [string, () => CaptureData][] = [
  ['decoded images', () => ({ images: [image()] })],
  ['tensors', () => ({ shape: [1, 7, 10, 3], data: expected.image.data })],
  ['whole numbers', () => ({ shape: [1, 7, 10, 3], data: Int32Array.from(expected.image.data) })],
];

function close(actual: Values, wanted: Values, tolerance: number): void {
  expect(actual.shape).toEqual(wanted.shape.slice(-3));
  expect(actual.data.length).toBe(wanted.data.length);
  const off = actual.data.map((value, i) => Math.abs(value - wanted.data[i]));
  expect(Math.max(...off)).toBeLessThanOrEqual(tolerance);
}

describe.each(ways)('%s', (_, data) => {
  const sizes = Object.keys(expected.plain).map((size) => size.split('x').map(Number) as [number, number]);

  it.each(sizes)('are resized to %i × %i as by PyTorch, and within a level as by Pillow', async (...size) => {
    const key = size.join('x');
    await withoutLeak(async () => {
      const smooth = await seen(data(), { resize: size });
      close(smooth, expected.antialias[key], 2e-4);
      close(smooth, expected.pillow[key], 1.01);
      close(await seen(data(), { resize: { size, antialias: false } }), expected.plain[key], 2e-4);
      close(await seen(data(), { resize: { size, method: 'nearest' } }), expected.nearest[key], 0);
    });
  });

  it('have the conventions of Keras', async () => {
    for (const normalise of ['tf', 'torch', 'caffe'] as const) {
      close(await seen(data(), { normalise }), expected[normalise], 2e-5);
    }
    close(await seen(data(), { order: 'bgr', mean: [103.939, 116.779, 123.68] }), expected.caffe, 2e-5);
    close(await seen(data(), { scale: 1 / 255, mean: 0.5, std: 0.5 }), expected.tf, 2e-6);
  });

  it('become grey by luma, and grey becomes RGB', async () => {
    const luma = await seen(data(), { channels: 1 });
    close(luma, { ...expected.luma, shape: [7, 10, 1] }, 0.5001);
    const rgb = await seen(data(), { channels: 3 });
    expect(rgb.data).toEqual(expected.image.data);
  });

  it('are cut to their middle after resizing, and scaled last', async () => {
    close(await seen(data(), { crop: [4, 3], resize: 5 }), expected['resize 5, crop 4x3'], 2e-4);
    const scaled = { ...expected['resize 5, crop 4x3'] };
    scaled.data = scaled.data.map((value) => (value / 10 - 3) / 7);
    close(await seen(data(), { std: 7, mean: 3, scale: 0.1, crop: [4, 3], resize: 5 }), scaled, 2e-6);
    const cut = await seen(data(), { crop: 2 });
    const at = (row: number, col: number) =>
      expected.image.data.slice((row * 10 + col) * 3, (row * 10 + col) * 3 + 3);
    expect(cut.data).toEqual([...at(2, 4), ...at(2, 5), ...at(3, 4), ...at(3, 5)]);
  });

  it("take the size of the model's input, and its layout", async () => {
    close(await seen(data(), { resize: 'input' }, [3, 4, 3]), expected.antialias['3x4'], 2e-4);
    close(
      await seen(data(), { resize: 8, crop: 'input' }, [8, 5, 3]),
      await seen(data(), { resize: 8, crop: [8, 5] }),
      0,
    );
    const first = await seen(data(), { resize: 'input', layout: 'NCHW' }, [3, 3, 4]);
    const last = expected.antialias['3x4'].data;
    const moved = [0, 1, 2].flatMap((channel) => last.filter((_value, i) => i % 3 === channel));
    close(first, { shape: [3, 3, 4], data: moved }, 2e-4);
    await expect(seen(data(), { resize: 'input' })).rejects.toThrow(
      /'input'.*shape \[\?, \?, \?, \?\]: give \[height, width\]/,
    );
  });

  it('are refused where the steps do not fit', async () => {
    await withoutLeak(async () => {
      await expect(seen(data(), { crop: 8 })).rejects.toThrow(ShapeError);
      await expect(seen(data(), { crop: 8 })).rejects.toThrow(/is 7 × 10, and 8 × 8 are to be cut/);
      await expect(seen(data(), { resize: 5, crop: 6 })).rejects.toThrow(/5 × 7 after resizing/);
      await expect(seen(data(), { channels: 1, mean: [1, 2, 3] })).rejects.toThrow(
        /mean has 3 numbers, and .* 1 channel$/,
      );
      for (const model of models.splice(0)) model.dispose();
    });
  });

  it('go through a function, whose mistakes are named', async () => {
    await withoutLeak(async () => {
      const half = await seen(data(), (batch, input) => batch.toFloat().mul(input === 'x' ? 0.5 : 0));
      expect(half.data).toEqual(expected.image.data.map((value) => value / 2));
      await expect(seen(data(), () => 3 as never)).rejects.toThrow(
        /preprocess returned 3: it must return a tensor/,
      );
      await expect(seen(data(), (batch) => batch.tile([2, 1, 1, 1]))).rejects.toThrow(
        /\[2, 7, 10, 3\] for \[1, 7, 10, 3\]/,
      );
      await expect(
        seen(data(), () => {
          throw new Error('mine');
        }),
      ).rejects.toThrow('mine');
      for (const model of models.splice(0)) model.dispose();
    });
  });
});

describe('images', () => {
  const grey = (height: number, width: number): DecodedImage => ({
    height,
    width,
    channels: 1,
    data: Uint8Array.from({ length: height * width }, (_, i) => i),
  });

  it('of several sizes and channels become one batch', async () => {
    const images = [image(), grey(4, 4), async () => Promise.resolve(grey(9, 2))];
    const { shape, data } = await seen({ images }, { resize: [2, 2] });
    expect([shape, data.length]).toEqual([[2, 2, 3], 3 * 12]);
    expect(data.slice(12, 15)).toEqual([data[12], data[12], data[12]]);
    const asked = await seen({ images }, (batch) => tf.image.resizeBilinear(batch as tf.Tensor4D, [2, 2]));
    expect(asked.shape).toEqual([2, 2, 3]);
  });

  it('stay grey where the model takes grey ones, and colour does not vanish by itself', async () => {
    expect((await seen({ images: [grey(2, 2)] }, undefined, [2, 2, 1])).data).toEqual([0, 1, 2, 3]);
    await expect(seen({ images: [image('a.png')] }, undefined, [7, 10, 1])).rejects.toThrow(
      /image 'a\.png' is 7 × 10 × 3, and the model takes 7 × 10 × 1: .*resize: 'input', channels: 3/,
    );
  });

  it('name the one that does not fit', async () => {
    await withoutLeak(async () => {
      const images = [image('a.png'), { ...grey(4, 4), name: 'b.png' }];
      await expect(seen({ images })).rejects.toThrow(
        /image 'b\.png' is 4 × 4 × 3 where the first of its batch is 7 × 10 × 3/,
      );
      await expect(seen({ images }, (batch) => batch)).rejects.toThrow(ShapeError);
      await expect(seen({ images: [{ ...grey(2, 2), data: new Uint8Array(3) }] })).rejects.toThrow(
        /has 3 values/,
      );
      const broken = async (): Promise<DecodedImage> => Promise.reject(new DataError('cannot read c.png'));
      await expect(seen({ images: [image(), image(), image(), broken] })).rejects.toThrow(
        'cannot read c.png',
      );
      for (const model of models.splice(0)) model.dispose();
    });
  });
});

describe('two models', () => {
  it('take their own preprocessing of the same samples, and share what is the same', async () => {
    const [a, b, c] = [kept(echo([2, 2, 3], 'a')), kept(echo([3, 3, 1], 'b')), kept(echo([2, 2, 3], 'c'))];
    let decoded = 0;
    const images = Array.from({ length: 5 }, () => async () => {
      decoded++;
      return Promise.resolve(image());
    });
    const first: PreprocessSteps = { resize: 'input' };
    const counts: number[] = [];
    await withoutLeak(async () => {
      const together = await openTogether(
        [
          { model: a, preprocess: first },
          { model: b, preprocess: { resize: 'input', channels: 1, scale: 1 / 255 } },
          { model: c, preprocess: first },
        ],
        { images },
        { batchSize: 2 },
      );
      for await (const [x, y, z] of together.batches()) {
        expect([x.start, x.samples]).toEqual([y.start, y.samples]);
        counts.push(x.samples);
        const [left, right] = [x.layers.get('same')!, y.layers.get('same')!];
        expect([left.grid, right.grid, left.channels, right.channels]).toEqual([[2, 2], [3, 3], 3, 1]);
        expect(Math.max(...right.data)).toBeLessThan(1);
        expect(z.layers.get('same')!.data).toEqual(left.data);
      }
      for await (const [x] of together.deviceBatches({ from: 1, to: 2 })) {
        expect([x.start, x.samples]).toEqual([1, 1]);
      }
      await together.close();
    });
    expect(counts).toEqual([2, 2, 1]);
    // Once for all models, and once more for the range.
    expect(decoded).toBe(6);
  });

  it('do not share steps that depend on their input', async () => {
    const [a, b] = [kept(echo([2, 2, 3], 'a')), kept(echo([4, 4, 3], 'b'))];
    const steps: PreprocessSteps = { resize: 'input' };
    const sides = [a, b].map((model) => ({ model, preprocess: steps }));
    const together = await openTogether(sides, tf.zeros([1, 8, 8, 3]));
    for await (const [x, y] of together.batches()) {
      expect([x, y].map(({ layers }) => layers.get('same')!.grid)).toEqual([
        [2, 2],
        [4, 4],
      ]);
    }
  });
});

describe('bad steps', () => {
  it.each<[string, unknown, RegExp]>([
    ['a word', 'torch', /preprocess is 'torch': give steps/],
    ['an unknown step', { rezise: 3 }, /no option 'rezise': it takes channels, resize/],
    ['channels', { channels: 2 }, /preprocess\.channels is 2: choose 1 or 3/],
    ['a size', { resize: [1, 2, 3] }, /preprocess\.resize is \[1,2,3\]: give \[height, width\]/],
    ['a side', { resize: [1, 0] }, /preprocess\.resize\[1\] is 0/],
    ['a number', { crop: 1.5 }, /preprocess\.crop is 1\.5/],
    ['no size', { resize: {} }, /preprocess\.resize\.size/],
    [
      'a method',
      { resize: { size: 3, method: 'cubic' } },
      /method is 'cubic': choose one of 'bilinear', 'nearest'/,
    ],
    ['an option of resize', { resize: { size: 3, alias: 1 } }, /no option 'alias'/],
    ['antialias', { resize: { size: 3, antialias: 1 } }, /antialias is 1/],
    ['a scale of 0', { scale: 0 }, /scale is 0: give a finite number other than 0/],
    ['a mean', { mean: [1, NaN] }, /mean is/],
    ['no numbers', { std: [] }, /std is \[\]/],
    ['an order', { order: 'brg' }, /order is 'brg'/],
    [
      'a convention',
      { normalise: 'imagenet' },
      /normalise is 'imagenet': choose one of 'tf', 'torch', 'caffe'/,
    ],
    ['two conventions', { normalise: 'tf', mean: 1 }, /both normalise and mean/],
    ['a layout', { layout: 'CHW' }, /layout is 'CHW'/],
  ])('%s', async (_, preprocess, message) => {
    const reading = capture(kept(echo([2, 2, 3])), tf.zeros([1, 2, 2, 3]), { preprocess } as never);
    await expect(reading).rejects.toThrow(OptionError);
    await expect(reading).rejects.toThrow(message);
  });

  it('are told by the name of the model, where there are several', async () => {
    const sides = [
      { model: kept(echo([2, 2, 3])), label: 'a' },
      { model: kept(echo([2, 2, 3])), label: 'b', preprocess: { crop: -1 } },
    ];
    await expect(openTogether(sides, tf.zeros([1, 2, 2, 3]))).rejects.toThrow(
      /preprocess of model 'b'\.crop is -1/,
    );
  });

  it('of a model of several inputs must be a function', async () => {
    const inputs = ['p', 'q'].map((name) => tf.input({ shape: [2], name }));
    const sum = tf.layers.add({ name: 'sum' }).apply(inputs) as tf.SymbolicTensor;
    const model = kept(tf.model({ inputs, outputs: sum }));
    const data = [tf.ones([3, 2]), tf.ones([3, 2])];
    await expect(capture(model, data, { preprocess: { scale: 2 } })).rejects.toThrow(
      /2 inputs \(p, q\): give a function/,
    );
    const set = await capture(model, data, {
      preprocess: (batch, input) => batch.mul(input === 'p' ? 3 : 4),
    });
    expect([...(await set.matrices()).sum.data]).toEqual([7, 7, 7, 7, 7, 7]);
  });

  it('of data that are no images', async () => {
    await expect(seen(tf.zeros([2, 5]), { crop: 2 }, [5])).rejects.toThrow(
      /are for images .* the data are \[2, 5\]/,
    );
    await expect(seen(tf.zeros([2, 4, 4, 4]), { channels: 1 }, [4, 4, 1])).rejects.toThrow(
      /channels is 1, and the data have 4/,
    );
    expect((await seen(tf.fill([2, 3, 3], 5), { channels: 3 }, [3, 3, 3])).data).toEqual(Array(54).fill(5));
    expect((await seen(tf.ones([2, 4]), { scale: [1, 2, 3, 4], mean: 1 }, [4])).data).toEqual([
      0, 1, 2, 3, 0, 1, 2, 3,
    ]);
  });
});

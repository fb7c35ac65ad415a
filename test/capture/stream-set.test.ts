import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { fromArrays } from '../../src/capture/arrays.js';
import { activationStream } from '../../src/capture/stream-set.js';
import { compare } from '../../src/compare/compare.js';
import { DataError, OptionError, ShapeError } from '../../src/errors.js';
import { Random } from '../../src/random.js';
import { withoutLeak } from './models.js';

const conv = { shape: [10, 2, 2, 3], data: Float32Array.from(new Random(1).normals(120)) };
const dense = { shape: [10, 4], data: new Random(2).normals(40) };

/** The arrays above in batches of these sizes. */
function* batches(sizes: readonly number[]) {
  let start = 0;
  for (const size of sizes) {
    yield {
      conv: { shape: [size, 2, 2, 3], data: conv.data.slice(start * 12, (start + size) * 12) },
      dense: { rows: size, cols: 4, data: dense.data.slice(start * 4, (start + size) * 4) },
    };
    start += size;
  }
}

describe('activationStream', () => {
  it('is the arrays that its batches make up, whatever their sizes', async () => {
    const whole = await fromArrays({ conv, dense });
    for (const sizes of [[10], [1, 2, 3, 4], [0, 5, 0, 5]]) {
      const set = await activationStream(() => batches(sizes));
      expect([set.layers, set.samples, set.spatial]).toEqual([whole.layers, undefined, 'positions']);
      expect(await set.matrices()).toEqual(await whole.matrices());
      expect(set.samples).toBe(10);
    }
  });

  it('keeps float32 and float64 without a copy', async () => {
    const data = new Float32Array(8);
    let passes = 0;
    const set = await activationStream(() => {
      passes++;
      return [{ x: { shape: [4, 2], data } }];
    });
    for await (const batch of set.batches()) expect(batch.layers.get('x')!.data).toBe(data);
    expect(passes).toBe(2);
  });

  it('reads ranges, closing the stream once they are read', async () => {
    let closed = 0;
    const set = await activationStream(
      async function* () {
        try {
          for (const batch of batches([4, 4, 2])) {
            await Promise.resolve();
            yield batch;
          }
        } finally {
          closed++;
        }
      },
      { samples: 10 },
    );
    expect([set.samples, closed]).toEqual([10, 1]);
    const runs: number[][] = [];
    for await (const { start, samples } of set.batches({ from: 2, to: 6 })) runs.push([start, samples]);
    expect([runs, closed]).toEqual([
      [
        [2, 2],
        [4, 2],
      ],
      2,
    ]);
  });

  it('takes tensors and nested arrays, and frees the tensors', async () => {
    await withoutLeak(async () => {
      const set = await activationStream(function* () {
        yield { x: tf.tensor2d([1, 2, 3, 4], [2, 2]), y: [[1], [2]] };
        yield { x: tf.tensor2d([5, 6], [1, 2]), y: [[3]] };
      });
      const { x, y } = await set.matrices();
      expect([Array.from(x.data), Array.from(y.data)]).toEqual([
        [1, 2, 3, 4, 5, 6],
        [1, 2, 3],
      ]);
    });
  });

  it('reads channels first, spatial rules and positions as fromArrays does', async () => {
    const first = { shape: [10, 3, 2, 2], data: conv.data };
    for (const options of [
      { layout: 'NCHW' },
      { layout: 'channelsFirst', spatial: 'mean' },
      { positions: 2, seed: 3 },
    ] as const) {
      const set = await activationStream(() => [{ first }], options);
      expect(await set.matrices()).toEqual(await (await fromArrays({ first }, options)).matrices());
    }
  });

  it('is compared like arrays', async () => {
    const set = await activationStream(() => batches([3, 3, 4]));
    const streamed = await compare(set, { dense }, undefined, { measure: 'cka', layers: 'dense' });
    expect(streamed.at('dense', 'dense')).toBeCloseTo(1, 12);
  });

  it('names what is wrong', async () => {
    const read = async (...given: Parameters<typeof activationStream>) =>
      (await activationStream(...given)).matrices();
    const x = (shape: number[], ...values: number[]) => ({
      x: {
        shape,
        data: Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => values[i] ?? i),
      },
    });
    await expect(read(() => [])).rejects.toThrow(DataError);
    await expect(read(() => [{}])).rejects.toThrow(OptionError);
    await expect(read({} as never)).rejects.toThrow(OptionError);
    await expect(read(() => 3 as never)).rejects.toThrow(OptionError);
    await expect(read(() => [x([2, 1]), x([2, 1], 1, NaN)])).rejects.toThrow(
      "layer 'x' is NaN at sample 3, channel 0",
    );
    await expect(read(() => [x([2, 1]), x([2, 2])])).rejects.toThrow(
      "layer 'x' has samples of shape [2] from sample 2 on, [1] in the first batch",
    );
    await expect(read(() => [x([2, 1]), { y: x([2, 1]).x }])).rejects.toThrow(ShapeError);
    await expect(read(() => [{ ...x([2, 1]), y: x([3, 1]).x }])).rejects.toThrow(/same samples/);
    await expect(read(() => [x([2, 1])], { samples: 3 })).rejects.toThrow(/gave 2 samples, 'samples' says 3/);
    await expect(read(() => [x([2, 1]), x([2, 1])], { samples: 3 })).rejects.toThrow(/at least 4 samples/);
    await expect(read(() => [x([2, 1])], { sample: 3 } as never)).rejects.toThrow(OptionError);
    const buffer = new Float32Array(2);
    const same = { x: { shape: [2, 1], data: buffer } };
    await expect(read(() => [same, same])).rejects.toThrow(/in the same array from sample 2 on/);
  });

  it('notices passes that differ', async () => {
    let pass = 0;
    const set = await activationStream(() => {
      const random = new Random(++pass < 3 ? 1 : 2);
      return [{ x: { shape: [5, 2], data: random.normals(10) } }];
    });
    await set.matrices();
    await expect(set.matrices()).rejects.toThrow(/gave other values from sample 0 on/);
    let length = 3;
    const shrinking = await activationStream(() =>
      Array.from({ length: length-- }, () => ({ x: { shape: [1, 2], data: Float32Array.of(1, 2) } })),
    );
    await shrinking.matrices();
    await expect(shrinking.matrices()).rejects.toThrow(DataError);
  });
});

import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/random.js';
import { augmentation, drawChange } from '../../src/transfer/augment.js';
import { imageBatch } from '../../src/transfer/image-batch.js';
import { batchOfStep, rowsOfStep } from '../../src/transfer/train-batches.js';
import { brightness, halves } from './train-data.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const plain = { offset: 0, scale: 1 };
const picture = (rows: number[][]) => ({
  images: Uint8Array.from(rows.flat()),
  shape: [1, rows.length, rows[0].length, 1] as const,
});
const first = Uint32Array.of(0);

describe('changes of images', () => {
  const image = picture([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  const changed = (flip: boolean, down: number, right: number) => [
    ...imageBatch(image, first, plain, [{ flip, down, right }]),
  ];

  it('mirror, move, and repeat the edges', () => {
    expect(changed(false, 0, 0)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(changed(true, 0, 0)).toEqual([3, 2, 1, 6, 5, 4]);
    expect(changed(false, 1, 0)).toEqual([1, 2, 3, 1, 2, 3]);
    expect(changed(false, -1, 0)).toEqual([4, 5, 6, 4, 5, 6]);
    expect(changed(false, 0, 1)).toEqual([1, 1, 2, 4, 4, 5]);
    expect(changed(false, 0, -2)).toEqual([3, 3, 3, 6, 6, 6]);
    // Mirrored first, then moved.
    expect(changed(true, 0, 1)).toEqual([3, 3, 2, 6, 6, 5]);
  });

  it('take channels along', () => {
    const colours = { images: Uint8Array.of(1, 2, 3, 4, 5, 6), shape: [1, 1, 2, 3] as const };
    expect([...imageBatch(colours, first, plain, [{ flip: true, down: 0, right: 0 }])]).toEqual([
      4, 5, 6, 1, 2, 3,
    ]);
  });

  it('do the same to an image of numbers as to one of bytes, and scale both', () => {
    const pixels = { offset: 127, scale: 128 };
    const numbers = { ...image, images: Float32Array.from(image.images) };
    expect(imageBatch(numbers, first, pixels)).toEqual(imageBatch(image, first, pixels));
    expect(imageBatch(image, first, pixels)[0]).toBe(Math.fround(-126 / 128));
  });

  it('mirroring twice is nothing, and a shift there and back changes the edges only', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: -3, max: 3 }),
        fc.integer({ min: -3, max: 3 }),
        (seed, down, right) => {
          const random = new Random(seed);
          const images = Uint8Array.from({ length: 2 * 8 * 9 * 3 }, () => random.integer(256));
          const shape = [2, 8, 9, 3] as const;
          const rows = Uint32Array.of(1, 0);
          const once = (
            x: Uint8Array | Float32Array,
            change: { flip: boolean; down: number; right: number },
          ) => imageBatch({ images: x, shape }, Uint32Array.of(0, 1), plain, [change, change]);
          const swapped = imageBatch({ images, shape }, rows, plain);
          const mirror = { flip: true, down: 0, right: 0 };
          expect(once(once(swapped, mirror), mirror)).toEqual(swapped);
          const back = once(once(swapped, { flip: false, down, right }), {
            flip: false,
            down: -down,
            right: -right,
          });
          for (let y = 3; y < 5; y++) {
            for (let x = 9 * y + 3; x < 9 * y + 6; x++) {
              expect(back.subarray(3 * x, 3 * x + 3)).toEqual(swapped.subarray(3 * x, 3 * x + 3));
            }
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('are drawn evenly, and flips do not depend on shifts', () => {
    const count = 4000;
    const draw = (asked: { flip: boolean; shift: number }) => {
      const random = new Random(7);
      return Array.from({ length: count }, () => drawChange(random, asked));
    };
    const all = draw({ flip: true, shift: 2 });
    const flips = all.filter(({ flip }) => flip).length;
    // Five standard deviations of a binomial.
    expect(Math.abs(flips - count / 2)).toBeLessThan(5 * Math.sqrt(count / 4));
    for (const axis of ['down', 'right'] as const) {
      for (const move of [-2, -1, 0, 1, 2]) {
        const found = all.filter((change) => change[axis] === move).length;
        expect(Math.abs(found - count / 5)).toBeLessThan(5 * Math.sqrt((count * 4) / 25));
      }
      expect(all.every((change) => Math.abs(change[axis]) <= 2)).toBe(true);
    }
    expect(draw({ flip: true, shift: 0 }).map(({ flip }) => flip)).toEqual(all.map(({ flip }) => flip));
    expect(draw({ flip: false, shift: 2 }).every(({ flip }) => !flip)).toBe(true);
  });

  it('say what they take', () => {
    expect(() => augmentation({ shift: 6 }, [6, 8])).toThrow(
      'augment.shift is 6: images of 6×8 would be shifted out of the picture',
    );
    expect(() => augmentation({ shift: 0.5 }, [6, 8])).toThrow('augment.shift is 0.5');
    expect(() => augmentation({ flip: 1 as unknown as boolean }, [6, 8])).toThrow('augment.flip is 1');
    expect(() => augmentation({ rotate: 3 } as object, [6, 8])).toThrow(
      "augment has no option 'rotate': it takes flip, shift",
    );
    expect(augmentation({ flip: false }, [6, 8])).toBeUndefined();
  });
});

describe('batches', () => {
  it('take every image once an epoch, in another order each, the last batch what is left', () => {
    const [count, training] = [23, { batchSize: 8, seed: 4 }];
    const epoch = (e: number) => [0, 1, 2].map((b) => [...rowsOfStep(3 * e + b, count, training)]);
    for (const e of [0, 1, 7]) {
      expect(epoch(e).map(({ length }) => length)).toEqual([8, 8, 7]);
      expect(
        epoch(e)
          .flat()
          .sort((a, b) => a - b),
      ).toEqual(Array.from({ length: count }, (_, i) => i));
    }
    expect(epoch(0)).not.toEqual(epoch(1));
    expect(epoch(0)).toEqual(epoch(0));
    expect([...rowsOfStep(0, count, { batchSize: 8, seed: 5 })]).not.toEqual(epoch(0)[0]);
  });

  it('carry images with their own labels', () => {
    for (const data of [brightness(12, 1), halves(12, 1)]) {
      const training = { batchSize: 5, seed: 1, augment: undefined, pixels: { offset: 0, scale: 255 } };
      const { xs, ys } = batchOfStep(tf, data, 1, training);
      const size = 36;
      [...rowsOfStep(1, 12, training)].forEach((row, i) => {
        const image = Float32Array.from(
          data.images.subarray(row * size, (row + 1) * size),
          (value) => value / 255,
        );
        expect(xs.dataSync<'float32'>().slice(i * size, (i + 1) * size)).toEqual(image);
        const target =
          data.task === 'classes'
            ? [0, 1].map((c) => Number(c === data.labels[row]))
            : [...data.labels.slice(2 * row, 2 * row + 2)];
        expect([...ys.dataSync().slice(2 * i, 2 * i + 2)]).toEqual(target);
      });
      tf.dispose([xs, ys]);
    }
  });
});

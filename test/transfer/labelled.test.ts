import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError, OptionError, ShapeError } from '../../src/errors.js';
import { Random } from '../../src/random.js';
import { splitOff, subset } from '../../src/transfer/labelled-draw.js';
import { labelledFingerprint } from '../../src/transfer/labelled-fingerprint.js';
import { checkLabelled, classCounts, pickImages } from '../../src/transfer/labelled-images.js';
import type { LabelledImages } from '../../src/transfer/labelled-images.js';
import { onlyClasses } from '../../src/transfer/labelled-only.js';
import { resizeImages, toChannels } from '../../src/transfer/labelled-resize.js';
import { drawSplits } from '../../src/transfer/labelled-splits.js';

/** Images of one pixel, whose value is their number modulo 251. */
function numbered(labels: readonly number[], classes = ['a', 'b', 'c']): LabelledImages {
  return {
    images: Uint8Array.from(labels, (_, i) => i % 251),
    shape: [labels.length, 1, 1, 1],
    labels: Uint8Array.from(labels),
    task: 'classes',
    classes,
  };
}

/** Three classes of different sizes, shuffled. */
const classed = fc
  .record({
    sizes: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 3, maxLength: 3 }),
    seed: fc.nat(1000),
  })
  .map(({ sizes, seed }) => {
    const sorted = sizes.flatMap((size, k) => new Array<number>(size).fill(k));
    return numbered(Array.from(new Random(seed).permutation(sorted.length), (i) => sorted[i]));
  });

/** Two images of 5 × 7. */
const squares = Array.from({ length: 35 }, (_, i) => i ** 2 % 97);
const pair = (images: Uint8Array | Float32Array): LabelledImages => ({
  images,
  shape: [2, 5, 7, 1],
  labels: Uint8Array.from([0, 1]),
  task: 'classes',
  classes: ['a', 'b'],
});

describe('checkLabelled', () => {
  const good = numbered([0, 1, 2, 0]);

  it('lets good data pass as they are', () => {
    expect(checkLabelled(good)).toBe(good);
    const labels: LabelledImages = { ...good, task: 'labels', labels: new Uint8Array(12).fill(1) };
    expect(checkLabelled(labels)).toBe(labels);
  });

  it.each<[Partial<Record<keyof LabelledImages, unknown>>, new (message: string) => Error, string]>([
    [
      { shape: [4, 1, 1] },
      ShapeError,
      'they have the shape [4, 1, 1]: [count, height, width, channels] is needed',
    ],
    [{ shape: [0, 1, 1, 1] }, ShapeError, 'they have the shape [0, 1, 1, 1]'],
    [{ shape: [4, 2, 1, 1] }, ShapeError, 'they have 4 values of images, and the shape [4, 2, 1, 1] needs 8'],
    [{ labels: new Uint8Array(3) }, ShapeError, 'they have 3 labels, and 4 images need 4'],
    [{ task: 'labels' }, ShapeError, 'they have 4 labels, and 4 images need 12'],
    [{ task: 'both' }, OptionError, "task of they is 'both': choose one of 'classes', 'labels'"],
    [
      { labels: Int32Array.from([0, 1, 3, 0]) },
      DataError,
      'they: image 2 has the label 3: it must be 0 to 2',
    ],
    [
      { labels: Int32Array.from([0, -1, 1, 0]) },
      DataError,
      'they: image 1 has the label -1: it must be 0 to 2',
    ],
    [{ classes: ['a'] }, DataError, 'they have 1 classes: at least 2 are needed'],
    [{ classes: ['a', 'b', 'a'] }, DataError, "they have two classes called 'a': name each once"],
    [{ images: Float32Array.from([0, 1, NaN, 0]) }, DataError, 'they: image 2 has a pixel that is NaN'],
  ])('refuses %o', (change, kind, message) => {
    const call = () => checkLabelled({ ...good, ...change } as LabelledImages, 'they');
    expect(call).toThrow(kind);
    expect(call).toThrow(message);
  });
});

describe('subset and splitOff', () => {
  it('keep the share of each class, to one image, and lose none where there is room', () => {
    fc.assert(
      fc.property(classed, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(), (data, share, seed) => {
        const total = data.shape[0];
        const count = Math.max(1, Math.round(share * total));
        const some = checkLabelled(subset(data, count, seed));
        expect(some.shape).toEqual([count, 1, 1, 1]);
        const counts = classCounts(some);
        classCounts(data).forEach((size, k) => {
          const quota = (count * size) / total;
          expect(counts[k]).toBeLessThanOrEqual(Math.max(1, Math.ceil(quota)));
          // One that is given to a class too small for it is taken from a larger one.
          expect(counts[k]).toBeGreaterThanOrEqual(Math.min(size, Math.floor(quota)) - 2);
          if (count >= 3) expect(counts[k]).toBeGreaterThan(0);
        });
        // Each image with its own label.
        for (let i = 0; i < count; i++) expect(some.labels[i]).toBe(data.labels[some.images[i]]);
      }),
    );
  });

  it('draw the same images for a seed, others for another, in the order of the data', () => {
    const data = numbered(Array.from({ length: 200 }, (_, i) => i % 3));
    const draw = (seed: number, count = 60) => Array.from(subset(data, count, seed).images);
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    expect(draw(1)).toEqual(draw(1).sort((a, b) => a - b));
    // More images contain those of fewer: 30 and 60 divide evenly by three classes.
    const more = new Set(draw(1));
    expect(draw(1, 30).every((image) => more.has(image))).toBe(true);
    expect(subset(data, 200)).toBe(data);
  });

  it('draw each image as often as any other', () => {
    const data = numbered(
      Array.from({ length: 40 }, (_, i) => Number(i % 4 === 0)),
      ['a', 'b'],
    );
    const drawn = new Array<number>(40).fill(0);
    for (let seed = 0; seed < 2000; seed++) for (const i of subset(data, 12, seed).images) drawn[i]++;
    // 3 of 10 and 9 of 30: each 600 times, standard deviation 20.
    expect(Math.min(...drawn)).toBeGreaterThan(600 - 90);
    expect(Math.max(...drawn)).toBeLessThan(600 + 90);
  });

  it('part data without loss or overlap', () => {
    fc.assert(
      fc.property(classed, fc.nat(100), (data, seed) => {
        const { rest, taken } = splitOff(data, 2, seed);
        const both = [...rest.images, ...taken.images].sort((a, b) => a - b);
        expect(both).toEqual(Array.from(data.images));
        expect(taken.shape[0]).toBe(2);
      }),
    );
  });

  it('draw images with several labels whole', () => {
    const data: LabelledImages = {
      images: Uint8Array.from([0, 1, 2, 3]),
      shape: [4, 1, 1, 1],
      labels: Uint8Array.from([0, 0, 0, 1, 1, 0, 1, 1]),
      task: 'labels',
      classes: ['left', 'right'],
    };
    const some = subset(data, 3, 5);
    some.images.forEach((image, i) => {
      expect(Array.from(some.labels.subarray(2 * i, 2 * i + 2))).toEqual([image >> 1, image & 1]);
    });
    expect(classCounts(data)).toEqual([2, 2]);
  });

  it('name a count that cannot be', () => {
    const data = numbered([0, 1, 2]);
    expect(() => subset(data, 4)).toThrow(new OptionError('count is 4, and there are 3 images: take fewer'));
    expect(() => subset(data, 0)).toThrow('count is 0: give a whole number of at least 1');
    expect(() => subset(data, 2, 0.5)).toThrow('seed is 0.5: give a whole number');
    expect(() => splitOff(data, 3)).toThrow('count is 3 of 3 images: none would be left');
    expect(() => pickImages(data, [0, 3])).toThrow('places[1] is 3: there are images 0 to 2');
  });
});

describe('drawSplits', () => {
  const labels = (count: number) => ({
    labels: Uint8Array.from({ length: count }, (_, i) => i % 2),
    task: 'classes' as const,
    classes: ['a', 'b'],
  });

  it('takes parts as the data have them', () => {
    const given = { train: labels(100), validation: labels(20), test: labels(30) };
    const { parts, warnings } = drawSplits(given, { train: 40, test: 10 });
    expect(Object.values(parts).map(({ of, places }) => [of, places.length])).toEqual([
      ['train', 40],
      ['validation', 20],
      ['test', 10],
    ]);
    expect(warnings).toEqual([]);
  });

  it('splits off what is missing, the same for any number of training images', () => {
    const splits = [10, 72].map((train) => drawSplits({ train: labels(100) }, { train, seed: 4 }));
    const [few, all] = splits.map(({ parts }) => parts);
    expect(few.test.places).toEqual(all.test.places);
    expect(few.validation.places).toEqual(all.validation.places);
    expect([all.test.places.length, all.validation.places.length]).toEqual([20, 8]);
    const every = [all.train, all.validation, all.test].flatMap(({ places }) => Array.from(places));
    expect(new Set(every).size).toBe(100);
    expect(splits[0].warnings).toEqual([
      'the data have no test images: 20 were split off the training images',
      'the data have no validation images: 8 were split off the training images',
    ]);
  });

  it('names parts that are too small', () => {
    expect(() => drawSplits({ train: labels(10), test: labels(4) }, { test: 5 })).toThrow(
      new OptionError('test is 5, and there are 4 test images: take fewer'),
    );
    expect(() => drawSplits({ train: labels(10), test: labels(4) }, { validation: 3, train: 8 })).toThrow(
      'train is 8, and there are 7 train images: take fewer',
    );
    expect(() => drawSplits({ train: labels(10) }, { test: 10 })).toThrow(
      'test is 10, and the data have no such part and 10 images to take it from: take fewer',
    );
    const lonely = { ...labels(10), classes: ['a', 'b', 'c'] };
    expect(() => drawSplits({ train: lonely }, {})).toThrow(
      new DataError("no training image is of the class 'c': take more, or name those that count in 'only'"),
    );
  });
});

describe('onlyClasses', () => {
  it('numbers the classes in the order asked for', () => {
    const { places, labels } = onlyClasses(numbered([0, 1, 2, 1, 2, 0]), ['c', 'a']);
    expect(Array.from(places)).toEqual([0, 2, 4, 5]);
    expect(Array.from(labels.labels)).toEqual([1, 0, 0, 1]);
    expect(labels.classes).toEqual(['c', 'a']);
  });

  it('names an unknown class, and one named twice', () => {
    expect(() => onlyClasses(numbered([0]), ['a', 'd'])).toThrow("only names 'd': the classes are a, b, c");
    expect(() => onlyClasses(numbered([0]), ['a', 'a'])).toThrow("only names 'a' twice: name it once");
    expect(() => onlyClasses({ ...numbered([0, 0, 1]), task: 'labels' }, ['a', 'b'])).toThrow(
      'only is for classes',
    );
  });
});

describe('resizeImages and toChannels', () => {
  it('resize as Pillow 13.0.0: Image.fromarray(a, mode="F").resize((4, 3), Image.BILINEAR), and to (9, 6)', () => {
    const smaller = resizeImages(pair(Float32Array.from([...squares, ...squares])), [3, 4]);
    const expected = [
      24.761905670166016, 26.639999389648438, 18.788570404052734, 42.619049072265625, 38.03703689575195,
      63.537776947021484, 51.9466667175293, 49.3703727722168, 49.47618865966797, 58.485713958740234,
      61.20000076293945, 62.863948822021484,
    ];
    expect(smaller.shape).toEqual([2, 3, 4, 1]);
    for (let i = 0; i < 24; i++) expect(Math.abs(smaller.images[i] - expected[i % 12])).toBeLessThan(1e-4);
    const larger = resizeImages(pair(Float32Array.from([...squares, ...squares])), [6, 9]);
    const first = [0, 0.6666666865348816, 2.3333332538604736, 5.111111164093018, 9, 14.44444465637207];
    first.forEach((value, i) => {
      expect(Math.abs(larger.images[i] - value)).toBeLessThan(1e-4);
    });
  });

  it('keep bytes, rounded once', () => {
    const bytes = resizeImages(pair(Uint8Array.from([...squares, ...squares])), [3, 4]);
    expect(bytes.images).toBeInstanceOf(Uint8Array);
    const exact = [25, 27, 19, 43, 38, 64, 52, 49, 49, 58, 61, 63];
    expect(Array.from(bytes.images)).toEqual([...exact, ...exact]);
    const data = pair(Uint8Array.from([...squares, ...squares]));
    expect(resizeImages(data, [5, 7])).toBe(data);
    expect(() => resizeImages(data, [0, 4])).toThrow('size[0] is 0: give a whole number of at least 1');
    expect(() => resizeImages(data, [4] as unknown as [number, number])).toThrow(
      'size is [4]: give [height, width]',
    );
  });

  it('repeat grey, and make colours grey as Pillow’s convert("L") does', () => {
    const grey = numbered([0, 1]);
    const colour = toChannels(grey, 3);
    expect(colour.shape).toEqual([2, 1, 1, 3]);
    expect(Array.from(colour.images)).toEqual([0, 0, 0, 1, 1, 1]);
    expect(toChannels(colour, 1).images).toEqual(grey.images);
    expect(toChannels(grey, 1)).toBe(grey);
    // rgb = np.stack([u, 2 * u, 255 - u], -1) of the squares u; Image.fromarray(rgb).convert('L'), first twelve.
    const rgb = squares.flatMap((u) => [u, (2 * u) % 256, 255 - u]);
    const luma = toChannels({ ...numbered([0]), shape: [1, 5, 7, 3], images: Uint8Array.from(rgb) }, 1);
    expect(Array.from(luma.images.subarray(0, 12))).toEqual([
      29, 30, 35, 41, 51, 63, 78, 96, 116, 139, 33, 62,
    ]);
    expect(() => toChannels({ ...grey, shape: [1, 1, 1, 2] }, 3)).toThrow('the images have 2 channels');
    expect(() => toChannels(grey, 2 as 1)).toThrow('channels is 2: choose 1 or 3');
  });
});

describe('labelledFingerprint', () => {
  it('tells pixels, labels, names and order of parts apart, and not how labels are stored', async () => {
    const data = numbered([0, 1, 2, 0]);
    const print = await labelledFingerprint(data);
    expect(print).toMatch(/^[0-9a-f]{16}$/);
    expect(await labelledFingerprint({ ...data, labels: Int32Array.from(data.labels) })).toBe(print);
    const others: LabelledImages[] = [
      { ...data, images: Uint8Array.from([0, 1, 2, 4]) },
      { ...data, images: Float32Array.from(data.images) },
      { ...data, labels: Uint8Array.from([0, 1, 2, 1]) },
      { ...data, classes: ['a', 'b', 'd'] },
      { ...data, shape: [2, 2, 1, 1], labels: Uint8Array.from([0, 1]) },
    ];
    const prints = await Promise.all(others.map((other) => labelledFingerprint(other)));
    expect(new Set([print, ...prints]).size).toBe(6);
    const [there, back] = [
      [data, others[0]],
      [others[0], data],
    ];
    expect(await labelledFingerprint(...there)).not.toBe(await labelledFingerprint(...back));
  });
});

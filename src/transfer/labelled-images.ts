/**
 * Images with what is known about each: the data of a transfer study.
 *
 * @module
 */
import { DataError, OptionError, ShapeError } from '../errors.js';
import { keyword, show } from '../options.js';

/**
 * `'classes'`: each image is of exactly one class (softmax, cross-entropy). `'labels'`: each image has any number of the
 * labels, as the findings of a chest X-ray (sigmoid, binary cross-entropy; the CheXpert setting).
 */
export type Task = 'classes' | 'labels';

/** Images in memory, row by row, and their classes or labels. */
export interface LabelledImages {
  /** `count × height × width × channels` values as the files have them; bytes are 0 … 255. */
  readonly images: Uint8Array | Float32Array;
  /** `[count, height, width, channels]`. */
  readonly shape: readonly [count: number, height: number, width: number, channels: number];
  /** Of `'classes'`: `count` class numbers. Of `'labels'`: `count × classes.length` zeros and ones. */
  readonly labels: Uint8Array | Int32Array;
  readonly task: Task;
  /** Names of the classes or labels, in the order of the model's outputs. */
  readonly classes: readonly string[];
}

/** The parts of a data set that a study uses. */
export interface Splits {
  readonly train: LabelledImages;
  readonly validation: LabelledImages;
  readonly test: LabelledImages;
}

/**
 * Returns the data if shapes, labels and names fit one another.
 *
 * @param name - how messages call the data.
 * @throws ShapeError where numbers of values do not fit; DataError for labels out of range and images that are not finite
 */
export function checkLabelled(data: LabelledImages, name = 'the data'): LabelledImages {
  const { images, shape, labels, task, classes } = data;
  keyword(`task of ${name}`, task, ['classes', 'labels']);
  const wrong = shape.length !== 4 || shape.some((size) => !Number.isSafeInteger(size) || size < 1);
  if (wrong) {
    throw new ShapeError(
      `${name} have the shape [${shape.join(', ')}]: [count, height, width, channels] is needed, each at least 1`,
    );
  }
  const values = shape.reduce((product, size) => product * size, 1);
  if (images.length !== values) {
    throw new ShapeError(
      `${name} have ${images.length} values of images, and the shape [${shape.join(', ')}] needs ${values}`,
    );
  }
  checkNames(classes, task, name);
  const perImage = task === 'classes' ? 1 : classes.length;
  if (labels.length !== shape[0] * perImage) {
    throw new ShapeError(
      `${name} have ${labels.length} labels, and ${shape[0]} images need ${shape[0] * perImage}`,
    );
  }
  const most = task === 'classes' ? classes.length - 1 : 1;
  const at = labels.findIndex((label) => label < 0 || label > most);
  if (at !== -1) {
    throw new DataError(
      `${name}: image ${Math.floor(at / perImage)} has the label ${labels[at]}: it must be 0 to ${most}`,
    );
  }
  if (images instanceof Float32Array) checkFinite(images, values / shape[0], name);
  return data;
}

/** Images of each class, or with each label, in the order of `classes`. */
export function classCounts({
  labels,
  task,
  classes,
}: Pick<LabelledImages, 'labels' | 'task' | 'classes'>): number[] {
  const counts = new Array<number>(classes.length).fill(0);
  labels.forEach((label, i) => {
    if (task === 'classes') counts[label]++;
    else counts[i % classes.length] += label;
  });
  return counts;
}

/**
 * The images at these places, in this order, copied.
 *
 * @throws OptionError for a place that is not there
 */
export function pickImages(data: LabelledImages, places: ArrayLike<number>): LabelledImages {
  const { images, labels, shape } = data;
  const [count, height, width, channels] = shape;
  const size = height * width * channels;
  const perImage = labels.length / count;
  const picked =
    images instanceof Uint8Array
      ? new Uint8Array(places.length * size)
      : new Float32Array(places.length * size);
  const own =
    labels instanceof Uint8Array
      ? new Uint8Array(places.length * perImage)
      : new Int32Array(places.length * perImage);
  for (let i = 0; i < places.length; i++) {
    const place = places[i];
    if (!Number.isSafeInteger(place) || place < 0 || place >= count) {
      throw new OptionError(`places[${i}] is ${show(place)}: there are images 0 to ${count - 1}`);
    }
    picked.set(images.subarray(place * size, (place + 1) * size), i * size);
    own.set(labels.subarray(place * perImage, (place + 1) * perImage), i * perImage);
  }
  return { ...data, images: picked, labels: own, shape: [places.length, height, width, channels] };
}

function checkNames(classes: readonly string[], task: Task, name: string): void {
  const least = task === 'classes' ? 2 : 1;
  if (classes.length < least) {
    throw new DataError(`${name} have ${classes.length} ${task}: at least ${least} are needed`);
  }
  const twice = classes.find((one, i) => classes.indexOf(one) !== i);
  if (twice !== undefined) throw new DataError(`${name} have two ${task} called '${twice}': name each once`);
}

function checkFinite(images: Float32Array, size: number, name: string): void {
  const at = images.findIndex((value) => !Number.isFinite(value));
  if (at === -1) return;
  throw new DataError(`${name}: image ${Math.floor(at / size)} has a pixel that is ${images[at]}`);
}

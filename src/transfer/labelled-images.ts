/**
 * Images with what is known about each: the data of a transfer study.
 *
 * @module
 */

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

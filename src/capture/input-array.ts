/**
 * What the samples of one model input may be given as, and how a run of them becomes a tensor.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { DataError, ShapeError } from '../errors.js';
import type { NumberArray } from '../matrix.js';
import { show } from '../options.js';
import { isImageBatch } from './images.js';
import type { ImageBatch } from './images.js';
import type { Cut } from './prepare.js';
import { isTensor } from './recognise.js';
import type { Tfjs } from './tfjs.js';

/** Rows of numbers, nested as deep as the input's rank. */
export type NestedArray = readonly (number | NumberArray | NestedArray)[];

/** A plain array with its shape. */
export interface ShapedArray {
  readonly shape: readonly number[];
  readonly data: NumberArray;
}

/** The samples of one model input, samples on the first axis. */
export type InputArray = tf.Tensor | ShapedArray | NestedArray;

/** Samples that can be cut. */
export interface Samples {
  readonly samples: number;
  /** Samples `from … to − 1`: a new tensor, which the caller disposes of, or images. */
  cut(from: number, to: number): Cut;
}

/** Whether `value` is the samples of one input, rather than a list of several. */
export function isInputArray(value: unknown): value is InputArray | ImageBatch {
  if (isTensor(value) || isShaped(value) || isImageBatch(value)) return true;
  if (!Array.isArray(value)) return ArrayBuffer.isView(value);
  const first = value[0] as unknown;
  return (
    typeof first === 'number' || ArrayBuffer.isView(first) || (Array.isArray(first) && isInputArray(first))
  );
}

/** Reads the samples of one input. @throws ShapeError, DataError when they cannot be read. */
export function readSamples(tf: Tfjs, value: unknown): Samples {
  if (isTensor(value)) return fromTensor(value);
  if (isImageBatch(value)) {
    const { images } = value;
    return { samples: images.length, cut: (from, to) => ({ images: images.slice(from, to) }) };
  }
  if (isShaped(value)) return fromShaped(tf, value);
  if (ArrayBuffer.isView(value) || (Array.isArray(value) && isInputArray(value))) {
    return fromNested(tf, value as unknown as NestedArray);
  }
  throw new ShapeError(
    `the data holds ${describe(value)} where samples are needed: give a tensor, { shape, data } or nested arrays, ` +
      'samples on the first axis',
  );
}

function isShaped(value: unknown): value is ShapedArray {
  const { shape, data } = (value ?? {}) as Partial<ShapedArray>;
  return Array.isArray(shape) && typeof data === 'object' && typeof data.length === 'number';
}

function fromTensor(tensor: tf.Tensor): Samples {
  if (tensor.isDisposed) throw new DataError('the data holds a tensor that is already disposed');
  if (tensor.dtype === 'string' || tensor.dtype === 'complex64') {
    throw new DataError(`the data is a tensor of ${tensor.dtype}: models are captured on real numbers`);
  }
  if (tensor.rank === 0) throw new ShapeError('the data is a scalar: the first axis must be samples');
  const samples = tensor.shape[0];
  return {
    samples,
    cut(from, to) {
      if (tensor.isDisposed) throw new DataError('the data was disposed of before all of it was read');
      return from === 0 && to === samples ? tensor.clone() : tensor.slice([from], [to - from]);
    },
  };
}

function fromShaped(tf: Tfjs, { shape, data }: ShapedArray): Samples {
  const size = shape.reduce((product, axis) => product * axis, 1);
  if (shape.length === 0 || size !== data.length) {
    throw new ShapeError(`the data of shape [${shape.join(', ')}] needs ${size} values, got ${data.length}`);
  }
  const [samples, ...rest] = shape as [number, ...number[]];
  const width = rest.reduce((product, axis) => product * axis, 1);
  return {
    samples,
    cut(from, to) {
      const part = sliceOf(data, from * width, to * width);
      // Small integers stay integers; everything else becomes the one float type of tfjs.
      const whole = data instanceof Int32Array || data instanceof Uint8Array;
      return tf.tensor(whole ? new Int32Array(part) : new Float32Array(part), [to - from, ...rest]);
    },
  };
}

function fromNested(tf: Tfjs, rows: NestedArray): Samples {
  const shape: number[] = [];
  for (let level: unknown = rows[0]; isList(level); level = level[0]) shape.push(level.length);
  const width = shape.reduce((product, axis) => product * axis, 1);
  return {
    samples: rows.length,
    cut(from, to) {
      const flat = new Float32Array((to - from) * width);
      for (let i = from; i < to; i++)
        fill(flat.subarray((i - from) * width, (i - from + 1) * width), rows[i], shape, i);
      return tf.tensor(flat, [to - from, ...shape]);
    },
  };
}

/** Writes one nested sample; tfjs itself would not notice ragged rows. */
function fill(into: Float32Array, value: unknown, shape: readonly number[], sample: number): void {
  const [length, ...rest] = shape;
  if (length === undefined ? typeof value !== 'number' : !isList(value) || value.length !== length) {
    const found = isList(value) ? `a list of ${value.length}` : describe(value);
    const wanted = length === undefined ? 'a number' : `a list of ${length}`;
    throw new ShapeError(`the data is ragged: sample ${sample} has ${found} where sample 0 has ${wanted}`);
  }
  if (typeof value === 'number') {
    into[0] = value;
    return;
  }
  const list = value as readonly unknown[];
  const width = into.length / list.length;
  list.forEach((part, i) => fill(into.subarray(i * width, (i + 1) * width), part, rest, sample));
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || ArrayBuffer.isView(value);
}

function sliceOf(data: NumberArray, from: number, to: number): NumberArray {
  const { subarray } = data as Partial<Float32Array>;
  if (subarray !== undefined) return subarray.call(data as Float32Array, from, to);
  return Array.prototype.slice.call(data, from, to) as number[];
}

function describe(value: unknown): string {
  return typeof value === 'object' && value !== null ? value.constructor.name : show(value);
}

/**
 * `.npy`: numpy's format of one array.
 *
 * @module
 */
import { DataError, ShapeError } from '../errors.js';
import type { FloatArray, Matrix } from '../matrix.js';
import { plainBytes } from './ask.js';
import { decode, littleEndian } from './elements.js';
import { MAGIC, checkLength, readHeader } from './npy-header.js';

/** An array as it was stored, in C order. It is matrix-like where its rank is 2. */
export interface NpyArray {
  readonly shape: number[];
  /** float32 where that is exact (float16, float32, bool, integers up to 16 bits), else float64. */
  readonly data: FloatArray;
  /** numpy's name of the stored type, for example `float16`. */
  readonly dtype: string;
}

/** What can be written: an array of any rank in C order, or a matrix. */
export type NpySource = { readonly shape: readonly number[]; readonly data: FloatArray } | Matrix;

/**
 * Reads a `.npy` file of numbers: versions 1 to 3, C and Fortran order, either byte order, bool, integers of 8 to 64
 * bits and floats of 16 to 64. Where nothing has to be converted, `data` is a view of `bytes` and not a copy.
 *
 * @param bytes - the whole file.
 * @param name - how messages call it.
 * @throws FormatError, with the byte offset, for anything else: not a `.npy`, cut off, malformed, of objects, text or
 * complex numbers, or holding a 64-bit integer that a number cannot.
 */
export function readNpy(bytes: Uint8Array, name = 'npy'): NpyArray {
  const file = plainBytes(bytes, name);
  const header = readHeader(file, name);
  checkLength(header, file.length, name);
  const { shape, element, start, fortran } = header;
  const data = decode(file.subarray(start), element, name, start);
  return { shape, data: fortran ? fromFortran(data, shape) : data, dtype: element.name };
}

/**
 * Writes an array as a `.npy` file of float32 or float64, whichever `data` is; `np.load` reads it.
 *
 * @throws ShapeError if the shape does not fit the number of values; DataError if `data` is not a Float32Array or
 * Float64Array.
 */
export function writeNpy(array: NpySource): Uint8Array<ArrayBuffer> {
  const { shape, data } = checkArray(array);
  const header = npyHeader(shape, `${littleEndian ? '<' : '>'}f${data.BYTES_PER_ELEMENT}`);
  const out = new Uint8Array(header.length + data.byteLength);
  out.set(header);
  out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  return out;
}

/** Shape and values of an array to write. @throws ShapeError, DataError as {@link writeNpy} */
export function checkArray(array: NpySource): { shape: readonly number[]; data: FloatArray } {
  const shape = 'shape' in array ? array.shape : [array.rows, array.cols];
  const { data } = array;
  if (!(data instanceof Float32Array || data instanceof Float64Array)) {
    throw new DataError('data to write must be a Float32Array or a Float64Array: Float32Array.from(data)');
  }
  const wrong = shape.find((size) => !Number.isSafeInteger(size) || size < 0);
  if (wrong !== undefined) {
    throw new ShapeError(
      `shape [${shape.join(', ')}] has the size ${wrong}: whole numbers from 0 are needed`,
    );
  }
  if (shape.length > 64) throw new ShapeError(`an array of ${shape.length} axes: numpy reads at most 64`);
  const count = shape.reduce((product, size) => product * size, 1);
  if (count !== data.length) {
    throw new ShapeError(`shape [${shape.join(', ')}] needs ${count} values, data has ${data.length}`);
  }
  return { shape, data };
}

/**
 * The header of a `.npy` file.
 *
 * @param descr - byte order, kind and size of a value, for example `<f4`.
 */
export function npyHeader(shape: readonly number[], descr: string): Uint8Array<ArrayBuffer> {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const dict = `{'descr': '${descr}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // Values begin at a multiple of 64 bytes, as numpy has it, so that a reader can map them without copying.
  const length = Math.ceil((10 + dict.length + 1) / 64) * 64 - 10;
  const text = `${dict.padEnd(length - 1)}\n`;
  const prefix = [...MAGIC, 1, 0, length & 0xff, length >> 8];
  return Uint8Array.from([...prefix, ...Array.from(text, (char) => char.charCodeAt(0))]);
}

/** C order of values that are stored first index fastest. */
export function fromFortran(data: FloatArray, shape: readonly number[]): FloatArray {
  if (data.length === 0 || shape.length < 2) return data;
  const strides = [1];
  for (const size of shape) strides.push(strides.at(-1)! * size);
  const out = data instanceof Float32Array ? new Float32Array(data.length) : new Float64Array(data.length);
  const last = shape.length - 1;
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < out.length;) {
    for (let k = 0; k < shape[last]; k++) out[to++] = data[from + k * strides[last]]!;
    // Counts up the other indices, the last one first, and carries.
    for (let axis = last - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}

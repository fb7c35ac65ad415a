/**
 * The matrix every stage speaks: row-major, rows are samples (datapoints), columns are neurons.
 *
 * @module
 */
import { DataError, ShapeError } from './errors.js';

/** Element storage of a {@link Matrix}. */
export type FloatArray = Float32Array | Float64Array;

/** Dense row-major matrix `[rows, cols]`: rows are samples, columns are neurons. `data.length === rows * cols`. */
export interface Matrix {
  readonly rows: number;
  readonly cols: number;
  readonly data: FloatArray;
}

/** Any array of numbers that has a length. */
export type NumberArray = ArrayLike<number>;

/** The part of a TensorFlow.js tensor that reading it needs. */
export interface TensorLike {
  readonly shape: number[];
  readonly dtype: string;
  data(): Promise<NumberArray>;
}

/**
 * What the library takes as a matrix, samples × neurons: a {@link Matrix}, any `{ rows, cols, data }` or
 * `{ shape, data }`, rows as nested arrays or typed arrays, a TensorFlow.js tensor of rank 2, an ml-matrix `Matrix`,
 * or a mathjs matrix.
 */
export type MatrixLike =
  | { readonly rows: number; readonly cols: number; readonly data: NumberArray }
  | { readonly shape: readonly number[]; readonly data: NumberArray }
  | readonly NumberArray[]
  | TensorLike
  | { readonly rows: number; readonly columns: number; to2DArray(): number[][] }
  | { readonly isMatrix: true; size(): number[]; toArray(): unknown };

/** Wraps `data` as a matrix without copying it. @throws ShapeError if the length is not `rows * cols`. */
export function matrix(rows: number, cols: number, data: FloatArray): Matrix {
  if (data.length !== rows * cols) {
    throw new ShapeError(`a ${rows} × ${cols} matrix needs ${rows * cols} values, got ${data.length}`);
  }
  return { rows, cols, data };
}

/** A float64 matrix of zeros. */
export function zeros(rows: number, cols: number): Matrix & { readonly data: Float64Array } {
  return { rows, cols, data: new Float64Array(rows * cols) };
}

/**
 * Reads anything matrix-like as a finite {@link Matrix}, without copying where the storage already fits.
 *
 * float32 storage stays float32 (its rounding noise decides the rank tolerance); everything else becomes float64.
 *
 * @param value - samples × neurons.
 * @param side - how messages call it, for example `x`.
 * @throws ShapeError when it is not of rank 2 or ragged; DataError when it is empty or holds NaN or ±Infinity.
 */
export async function toMatrix(value: MatrixLike, side = 'x'): Promise<Matrix> {
  const result = await read(value, side);
  if (result.rows === 0 || result.cols === 0) {
    throw new DataError(`${side} is empty: ${result.rows} samples × ${result.cols} neurons`);
  }
  checkFinite(result, side);
  return result;
}

/** Throws a {@link DataError} naming `side` and the first row and column that is not finite. */
export function checkFinite(value: Matrix, side: string, firstRow = 0): void {
  const { data, cols } = value;
  const at = firstNotFinite(data);
  if (at === -1) return;
  throw new DataError(
    `${side} holds ${data[at]} at row ${firstRow + Math.floor(at / cols)}, column ${at % cols} ` +
      `(shape ${value.rows} × ${cols}): every activation must be finite`,
  );
}

/** Index of the first value that is NaN or infinite, or −1. */
export function firstNotFinite(data: NumberArray): number {
  // One multiplication per value finds a fault (0·NaN and 0·∞ are NaN); only then is its place looked for. Four sums, so
  // that an addition need not wait for the one before.
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = data.length - (data.length % 4);
  for (let i = 0; i < whole; i += 4) {
    a += data[i] * 0;
    b += data[i + 1] * 0;
    c += data[i + 2] * 0;
    d += data[i + 3] * 0;
  }
  for (let i = whole; i < data.length; i++) a += data[i] * 0;
  if (a + b + c + d === 0) return -1;
  return Array.prototype.findIndex.call(data, (value: number) => !Number.isFinite(value));
}

async function read(value: MatrixLike, side: string): Promise<Matrix> {
  if (Array.isArray(value)) return fromRows(value as NumberArray[], side);
  if (typeof value !== 'object' || value === null) throw notAMatrix(value, side);
  const source = value as unknown as Record<string, unknown>;
  if (source['isMatrix'] === true && typeof source['toArray'] === 'function') return fromMathjs(source, side);
  if (Array.isArray(source['shape']) || ArrayBuffer.isView(source['shape'])) {
    const shape = Array.from(source['shape'] as number[]);
    const data = source['data'];
    const values = typeof data === 'function' ? await readTensor(value as TensorLike, side) : data;
    return fromShape(shape, values, side);
  }
  if (typeof source['rows'] === 'number' && typeof source['cols'] === 'number') {
    return fromShape([source['rows'], source['cols']], source['data'], side);
  }
  if (typeof source['to2DArray'] === 'function') {
    return fromRows((source['to2DArray'] as () => number[][]).call(value), side, source['columns'] as number);
  }
  throw notAMatrix(value, side);
}

async function readTensor(tensor: TensorLike, side: string): Promise<NumberArray> {
  if (tensor.dtype === 'string' || tensor.dtype === 'complex64') {
    throw new ShapeError(`${side} is a tensor of ${tensor.dtype}: activations must be real numbers`);
  }
  return tensor.data();
}

function fromMathjs(source: Record<string, unknown>, side: string): Matrix {
  const array = (source['toArray'] as () => unknown).call(source);
  if (!Array.isArray(array) || !array.every(Array.isArray)) {
    const size = (source['size'] as () => number[]).call(source);
    throw wrongRank([...size], side);
  }
  // BigNumbers and fractions of mathjs become numbers by their own conversion.
  return fromRows(
    array.map((row: unknown[]) => row.map(Number)),
    side,
  );
}

function fromRows(rows: readonly NumberArray[], side: string, width = rows[0]?.length ?? 0): Matrix {
  if (rows.some((row) => typeof row === 'number')) throw wrongRank([rows.length], side);
  const float32 = rows.length > 0 && rows.every((row) => row instanceof Float32Array);
  const data = float32 ? new Float32Array(rows.length * width) : new Float64Array(rows.length * width);
  rows.forEach((row, i) => {
    if (row.length !== width) {
      throw new ShapeError(`${side} is ragged: row ${i} has ${row.length} values, row 0 has ${width}`);
    }
    if (typeof row[0] === 'object')
      throw wrongRank([rows.length, width, (row[0] as NumberArray).length], side);
    data.set(row, i * width);
  });
  return { rows: rows.length, cols: width, data };
}

function fromShape(shape: readonly number[], data: unknown, side: string): Matrix {
  if (shape.length !== 2) throw wrongRank(shape, side);
  const values = data as NumberArray;
  const [rows, cols] = shape as [number, number];
  if (typeof values?.length !== 'number' || values.length !== rows * cols) {
    throw new ShapeError(
      `${side} of shape ${rows} × ${cols} needs ${rows * cols} values, got ${values?.length ?? typeof data}`,
    );
  }
  const keep = values instanceof Float32Array || values instanceof Float64Array;
  return { rows, cols, data: keep ? values : Float64Array.from(values, Number) };
}

function wrongRank(shape: readonly number[], side: string): ShapeError {
  const way =
    shape.length === 1
      ? 'reshape it to [samples, neurons]'
      : "flatten it to [samples, neurons], or give layers of rank 3 and 4 to compare(), which has 'spatial'";
  return new ShapeError(
    `${side} has shape [${shape.join(', ')}]: a matrix of samples × neurons is needed; ${way}`,
  );
}

function notAMatrix(value: unknown, side: string): ShapeError {
  const what = value === null ? 'null' : typeof value === 'object' ? value.constructor?.name : typeof value;
  return new ShapeError(
    `${side} is ${what}, not a matrix: give { rows, cols, data }, { shape, data }, rows of numbers, ` +
      'a tensor, an ml-matrix Matrix or a mathjs matrix',
  );
}

/**
 * Matrices of the engine: arrays in host memory, row by row. What LAPACK reads there column by column is the transpose.
 *
 * @module
 */
import type { FloatArray, Matrix } from '../../matrix.js';
import type { Handle } from '../engine.js';

/** A handle of this engine. */
export class Dense implements Handle {
  /** Whether it is symmetric, and only its lower triangle has been computed. */
  half = false;

  constructor(
    readonly rows: number,
    readonly cols: number,
    private readonly storage: FloatArray,
  ) {}

  static of({ rows, cols, data }: Matrix): Dense {
    return new Dense(rows, cols, data);
  }

  static zeros(rows: number, cols: number): Dense {
    return new Dense(rows, cols, new Float64Array(rows * cols));
  }

  /** Its values as they are stored, complete. */
  get values(): FloatArray {
    if (this.half) mirror(this.storage, this.rows);
    this.half = false;
    return this.storage;
  }

  /** Its values as they are stored; of a symmetric matrix the lower triangle at least. */
  get lower(): FloatArray {
    return this.storage;
  }

  /** Its values in float64, without a copy where they are that already: not to be written to. */
  get doubles(): Float64Array {
    const { values } = this;
    return values instanceof Float64Array ? values : Float64Array.from(values);
  }
}

/** A copy in float64. */
export function copied(values: FloatArray): Float64Array {
  const copy = new Float64Array(values.length);
  copy.set(values);
  return copy;
}

/** Rows and columns of a tile: two of them fit a first-level cache. */
const TILE = 32;

/** Copies the lower triangle to the upper: the matrix then is symmetric to the last bit. */
function mirror(data: FloatArray, n: number): void {
  for (let top = 0; top < n; top += TILE) {
    for (let left = 0; left <= top; left += TILE) {
      for (let i = top; i < Math.min(top + TILE, n); i++) {
        for (let j = left; j < Math.min(left + TILE, i); j++) data[j * n + i] = data[i * n + j];
      }
    }
  }
}

/** The transpose of a row-major `rows × cols` matrix, as a new array. */
export function transposed(data: FloatArray, rows: number, cols: number): Float64Array {
  const out = new Float64Array(rows * cols);
  for (let top = 0; top < rows; top += TILE) {
    const bottom = Math.min(top + TILE, rows);
    for (let left = 0; left < cols; left += TILE) {
      const right = Math.min(left + TILE, cols);
      for (let j = left; j < right; j++) {
        for (let i = top; i < bottom; i++) out[j * rows + i] = data[i * cols + j];
      }
    }
  }
  return out;
}

/**
 * Thin QR by Householder reflections on contiguous columns: ml-matrix's own reads every element through a method call,
 * and takes ten times as long.
 *
 * @module
 */
import { zeros } from '../../matrix.js';
import type { Matrix } from '../../matrix.js';
import type { HostMatrix } from '../engine.js';
import { packColumns } from './dots.js';

/** `a = q · r` of a matrix with at least as many rows as columns. A zero column gives a zero on the diagonal of `r`. */
export function householderQr(a: Matrix): { q: HostMatrix; r: HostMatrix } {
  const { rows, cols } = a;
  // Column j lies at j · rows; below its diagonal it ends as the reflector vⱼ, scaled so that H = I − v·vᵀ.
  const work = packColumns(a.data, cols, 0, rows).data;
  const r = zeros(cols, cols);
  for (let k = 0; k < cols; k++) {
    for (let i = 0; i < k; i++) r.data[i * cols + k] = work[k * rows + i];
    r.data[k * cols + k] = makeReflector(work.subarray(k * rows + k, (k + 1) * rows));
    reflect(work, rows, k, work, k + 1, cols);
  }
  const columns = new Float64Array(rows * cols);
  for (let j = 0; j < cols; j++) columns[j * rows + j] = 1;
  for (let k = cols - 1; k >= 0; k--) reflect(work, rows, k, columns, k, cols);
  return { q: { rows, cols, data: packColumns(columns, rows, 0, cols).data }, r };
}

/** Turns `x` into `v` with `(I − v·vᵀ)·x = β·e₁`, and returns β; all zero where `x` is. */
function makeReflector(x: Float64Array): number {
  let largest = 0;
  for (const value of x) largest = Math.max(largest, Math.abs(value));
  if (largest === 0) return 0;
  let square = 0;
  for (const value of x) square += (value / largest) ** 2;
  const norm = largest * Math.sqrt(square);
  // The sign that adds to the first entry: nothing cancels.
  const beta = x[0] > 0 ? -norm : norm;
  const first = x[0] - beta;
  // vᵀv = 2 makes the factor of the reflection 1.
  const scale = 1 / Math.sqrt(Math.abs(first)) / Math.sqrt(norm);
  for (let i = 1; i < x.length; i++) x[i] *= scale;
  x[0] = first * scale;
  return beta;
}

/** Applies reflector `k` to columns `from … to − 1`. */
function reflect(
  reflectors: Float64Array,
  rows: number,
  k: number,
  columns: Float64Array,
  from: number,
  to: number,
): void {
  const v = reflectors.subarray(k * rows + k, (k + 1) * rows);
  let j = from;
  for (; j + 3 < to; j += 4) reflectFour(v, columns, j * rows + k, rows);
  for (; j < to; j++) {
    const column = columns.subarray(j * rows + k, (j + 1) * rows);
    let sum = 0;
    for (let i = 0; i < v.length; i++) sum += v[i] * column[i];
    for (let i = 0; i < v.length; i++) column[i] -= sum * v[i];
  }
}

/** Four columns at once, `stride` apart: each entry of `v` is loaded once for all. */
function reflectFour(v: Float64Array, columns: Float64Array, first: number, stride: number): void {
  const [a, b, c, d] = [first, first + stride, first + 2 * stride, first + 3 * stride];
  let sumA = 0;
  let sumB = 0;
  let sumC = 0;
  let sumD = 0;
  for (let i = 0; i < v.length; i++) {
    const value = v[i];
    sumA += value * columns[a + i];
    sumB += value * columns[b + i];
    sumC += value * columns[c + i];
    sumD += value * columns[d + i];
  }
  for (let i = 0; i < v.length; i++) {
    const value = v[i];
    columns[a + i] -= sumA * value;
    columns[b + i] -= sumB * value;
    columns[c + i] -= sumC * value;
    columns[d + i] -= sumD * value;
  }
}

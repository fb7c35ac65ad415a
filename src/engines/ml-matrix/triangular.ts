/**
 * Cholesky factorisation and triangular solves, row by row.
 *
 * @module
 */
import { ShapeError } from '../../errors.js';
import { zeros } from '../../matrix.js';
import type { Matrix } from '../../matrix.js';
import type { HostMatrix } from '../engine.js';

/** Lower `L` with `a = L·Lᵀ`, or nothing where a pivot is not positive. Reads the lower triangle alone. */
export function cholesky({ rows: n, cols, data }: Matrix): HostMatrix | undefined {
  if (n !== cols) throw new ShapeError(`Cholesky of ${n} × ${cols}: a square matrix is needed`);
  const lower = zeros(n, n);
  const l = lower.data;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = data[i * n + j];
      for (let k = 0; k < j; k++) sum -= l[i * n + k] * l[j * n + k];
      if (i !== j) l[i * n + j] = sum / l[j * n + j];
      else if (sum > 0) l[i * n + i] = Math.sqrt(sum);
      else return undefined;
    }
  }
  return lower;
}

/** `L⁻¹·b`, or `L⁻ᵀ·b` where transposed: whole rows of `b` at a time, so that memory is read in its order. */
export function solveLeft({ rows: n, data: l }: Matrix, b: Matrix, transpose: boolean): HostMatrix {
  const { cols } = b;
  const x = zeros(n, cols);
  x.data.set(b.data);
  const row = (i: number) => x.data.subarray(i * cols, (i + 1) * cols);
  for (let step = 0; step < n; step++) {
    const i = transpose ? n - 1 - step : step;
    const current = row(i);
    for (let other = 0; other < step; other++) {
      const k = transpose ? n - 1 - other : other;
      const factor = transpose ? l[k * n + i] : l[i * n + k];
      const known = row(k);
      for (let j = 0; j < cols; j++) current[j] -= factor * known[j];
    }
    const pivot = l[i * n + i];
    for (let j = 0; j < cols; j++) current[j] /= pivot;
  }
  return x;
}

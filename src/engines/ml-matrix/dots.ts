/**
 * Products of matrices in plain JavaScript, all by one kernel: dot products of packed rows.
 *
 * @module
 */
import type { FloatArray } from '../../matrix.js';

/** Samples packed at a time: two panels of 256 × 512 float64 fit a second-level cache. */
export const PANEL = 256;

/** Rows of equal length, contiguous: what the kernel multiplies. */
export interface Panel {
  readonly count: number;
  readonly length: number;
  readonly data: Float64Array;
}

/**
 * Packs the columns of rows `from … to − 1` of a row-major array as contiguous rows, less `mean`, in float64.
 *
 * Centring here, before anything is multiplied, is what keeps a large offset from costing digits.
 */
export function packColumns(
  data: FloatArray,
  cols: number,
  from: number,
  to: number,
  mean?: Float64Array,
): Panel {
  const length = to - from;
  const packed = new Float64Array(cols * length);
  for (let i = 0; i < length; i++) {
    const row = (from + i) * cols;
    for (let j = 0; j < cols; j++) packed[j * length + i] = data[row + j] - (mean ? mean[j] : 0);
  }
  return { count: cols, length, data: packed };
}

/** Packs rows `from … to − 1` as they are, less `mean`. */
export function packRows(
  data: FloatArray,
  cols: number,
  from: number,
  to: number,
  mean?: Float64Array,
): Panel {
  const packed = Float64Array.from(data.subarray(from * cols, to * cols));
  if (mean) for (let at = 0; at < packed.length; at++) packed[at] = packed[at] - mean[at % cols];
  return { count: to - from, length: cols, data: packed };
}

/**
 * `into[i, j] += pᵢ · qⱼ` for all rows of two panels, into a row-major array of `cols` columns from row `top` on.
 * With `upper`, only blocks that touch `j ≥ i` are computed (for Gram matrices, mirrored afterwards).
 */
export function addDots(p: Panel, q: Panel, into: Float64Array, cols: number, top = 0, upper = false): void {
  const { length } = p;
  for (let i = 0; i < p.count; i += 2) {
    const twoRows = i + 1 < p.count;
    for (let j = upper ? i - (i % 4) : 0; j < q.count; j += 4) {
      if (twoRows && j + 3 < q.count) {
        addBlock(p.data, i * length, q.data, j * length, length, into, (top + i) * cols + j, cols);
      } else {
        addEdge(p, q, into, cols, top, i, j);
      }
    }
  }
}

/** The 2 × 4 block: eight sums in registers for six loads. */
function addBlock(
  p: Float64Array,
  p0: number,
  q: Float64Array,
  q0: number,
  length: number,
  into: Float64Array,
  at: number,
  cols: number,
): void {
  const p1 = p0 + length;
  const q1 = q0 + length;
  const q2 = q1 + length;
  const q3 = q2 + length;
  let s00 = 0;
  let s01 = 0;
  let s02 = 0;
  let s03 = 0;
  let s10 = 0;
  let s11 = 0;
  let s12 = 0;
  let s13 = 0;
  for (let k = 0; k < length; k++) {
    const a = p[p0 + k];
    const b = p[p1 + k];
    const c = q[q0 + k];
    const d = q[q1 + k];
    const e = q[q2 + k];
    const f = q[q3 + k];
    s00 += a * c;
    s01 += a * d;
    s02 += a * e;
    s03 += a * f;
    s10 += b * c;
    s11 += b * d;
    s12 += b * e;
    s13 += b * f;
  }
  into[at] += s00;
  into[at + 1] += s01;
  into[at + 2] += s02;
  into[at + 3] += s03;
  into[at + cols] += s10;
  into[at + cols + 1] += s11;
  into[at + cols + 2] += s12;
  into[at + cols + 3] += s13;
}

function addEdge(
  p: Panel,
  q: Panel,
  into: Float64Array,
  cols: number,
  top: number,
  i0: number,
  j0: number,
): void {
  const { length } = p;
  for (let i = i0; i < Math.min(i0 + 2, p.count); i++) {
    for (let j = j0; j < Math.min(j0 + 4, q.count); j++) {
      let sum = 0;
      for (let k = 0; k < length; k++) sum += p.data[i * length + k] * q.data[j * length + k];
      into[(top + i) * cols + j] += sum;
    }
  }
}

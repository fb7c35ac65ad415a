/**
 * One side's samples, prepared so that inner products of its rows are what a kernel or a dissimilarity is made of.
 *
 * @module
 */
import { NumericalError } from '../errors.js';
import { zeros } from '../matrix.js';
import type { Matrix } from '../matrix.js';
import type { HostMatrix } from '../engines/engine.js';
import { lengthOf } from '../factor/rounding.js';

/** Samples in float64 with the squared norms of their rows. */
export interface Rows {
  readonly rows: HostMatrix;
  readonly squaredNorms: Float64Array;
}

/** Samples as they are. */
export function rawRows({ rows, cols, data }: Matrix): Rows {
  const values = data instanceof Float64Array ? data : Float64Array.from(data);
  return withNorms({ rows, cols, data: values });
}

/** Samples less their mean, exactly zero in every constant column. */
export function centredRows(x: Matrix): Rows {
  return withNorms(centre(x, columnMeans(x)));
}

/** Rows times a number. */
export function scaled({ rows, squaredNorms }: Rows, factor: number): Rows {
  return {
    rows: { ...rows, data: rows.data.map((value) => value * factor) },
    squaredNorms: squaredNorms.map((value) => value * factor * factor),
  };
}

/** Rows over the largest element of all, so that no product of products overflows or vanishes. */
export function largestToOne({ rows }: Rows): Rows {
  let most = 0;
  for (let at = 0; at < rows.data.length; at++) most = Math.max(most, Math.abs(rows.data[at]));
  return withNorms({ ...rows, data: rows.data.map((value) => value / (most || 1)) });
}

/** Least squared norm, of the largest row, in which no digit of a row has vanished that is not far smaller. */
const LEAST = 1e-290;

/**
 * Rows whose squares can be computed with; without a change.
 *
 * @throws NumericalError where the squares overflow or vanish
 */
export function withSquares(rows: Rows): Rows {
  const most = rows.squaredNorms.reduce((sofar, norm) => (norm > sofar ? norm : sofar), 0);
  const finite = rows.squaredNorms.every((norm) => norm < Infinity);
  if (finite && (most > LEAST || rows.rows.data.every((value) => value === 0))) return rows;
  throw new NumericalError(
    `squares of the activations ${finite ? 'vanish' : 'overflow'}: scale them to about 1 before comparing`,
  );
}

/** Rows of unit length and then centred, which changes no difference of two rows; `zero` marks rows that have no direction. */
export interface UnitRows extends Rows {
  readonly zero: Uint8Array;
}

/**
 * Samples divided by their norms, then less the mean of the results.
 *
 * @param about - with `'rowMean'` each sample is first centred over its own neurons, so that products are correlations.
 */
export function unitRows(x: Matrix, about: 'origin' | 'rowMean'): UnitRows {
  const { rows, cols } = x;
  const unit = zeros(rows, cols);
  const zero = new Uint8Array(rows);
  for (let i = 0; i < rows; i++) {
    const row = unit.data.subarray(i * cols, (i + 1) * cols);
    row.set(x.data.subarray(i * cols, (i + 1) * cols));
    if (about === 'rowMean') subtractMean(row);
    const norm = lengthOf(row);
    if (norm === 0) zero[i] = 1;
    else for (let j = 0; j < cols; j++) row[j] /= norm;
  }
  return { ...withNorms(centre(unit, columnMeans(unit), unit)), zero };
}

/** Rows `from … to − 1`, sharing their storage. */
export function sliceRows({ rows, squaredNorms }: Rows, from: number, to: number): Rows {
  const data = rows.data.subarray(from * rows.cols, to * rows.cols);
  return { rows: { rows: to - from, cols: rows.cols, data }, squaredNorms: squaredNorms.subarray(from, to) };
}

/** `‖xᵢ − xⱼ‖²` from the differences, so that nothing cancels where the two are close. */
export function squaredDifference({ cols, data }: HostMatrix, i: number, j: number): number {
  let sum = 0;
  for (let a = i * cols, b = j * cols, end = a + cols; a < end; a++, b++) {
    const difference = data[a] - data[b];
    sum += difference * difference;
  }
  return sum;
}

/** Column means, about the first row: exact for constant columns, and no digit is lost to a large offset. */
export function columnMeans({ rows, cols, data }: Matrix): Float64Array {
  const first = Float64Array.from(data.subarray(0, cols));
  const sums = new Float64Array(cols);
  for (let i = 1, at = cols; i < rows; i++) {
    for (let j = 0; j < cols; j++, at++) sums[j] += data[at] - first[j];
  }
  return sums.map((sum, j) => first[j] + sum / rows);
}

/** `x − mean`, into `out` where given. */
function centre({ rows, cols, data }: Matrix, mean: Float64Array, out = zeros(rows, cols)): HostMatrix {
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++, at++) out.data[at] = data[at] - mean[j];
  }
  return out;
}

function withNorms(rows: HostMatrix): Rows {
  const squaredNorms = new Float64Array(rows.rows);
  for (let i = 0, at = 0; i < rows.rows; i++) {
    let sum = 0;
    for (let j = 0; j < rows.cols; j++, at++) sum += rows.data[at] * rows.data[at];
    squaredNorms[i] = sum;
  }
  return { rows, squaredNorms };
}

function subtractMean(row: Float64Array): void {
  const first = row[0];
  let sum = 0;
  for (const value of row) sum += value - first;
  const rest = sum / row.length;
  // In two steps: their sum would round away what a level far above the spread leaves of it.
  for (let j = 0; j < row.length; j++) row[j] = row[j] - first - rest;
}

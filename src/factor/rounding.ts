/**
 * How much of a direction is rounding. A value is stored with an error in proportion to itself, so that a mean far above the
 * spread of the samples leaves more of it than the spread alone would.
 *
 * @module
 */
import type { Matrix } from '../matrix.js';
import type { HostMatrix } from '../engines/engine.js';
import { FLOAT32_TOLERANCE, FLOAT64_TOLERANCE } from './factor.js';

/** The rounding in the samples of a layer. */
export interface Rounding {
  /** Its length over the samples along each column of `v` `[neurons, k]`, of unit length: a direction no longer is noise. */
  along(v: HostMatrix): Float64Array;
  /** No less than along any direction. */
  readonly most: number;
}

/** Share of a stored value that is taken for rounding. */
export function precisionOf({ data }: Matrix): number {
  return data instanceof Float32Array ? FLOAT32_TOLERANCE : FLOAT64_TOLERANCE;
}

/**
 * Length of the rounding in each neuron's samples: a share of their length before they were centred; none of constant neurons,
 * whose every sample is rounded alike.
 *
 * @param norms - of the centred neurons.
 */
export function neuronRounding(
  precision: number,
  norms: Float64Array,
  mean: Float64Array,
  samples: number,
): Float64Array {
  return norms.map((norm, j) =>
    norm === 0 ? 0 : precision * Math.hypot(norm, Math.sqrt(samples) * mean[j]),
  );
}

/** The rounding of a layer in memory. */
export function roundingOf(x: Matrix, centred: HostMatrix, mean: Float64Array): Rounding {
  return independent(neuronRounding(precisionOf(x), columnNorms(centred), mean, x.rows));
}

/** Rounding of neurons that has nothing to do with each other. */
export function independent(lengths: Float64Array): Rounding {
  const most = lengths.reduce((max, length) => Math.max(max, length), 0);
  const relative = lengths.map((length) => length / (most || 1));
  return {
    most,
    along: (v) => columnNorms(weighted(v, relative)).map((length) => most * length),
  };
}

/** Rounding of neurons of their own, and that of others on which they depend by `coefficients` `[others, neurons]`. */
export function withShared(own: Rounding, coefficients: HostMatrix): Rounding {
  const norms = columnNorms(coefficients);
  return {
    most: Math.hypot(own.most, lengthOf(norms)),
    along(v) {
      const shared = columnNorms(product(coefficients, v));
      return own.along(v).map((length, k) => Math.hypot(length, shared[k]));
    },
  };
}

/** Norms of the columns, safe from overflow of squares. */
export function columnNorms({ rows, cols, data }: Matrix): Float64Array {
  const [most, sums] = [new Float64Array(cols), new Float64Array(cols)];
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++, at++) most[j] = Math.max(most[j], Math.abs(data[at]));
  }
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++, at++) if (most[j] !== 0) sums[j] += (data[at] / most[j]) ** 2;
  }
  return sums.map((sum, j) => most[j] * Math.sqrt(sum));
}

/** Euclidean length, safe from overflow of squares. */
export function lengthOf(values: Float64Array): number {
  return columnNorms({ rows: values.length, cols: 1, data: values })[0];
}

function weighted({ rows, cols, data }: HostMatrix, weights: Float64Array): HostMatrix {
  const out = new Float64Array(data.length);
  for (let i = 0, at = 0; i < rows; i++) for (let k = 0; k < cols; k++, at++) out[at] = weights[i] * data[at];
  return { rows, cols, data: out };
}

function product(a: HostMatrix, b: HostMatrix): HostMatrix {
  const out = new Float64Array(a.rows * b.cols);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < a.cols; j++) {
      const factor = a.data[i * a.cols + j];
      for (let k = 0; k < b.cols; k++) out[i * b.cols + k] += factor * b.data[j * b.cols + k];
    }
  }
  return { rows: a.rows, cols: b.cols, data: out };
}

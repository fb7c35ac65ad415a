/**
 * Means of samples with a large offset, exact enough that those of two sets can be told apart by their difference.
 *
 * @module
 */
import { zeros } from '../matrix.js';
import type { Matrix } from '../matrix.js';
import type { HostMatrix } from '../engines/engine.js';

/**
 * A mean as the sum of two vectors. `high` has no more than the digits of a float32, so that the difference of two of them, and
 * of float32 samples from one, is exact; `low` is the small rest. The mean of samples about 10⁶ with a spread of 1 would lose six
 * digits as one number, and the difference of two such means with it.
 */
export interface SplitMean {
  readonly high: Float64Array;
  readonly low: Float64Array;
}

/** The mean of no samples. */
export function noMean(neurons: number): SplitMean {
  return { high: new Float64Array(neurons), low: new Float64Array(neurons) };
}

/** The mean as one vector. */
export function joined({ high, low }: SplitMean): Float64Array {
  return high.map((value, j) => value + low[j]);
}

/** `b − a`, exactly 0 where both are the same. */
export function difference(a: SplitMean, b: SplitMean): Float64Array {
  return a.high.map((value, j) => b.high[j] - value + (b.low[j] - a.low[j]));
}

/** `mean + by`. */
export function moved({ high, low }: SplitMean, by: Float64Array): SplitMean {
  const next = high.map((value, j) => rounded(value + low[j] + by[j]));
  return { high: next, low: next.map((value, j) => high[j] - value + low[j] + by[j]) };
}

/** Samples less their mean, in float64; exactly 0 of a neuron that never changed. At least one sample. */
export function centreSplit(x: Matrix): { readonly samples: HostMatrix; readonly mean: SplitMean } {
  const { rows, cols, data } = x;
  const first = Float64Array.from(data.subarray(0, cols));
  const zero = new Float64Array(cols);
  const about = averages(x, first, zero);
  const high = first.map((value, j) => rounded(value + about[j]));
  const nearly = first.map((value, j) => value - high[j] + about[j]);
  // A first sample far from the others rounds the average about it; that about itself is exact to the last digits.
  const rest = averages(x, high, nearly);
  const low = nearly.map((value, j) => value + rest[j]);
  const samples = zeros(rows, cols);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++, at++) samples.data[at] = data[at] - high[j] - low[j];
  }
  return { samples, mean: { high, low } };
}

function averages({ rows, cols, data }: Matrix, high: Float64Array, low: Float64Array): Float64Array {
  const sums = new Float64Array(cols);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++, at++) sums[j] += data[at] - high[j] - low[j];
  }
  return sums.map((sum) => sum / rows);
}

/** To float32, where that can hold it. */
function rounded(value: number): number {
  const short = Math.fround(value);
  return Number.isFinite(short) ? short : value;
}

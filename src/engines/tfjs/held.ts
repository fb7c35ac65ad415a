/**
 * Handles of the tfjs engine: matrices in host memory, and tensors of the user that stay on the device.
 *
 * @module
 */
import type { Tensor2D } from '@tensorflow/tfjs';
import { zeros } from '../../matrix.js';
import type { Matrix } from '../../matrix.js';
import type { Handle, HostMatrix } from '../engine.js';
import { stillActive } from './backend.js';
import type { Backend } from './backend.js';
import { product } from './product.js';
import { slice } from './slices.js';
import { columnScales, hostRange, hostSource, tensorRange, tensorSource } from './source.js';
import type { Range, Source } from './source.js';

/** A matrix in host memory, which the engine may change where it `owns` the storage. */
export interface OnHost extends Matrix {
  readonly owned: boolean;
}

/** A float32 tensor that shares its values with one of the user, with what was already asked about it. */
export interface OnDevice extends Handle {
  readonly tensor: Tensor2D;
  range?: Promise<Range>;
  means?: Promise<Float64Array>;
}

export type Held = OnHost | OnDevice;

export const onDevice = (held: Held): held is OnDevice => 'tensor' in held;

/** The values in host memory. */
export async function toHost(held: Held): Promise<Matrix> {
  if (!onDevice(held)) return held;
  return { rows: held.rows, cols: held.cols, data: (await held.tensor.data()) as Float32Array };
}

/** A matrix about a mean, as far as the operand goes. */
interface Prepared {
  readonly make: (transposed: boolean) => Source;
  readonly scale: Float64Array;
  /** What the operand has subtracted from each column. */
  readonly shift?: ArrayLike<number>;
  /** The mean less the shift: what is left to subtract. None where nothing is. */
  readonly rest?: Float64Array;
}

/**
 * float64 is centred before it is split. From float32 a number of few bits near the mean is subtracted: the difference then
 * has no more bits than the activation had, so that the slices hold nearly all of it, and the rest is put right afterwards.
 */
async function prepare(backend: Backend, held: Held, mean?: Float64Array): Promise<Prepared> {
  const { tf } = backend;
  const device = onDevice(held);
  const range = device ? await rangeOf(backend, held) : hostRange(held);
  const single = device || held.data instanceof Float32Array;
  const shift = mean && single ? nearby(range, mean) : mean;
  const making = { scale: columnScales(range, shift), ...(shift && { shift }) };
  return {
    ...making,
    ...(mean && single && { rest: mean.map((value, j) => value - shift![j]) }),
    make: (transposed) =>
      device
        ? tensorSource(tf, held.tensor, { ...making, transposed })
        : hostSource(tf, held, { ...making, transposed }),
  };
}

/** For each mean a float32 within 2⁻¹³ of its column's spread, with no finer bits than that; a constant column's value. */
function nearby(range: Range, mean: Float64Array): Float32Array {
  const grid = columnScales(range, mean);
  return Float32Array.from(mean, (value, j) => {
    if (range.low[j] === range.high[j]) return range.low[j];
    const unit = grid[j] * 2 ** -12;
    return Math.round(value / unit) * unit;
  });
}

/** Columns of a matrix about a mean as an operand that is summed over samples. */
export interface Centred {
  readonly source: Source;
  readonly rest?: Float64Array;
  /** Sums of the columns of the operand. */
  sums(): Promise<Float64Array>;
}

/** See {@link Centred}. */
export async function centred(backend: Backend, held: Held, mean?: Float64Array): Promise<Centred> {
  const { make, shift, rest } = await prepare(backend, held, mean);
  return {
    source: make(false),
    ...(rest && { rest }),
    sums: async () => {
      if (!onDevice(held)) return hostSums(held, shift);
      const means = await deviceMeans(backend, held);
      return means.map((value, j) => held.rows * (value - (shift ? shift[j] : 0)));
    },
  };
}

/** Makes `Σ (x − rest)(y − rest)ᵀ` of `out = Σ x·yᵀ`, in float64; rests are small beside the spread, and so are these terms. */
export async function correct(out: HostMatrix, a: Centred, b: Centred): Promise<void> {
  if (a.rest === undefined && b.rest === undefined) return;
  const samples = a.source.inner;
  const [p, q] = [a, b].map(({ rest, source }) => rest ?? new Float64Array(source.outer));
  const s = await a.sums();
  const t = a === b ? s : await b.sums();
  for (let i = 0; i < out.rows; i++) {
    for (let j = 0; j < out.cols; j++) {
      out.data[i * out.cols + j] += samples * (p[i] * q[j]) - (s[i] * q[j] + p[i] * t[j]);
    }
  }
}

/** `(x − mean)·weights`: an operand that is summed over neurons, each scaled so that no neuron drowns another. */
export async function projected(
  backend: Backend,
  held: Held,
  weights: Matrix,
  mean?: Float64Array,
): Promise<HostMatrix> {
  const { make, scale, rest } = await prepare(backend, held, mean);
  const right = zeros(weights.rows, weights.cols);
  const constant = new Float64Array(weights.cols);
  for (let k = 0; k < right.rows; k++) {
    for (let j = 0; j < right.cols; j++) {
      const at = k * right.cols + j;
      right.data[at] = weights.data[at] * scale[k];
      if (rest) constant[j] += rest[k] * weights.data[at];
    }
  }
  const factor = hostSource(backend.tf, right, { scale: columnScales(hostRange(right)) });
  const out = await product(backend, make(true), factor);
  for (let at = 0; at < out.data.length; at++) out.data[at] -= constant[at % out.cols];
  return out;
}

/** Means of a tensor by way of its first row, so that a constant column has exactly its value as mean. */
export async function deviceMeans(backend: Backend, held: OnDevice): Promise<Float64Array> {
  held.means ??= measureMeans(backend, held);
  return held.means;
}

async function measureMeans(backend: Backend, held: OnDevice): Promise<Float64Array> {
  const { tf } = backend;
  const { tensor, rows, cols } = held;
  const range = await rangeOf(backend, held);
  const first = tf.tidy(() => tf.slice(tensor, [0, 0], [1, cols]));
  const sums = new Float64Array(cols);
  try {
    const shift = await first.data();
    const scale = columnScales(range, shift);
    const source = tensorSource(tf, tensor, { shift, scale });
    // A slice is at most 256, so that a float32 holds the sums of 2¹⁶ of them.
    const most = Math.min(2 ** 15, Math.max(1, Math.floor(2 ** 22 / cols)));
    for (let from = 0; from < rows; from += most) {
      stillActive(backend);
      const to = Math.min(rows, from + most);
      const totals = tf.tidy(() =>
        tf.stack(slice(tf, source.take(from, to, 0, cols, to - from)).map((one) => tf.sum(one, 0))),
      );
      try {
        const values = await totals.data();
        for (let at = values.length - 1; at >= 0; at--) {
          sums[at % cols] += values[at] * 256 ** -(1 + Math.floor(at / cols)) * source.scale[at % cols];
        }
      } finally {
        totals.dispose();
      }
    }
    return sums.map((sum, j) => shift[j] + sum / rows);
  } finally {
    first.dispose();
  }
}

function rangeOf({ tf }: Backend, held: OnDevice): Promise<Range> {
  held.range ??= tensorRange(tf, held.tensor);
  return held.range;
}

function hostSums({ rows, cols, data }: Matrix, shift?: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(cols);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) sums[j] += data[i * cols + j] - (shift ? shift[j] : 0);
  }
  return sums;
}

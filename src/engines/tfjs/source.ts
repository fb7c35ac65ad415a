/**
 * Operands of products: pieces of a matrix, centred and scaled by powers of two so that no entry exceeds 1, brought to the
 * device in pairs of float32, or made there of a tensor that it holds.
 *
 * @module
 */
import type { Tensor2D } from '@tensorflow/tfjs';
import { DataError } from '../../errors.js';
import type { Matrix } from '../../matrix.js';
import type { Tfjs } from './backend.js';
import { difference } from './slices.js';
import type { Pair } from './slices.js';

/** An operand `[inner, outer]`: products sum over `inner`. */
export interface Source {
  readonly inner: number;
  readonly outer: number;
  /** Powers of two, one per `outer`: the operand is what {@link take} gives times these. */
  readonly scale: Float64Array;
  /** Rows `from` to `to` of columns `first` to `last`, zeros below up to `rows` rows. The caller's to dispose. */
  take(from: number, to: number, first: number, last: number, rows: number): Pair;
}

/** Smallest and largest entry of each column. */
export interface Range {
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
}

/** Range of a matrix in host memory. */
export function hostRange({ rows, cols, data }: Matrix): Range {
  const low = new Float64Array(cols).fill(Infinity);
  const high = new Float64Array(cols).fill(-Infinity);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      const value = data[i * cols + j];
      if (value < low[j]) low[j] = value;
      if (value > high[j]) high[j] = value;
    }
  }
  return { low, high };
}

/** Range of a tensor, found where it lives. */
export async function tensorRange(tf: Tfjs, x: Tensor2D): Promise<Range> {
  const both = tf.tidy(() => tf.stack([tf.min(x, 0), tf.max(x, 0)]));
  try {
    const values = await both.data();
    return { low: values.slice(0, x.shape[1]), high: values.slice(x.shape[1]) };
  } finally {
    both.dispose();
  }
}

/** For each column the smallest power of two that its entries less `shift` do not exceed. @throws DataError */
export function columnScales({ low, high }: Range, shift?: ArrayLike<number>): Float64Array {
  return Float64Array.from(low, (value, j) => {
    const by = shift ? shift[j] : 0;
    const largest = Math.max(Math.abs(value - by), Math.abs(high[j] - by));
    if (!Number.isFinite(largest)) throw new DataError(`column ${j} holds values that are not finite`);
    return largest === 0 ? 1 : powerAbove(largest);
  });
}

function powerAbove(value: number): number {
  let power = 2 ** Math.min(1023, Math.max(-1000, Math.ceil(Math.log2(value))));
  // The logarithm is rounded.
  if (power < value) power *= 2;
  else if (power / 2 >= value) power /= 2;
  return power;
}

/** How an operand is made of a matrix: entries less the `shift` of their column, over its `scale`. */
export interface Making {
  readonly shift?: ArrayLike<number>;
  readonly scale: Float64Array;
  /** Products sum over the columns of the matrix, not over its rows. */
  readonly transposed?: boolean;
}

/** A matrix in host memory as an operand: the differences are float64, then split in two. */
export function hostSource(tf: Tfjs, matrix: Matrix, { shift, scale, transposed }: Making): Source {
  const { data, cols } = matrix;
  return shaped(matrix, scale, transposed, (from, to, first, last, rows) => {
    const width = last - first;
    const hi = new Float32Array(rows * width);
    const lo = new Float32Array(rows * width);
    const [r0, r1, c0, c1] = transposed ? [first, last, from, to] : [from, to, first, last];
    const [down, right] = transposed ? [1, width] : [width, 1];
    for (let i = r0; i < r1; i++) {
      for (let j = c0; j < c1; j++) {
        // Scales are powers of two: the quotient is exact.
        const value = (data[i * cols + j] - (shift ? shift[j] : 0)) / scale[j];
        const at = (i - r0) * down + (j - c0) * right;
        hi[at] = value;
        lo[at] = value - hi[at];
      }
    }
    return { hi: tf.tensor2d(hi, [rows, width]), lo: tf.tensor2d(lo, [rows, width]) };
  });
}

/** Power of two below which a float32 scale has no inverse: columns so small keep fewer digits. */
const LEAST = 2 ** -120;

/** A float32 tensor as an operand, made on the device: `shift` must hold float32 numbers. */
export function tensorSource(tf: Tfjs, x: Tensor2D, { shift, scale: wanted, transposed }: Making): Source {
  const [rows, cols] = x.shape;
  const scale = wanted.map((value) => Math.max(value, LEAST));
  return shaped({ rows, cols }, scale, transposed, (from, to, first, last, padded) => {
    const [r0, r1, c0, c1] = transposed ? [first, last, from, to] : [from, to, first, last];
    const row = (value: (j: number) => number): Tensor2D =>
      tf.tensor2d(
        Float32Array.from({ length: c1 - c0 }, (_, j) => value(c0 + j)),
        [1, c1 - c0],
      );
    const piece = tf.slice(x, [r0, c0], [r1 - r0, c1 - c0]);
    const inverse = row((j) => 1 / scale[j]);
    const finish = (part: Tensor2D): Tensor2D => {
      const scaled = tf.mul<Tensor2D>(part, inverse);
      const turned = transposed ? tf.transpose(scaled) : scaled;
      const missing = padded - turned.shape[0];
      return missing === 0
        ? turned
        : tf.pad2d(turned, [
            [0, missing],
            [0, 0],
          ]);
    };
    if (shift === undefined) return { hi: finish(piece) };
    const { hi, lo } = difference(
      tf,
      piece,
      row((j) => shift[j]),
    );
    return { hi: finish(hi), lo: finish(lo) };
  });
}

function shaped(
  { rows, cols }: { readonly rows: number; readonly cols: number },
  scale: Float64Array,
  transposed: boolean | undefined,
  take: Source['take'],
): Source {
  return transposed
    ? { inner: cols, outer: rows, scale: new Float64Array(rows).fill(1), take }
    : { inner: rows, outer: cols, scale, take };
}

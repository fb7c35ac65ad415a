/**
 * Products with some forty bits out of float32 arithmetic, by splitting (Ozaki, Ogita, Oishi and Rump 2012).
 *
 * An operand whose entries are at most 1 becomes five slices of eight bits, whole numbers `x ≈ Σ qₖ·2^(−8(k+1))`. A float32
 * holds every whole number up to 2²⁴, so products of slices, summed over a chunk of few enough rows, are exact in whatever
 * order and however fused the device adds. What is then left to add, chunk to chunk and slice to slice, is added in ways
 * that are exact too, or lose less than the slices have cut off.
 *
 * @module
 */
import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs';
import type { Tfjs } from './backend.js';

/** A matrix as the sum of two of float32: `hi` is the sum rounded, `lo` (none where it is 0) what was rounded off. */
export interface Pair {
  readonly hi: Tensor2D;
  readonly lo?: Tensor2D;
}

/** How many slices: 41 bits below the largest entry of a column. */
export const SLICES = 5;

/**
 * Rows of a chunk. The slices are at most 256, 128, 129, 128, 128 (the third takes up `lo`), so that a row adds at most
 * 2·256·128 + 2·128·128 + 129² = 114945 to the products of a level: 145 rows stay below 2²⁴.
 */
export const CHUNK = 128;

/** Chunks that may be added up: their sums are kept in two parts of 12 bits, which leaves room for 2¹² of them. */
export const MOST_CHUNKS = 2048;

const BASE = 256;
const HALF = 4096;

/** The slices of a pair with `|hi| ≤ 1`, coarsest first. */
export function slice(tf: Tfjs, { hi, lo }: Pair): Tensor2D[] {
  const slices: Tensor2D[] = [];
  // In units of the slice that is taken next; subtracting a rounded number from itself is exact.
  let rest = tf.mul<Tensor2D>(hi, BASE);
  for (let k = 0; ; k++) {
    const whole = tf.round(rest);
    slices.push(whole);
    if (slices.length === SLICES) return slices;
    rest = tf.mul<Tensor2D>(tf.sub(rest, whole), BASE);
    // `lo` is at most 2⁻²⁵: half a unit of the third slice.
    if (k === 1 && lo) rest = tf.add(rest, tf.mul(lo, BASE ** 3));
  }
}

/** A part of a product: whole numbers `[m, n]` in units of `2^exponent`. */
export interface Term {
  readonly exponent: number;
  readonly value: Tensor2D;
}

/**
 * Sums over all chunks of `leftᵀ·right`, by level: slices a and b contribute to level a + b, and levels from 5 on are below
 * what slicing has cut off. All pairs of a level are one product, their slices side by side.
 *
 * @param left - slices, each `[chunks, rows, m]`
 * @param right - slices, each `[chunks, rows, n]`; none for a Gram matrix, which then takes 9 products instead of 15. They
 * sum up to a matrix whose symmetric part is the Gram matrix.
 * @param split - whether sums are kept in two parts, as more than one chunk needs.
 */
export function multiplySlices(
  tf: Tfjs,
  left: readonly Tensor3D[],
  right: readonly Tensor3D[] | undefined,
  split: boolean,
): Term[] {
  const [chunks, , m] = left[0].shape;
  const n = right ? right[0].shape[2] : m;
  // An explicit transposition: with `transposeA` the wasm backend of tfjs is many times slower.
  const flipped = left.map((one) => tf.transpose(one, [0, 2, 1]));
  const twice = right ? [] : flipped.map((one) => tf.mul<Tensor3D>(one, 2));
  // A sum that is to be split comes in units of its high part: its whole number is that part, its fraction the low one.
  const factors = (right ?? left).map((one) => (split ? tf.mul<Tensor3D>(one, 1 / HALF) : one));
  const ones = tf.ones([1, chunks]);
  // As a product: some backends add along another axis than the last several times slower.
  const over = (sums: Tensor): Tensor2D => {
    const flat = chunks === 1 ? sums : tf.matMul(ones, tf.reshape(sums, [chunks, m * n]));
    return tf.reshape(flat, [m, n]);
  };

  return Array.from({ length: SLICES }, (_, level) => level).flatMap((level) => {
    const exponent = -8 * (level + 2);
    const values = tf.tidy(() => {
      const a: Tensor3D[] = [];
      const b: Tensor3D[] = [];
      for (let k = 0; k <= level; k++) {
        if (right || 2 * k <= level) {
          a.push(right || 2 * k === level ? flipped[k] : twice[k]);
          b.push(factors[level - k]);
        }
      }
      const sums = tf.matMul(tf.concat(a, 2), tf.concat(b, 1));
      if (!split) return [over(sums)];
      const high = tf.floor(sums);
      return [over(high), tf.mul<Tensor2D>(over(tf.sub(sums, high)), HALF)];
    });
    return values.map((value, i) => ({ exponent: split && i === 0 ? exponent + 12 : exponent, value }));
  });
}

/** The terms of two sets of chunks together, in place of both. */
export function addTerms(tf: Tfjs, terms: readonly Term[] | undefined, more: readonly Term[]): Term[] {
  if (terms === undefined) return [...more];
  return terms.map(({ exponent, value }, i) => {
    const sum = tf.add<Tensor2D>(value, more[i].value);
    tf.dispose([value, more[i].value]);
    return { exponent, value: sum };
  });
}

/**
 * The sum of all terms as a pair. From coarse units to fine ones, what a sum rounds off is a float32 itself (Fast2Sum, for
 * which it is enough that the first summand is a multiple of the last place of the second), and is added up beside it.
 */
export function mergeTerms(tf: Tfjs, terms: readonly Term[]): Required<Pair> {
  const sorted = [...terms].sort((a, b) => b.exponent - a.exponent);
  const scaled = sorted.map(({ exponent, value }) => tf.mul<Tensor2D>(value, 2 ** exponent));
  let hi = scaled[0];
  let lo: Tensor2D | undefined;
  for (const term of scaled.slice(1)) {
    const sum = tf.add<Tensor2D>(hi, term);
    const lost = tf.sub<Tensor2D>(term, tf.sub(sum, hi));
    lo = lo ? tf.add<Tensor2D>(lo, lost) : lost;
    hi = sum;
  }
  return { hi, lo: lo! };
}

/** `x − shift` without an error, for `shift` one number per column (2Sum of Knuth). */
export function difference(tf: Tfjs, x: Tensor2D, shift: Tensor2D): Required<Pair> {
  const hi = tf.sub<Tensor2D>(x, shift);
  const back = tf.sub<Tensor2D>(hi, x);
  const lo = tf.sub<Tensor2D>(tf.sub(x, tf.sub(hi, back)), tf.add(shift, back));
  return { hi, lo };
}

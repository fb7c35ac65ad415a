/**
 * A singular value decomposition whose singular vectors carry the signs that LAPACK, and so numpy, gives them.
 *
 * @module
 */
import { DataError, ShapeError } from '../errors.js';
import { diagonalize, lowerToUpper, withSign, type Vectors } from './lapack-bidiagonal.js';

/** Thin decomposition `a = u · diag(s) · vt`, all row-major. */
export interface LapackSvd {
  /** Left singular vectors in columns, `rows × k`. */
  readonly u: Float64Array;
  /** Singular values, largest first. */
  readonly s: Float64Array;
  /** Right singular vectors in rows, `k × cols`. */
  readonly vt: Float64Array;
  /** `min(rows, cols)`. */
  readonly k: number;
}

/** `I − tau · v · vᵀ`, acting on the entries from `start` on. */
interface Reflector {
  readonly start: number;
  readonly v: Float64Array;
  readonly tau: number;
}

/** A matrix whose largest entry is outside this range is scaled into it first (dgesdd). */
const SMALL = 2 ** -511 / Number.EPSILON;
const BIG = 1 / SMALL;
/** A shorter vector is scaled before its reflector is made: `tau` would lose accuracy (dlarfg). */
const TINY = 2 ** -969;

/** Euclidean norm without overflow or underflow. */
function norm(x: Float64Array): number {
  let max = 0;
  for (const value of x) max = Math.max(max, Math.abs(value));
  if (max === 0) return 0;
  // A power of two scales without rounding.
  const unit = 2 ** Math.floor(Math.log2(max));
  let sum = 0;
  for (const value of x) sum += (value / unit) ** 2;
  return unit * Math.sqrt(sum);
}

/** Householder reflector that takes `x` to `(beta, 0, …, 0)`, `beta` of the sign opposite to `x[0]` (dlarfg). */
function reflector(x: Float64Array, start: number): { h: Reflector; beta: number } {
  const alpha = x[0];
  const tail = norm(x.subarray(1));
  // A vector that is reduced already keeps its sign.
  if (tail === 0) return { h: { start, v: x, tau: 0 }, beta: alpha };
  const long = Math.max(Math.abs(alpha), tail);
  const short = Math.min(Math.abs(alpha), tail);
  const length = long * Math.sqrt(1 + (short / long) ** 2);
  if (length < TINY) {
    const scaled = x.map((value) => value / TINY);
    const { h, beta } = reflector(scaled, start);
    return { h, beta: beta * TINY };
  }
  const beta = -withSign(length, alpha);
  const factor = 1 / (alpha - beta);
  const v = x.map((value) => value * factor);
  v[0] = 1;
  return { h: { start, v, tau: (beta - alpha) / beta }, beta };
}

/** Applies a reflector to a vector, in place. */
function reflect(x: Float64Array, { start, v, tau }: Reflector): void {
  if (tau === 0) return;
  let dot = 0;
  for (let i = 0; i < v.length; i++) dot += v[i] * x[start + i];
  dot *= tau;
  for (let i = 0; i < v.length; i++) x[start + i] -= dot * v[i];
}

/** Applies a reflector to the rows, from `row` on, of a matrix held by columns, in place. */
function reflectRows(columns: Vectors, row: number, { start, v, tau }: Reflector): void {
  if (tau === 0) return;
  const dots = new Float64Array(columns[0].length);
  for (let j = 0; j < v.length; j++) {
    const column = columns[start + j];
    for (let i = row; i < dots.length; i++) dots[i] += v[j] * column[i];
  }
  for (let j = 0; j < v.length; j++) {
    const column = columns[start + j];
    const factor = tau * v[j];
    for (let i = row; i < dots.length; i++) column[i] -= factor * dots[i];
  }
}

/** `H₁ · H₂ · … · x`, with `x` padded by zeros to `length`. */
function product(reflectors: readonly Reflector[], x: ArrayLike<number>, length: number): Float64Array {
  const out = new Float64Array(length);
  out.set(x);
  for (let i = reflectors.length - 1; i >= 0; i--) reflect(out, reflectors[i]);
  return out;
}

function identity(n: number): Vectors {
  return Array.from({ length: n }, (_, i) => new Float64Array(n).fill(1, i, i + 1));
}

/** Reduces `n` columns of at least `n` entries to upper bidiagonal form, `H₁H₂… · B · (G₁G₂…)ᵀ` (dgebd2). */
function bidiagonalize(columns: Vectors) {
  const n = columns.length;
  const d = new Float64Array(n);
  const e = new Float64Array(n - 1);
  const left: Reflector[] = [];
  const right: Reflector[] = [];
  for (let i = 0; i < n; i++) {
    const column = reflector(columns[i].slice(i), i);
    d[i] = column.beta;
    left.push(column.h);
    for (let j = i + 1; j < n; j++) reflect(columns[j], column.h);
    if (i === n - 1) break;
    const row = reflector(
      Float64Array.from(columns.slice(i + 1), (x) => x[i]),
      i + 1,
    );
    e[i] = row.beta;
    right.push(row.h);
    reflectRows(columns, i + 1, row.h);
  }
  return { d, e, left, right };
}

/** Triangular factor, held by columns, and the reflectors of `columns = H₁H₂… · r` (dgeqr2). */
function triangularize(columns: Vectors): { r: Vectors; reflectors: Reflector[] } {
  const n = columns.length;
  const reflectors: Reflector[] = [];
  for (let i = 0; i < n; i++) {
    const { h, beta } = reflector(columns[i].slice(i), i);
    reflectors.push(h);
    columns[i].fill(0, i).fill(beta, i, i + 1);
    for (let j = i + 1; j < n; j++) reflect(columns[j], h);
  }
  return { r: columns.map((column) => column.slice(0, n)), reflectors };
}

function transpose(vectors: Vectors): Vectors {
  return Array.from(vectors[0], (_, i) => Float64Array.from(vectors, (x) => x[i]));
}

/** Decomposes a matrix given by the vectors of its longer side: columns if `tall`, else rows. */
function decompose(vectors: Vectors, tall: boolean): { s: Float64Array; left: Vectors; right: Vectors } {
  const n = vectors.length;
  const m = vectors[0].length;
  if (m >= Math.floor((n * 11) / 6)) {
    // Much longer than wide: dgesdd goes through the square factor of a QR (tall) or LQ (wide) decomposition.
    const { r, reflectors } = triangularize(vectors);
    const b = bidiagonalize(tall ? r : transpose(r));
    const left = identity(n).map((x) => product(b.left, x, n));
    const right = identity(n).map((x) => product(b.right, x, n));
    diagonalize(b.d, b.e, left, right);
    const lengthen = (side: Vectors): Vectors => side.map((x) => product(reflectors, x, m));
    return { s: b.d, left: tall ? lengthen(left) : left, right: tall ? right : lengthen(right) };
  }
  const b = bidiagonalize(vectors);
  const long = identity(n).map((x) => product(b.left, x, m));
  const short = identity(n).map((x) => product(b.right, x, n));
  const [left, right] = tall ? [long, short] : [short, long];
  // A wide matrix is the transpose of a tall one up to here, and its bidiagonal form is lower.
  if (!tall) lowerToUpper(b.d, b.e, left);
  diagonalize(b.d, b.e, left, right);
  return { s: b.d, left, right };
}

/**
 * Thin singular value decomposition with the signs of LAPACK's dgesdd, which `numpy.linalg.svd` calls.
 *
 * Neither the left nor the right vectors of a decomposition are unique: a pair may change sign together. Measures that
 * use them linearly, as Google's PWCCA does, depend on that choice, so this follows the one that LAPACK's path for
 * small matrices makes: Householder bidiagonalization (after a QR or LQ step if one side is at least 11/6 of the
 * other) and implicit zero-shift QR.
 *
 * @remarks
 * The signs are LAPACK's, of version 3.10 or later (OpenBLAS 0.3.20), if `min(rows, cols) ≤ 25`. Beyond that dgesdd
 * divides and conquers, which gives other signs: the result is still a valid decomposition, but its signs are then not
 * LAPACK's. The vectors of equal singular values, zeros among them, are not determined at all.
 *
 * Even up to 25 rounding can decide the signs of a few pairs: of about one random matrix in a thousand with fewer than
 * 10 rows or columns, one in a hundred near 25, several in a hundred that are exactly short of rank. There numpy
 * disagrees with itself between processors, or when the last bit of the input changes, and this function with numpy
 * about as often.
 *
 * @throws ShapeError if `data` has not `rows * cols` values.
 * @throws DataError if a value is not finite.
 * @throws NumericalError if the iteration does not converge.
 */
export function lapackSvd(a: {
  readonly rows: number;
  readonly cols: number;
  readonly data: ArrayLike<number>;
}): LapackSvd {
  const { rows, cols, data } = a;
  if (data.length !== rows * cols) {
    throw new ShapeError(`a ${rows} × ${cols} matrix needs ${rows * cols} values, got ${data.length}`);
  }
  const k = Math.min(rows, cols);
  const u = new Float64Array(rows * k);
  const vt = new Float64Array(k * cols);
  if (k === 0) return { u, s: new Float64Array(0), vt, k };
  let max = 0;
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      throw new DataError(`a matrix to decompose must be finite, but its value ${i} is ${data[i]}`);
    }
    max = Math.max(max, Math.abs(data[i]));
  }
  const clamped = max === 0 ? 0 : Math.min(BIG, Math.max(SMALL, max));
  const scaled = (value: number): number => (clamped === max ? value : (value / max) * clamped);
  const tall = rows >= cols;
  const vectors = Array.from({ length: k }, (_, j) =>
    Float64Array.from({ length: Math.max(rows, cols) }, (_, i) =>
      scaled(data[tall ? i * cols + j : j * cols + i]),
    ),
  );
  const { s, left, right } = decompose(vectors, tall);
  if (clamped !== max) for (let i = 0; i < k; i++) s[i] = (s[i] / clamped) * max;
  for (let j = 0; j < k; j++) {
    for (let i = 0; i < rows; i++) u[i * k + j] = left[j][i];
    vt.set(right[j], j * cols);
  }
  return { u, s, vt, k };
}

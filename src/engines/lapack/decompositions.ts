/**
 * Decompositions by LAPACK. It works column by column and overwrites its arguments: each starts with a copy.
 *
 * @module
 */
import { NumericalError } from '../../errors.js';
import type { HostMatrix } from '../engine.js';
import { Dense, copied, transposed } from './dense.js';
import { Info, leading } from './fortran.js';
import type { Machine } from './machine.js';

/** Eigenvalues of a symmetric matrix, largest first, with the vectors of the first `count`. */
export async function eigSymmetric(
  machine: Machine,
  a: Dense,
  count: number,
): Promise<{ values: Float64Array; vectors: Dense }> {
  const n = a.rows;
  if (count === 0) return { values: await eigenvalues(machine, a), vectors: Dense.zeros(n, 0) };
  const { matrix, diagonal, beside, tau } = await tridiagonal(machine, a);
  // Divide and conquer finds all vectors of the tridiagonal matrix; those not asked for are not transformed back.
  const all = new Float64Array(n * n);
  const [work, integers] = [new Float64Array(1 + 4 * n + n * n), new BigInt64Array(3 + 5 * n)];
  const sizes = [work, work.length, integers, integers.length] as const;
  const info = new Info();
  await machine.step(n ** 3, 'dstedc', 'I', n, diagonal, beside, all, n, ...sizes, info.address);
  info.check('dstedc');
  const wanted = all.subarray((n - count) * n);
  const shape = ['L', 'U', 'N', n, count, matrix, n, tau, wanted, n] as const;
  const space = machine.workspace('dormtr', ...shape);
  await machine.step(2 * n * n * count, 'dormtr', ...shape, space, space.length, info.address);
  info.check('dormtr');
  const vectors = transposed(wanted, count, n);
  for (let i = 0; i < n; i++) vectors.subarray(i * count, (i + 1) * count).reverse();
  return { values: diagonal.reverse(), vectors: new Dense(n, count, vectors) };
}

/** Eigenvalues of a symmetric matrix, largest first. */
export async function eigenvalues(machine: Machine, a: Dense): Promise<Float64Array> {
  const { diagonal, beside } = await tridiagonal(machine, a);
  const info = new Info();
  await machine.step(20 * a.rows ** 2, 'dsterf', a.rows, diagonal, beside, info.address);
  info.check('dsterf');
  return diagonal.reverse();
}

/** Brings a symmetric matrix to tridiagonal form; reads the lower triangle, to LAPACK the upper one. */
async function tridiagonal(
  machine: Machine,
  a: Dense,
): Promise<{ matrix: Float64Array; diagonal: Float64Array; beside: Float64Array; tau: Float64Array }> {
  const n = a.rows;
  const matrix = finite(copied(a.lower), 'eigenvalues');
  const [diagonal, beside, tau] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
  const shape = ['U', n, matrix, leading(n), diagonal, beside, tau] as const;
  const space = machine.workspace('dsytrd', ...shape);
  const info = new Info();
  await machine.step(1.5 * n ** 3, 'dsytrd', ...shape, space, space.length, info.address);
  info.check('dsytrd');
  return { matrix, diagonal, beside, tau };
}

/**
 * Thin singular value decomposition, of `a` itself and not of what LAPACK would see without a transposition: the signs of the
 * vectors, an accident of its algorithm, then are those that numpy gives.
 */
export async function svd(machine: Machine, a: Dense): Promise<{ u: Dense; s: Float64Array; v: Dense }> {
  const { rows, cols } = a;
  const rank = order(a);
  const { u, vt, s } = await divideAndConquer(machine, a, 'S');
  return { u: new Dense(rows, rank, transposed(u, rank, rows)), s, v: new Dense(cols, rank, vt) };
}

/** Singular values, largest first. */
export async function singularValues(machine: Machine, a: Dense): Promise<Float64Array> {
  return (await divideAndConquer(machine, a, 'N')).s;
}

/** Column by column: `u` `rows × k`, `vt` `k × cols`; empty where only values are wanted. */
async function divideAndConquer(
  machine: Machine,
  a: Dense,
  job: 'S' | 'N',
): Promise<{ u: Float64Array; s: Float64Array; vt: Float64Array }> {
  const { rows, cols } = a;
  const rank = order(a);
  const vectors = job === 'S' ? rank : 0;
  const s = new Float64Array(rank);
  const [u, vt] = [new Float64Array(rows * vectors), new Float64Array(vectors * cols)];
  const matrix = finite(transposed(a.values, rows, cols), 'singular values');
  const spaces = [matrix, leading(rows), s, u, leading(rows), vt, leading(vectors)] as const;
  const work = machine.workspace('dgesdd', job, rows, cols, ...spaces);
  const integers = new BigInt64Array(8 * rank);
  const info = new Info();
  const rest = [work, work.length, integers, info.address] as const;
  await machine.step(4 * rows * cols * rank, 'dgesdd', job, rows, cols, ...spaces, ...rest);
  info.check('dgesdd');
  return { u, s, vt };
}

/** Number of singular values. */
function order({ rows, cols }: Dense): number {
  return Math.min(rows, cols);
}

/** Thin QR. By columns after all: on rows, LAPACK's LQ of the transpose takes more than twice as long. */
export async function qr(machine: Machine, a: Dense): Promise<{ q: Dense; r: Dense }> {
  const { rows, cols } = a;
  const columns = transposed(a.values, rows, cols);
  const tau = new Float64Array(cols);
  const work = 2 * rows * cols * cols;
  const info = new Info();
  const shape = [columns, leading(rows), tau] as const;
  const space = machine.workspace('dgeqrf', rows, cols, ...shape);
  await machine.step(work, 'dgeqrf', rows, cols, ...shape, space, space.length, info.address);
  info.check('dgeqrf');
  const r = Dense.zeros(cols, cols);
  const triangle = r.doubles;
  for (let j = 0; j < cols; j++) {
    for (let i = 0; i <= j; i++) triangle[i * cols + j] = columns[j * rows + i];
  }
  const more = machine.workspace('dorgqr', rows, cols, cols, ...shape);
  await machine.step(work, 'dorgqr', rows, cols, cols, ...shape, more, more.length, info.address);
  info.check('dorgqr');
  return { q: new Dense(rows, cols, transposed(columns, cols, rows)), r };
}

/** Lower Cholesky factor, to LAPACK the upper one of the transpose; nothing where a pivot is not positive. */
export async function cholesky(machine: Machine, a: Dense): Promise<Dense | undefined> {
  const n = a.rows;
  const factor = copied(a.lower);
  const info = new Info();
  await machine.step(n ** 3 / 3, 'dpotrf', 'U', n, factor, leading(n), info.address);
  if (info.code > 0) return undefined;
  info.check('dpotrf');
  for (let i = 0; i < n; i++) {
    // Some libraries do not notice a pivot that is no number.
    if (!(factor[i * n + i] > 0)) return undefined;
    factor.fill(0, i * n + i + 1, (i + 1) * n);
  }
  return new Dense(n, n, factor);
}

/** The same values; LAPACK would search without end where one is infinite. @throws NumericalError */
function finite(values: Float64Array, what: string): Float64Array {
  // 0·NaN and 0·∞ are NaN.
  let probe = 0;
  for (let i = 0; i < values.length; i++) probe += values[i] * 0;
  if (probe === 0) return values;
  throw new NumericalError(`no ${what} of a matrix that holds NaN or ±Infinity`);
}

/** A copy for the caller. */
export function toHost({ rows, cols, values }: Dense): HostMatrix {
  return { rows, cols, data: copied(values) };
}

/** The symmetric eigensolver: tridiagonalisation, then QL for values alone, or divide and conquer and a blocked way back. */
import { divideAndConquer, divideWork } from './divide';
import { gemmWork } from './gemm';
import { get, set } from './memory';
import { tridiagonalNorm, tridiagonalValues } from './ql';
import { applyBlock, blockFactor, stride } from './reflector';
import { tridiagonalise, tridiagonaliseWork } from './tridiagonal';
import { largest, scaleFor, scaled, transposed } from './vector';

/** Reflectors applied at once on the way back. */
const BLOCK: i32 = 64;

function vectorSize(n: i32): usize {
  return (<usize>n + 8) << 3;
}

/** Bytes of workspace for `eigh` of order n. */
export function eighWork(n: i32): usize {
  const ld = stride(n);
  const block = <usize>BLOCK * <usize>BLOCK * 16 + <usize>n * <usize>BLOCK * 16;
  return 2 * <usize>n * ld + 3 * vectorSize(n) + divideWork(n, ld) + tridiagonaliseWork(n) + block + gemmWork() + 64;
}

/** Bytes of workspace for `eigenvalues` of order n. */
export function eigenvaluesWork(n: i32): usize {
  return <usize>n * stride(n) + 3 * vectorSize(n) + tridiagonaliseWork(n) + gemmWork() + 64;
}

/** Copies the lower triangle of a into rows `ld` bytes apart, scaled; returns the scale, zero where a is not finite. */
function prepare(n: i32, a: usize, rows: usize, ld: usize): f64 {
  let most: f64 = 0;
  for (let i = 0; i < n; i++) most = Math.max(most, largest(i + 1, a + ((<usize>i * <usize>n) << 3)));
  const scale = scaleFor(most);
  for (let i = 0; i < n; i++) scaled(i + 1, scale, a + ((<usize>i * <usize>n) << 3), rows + <usize>i * ld);
  return scale;
}

/**
 * Eigenvalues of a symmetric matrix a of order n (row-major, its lower triangle is read), descending. Returns 0; 1 where the
 * iteration does not converge, 2 where a is not finite. `work`: `eigenvaluesWork(n)` bytes.
 */
export function eigenvalues(n: i32, a: usize, values: usize, work: usize): i32 {
  const ld = stride(n);
  const rows = (work + 63) & ~63;
  const d = rows + <usize>n * ld;
  const e = d + vectorSize(n);
  const tau = e + vectorSize(n);
  const scale = prepare(n, a, rows, ld);
  if (scale == 0) return 2;
  tridiagonalise(n, rows, ld, d, e, tau, tau + vectorSize(n));
  const failed = tridiagonalValues(n, d, e);
  if (failed) return failed;
  sortDescending(n, d, 1 / scale, values);
  return 0;
}

/** `out` = alpha · x in descending order; destroys x. Heap sort: no recursion, no second array. */
export function sortDescending(n: i32, x: usize, alpha: f64, out: usize): void {
  for (let i = (n >> 1) - 1; i >= 0; i--) sink(i, n, x);
  for (let end = n - 1; end >= 0; end--) {
    set(out, n - 1 - end, alpha * get(x, 0));
    set(x, 0, get(x, end));
    sink(0, end, x);
  }
}

function sink(root: i32, end: i32, x: usize): void {
  const value = get(x, root);
  for (;;) {
    let child = 2 * root + 1;
    if (child >= end) break;
    if (child + 1 < end && get(x, child + 1) > get(x, child)) child++;
    if (get(x, child) <= value) break;
    set(x, root, get(x, child));
    root = child;
  }
  if (root < end) set(x, root, value);
}

/**
 * All eigenvalues of a symmetric matrix a of order n (row-major, its lower triangle is read), descending, and unit eigenvectors
 * of the leading k in the columns of `vectors` (n × k). Destroys a. Returns 0; 1 where an iteration does not converge, 2 where a
 * is not finite. `work`: `eighWork(n)` bytes.
 */
export function eigh(n: i32, a: usize, values: usize, vectors: usize, k: i32, work: usize): i32 {
  const ld = stride(n);
  const rows = (work + 63) & ~63;
  const z = rows + <usize>n * ld;
  const d = z + <usize>n * ld;
  const e = d + vectorSize(n);
  const tau = e + vectorSize(n);
  const rest = tau + vectorSize(n);
  const scale = prepare(n, a, rows, ld);
  if (scale == 0) return 2;
  tridiagonalise(n, rows, ld, d, e, tau, rest);
  const failed = divideAndConquer(n, d, e, z, ld, k, tridiagonalNorm(n, d, e), a, rest);
  if (failed) return failed;
  for (let i = 0; i < n; i++) set(values, i, get(d, n - 1 - i) / scale);
  const wanted = z + <usize>(n - k) * ld;
  transformBack(n, rows, ld, tau, k, wanted, rest);
  // The last row belongs to the largest value: columns come out in descending order when rows are read upwards.
  transposed(k, n, 1, z + <usize>(n - 1) * ld, 0 - ld, vectors, <usize>k << 3);
  return 0;
}

/** k rows of z times the reflectors of `tridiagonalise`, H₁ first. Clears what the reduction left right of the vectors. */
function transformBack(n: i32, rows: usize, ld: usize, tau: usize, k: i32, z: usize, work: usize): void {
  const t = work;
  work += <usize>BLOCK * <usize>BLOCK * 8;
  for (let b = 1; b < n; b += BLOCK) {
    const size = min(BLOCK, n - b);
    const length = b + size - 1;
    const v = rows + <usize>b * ld;
    for (let q = 0; q < size; q++) {
      const row = v + <usize>q * ld;
      memory.fill(row + (<usize>(b + q) << 3), 0, <usize>(size - 1 - q) << 3);
    }
    blockFactor(size, length, v, ld, tau + (<usize>b << 3), t, work);
    applyBlock(k, length, z, ld, size, v, ld, t, false, work);
  }
}

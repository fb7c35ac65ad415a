/**
 * The singular value decomposition of matrices of any shape: taller than wide after transposition, QR first where much taller,
 * then bidiagonalisation, and QR sweeps for values alone or divide and conquer and a blocked way back.
 */
import { bidiagonalise, bidiagonaliseWork } from './bidiagonal';
import { divideBidiagonal, divideBidiagonalWork } from './divide-bidiagonal';
import { sortDescending } from './eigh';
import { gemmWork } from './gemm';
import { bytes, get, set } from './memory';
import { applyColumns, factorColumns, factorWork } from './qr';
import { stride } from './reflector';
import { bidiagonalNorm, bidiagonalValues } from './singular';
import { largest, scaleFor, scaled, transposed } from './vector';

/** Whether a QR first, and a bidiagonalisation of its square factor, is less work than one of the whole. */
function muchTaller(m: i32, n: i32): bool {
  return <i64>m * 2 > <i64>n * 3;
}

/** Where a decomposition keeps its parts; set by `reduce`. */
let tall: i32 = 0;
let wide: i32 = 0;
let scale: f64 = 1;
let d: usize = 0;
let e: usize = 0;
let tauLeft: usize = 0;
let tauRight: usize = 0;
let tauColumns: usize = 0;
let columns: usize = 0;
let rows: usize = 0;
let left: usize = 0;
let end: usize = 0;

/** Bytes that `reduce` needs; what lies before `end` is kept. */
function reduceWork(m: i32, n: i32): usize {
  const high = max(m, n);
  const low = min(m, n);
  const first = muchTaller(high, low);
  const square = first ? low : high;
  const columns: usize = first ? <usize>low * stride(high) : 0;
  const kept = columns + <usize>square * stride(low) + <usize>low * stride(square);
  return kept + 5 * bytes(low) + bidiagonaliseWork(square, low) + factorWork(low) + gemmWork() + 128;
}

/** Bidiagonalises a, or its transpose, scaled. Returns false where a is not finite. */
function reduce(m: i32, n: i32, a: usize, work: usize): bool {
  tall = max(m, n);
  wide = min(m, n);
  scale = scaleFor(largest(m * n, a));
  if (scale == 0) return false;
  d = (work + 63) & ~63;
  e = d + bytes(wide);
  tauLeft = e + bytes(wide);
  tauRight = tauLeft + bytes(wide);
  tauColumns = tauRight + bytes(wide);
  columns = (tauColumns + bytes(wide) + 63) & ~63;
  rows = columns;
  const lda = <usize>n << 3;
  const ld = stride(wide);
  if (muchTaller(tall, wide)) {
    const ldc = stride(tall);
    rows = columns + <usize>wide * ldc;
    if (m >= n) transposed(m, n, scale, a, lda, columns, ldc);
    else copyRows(m, n, scale, a, lda, columns, ldc);
    factorColumns(tall, wide, columns, ldc, tauColumns, rows, ld, 1, rows + <usize>wide * ld);
    tall = wide;
  } else if (m >= n) copyRows(m, n, scale, a, lda, rows, ld);
  else transposed(m, n, scale, a, lda, rows, ld);
  left = rows + <usize>tall * ld;
  end = left + <usize>wide * stride(tall);
  bidiagonalise(tall, wide, rows, ld, left, stride(tall), d, e, tauLeft, tauRight, end);
  return true;
}

/** `out = alpha · x`, row by row; strides in bytes. */
function copyRows(rows: i32, cols: i32, alpha: f64, x: usize, ldx: usize, out: usize, ldo: usize): void {
  for (let i = 0; i < rows; i++) scaled(cols, alpha, x + <usize>i * ldx, out + <usize>i * ldo);
}

/** Bytes of workspace for `singularValues` of m × n. */
export function singularValuesWork(m: i32, n: i32): usize {
  return reduceWork(m, n);
}

/**
 * The min(m, n) singular values of a (m × n, row-major, both at least 1), descending. Returns 0; 1 where the iteration does not
 * converge, 2 where a is not finite. `work`: `singularValuesWork(m, n)` bytes.
 */
export function singularValues(m: i32, n: i32, a: usize, s: usize, work: usize): i32 {
  if (!reduce(m, n, a, work)) return 2;
  const failed = bidiagonalValues(wide, d, e);
  if (failed) return failed;
  sortDescending(wide, d, 1 / scale, s);
  return 0;
}

/** Bytes of workspace for `svd` of m × n. */
export function svdWork(m: i32, n: i32): usize {
  const high = max(m, n);
  const low = min(m, n);
  const first = muchTaller(high, low);
  const ld = stride(first ? low : high);
  const extra: usize = first ? <usize>low * stride(high) : 0;
  return reduceWork(m, n) + 2 * <usize>low * ld + extra + divideBidiagonalWork(low, ld);
}

/**
 * Thin decomposition `a = u·diag(s)·vᵀ` of a (m × n, row-major, both at least 1), k = min(m, n): u m × k and v n × k with orthonormal
 * columns, whatever the rank, and s descending. Returns 0; 1 where an iteration does not converge, 2 where a is not finite.
 * `work`: `svdWork(m, n)` bytes.
 */
export function svd(m: i32, n: i32, a: usize, u: usize, s: usize, v: usize, work: usize): i32 {
  if (!reduce(m, n, a, work)) return 2;
  const longer = max(m, n);
  let ldx = stride(tall);
  const ldy = ldx;
  let x = end;
  const y = x + <usize>wide * ldx;
  const more = y + <usize>wide * ldy;
  const failed = divideBidiagonal(wide, d, e, x, y, ldx, bidiagonalNorm(wide, d, e), more);
  if (failed) return failed;
  for (let i = 0; i < wide; i++) set(s, i, get(d, wide - 1 - i) / scale);

  // Back through the reflectors. What the reduction left before the ones of their vectors is cleared first.
  const ld = stride(wide);
  for (let i = 0; i < wide; i++) {
    memory.fill(rows + <usize>i * ld, 0, <usize>(i + 1) << 3);
    memory.fill(left + <usize>i * ldx, 0, <usize>i << 3);
    memory.fill(x + <usize>i * ldx + (<usize>wide << 3), 0, <usize>(tall - wide) << 3);
  }
  applyColumns(wide - 1, wide - 1, rows + 8, ld, tauRight, wide, y + 8, ldy, false, more);
  applyColumns(tall, wide, left, ldx, tauLeft, wide, x, ldx, false, more);
  if (tall < longer) {
    const ldc = stride(longer);
    for (let i = 0; i < wide; i++) {
      const row = more + <usize>i * ldc;
      memory.copy(row, x + <usize>i * ldx, <usize>wide << 3);
      memory.fill(row + (<usize>wide << 3), 0, <usize>(longer - wide) << 3);
    }
    x = more;
    ldx = ldc;
    applyColumns(longer, wide, columns, ldc, tauColumns, wide, x, ldx, false, more + <usize>wide * ldc);
  }
  // Values ascend so far: rows read upwards become columns.
  const last = <usize>(wide - 1);
  const k = <usize>wide << 3;
  transposed(wide, longer, 1, x + last * ldx, 0 - ldx, m >= n ? u : v, k);
  transposed(wide, wide, 1, y + last * ldy, 0 - ldy, m >= n ? v : u, k);
  return 0;
}

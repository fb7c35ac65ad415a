/**
 * Singular values of matrices of any shape: taller than wide after transposition, QR first where much taller, then
 * bidiagonalisation.
 */
import { bidiagonalise, bidiagonaliseWork } from './bidiagonal';
import { sortDescending } from './eigh';
import { gemmWork } from './gemm';
import { bytes } from './memory';
import { factorColumns, factorWork } from './qr';
import { stride } from './reflector';
import { bidiagonalValues } from './singular';
import { largest, scaleFor, scaled, transposed } from './vector';

/** Whether a QR first, and a bidiagonalisation of its square factor, is less work than one of the whole. */
function muchTaller(m: i32, n: i32): bool {
  return <i64>m * 2 > <i64>n * 3;
}

/** Bytes of workspace for `singularValues` of m × n. */
export function singularValuesWork(m: i32, n: i32): usize {
  const tall = max(m, n);
  const wide = min(m, n);
  const matrices = muchTaller(tall, wide)
    ? <usize>wide * (stride(tall) + stride(wide))
    : (<usize>tall + <usize>wide) * max(stride(tall), stride(wide));
  return matrices + 4 * bytes(wide) + bidiagonaliseWork(tall, wide) + factorWork(wide) + gemmWork() + 128;
}

/**
 * The min(m, n) singular values of a (m × n, row-major, both at least 1), descending. Returns 0; 1 where the iteration does not
 * converge, 2 where a is not finite. `work`: `singularValuesWork(m, n)` bytes.
 */
export function singularValues(m: i32, n: i32, a: usize, s: usize, work: usize): i32 {
  let tall = max(m, n);
  const wide = min(m, n);
  const scale = scaleFor(largest(m * n, a));
  if (scale == 0) return 2;
  const d = (work + 63) & ~63;
  const e = d + bytes(wide);
  const tauLeft = e + bytes(wide);
  const tauRight = tauLeft + bytes(wide);
  const rows = (tauRight + bytes(wide) + 63) & ~63;
  const lda = <usize>n << 3;
  const ld = stride(wide);
  let left: usize;
  if (muchTaller(tall, wide)) {
    const columns = rows + <usize>wide * ld;
    const ldc = stride(tall);
    if (m >= n) transposed(m, n, scale, a, lda, columns, ldc);
    else copyRows(m, n, scale, a, lda, columns, ldc);
    factorColumns(tall, wide, columns, ldc, tauLeft, rows, ld, 1, columns + <usize>wide * ldc);
    tall = wide;
    left = columns;
  } else {
    if (m >= n) copyRows(m, n, scale, a, lda, rows, ld);
    else transposed(m, n, scale, a, lda, rows, ld);
    left = rows + <usize>tall * ld;
  }
  const ldl = stride(tall);
  bidiagonalise(tall, wide, rows, ld, left, ldl, d, e, tauLeft, tauRight, left + <usize>wide * ldl);
  const failed = bidiagonalValues(wide, d, e);
  if (failed) return failed;
  sortDescending(wide, d, 1 / scale, s);
  return 0;
}

/** `out = alpha · x`, row by row; strides in bytes. */
function copyRows(rows: i32, cols: i32, alpha: f64, x: usize, ldx: usize, out: usize, ldo: usize): void {
  for (let i = 0; i < rows; i++) scaled(cols, alpha, x + <usize>i * ldx, out + <usize>i * ldo);
}

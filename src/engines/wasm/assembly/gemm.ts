/** General products of float64 matrices with any strides, blocked for the caches. */
import { multiplyPanels } from './kernel';
import { pack, scalePanels } from './pack';

/** Steps along the inner dimension at a time: a panel of four then takes 8 KiB, and two fit the first-level cache. */
export const DEPTH: i32 = 256;
/** Rows of the left operand packed at a time: 256 KiB, for the second-level cache. */
export const LEFT: i32 = 128;
/** Columns of the right operand packed at a time: 1 MiB. */
export const RIGHT: i32 = 512;

/** Bytes of workspace that `gemm` needs. */
export function gemmWork(): usize {
  return (<usize>(LEFT + RIGHT) * <usize>DEPTH << 3) + 128;
}

/**
 * `C += alpha·A·B`: C is m × n, `ldc` bytes from row to row and unit column stride; element (i, p) of A lies at
 * `a + i·rsa + p·csa`, element (p, j) of B at `b + p·rsb + j·csb` (bytes, so that either may be transposed).
 * Nothing outside m × n is written. `work` is aligned to 16 bytes and has `gemmWork()` of them.
 */
export function gemm(
  m: i32,
  n: i32,
  k: i32,
  alpha: f64,
  a: usize,
  rsa: usize,
  csa: usize,
  b: usize,
  rsb: usize,
  csb: usize,
  c: usize,
  ldc: usize,
  work: usize,
): void {
  const left = work + 128;
  const right = left + (<usize>LEFT * <usize>DEPTH << 3);
  for (let j = 0; j < n; j += RIGHT) {
    const cols = min(RIGHT, n - j);
    for (let p = 0; p < k; p += DEPTH) {
      const depth = min(DEPTH, k - p);
      pack<f64>(cols, depth, b + <usize>p * rsb + <usize>j * csb, csb, rsb, right);
      for (let i = 0; i < m; i += LEFT) {
        const rows = min(LEFT, m - i);
        pack<f64>(rows, depth, a + <usize>i * rsa + <usize>p * csa, rsa, csa, left);
        if (alpha !== 1) scalePanels(rows, depth, alpha, left);
        multiplyPanels(rows, cols, depth, left, right, c + <usize>i * ldc + (<usize>j << 3), ldc, work);
      }
    }
  }
}

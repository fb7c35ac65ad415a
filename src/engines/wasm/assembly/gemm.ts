/** General products of matrices with any strides, blocked for the caches. */
import { multiplyPanels } from './kernel';
import { centreSteps, pack, scalePanels } from './pack';

/** Steps along the inner dimension at a time: a panel of four then takes 8 KiB, and two fit the first-level cache. */
export const DEPTH: i32 = 256;
/** Rows of the left operand packed at a time: 256 KiB, for the second-level cache. */
const LEFT: i32 = 128;
/** Columns of the right operand packed at a time: 1 MiB. */
const RIGHT: i32 = 512;

/** Flags of `product`: which operands are float32. */
const LEFT_SINGLE: i32 = 1;
const RIGHT_SINGLE: i32 = 2;

/** Bytes of workspace that `gemm` needs. */
export function gemmWork(): usize {
  return (<usize>(LEFT + RIGHT) * <usize>DEPTH << 3) + 128;
}

/**
 * `C += alpha·A·B`: C is m × n, `ldc` bytes from row to row and unit column stride; element (i, p) of A lies at
 * `a + i·rsa + p·csa`, element (p, j) of B at `b + p·rsb + j·csb` (bytes, so that either may be transposed).
 * Nothing outside m × n is written. `work` is aligned to 16 bytes and has `gemmWork()` of them.
 *
 * Each element is a sum over blocks of `DEPTH` steps, in their order, wherever the matrix is cut into calls along m or n:
 * its bits do not depend on how many threads share the work.
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
  addProduct(m, n, k, alpha, 0, a, rsa, csa, 0, b, rsb, csb, c, ldc, work);
}

/** `C = (A − mean)·B`, with a mean per column of A where `mean` is not 0, and operands in float32 as `flags` says. */
export function product(
  m: i32,
  n: i32,
  k: i32,
  flags: i32,
  a: usize,
  rsa: usize,
  csa: usize,
  mean: usize,
  b: usize,
  rsb: usize,
  csb: usize,
  c: usize,
  ldc: usize,
  work: usize,
): void {
  for (let i = 0; i < m; i++) memory.fill(c + <usize>i * ldc, 0, <usize>n << 3);
  addProduct(m, n, k, 1, flags, a, rsa, csa, mean, b, rsb, csb, c, ldc, work);
}

function addProduct(
  m: i32,
  n: i32,
  k: i32,
  alpha: f64,
  flags: i32,
  a: usize,
  rsa: usize,
  csa: usize,
  mean: usize,
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
      const from = b + <usize>p * rsb + <usize>j * csb;
      if (flags & RIGHT_SINGLE) pack<f32>(cols, depth, from, csb, rsb, right);
      else pack<f64>(cols, depth, from, csb, rsb, right);
      for (let i = 0; i < m; i += LEFT) {
        const rows = min(LEFT, m - i);
        const first = a + <usize>i * rsa + <usize>p * csa;
        if (flags & LEFT_SINGLE) pack<f32>(rows, depth, first, rsa, csa, left);
        else pack<f64>(rows, depth, first, rsa, csa, left);
        if (mean) centreSteps(rows, depth, mean + (<usize>p << 3), left);
        if (alpha !== 1) scalePanels(rows, depth, alpha, left);
        multiplyPanels(rows, cols, depth, left, right, c + <usize>i * ldc + (<usize>j << 3), ldc, work);
      }
    }
  }
}

/**
 * Blocked Householder tridiagonalisation of a symmetric matrix, `A = Q·T·Qᵀ` (Dongarra, Sorensen & Hammarling 1989; LAPACK's
 * dsytrd), on the lower triangle of row-major storage, from the last row upwards: row i is the vector its reflector comes
 * from, so every vector is contiguous. Half of the arithmetic is one symmetric product with a vector per row, which reads the
 * untouched triangle once; the other half is a rank-2b update per block.
 */
import { gemm } from './gemm';
import { madd } from './madd';
import { get, set, sumOf } from './memory';
import { beta, reflect } from './reflector';
import { dot, project, remove } from './vector';

/** Rows reduced between two updates of the triangle. */
export const TRIDIAGONAL_BLOCK: i32 = 32;

/** Below this order a diagonal block of the update is computed whole. */
const TILE: i32 = 32;

/** Bytes that `tridiagonalise` needs beside those of `gemm`. */
export function tridiagonaliseWork(n: i32): usize {
  return (3 * <usize>TRIDIAGONAL_BLOCK + 2) * panelStride(n) + 1024;
}

function panelStride(n: i32): usize {
  return ((<usize>n + 15) & ~7) << 3;
}

/** `p = A·u`, A symmetric of order m, its lower triangle read once. `p` holds a multiple of four elements. */
function symmetricProduct(m: i32, a: usize, lda: usize, u: usize, p: usize): void {
  memory.fill(p, 0, <usize>m << 3);
  let r = 0;
  for (; r + 3 < m; r += 4) {
    const row = <usize>r << 3;
    const a0 = a + <usize>r * lda;
    const a1 = a0 + lda;
    const a2 = a1 + lda;
    const a3 = a2 + lda;
    const u0 = v128.load64_splat(u + row);
    const u1 = v128.load64_splat(u + row, 8);
    const u2 = v128.load64_splat(u + row, 16);
    const u3 = v128.load64_splat(u + row, 24);
    let s0 = f64x2.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let c: usize = 0; c < row; c += 16) {
      const uc = v128.load(u + c);
      const x0 = v128.load(a0 + c);
      const x1 = v128.load(a1 + c);
      const x2 = v128.load(a2 + c);
      const x3 = v128.load(a3 + c);
      const low = madd(u1, x1, madd(u0, x0, v128.load(p + c)));
      v128.store(p + c, madd(u3, x3, madd(u2, x2, low)));
      s0 = madd(x0, uc, s0);
      s1 = madd(x1, uc, s1);
      s2 = madd(x2, uc, s2);
      s3 = madd(x3, uc, s3);
    }
    set(p, r, get(p, r) + sumOf(s0));
    set(p, r + 1, get(p, r + 1) + sumOf(s1));
    set(p, r + 2, get(p, r + 2) + sumOf(s2));
    set(p, r + 3, get(p, r + 3) + sumOf(s3));
    symmetricCorner(r, r + 4, r, a, lda, u, p);
  }
  symmetricCorner(r, m, 0, a, lda, u, p);
}

/** Adds to p what rows from…to of the lower triangle give from column `first` on. */
function symmetricCorner(from: i32, to: i32, first: i32, a: usize, lda: usize, u: usize, p: usize): void {
  for (let r = from; r < to; r++) {
    const row = a + <usize>r * lda;
    const ur = get(u, r);
    let sum = get(row, r) * ur;
    for (let c = first; c < r; c++) {
      const x = get(row, c);
      sum += x * get(u, c);
      set(p, c, get(p, c) + x * ur);
    }
    set(p, r, get(p, r) + sum);
  }
}

/** Lower triangle of `A − Xᵀ·Y` (order m, X and Y of k rows) by halves, so that nearly all of it is one large product. */
function updateTriangle(m: i32, k: i32, x: usize, y: usize, ld: usize, a: usize, lda: usize, work: usize): void {
  if (m <= TILE) {
    gemm(m, m, k, -1, x, 8, ld, y, ld, 8, a, lda, work);
    return;
  }
  const half = ((m >> 1) + 3) & ~3;
  const below = a + <usize>half * lda;
  const shift = <usize>half << 3;
  updateTriangle(half, k, x, y, ld, a, lda, work);
  gemm(m - half, half, k, -1, x + shift, 8, ld, y, ld, 8, below, lda, work);
  updateTriangle(m - half, k, x + shift, y + shift, ld, below + shift, lda, work);
}

/**
 * Reduces A (order n, rows `lda` bytes apart, lower triangle read) to diagonal `d` (n) and off-diagonal `e` (n − 1).
 * Row i then holds v of reflector i in its first i elements, 1 the last of them, its factor in `tau[i]`:
 * `Q = H₍ₙ₋₁₎…H₁`. The matrix must be scaled so that squares of its elements are in range.
 */
export function tridiagonalise(
  n: i32, a: usize, lda: usize, d: usize, e: usize, tau: usize, work: usize,
): void {
  const ld = panelStride(n);
  const product = work;
  const coefficients = product + ld;
  const panel = coefficients + 1024;
  work = panel + 3 * <usize>TRIDIAGONAL_BLOCK * ld;

  set(tau, 0, 0);
  let i = n - 1;
  while (i > 0) {
    // The panel: V, W and V again, so that both [V; W] and its partner [W; V] are consecutive rows.
    const size = min(TRIDIAGONAL_BLOCK, i);
    const v = panel;
    const w = panel + <usize>size * ld;
    const again = w + <usize>size * ld;
    for (let q = 0; q < size; q++, i--) {
      const row = a + <usize>i * lda;
      const column = <usize>i << 3;
      for (let s = 0; s < 2 * q; s++) {
        const partner = s < q ? w + <usize>s * ld : v + <usize>(s - q) * ld;
        set(coefficients, s, load<f64>(partner + column));
      }
      remove(q, i + 1, coefficients, v, ld, row);
      remove(q, i + 1, coefficients + (<usize>q << 3), w, ld, row);
      set(d, i, get(row, i));
      const factor = reflect(i, row, i - 1);
      set(tau, i, factor);
      set(e, i - 1, beta);

      // w = tau·(A·v) − ½·tau²·(vᵀA·v)·v, with A as it would be after the reflectors of this block.
      symmetricProduct(i, a, lda, row, product);
      project(q, i, w, ld, row, coefficients);
      remove(q, i, coefficients, v, ld, product);
      project(q, i, v, ld, row, coefficients);
      remove(q, i, coefficients, w, ld, product);
      const shift = -0.5 * factor * factor * dot(i, product, row);
      const vq = v + <usize>q * ld;
      const wq = w + <usize>q * ld;
      memory.copy(vq, row, column);
      memory.copy(again + <usize>q * ld, row, column);
      for (let c = 0; c < i; c++) set(wq, c, factor * get(product, c) + shift * get(row, c));
    }
    updateTriangle(i + 1, 2 * size, w, v, ld, a, lda, work);
  }
  set(d, 0, get(a, 0));
}

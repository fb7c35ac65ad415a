/**
 * The innermost loop of every product: a 4 × 4 tile of sums held in eight registers.
 *
 * Its operands are packed: for each step along the inner dimension four values, side by side, of four rows of the left or
 * four columns of the right.
 */
import { madd } from './madd';

/** Rows and columns of a tile, and so values a step of a packed panel. */
export const TILE: i32 = 4;

/** `c += aᵀ·b` for packed panels of `k` steps; `ldc` bytes from row to row of `c`. */
export function kernel(k: i32, a: usize, b: usize, c: usize, ldc: usize): void {
  let c00 = f64x2.splat(0);
  let c01 = c00;
  let c10 = c00;
  let c11 = c00;
  let c20 = c00;
  let c21 = c00;
  let c30 = c00;
  let c31 = c00;
  const end = a + (<usize>k << 5);
  while (a < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load64_splat(a);
    c00 = madd(a0, b0, c00);
    c01 = madd(a0, b1, c01);
    const a1 = v128.load64_splat(a, 8);
    c10 = madd(a1, b0, c10);
    c11 = madd(a1, b1, c11);
    const a2 = v128.load64_splat(a, 16);
    c20 = madd(a2, b0, c20);
    c21 = madd(a2, b1, c21);
    const a3 = v128.load64_splat(a, 24);
    c30 = madd(a3, b0, c30);
    c31 = madd(a3, b1, c31);
    a += 32;
    b += 32;
  }
  v128.store(c, f64x2.add(v128.load(c), c00));
  v128.store(c, f64x2.add(v128.load(c, 16), c01), 16);
  c += ldc;
  v128.store(c, f64x2.add(v128.load(c), c10));
  v128.store(c, f64x2.add(v128.load(c, 16), c11), 16);
  c += ldc;
  v128.store(c, f64x2.add(v128.load(c), c20));
  v128.store(c, f64x2.add(v128.load(c, 16), c21), 16);
  c += ldc;
  v128.store(c, f64x2.add(v128.load(c), c30));
  v128.store(c, f64x2.add(v128.load(c, 16), c31), 16);
}

/** The same for a tile that the matrix ends in: computed whole in `tile` (128 bytes), of which what exists is added. */
export function kernelAtEdge(
  k: i32,
  a: usize,
  b: usize,
  c: usize,
  ldc: usize,
  rows: i32,
  cols: i32,
  tile: usize,
): void {
  memory.fill(tile, 0, 128);
  kernel(k, a, b, tile, 32);
  for (let i = 0; i < rows; i++) {
    for (let j: usize = 0; j < <usize>cols << 3; j += 8) store<f64>(c + j, load<f64>(c + j) + load<f64>(tile + j));
    c += ldc;
    tile += 32;
  }
}

/** `c += a·b` for all tiles of packed panels: `m` rows, `n` columns, `k` steps. `tile` is a workspace of 128 bytes. */
export function multiplyPanels(
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  b: usize,
  c: usize,
  ldc: usize,
  tile: usize,
): void {
  const panel = <usize>k << 5;
  for (let j = 0; j < n; j += TILE) {
    let ai = a;
    let cij = c + (<usize>j << 3);
    for (let i = 0; i < m; i += TILE) {
      if (m - i >= TILE && n - j >= TILE) kernel(k, ai, b, cij, ldc);
      else kernelAtEdge(k, ai, b, cij, ldc, min(TILE, m - i), min(TILE, n - j), tile);
      ai += panel;
      cij += ldc << 2;
    }
    b += panel;
  }
}

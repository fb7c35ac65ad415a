/**
 * Triangular systems by blocks: substitution inside blocks of 32, products for the rest.
 *
 * `T` stands for `L` or its transpose: element (i, j) lies at `t + i·rs + j·cs` (bytes), and `forward` is 1 where T is lower
 * triangular, so that its first row has one unknown.
 */
import { gemm, gemmWork } from './gemm';
import { nmadd } from './madd';

const BLOCK: i32 = 32;
/** Rows of a right-hand side that are transposed at a time for a system on the right. */
const ROWS: i32 = 64;

/** Bytes of workspace that both solvers need. */
export function solveWork(): usize {
  return (<usize>BLOCK * <usize>ROWS << 3) + gemmWork();
}

/** Solves `T·X = B` in place: `x` is n × m, `ldx` bytes from row to row. */
export function solveLeft(
  n: i32,
  m: i32,
  t: usize,
  rs: usize,
  cs: usize,
  forward: i32,
  x: usize,
  ldx: usize,
  work: usize,
): void {
  const blocks = (n + BLOCK - 1) / BLOCK;
  for (let step = 0; step < blocks; step++) {
    const i = (forward ? step : blocks - 1 - step) * BLOCK;
    const size = min(BLOCK, n - i);
    const known = forward ? 0 : i + size;
    const count = forward ? i : n - known;
    const xi = x + <usize>i * ldx;
    const row = t + <usize>i * rs;
    if (count) gemm(size, m, count, -1, row + <usize>known * cs, rs, cs, x + <usize>known * ldx, ldx, 8, xi, ldx, work);
    substitute(size, m, row + <usize>i * cs, rs, cs, forward, xi, ldx);
  }
}

/** Solves `X·T = B` in place: `x` is m × n, `ldx` bytes from row to row. Here `forward` is 1 where T is upper triangular. */
export function solveRight(
  n: i32,
  m: i32,
  t: usize,
  rs: usize,
  cs: usize,
  forward: i32,
  x: usize,
  ldx: usize,
  work: usize,
): void {
  const columns = work;
  work += <usize>BLOCK * <usize>ROWS << 3;
  const blocks = (n + BLOCK - 1) / BLOCK;
  for (let step = 0; step < blocks; step++) {
    const j = (forward ? step : blocks - 1 - step) * BLOCK;
    const size = min(BLOCK, n - j);
    const known = forward ? 0 : j + size;
    const count = forward ? j : n - known;
    const xj = x + (<usize>j << 3);
    const col = t + <usize>j * cs;
    if (count) gemm(m, size, count, -1, x + (<usize>known << 3), ldx, 8, col + <usize>known * rs, rs, cs, xj, ldx, work);
    // X·T = B is Tᵀ·Xᵀ = Bᵀ.
    for (let i = 0; i < m; i += ROWS) {
      const rows = min(ROWS, m - i);
      const xij = xj + <usize>i * ldx;
      transpose(rows, size, xij, ldx, columns, <usize>ROWS << 3);
      substitute(size, rows, col + <usize>j * rs, cs, rs, forward, columns, <usize>ROWS << 3);
      transpose(size, rows, columns, <usize>ROWS << 3, xij, ldx);
    }
  }
}

/** Substitution in one block, whole rows of `x` at a time. */
function substitute(n: i32, m: i32, t: usize, rs: usize, cs: usize, forward: i32, x: usize, ldx: usize): void {
  for (let step = 0; step < n; step++) {
    const i = forward ? step : n - 1 - step;
    const xi = x + <usize>i * ldx;
    const row = t + <usize>i * rs;
    for (let other = 0; other < step; other++) {
      const j = forward ? other : n - 1 - other;
      subtract(m, load<f64>(row + <usize>j * cs), x + <usize>j * ldx, xi);
    }
    divide(m, load<f64>(row + <usize>i * cs), xi);
  }
}

/** `y −= factor · x`. */
function subtract(n: i32, factor: f64, x: usize, y: usize): void {
  const both = f64x2.splat(factor);
  const end = y + (<usize>(n & ~1) << 3);
  for (; y < end; y += 16) {
    v128.store(y, nmadd(both, v128.load(x), v128.load(y)));
    x += 16;
  }
  // By the same instructions, so that an element's bits do not depend on where its vector ends.
  if (n & 1) v128.store64_lane(y, nmadd(both, v128.load64_splat(x), v128.load64_splat(y)), 0);
}

function divide(n: i32, by: f64, x: usize): void {
  const end = x + (<usize>n << 3);
  for (; x < end; x += 8) store<f64>(x, load<f64>(x) / by);
}

/** `to = fromᵀ`, of `rows` × `cols`. */
function transpose(rows: i32, cols: i32, from: usize, ldFrom: usize, to: usize, ldTo: usize): void {
  for (let i = 0; i < rows; i++) {
    const row = from + <usize>i * ldFrom;
    const col = to + (<usize>i << 3);
    for (let j = 0; j < cols; j++) store<f64>(col + <usize>j * ldTo, load<f64>(row + (<usize>j << 3)));
  }
}

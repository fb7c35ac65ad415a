/** Cholesky factors, block column by block column; each block first takes what the columns before it contribute. */
import { gemm } from './gemm';
import { solveRight, solveWork } from './triangular';

/** Columns of a block. */
export const COLUMNS: i32 = 64;

/** Bytes of workspace that each function here needs. */
export function choleskyWork(): usize {
  return solveWork();
}

/** `L` with `a = L·Lᵀ` in place of `a`, zeros above; reads the lower triangle alone. Not 0 where a pivot is not positive. */
export function cholesky(n: i32, a: usize, work: usize): i32 {
  for (let j = 0; j < n; j += COLUMNS) {
    if (choleskyDiagonal(n, j, a, work)) return 1;
    choleskyRows(n, j, min(j + COLUMNS, n), n, a, work);
  }
  return 0;
}

/** Factors the block on the diagonal that begins at `j`, and clears its rows to the right. */
export function choleskyDiagonal(n: i32, j: i32, a: usize, work: usize): i32 {
  const ld = <usize>n << 3;
  const size = min(COLUMNS, n - j);
  const rows = a + <usize>j * ld;
  const block = rows + (<usize>j << 3);
  if (j) gemm(size, size, j, -1, rows, ld, 8, rows, 8, ld, block, ld, work);
  for (let i = 0; i < size; i++) {
    const row = block + <usize>i * ld;
    for (let k = 0; k <= i; k++) {
      const other = block + <usize>k * ld;
      let sum = load<f64>(row + (<usize>k << 3));
      for (let p: usize = 0; p < <usize>k << 3; p += 8) sum -= load<f64>(row + p) * load<f64>(other + p);
      if (k < i) store<f64>(row + (<usize>k << 3), sum / load<f64>(other + (<usize>k << 3)));
      else if (sum > 0) store<f64>(row + (<usize>k << 3), Math.sqrt(sum));
      else return 1;
    }
    memory.fill(row + (<usize>(i + 1) << 3), 0, <usize>(n - j - i - 1) << 3);
  }
  return 0;
}

/** Rows `from … to − 1` below that block, once it is factored. */
export function choleskyRows(n: i32, j: i32, from: i32, to: i32, a: usize, work: usize): void {
  const ld = <usize>n << 3;
  const size = min(COLUMNS, n - j);
  const above = a + <usize>j * ld;
  const rows = a + <usize>from * ld;
  const block = rows + (<usize>j << 3);
  if (j) gemm(to - from, size, j, -1, rows, ld, 8, above, 8, ld, block, ld, work);
  solveRight(size, to - from, above + (<usize>j << 3), 8, ld, 1, block, ld, work);
}

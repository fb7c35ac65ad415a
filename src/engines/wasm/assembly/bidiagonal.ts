/**
 * Blocked Householder bidiagonalisation, `A = Q·B·Pᵀ` with B upper bidiagonal (Golub & Kahan 1965; Dongarra, Sorensen &
 * Hammarling 1989; LAPACK's dgebrd and dlabrd). Half of the arithmetic is two products of the remaining matrix with a vector per
 * column, the other half one update of rank 2b per block.
 */
import { gemm } from './gemm';
import { get, set } from './memory';
import { beta, reflect, stride } from './reflector';
import { combine, project, remove, scaled, transposed } from './vector';

/** Columns reduced between two updates of the matrix. */
const BLOCK: i32 = 32;

/** Bytes that `bidiagonalise` needs for m × n beside those of `gemm`. */
export function bidiagonaliseWork(m: i32, n: i32): usize {
  return 2 * <usize>BLOCK * (stride(m) + stride(n)) + 2048;
}

/** `coefficients[s]` = element `offset` (bytes) of each of `rows` rows. */
function column(rows: i32, x: usize, ld: usize, offset: usize, coefficients: usize): void {
  for (let s = 0; s < rows; s++) set(coefficients, s, load<f64>(x + <usize>s * ld + offset));
}

/**
 * Reduces A (m × n, m ≥ n, rows `lda` bytes apart) to diagonal `d` (n) and superdiagonal `e` (n − 1). The vector of the left
 * reflector i ends up in row i of `left` (n rows of m elements, `ldl` bytes apart) from element i on, that of the right one in
 * row i of A from element i + 1 on; `tauLeft` (n) and `tauRight` (n − 1) hold the factors. Both begin with 1.
 */
export function bidiagonalise(
  m: i32, n: i32, a: usize, lda: usize, left: usize, ldl: usize,
  d: usize, e: usize, tauLeft: usize, tauRight: usize, work: usize,
): void {
  const ldm = stride(m);
  const ldn = stride(n);
  const c = work;
  work += 2048;
  const ux = work;
  const yv = ux + 2 * <usize>BLOCK * ldm;
  work = yv + 2 * <usize>BLOCK * ldn;

  for (let b = 0; b < n; b += BLOCK) {
    // A, as it should be by now, is A − [U; X]ᵀ·[Y; V].
    const size = min(BLOCK, n - b);
    const u = ux;
    const x = ux + <usize>size * ldm;
    const y = yv;
    const v = yv + <usize>size * ldn;
    const here = <usize>b << 3;
    transposed(m - b, size, 1, a + <usize>b * lda + here, lda, left + <usize>b * ldl + here, ldl);
    for (let q = 0; q < size; q++) {
      const i = b + q;
      const at = <usize>i << 3;
      const next = at + 8;
      const tall = m - i;
      const wide = n - i - 1;

      const uRow = left + <usize>i * ldl;
      column(q, y, ldn, at, c);
      remove(q, tall, c, u + at, ldm, uRow + at);
      column(q, v, ldn, at, c);
      remove(q, tall, c, x + at, ldm, uRow + at);
      const tl = reflect(tall, uRow + at, 0);
      set(tauLeft, i, tl);
      set(d, i, beta);
      const uq = u + <usize>q * ldm;
      memory.copy(uq + at, uRow + at, <usize>tall << 3);
      if (wide == 0) break;

      // y = tau · Aᵀu
      const row = a + <usize>i * lda + next;
      const yq = y + <usize>q * ldn + next;
      memory.fill(yq, 0, <usize>wide << 3);
      combine(tall, wide, uq + at, row, lda, yq);
      project(q, tall, u + at, ldm, uq + at, c);
      remove(q, wide, c, y + next, ldn, yq);
      project(q, tall, x + at, ldm, uq + at, c);
      remove(q, wide, c, v + next, ldn, yq);
      scaled(wide, tl, yq, yq);

      column(q + 1, u, ldm, at, c);
      remove(q + 1, wide, c, y + next, ldn, row);
      column(q, x, ldm, at, c);
      remove(q, wide, c, v + next, ldn, row);
      const tr = reflect(wide, row, 0);
      set(tauRight, i, tr);
      set(e, i, beta);
      const vq = v + <usize>q * ldn + next;
      memory.copy(vq, row, <usize>wide << 3);

      // x = tau · A·v
      const xq = x + <usize>q * ldm + next;
      project(tall - 1, wide, row + lda, lda, vq, xq);
      project(q + 1, wide, y + next, ldn, vq, c);
      remove(q + 1, tall - 1, c, u + next, ldm, xq);
      project(q, wide, v + next, ldn, vq, c);
      remove(q, tall - 1, c, x + next, ldm, xq);
      scaled(tall - 1, tr, xq, xq);
    }
    const past = b + size;
    if (past < n) {
      const offset = <usize>past << 3;
      const rest = a + <usize>past * lda + offset;
      gemm(m - past, n - past, 2 * size, -1, ux + offset, 8, ldm, yv + offset, ldn, 8, rest, lda, work);
    }
  }
}

/**
 * Thin Householder QR, blocked (Schreiber & Van Loan 1989) with recursive panels (Elmroth & Gustavson 2000). The matrix is
 * transposed first: its columns are then contiguous, and so are the vectors of the reflectors.
 */
import { gemmWork } from './gemm';
import { bytes, get, set } from './memory';
import { applyBlock, beta, blockFactor, reflect, stride } from './reflector';
import { axpy, largest, project, scaleFor, transposed } from './vector';

/** Columns factored before the rest is updated. */
const BLOCK: i32 = 48;

/** Columns of a panel that are taken one by one. */
const NARROW: i32 = 8;

/** Bytes that `factorColumns` and `applyColumns` need for m × n. */
export function factorWork(n: i32): usize {
  return <usize>BLOCK * <usize>BLOCK * 16 + <usize>(n + BLOCK) * <usize>BLOCK * 16 + gemmWork() + 64;
}

/** Bytes of workspace for `qr` of m × n. */
export function qrWork(m: i32, n: i32): usize {
  return 2 * <usize>n * stride(m) + 2 * bytes(n) + factorWork(n) + 64;
}

/**
 * Factors the n columns of length m that lie in rows of x (`ld` bytes apart). Row j becomes v of reflector j, zeros before its
 * one at j; `tau[j]` its factor. R goes to `r` (n × n, zeros below the diagonal, `ldr` bytes a row), times `scale`.
 */
export function factorColumns(
  m: i32, n: i32, x: usize, ld: usize, tau: usize, r: usize, ldr: usize, scale: f64, work: usize,
): void {
  const t = work;
  work += <usize>BLOCK * <usize>BLOCK * 8;
  memory.fill(r, 0, <usize>n * ldr);
  for (let b = 0; b < n; b += BLOCK) {
    const size = min(BLOCK, n - b);
    factorPanel(m, b, size, x, ld, tau, r, ldr, t, work);
    if (b + size < n) applyPanel(m, b, size, n - b - size, x, ld, tau, t, work);
  }
  for (let j = 0; j < n; j++) {
    const row = x + <usize>j * ld;
    for (let i = 0; i < j; i++) store<f64>(r + <usize>i * ldr + (<usize>j << 3), scale * get(row, i));
    memory.fill(row, 0, <usize>j << 3);
    const diagonal = r + <usize>j * ldr + (<usize>j << 3);
    store<f64>(diagonal, scale * load<f64>(diagonal));
  }
}

/** Columns b…b+size by halves: the first half is applied to the second as a block. The diagonal of R goes to its place. */
function factorPanel(
  m: i32, b: i32, size: i32, x: usize, ld: usize, tau: usize, r: usize, ldr: usize, t: usize, work: usize,
): void {
  if (size > NARROW) {
    const half = ((size >> 1) + 3) & ~3;
    factorPanel(m, b, half, x, ld, tau, r, ldr, t, work);
    applyPanel(m, b, half, size - half, x, ld, tau, t, work);
    factorPanel(m, b + half, size - half, x, ld, tau, r, ldr, t, work);
    return;
  }
  for (let j = b; j < b + size; j++) {
    const v = x + <usize>j * ld + (<usize>j << 3);
    const factor = reflect(m - j, v, 0);
    set(tau, j, factor);
    set(r + <usize>j * ldr, j, beta);
    const rest = b + size - 1 - j;
    project(rest, m - j, v + ld, ld, v, work);
    for (let i = 0; i < rest; i++) axpy(m - j, -factor * get(work, i), v, v + <usize>(i + 1) * ld);
  }
}

/**
 * Applies reflectors b…b+size to the `count` rows that follow them. What R has left of the reflectors' vectors inside the block
 * is put aside while they are used.
 */
function applyPanel(
  m: i32, b: i32, size: i32, count: i32, x: usize, ld: usize, tau: usize, t: usize, work: usize,
): void {
  const v = x + <usize>b * ld + (<usize>b << 3);
  const row = <usize>size << 3;
  const aside = work;
  work += <usize>size * row;
  for (let q = 0; q < size; q++) {
    memory.copy(aside + <usize>q * row, v + <usize>q * ld, <usize>q << 3);
    memory.fill(v + <usize>q * ld, 0, <usize>q << 3);
  }
  blockFactor(size, m - b, v, ld, tau + (<usize>b << 3), t, work);
  // Row i of x becomes (H…H x)ᵀ: the reflectors are symmetric and the first one acts first.
  applyBlock(count, m - b, v + <usize>size * ld, ld, size, v, ld, t, false, work);
  for (let q = 0; q < size; q++) memory.copy(v + <usize>q * ld, aside + <usize>q * row, <usize>q << 3);
}

/**
 * `count` rows of z (m elements) times H₍ₙ₋₁₎…H₀, the reflectors of `factorColumns`. Where z is the identity, its first rows are
 * known to stay as they are until their own reflectors act.
 */
export function applyColumns(
  m: i32, n: i32, x: usize, ld: usize, tau: usize, count: i32, z: usize, ldz: usize, identity: bool, work: usize,
): void {
  const t = work;
  work += <usize>BLOCK * <usize>BLOCK * 8;
  for (let b = ((n - 1) / BLOCK) * BLOCK; b >= 0; b -= BLOCK) {
    const size = min(BLOCK, n - b);
    const v = x + <usize>b * ld + (<usize>b << 3);
    const first = identity ? b : 0;
    const corner = z + <usize>first * ldz + (<usize>b << 3);
    blockFactor(size, m - b, v, ld, tau + (<usize>b << 3), t, work);
    applyBlock(count - first, m - b, corner, ldz, size, v, ld, t, true, work);
  }
}

/**
 * `a = q·r` for a of m × n, m ≥ n ≥ 1: orthonormal q (m × n), upper triangular r (n × n), also where columns depend on one
 * another. Returns 0, or 2 where a is not finite. `work`: `qrWork(m, n)` bytes.
 */
export function qr(m: i32, n: i32, a: usize, q: usize, r: usize, work: usize): i32 {
  const ld = stride(m);
  const x = (work + 63) & ~63;
  const z = x + <usize>n * ld;
  const tau = z + <usize>n * ld;
  const rest = tau + 2 * bytes(n);
  const scale = scaleFor(largest(m * n, a));
  if (scale == 0) return 2;
  transposed(m, n, scale, a, <usize>n << 3, x, ld);
  factorColumns(m, n, x, ld, tau, r, <usize>n << 3, 1 / scale, rest);
  for (let j = 0; j < n; j++) {
    const row = z + <usize>j * ld;
    memory.fill(row, 0, <usize>m << 3);
    set(row, j, 1);
  }
  applyColumns(m, n, x, ld, tau, n, z, ld, true, rest);
  transposed(n, m, 1, z, ld, q, <usize>n << 3);
  return 0;
}

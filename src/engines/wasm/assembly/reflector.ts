/**
 * Householder reflectors `H = I − tau·v·vᵀ` and their blocks in compact WY form, `H₀H₁…H₍ₖ₋₁₎ = I − Vᵀ·T·V` with the
 * vectors in the rows of V and T upper triangular (Schreiber & Van Loan 1989).
 */
import { gemm } from './gemm';
import { get, set } from './memory';
import { dot, scaled } from './vector';

/** Vectors whose squares sum to less are taken as zero: their squares lose digits to underflow. */
const NEGLIGIBLE: f64 = 1e-280;

/** Bytes a row of n elements: an odd number of cache lines, so that rows do not compete for the same places of a cache. */
export function stride(n: i32): usize {
  return (((<usize>n + 7) >> 3) | 1) << 6;
}

/** What the last `reflect` sends its vector to: `H·x = beta · e`. */
export let beta: f64 = 0;

/** Sum of squares, by halves: rounding must not add up in one direction, or many reflectors are not orthogonal together. */
function squares(n: i32, x: usize): f64 {
  if (n <= 64) return dot(n, x, x);
  const half = (n >> 1) & ~3;
  return squares(half, x) + squares(n - half, x + (<usize>half << 3));
}

/**
 * The reflector that sends x to a multiple of its element at `pivot`, the first or the last of the n. Overwrites x by v
 * with `v[pivot] = 1`, leaves the multiple in `beta` and returns tau (zero: x is such a multiple already).
 */
export function reflect(n: i32, x: usize, pivot: i32): f64 {
  const alpha = get(x, pivot);
  const rest = pivot == 0 ? x + 8 : x;
  const sum = squares(n - 1, rest);
  if (!(sum > NEGLIGIBLE)) {
    memory.fill(x, 0, <usize>n << 3);
    set(x, pivot, 1);
    beta = alpha;
    return 0;
  }
  const norm = Math.sqrt(alpha * alpha + sum);
  beta = alpha > 0 ? -norm : norm;
  scaled(n - 1, 1 / (alpha - beta), rest, rest);
  set(x, pivot, 1);
  return (beta - alpha) / beta;
}

/**
 * The k × k factor T of a block of reflectors (rows of v, `len` elements, `ldv` bytes apart), k·8 bytes a row.
 * `work`: 8·k² bytes beside that of `gemm`.
 */
export function blockFactor(k: i32, len: i32, v: usize, ldv: usize, tau: usize, t: usize, work: usize): void {
  const gram = work;
  const row = <usize>k << 3;
  memory.fill(gram, 0, <usize>k * row);
  memory.fill(t, 0, <usize>k * row);
  gemm(k, k, len, 1, v, ldv, 8, v, 8, ldv, gram, row, work + <usize>k * row);
  for (let j = 0; j < k; j++) {
    const tauJ = get(tau, j);
    for (let i = 0; i < j; i++) {
      const ti = t + <usize>i * row;
      let sum: f64 = 0;
      for (let q = i; q < j; q++) sum += get(ti, q) * get(gram + <usize>q * row, j);
      set(ti, j, -tauJ * sum);
    }
    set(t + <usize>j * row, j, tauJ);
  }
}

/**
 * Rows of z times a block of reflectors: `z −= z·Vᵀ·T·V`, or with Tᵀ for the product in the opposite order.
 * `work`: 16·rows·k bytes beside that of `gemm`.
 */
export function applyBlock(
  rows: i32, len: i32, z: usize, ldz: usize,
  k: i32, v: usize, ldv: usize, t: usize, transpose: bool, work: usize,
): void {
  const row = <usize>k << 3;
  const size = <usize>rows * row;
  const w = work;
  const wt = work + size;
  work += 2 * size;
  memory.fill(w, 0, 2 * size);
  gemm(rows, k, len, 1, z, ldz, 8, v, 8, ldv, w, row, work);
  gemm(rows, k, k, 1, w, row, 8, t, transpose ? 8 : row, transpose ? row : 8, wt, row, work);
  gemm(rows, len, k, -1, wt, row, 8, v, ldv, 8, z, ldz, work);
}

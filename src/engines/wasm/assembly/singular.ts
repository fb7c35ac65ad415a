/**
 * Singular values of an upper bidiagonal matrix by implicitly shifted QR sweeps from the top (Golub & Kahan 1965; Demmel & Kahan
 * 1990), with vectors for the leaves of divide and conquer. As in `ql.ts`, elements are dropped when small beside the norm.
 */
import { get, set } from './memory';
import { rotate } from './vector';

/** Relative to the norm: rotations leave more than half of this behind, so that less is not reached for clustered values. */
export const DROPPED: f64 = 4.440892098500626e-16;

/** Squares of less are lost, and so is its effect on a matrix that is scaled. */
const VANISHED: f64 = 1e-140;

/** Sweeps before a singular value is given up; two are usual. */
const LIMIT: i32 = 80;

/** The last rotation: `c·f + s·g = r`, `c·g − s·f = 0`. */
export let c: f64 = 1;
export let s: f64 = 0;

export function rotation(f: f64, g: f64): f64 {
  if (Math.abs(g) < VANISHED) {
    c = 1;
    s = 0;
    return f;
  }
  const r = Math.sqrt(f * f + g * g);
  const inverse = 1 / r;
  c = f * inverse;
  s = g * inverse;
  return r;
}

/** Largest |d| + |e| of a row; bounds the norm within a factor of two. */
export function bidiagonalNorm(n: i32, d: usize, e: usize): f64 {
  let most: f64 = 0;
  for (let i = 0; i < n; i++) most = Math.max(most, Math.abs(get(d, i)) + (i < n - 1 ? Math.abs(get(e, i)) : 0));
  return most;
}

/** The smaller singular value of the trailing [f g; 0 h], to shift by. */
function smallest(f: f64, g: f64, h: f64): f64 {
  f = Math.abs(f);
  g = Math.abs(g);
  h = Math.abs(h);
  const low = Math.min(f, h);
  const high = Math.max(f, h);
  if (low == 0) return 0;
  // Half the sum and difference of √((f+h)² + g²) and √((f−h)² + g²); their product with the larger value is f·h.
  const larger = 0.5 * (Math.sqrt((high + low) * (high + low) + g * g) + Math.sqrt((high - low) * (high - low) + g * g));
  return low * (high / larger);
}

/**
 * Singular values of the n × n upper bidiagonal matrix of diagonal `d` and superdiagonal `e` (n − 1), in `d`, in no order and not
 * negative. Where `vectors` is set, rows of u (n of `nu` elements) and v (n of `nv`) turn with them: if they hold the identity, they
 * become the singular vectors. Elements up to `tolerance` are dropped. Returns 1 where it does not converge.
 */
export function bidiagonalQr(
  n: i32, d: usize, e: usize, tolerance: f64,
  vectors: bool, nu: i32, u: usize, ldu: usize, nv: i32, v: usize, ldv: usize,
): i32 {
  let m = n - 1;
  let sweeps = 0;
  while (m > 0) {
    let l = m;
    let singular = Math.abs(get(d, m)) <= tolerance;
    while (l > 0 && Math.abs(get(e, l - 1)) > tolerance) {
      l--;
      if (Math.abs(get(d, l)) <= tolerance) singular = true;
    }
    if (l > 0) set(e, l - 1, 0);
    if (l == m) {
      m--;
      sweeps = 0;
      continue;
    }
    if (sweeps++ == LIMIT + n) return 1;

    // A zero on the diagonal: an unshifted sweep carries it to the end and uncouples it there.
    const dl = get(d, l);
    let shift: f64 = 0;
    if (!singular) shift = smallest(get(d, m - 1), get(e, m - 1), get(d, m));
    let f = shift == 0 ? dl : (Math.abs(dl) - shift) * ((dl < 0 ? -1.0 : 1.0) + shift / dl);
    let g = get(e, l);
    for (let i = l; i < m; i++) {
      let r = rotation(f, g);
      if (vectors) rotate(nv, c, s, v + <usize>i * ldv, v + <usize>(i + 1) * ldv);
      if (i > l) set(e, i - 1, r);
      const di = get(d, i);
      const ei = get(e, i);
      const after = get(d, i + 1);
      f = c * di + s * ei;
      const coupling = c * ei - s * di;
      g = s * after;
      const lower = c * after;
      r = rotation(f, g);
      if (vectors) rotate(nu, c, s, u + <usize>i * ldu, u + <usize>(i + 1) * ldu);
      set(d, i, r);
      f = c * coupling + s * lower;
      set(d, i + 1, c * lower - s * coupling);
      if (i < m - 1) {
        const further = get(e, i + 1);
        g = s * further;
        set(e, i + 1, c * further);
      }
    }
    set(e, m - 1, f);
  }
  for (let i = 0; i < n; i++) {
    if (get(d, i) >= 0) continue;
    set(d, i, -get(d, i));
    if (vectors) for (let k = 0; k < nv; k++) set(v + <usize>i * ldv, k, -get(v + <usize>i * ldv, k));
  }
  return 0;
}

/** Singular values alone, in `d` in no order; destroys `e`. Returns 1 where it does not converge. */
export function bidiagonalValues(n: i32, d: usize, e: usize): i32 {
  const tolerance = DROPPED * bidiagonalNorm(n, d, e);
  return bidiagonalQr(n, d, e, tolerance, false, 0, 0, 0, 0, 0, 0);
}

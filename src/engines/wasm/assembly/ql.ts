/**
 * Implicit QL iterations for a symmetric tridiagonal matrix: root-free for eigenvalues alone, with rotated vectors for the
 * leaves of divide and conquer. An off-diagonal element is dropped when it is small beside the norm of the matrix; a test
 * relative to its neighbours stalls on graded matrices and buys no accuracy after a Householder reduction.
 */
import { get, set } from './memory';
import { rotate } from './vector';

/** Unit roundoff. */
const ROUNDOFF: f64 = 1.1102230246251565e-16;

/** Iterations before an eigenvalue is given up; two or three are usual. */
const LIMIT: i32 = 80;

/** Below this a cosine is as good as zero. */
const TINY: f64 = 1e-200;

/** Largest row sum of absolute values, at most. */
export function tridiagonalNorm(n: i32, d: usize, e: usize): f64 {
  let most: f64 = 0;
  let before: f64 = 0;
  for (let i = 0; i < n; i++) {
    const after = i < n - 1 ? Math.abs(get(e, i)) : 0;
    most = Math.max(most, Math.abs(get(d, i)) + before + after);
    before = after;
  }
  return most;
}

/**
 * Eigenvalues, in `d` in no order; destroys `e` (n − 1). The rational QL variant of Pal, Walker & Kahan (Parlett, The
 * Symmetric Eigenvalue Problem, §8.15; LAPACK's dsterf). Returns 1 where it does not converge.
 */
export function tridiagonalValues(n: i32, d: usize, e: usize): i32 {
  const tolerance = ROUNDOFF * tridiagonalNorm(n, d, e);
  const negligible = tolerance * tolerance;
  for (let i = 0; i < n - 1; i++) set(e, i, get(e, i) * get(e, i));
  for (let l = 0; l < n - 1; l++) {
    for (let iteration = 0; ; iteration++) {
      let m = l;
      while (m < n - 1 && get(e, m) > negligible) m++;
      if (m == l) break;
      if (iteration == LIMIT) return 1;
      const corner = get(d, l);
      const root = Math.sqrt(get(e, l));
      const ratio = (get(d, l + 1) - corner) / (2 * root);
      const radius = Math.sqrt(ratio * ratio + 1);
      const sigma = corner - root / (ratio + (ratio < 0 ? -radius : radius));
      let c: f64 = 1;
      let s: f64 = 0;
      let gamma = get(d, m) - sigma;
      let p = gamma * gamma;
      for (let i = m - 1; i >= l; i--) {
        const square = get(e, i);
        const r = p + square;
        if (i != m - 1) set(e, i + 1, s * r);
        const oldC = c;
        const inverse = 1 / r;
        // Beside the other quotient, not after it: the loop waits for little else.
        const inverseC = r / p;
        c = p * inverse;
        s = square * inverse;
        const oldGamma = gamma;
        const alpha = get(d, i);
        gamma = c * (alpha - sigma) - s * oldGamma;
        set(d, i + 1, oldGamma + (alpha - gamma));
        p = c > TINY ? gamma * gamma * inverseC : oldC * square;
      }
      set(e, l, s * p);
      set(d, l, sigma + gamma);
    }
  }
  return 0;
}

/**
 * Eigenvalues in `d`, ascending, and eigenvectors in the rows of z (n elements, `ldz` bytes apart), which hold the identity,
 * or what the vectors shall be multiplied by. Destroys `e` (n − 1). Implicit QL with Wilkinson's shift (Bowdler, Martin,
 * Reinsch & Wilkinson 1968); elements up to `tolerance` are dropped. Returns 1 where it does not converge.
 */
export function tridiagonalVectors(n: i32, d: usize, e: usize, tolerance: f64, z: usize, ldz: usize): i32 {
  for (let l = 0; l < n - 1; l++) {
    for (let iteration = 0; ; iteration++) {
      let m = l;
      while (m < n - 1 && Math.abs(get(e, m)) > tolerance) m++;
      if (m == l) break;
      if (iteration == LIMIT) return 1;
      const ratio = (get(d, l + 1) - get(d, l)) / (2 * get(e, l));
      const radius = Math.sqrt(ratio * ratio + 1);
      let g = get(d, m) - get(d, l) + get(e, l) / (ratio + (ratio < 0 ? -radius : radius));
      let s: f64 = 1;
      let c: f64 = 1;
      let p: f64 = 0;
      let i = m - 1;
      for (; i >= l; i--) {
        const f = s * get(e, i);
        const b = c * get(e, i);
        const r = Math.sqrt(f * f + g * g);
        if (i + 1 < m) set(e, i + 1, r);
        if (r == 0) {
          // A split in the middle: what was rotated so far is a similarity, start again.
          set(d, i + 1, get(d, i + 1) - p);
          break;
        }
        s = f / r;
        c = g / r;
        g = get(d, i + 1) - p;
        const t = (get(d, i) - g) * s + 2 * c * b;
        p = s * t;
        set(d, i + 1, g + p);
        g = c * t - b;
        rotate(n, c, s, z + <usize>(i + 1) * ldz, z + <usize>i * ldz);
      }
      if (m < n - 1) set(e, m, 0);
      if (i >= l) continue;
      set(d, l, get(d, l) - p);
      set(e, l, g);
    }
  }
  sortRows(n, d, z, ldz);
  return 0;
}

/** Ascending, by selection: the rows are short and few. */
function sortRows(n: i32, d: usize, z: usize, ldz: usize): void {
  for (let i = 0; i < n - 1; i++) {
    let least = i;
    for (let j = i + 1; j < n; j++) if (get(d, j) < get(d, least)) least = j;
    if (least == i) continue;
    const value = get(d, i);
    set(d, i, get(d, least));
    set(d, least, value);
    // A quarter turn exchanges the rows, up to a sign.
    rotate(n, 0, 1, z + <usize>i * ldz, z + <usize>least * ldz);
  }
}

/**
 * Singular value decomposition of a bidiagonal matrix by the implicit zero-shift QR iteration, with the sign of every
 * vector as LAPACK leaves it.
 *
 * @remarks After J. Demmel and W. Kahan, "Accurate singular values of bidiagonal matrices", SIAM J. Sci. Stat. Comput.
 * 11(5), 1990, and LAPACK's `dbdsqr`, `dlasdq`, `dlartg` (the form of LAPACK 3.10 and later), `dlasv2` and `dlas2`
 * (modified BSD licence, University of Tennessee and others). Which rotations are made decides the signs, so every
 * choice (tolerance, shift, direction of the sweep, order of the sorts) is LAPACK's.
 *
 * @module
 */
import { NumericalError } from '../errors.js';

/** LAPACK's `dlamch('E')`: half the distance from 1 to the next float64. */
const EPSILON = Number.EPSILON / 2;
const SAFE_MIN = 2 ** -1022;
const SAFE_MAX = 2 ** 1022;
const ROOT_MIN = 2 ** -511;
const ROOT_MAX = Math.sqrt(SAFE_MAX / 2);
/** Relative accuracy asked of the singular values: an eighth of the digits is given up for speed. */
const TOLERANCE = Math.max(10, Math.min(100, EPSILON ** -0.125)) * EPSILON;
/** The iteration gives up after this many times `n²` rotations. */
const MAX_SWEEPS = 6;

/** The vectors of one side, one per row, so that rotations and swaps run along contiguous memory. */
export type Vectors = Float64Array[];

/** A rotation with `c·f + s·g = r` and `c·g − s·f = 0`. */
interface Rotation {
  readonly c: number;
  readonly s: number;
  readonly r: number;
}

/** Fortran's `SIGN(magnitude, of)`, which tells −0 from +0. */
export function withSign(magnitude: number, of: number): number {
  return of < 0 || Object.is(of, -0) ? -Math.abs(magnitude) : Math.abs(magnitude);
}

/** Plane rotation that takes `(f, g)` to `(r, 0)`; `r` has the sign of `f`, so the cosine is never negative. */
function planeRotation(f: number, g: number): Rotation {
  if (g === 0) return { c: 1, s: 0, r: f };
  const absF = Math.abs(f);
  const absG = Math.abs(g);
  if (f === 0) return { c: 0, s: Math.sign(g), r: absG };
  // Scale only where a square could overflow or underflow.
  const plain = absF > ROOT_MIN && absF < ROOT_MAX && absG > ROOT_MIN && absG < ROOT_MAX;
  const unit = plain ? 1 : Math.min(SAFE_MAX, Math.max(SAFE_MIN, absF, absG));
  const fs = f / unit;
  const gs = g / unit;
  const norm = Math.sqrt(fs * fs + gs * gs);
  const r = withSign(norm, f);
  return { c: Math.abs(fs) / norm, s: gs / r, r: r * unit };
}

/** Rotates vectors `i` and `j` in their common plane. */
function rotate(vectors: Vectors, i: number, j: number, c: number, s: number): void {
  const x = vectors[i];
  const y = vectors[j];
  for (let t = 0; t < x.length; t++) {
    const xt = x[t];
    const yt = y[t];
    x[t] = c * xt + s * yt;
    y[t] = c * yt - s * xt;
  }
}

/** Smaller singular value of the triangle `[f g; 0 h]`: the shift. */
function smallerSingularValue(f: number, g: number, h: number): number {
  const absG = Math.abs(g);
  const min = Math.min(Math.abs(f), Math.abs(h));
  const max = Math.max(Math.abs(f), Math.abs(h));
  if (min === 0) return 0;
  const sum = 1 + min / max;
  const difference = (max - min) / max;
  if (absG < max) {
    const ratio = (absG / max) ** 2;
    return min * (2 / (Math.sqrt(sum * sum + ratio) + Math.sqrt(difference * difference + ratio)));
  }
  const ratio = max / absG;
  if (ratio === 0) return (min * max) / absG;
  return 2 * ((min / (Math.sqrt(1 + (sum * ratio) ** 2) + Math.sqrt(1 + (difference * ratio) ** 2))) * ratio);
}

/** Full decomposition of the triangle `[f g; 0 h]`; `max` and `min` are signed. */
function triangleSvd(f: number, g: number, h: number) {
  const swap = Math.abs(h) > Math.abs(f);
  const [ft, ht] = swap ? [h, f] : [f, h];
  const fa = Math.abs(ft);
  const ha = Math.abs(ht);
  const ga = Math.abs(g);
  let min = ha;
  let max = fa;
  let [cl, sl, cr, sr] = [1, 0, 1, 0];
  if (ga !== 0 && fa / ga < EPSILON) {
    max = ga;
    min = ha > 1 ? fa / (ga / ha) : (fa / ga) * ha;
    [cl, sl, cr, sr] = [1, ht / g, ft / g, 1];
  } else if (ga !== 0) {
    const difference = fa - ha;
    const l = difference === fa ? 1 : difference / fa;
    const m = g / ft;
    const mm = m * m;
    const t = 2 - l;
    const s = Math.sqrt(t * t + mm);
    const r = l === 0 ? Math.abs(m) : Math.sqrt(l * l + mm);
    const a = 0.5 * (s + r);
    min = ha / a;
    max = fa * a;
    let tangent: number;
    if (mm !== 0) tangent = (m / (s + t) + m / (r + l)) * (1 + a);
    else if (l === 0) tangent = withSign(2, ft) * withSign(1, g);
    else tangent = g / withSign(difference, ft) + m / t;
    const length = Math.sqrt(tangent * tangent + 4);
    cr = 2 / length;
    sr = tangent / length;
    cl = (cr + sr * m) / a;
    sl = ((ht / ft) * sr) / a;
  }
  if (swap) [cl, sl, cr, sr] = [sr, cr, sl, cl];
  // The sign of the larger value follows from the largest entry of the triangle.
  let sign: number;
  if (ga > fa) sign = withSign(1, sr) * withSign(1, cl) * withSign(1, g);
  else if (swap) sign = withSign(1, sr) * withSign(1, sl) * withSign(1, h);
  else sign = withSign(1, cr) * withSign(1, cl) * withSign(1, f);
  return {
    max: withSign(max, sign),
    min: withSign(min, sign * withSign(1, f) * withSign(1, h)),
    cl,
    sl,
    cr,
    sr,
  };
}

/**
 * One QR sweep over the block between `from` and `to`. An upward sweep is a downward one of the transposed, reversed
 * block; so `near` is the side of the first rotation: right going down, left going up.
 */
function sweep(
  d: Float64Array,
  e: Float64Array,
  from: number,
  to: number,
  shift: number,
  near: Vectors,
  far: Vectors,
): void {
  const step = from < to ? 1 : -1;
  /** Index in `e` of the entry that couples `i` to `i + step`. */
  const link = (i: number): number => (step > 0 ? i : i - 1);
  if (shift === 0) {
    // Demmel and Kahan's zero shift: no subtraction, hence no loss of relative accuracy.
    let first: Rotation = { c: 1, s: 0, r: 0 };
    let second: Rotation = first;
    for (let i = from; i !== to; i += step) {
      first = planeRotation(d[i] * first.c, e[link(i)]);
      if (i !== from) e[link(i - step)] = second.s * first.r;
      second = planeRotation(second.c * first.r, d[i + step] * first.s);
      d[i] = second.r;
      rotate(near, i, i + step, first.c, first.s);
      rotate(far, i, i + step, second.c, second.s);
    }
    const h = d[to] * first.c;
    d[to] = h * second.c;
    e[link(to - step)] = h * second.s;
    return;
  }
  let f = (Math.abs(d[from]) - shift) * (withSign(1, d[from]) + shift / d[from]);
  let g = e[link(from)];
  for (let i = from; i !== to; i += step) {
    const next = i + step;
    const first = planeRotation(f, g);
    if (i !== from) e[link(i - step)] = first.r;
    f = first.c * d[i] + first.s * e[link(i)];
    const coupling = first.c * e[link(i)] - first.s * d[i];
    const diagonal = first.c * d[next];
    const second = planeRotation(f, first.s * d[next]);
    d[i] = second.r;
    f = second.c * coupling + second.s * diagonal;
    d[next] = second.c * diagonal - second.s * coupling;
    if (next !== to) {
      g = second.s * e[link(next)];
      e[link(next)] = second.c * e[link(next)];
    }
    rotate(near, i, next, first.c, first.s);
    rotate(far, i, next, second.c, second.s);
  }
  e[link(to - step)] = f;
}

/** Below this an off-diagonal entry is zero whatever its neighbours. */
function splitThreshold(d: Float64Array, e: Float64Array): number {
  const n = d.length;
  let mu = Math.abs(d[0]);
  let smallest = mu;
  for (let i = 1; i < n && smallest !== 0; i++) {
    mu = Math.abs(d[i]) * (mu / (mu + Math.abs(e[i - 1])));
    smallest = Math.min(smallest, mu);
  }
  return Math.max(TOLERANCE * (smallest / Math.sqrt(n)), MAX_SWEEPS * (n * (n * SAFE_MIN)));
}

/** Reduces the upper bidiagonal matrix to a diagonal one, whose entries may be negative and in any order. */
function iterate(d: Float64Array, e: Float64Array, left: Vectors, right: Vectors): void {
  const n = d.length;
  const threshold = splitThreshold(d, e);
  let rotations = 0;
  let down = true;
  let oldTop = -1;
  let oldBottom = -1;
  let bottom = n - 1;
  while (bottom > 0) {
    if (rotations > MAX_SWEEPS * n * n) {
      throw new NumericalError(
        `the singular value iteration did not converge in ${MAX_SWEEPS} n² rotations (n = ${n}); ` +
          'scale the matrix, or use the singular value decomposition of an engine',
      );
    }
    // Find the block that ends at `bottom`.
    let max = Math.abs(d[bottom]);
    let top = bottom;
    while (top > 0 && !(Math.abs(e[top - 1]) <= threshold)) {
      top--;
      max = Math.max(max, Math.abs(d[top]), Math.abs(e[top]));
    }
    if (top > 0) e[top - 1] = 0;
    if (top === bottom) {
      bottom--;
      continue;
    }
    if (top === bottom - 1) {
      const pair = triangleSvd(d[top], e[top], d[bottom]);
      d[top] = pair.max;
      e[top] = 0;
      d[bottom] = pair.min;
      rotate(right, top, bottom, pair.cr, pair.sr);
      rotate(left, top, bottom, pair.cl, pair.sl);
      bottom -= 2;
      continue;
    }
    // In a new block, sweep from the large end to the small one.
    if (top > oldBottom || bottom < oldTop) down = Math.abs(d[top]) >= Math.abs(d[bottom]);
    const [from, to, step] = down ? [top, bottom, 1] : [bottom, top, -1];
    const link = (i: number): number => (down ? i : i - 1);
    const lastLink = link(to - step);
    if (Math.abs(e[lastLink]) <= TOLERANCE * Math.abs(d[to])) {
      e[lastLink] = 0;
      continue;
    }
    let mu = Math.abs(d[from]);
    let min = mu;
    let split = false;
    for (let i = from; i !== to && !split; i += step) {
      const coupling = Math.abs(e[link(i)]);
      split = coupling <= TOLERANCE * mu;
      if (split) e[link(i)] = 0;
      mu = Math.abs(d[i + step]) * (mu / (mu + coupling));
      min = Math.min(min, mu);
    }
    if (split) continue;
    oldTop = top;
    oldBottom = bottom;
    let shift = 0;
    if (n * TOLERANCE * (min / max) > Math.max(EPSILON, 0.01 * TOLERANCE)) {
      shift = smallerSingularValue(d[to - step], e[lastLink], d[to]);
      const head = Math.abs(d[from]);
      if (head > 0 && (shift / head) ** 2 < EPSILON) shift = 0;
    }
    rotations += bottom - top;
    sweep(d, e, from, to, shift, down ? right : left, down ? left : right);
    if (Math.abs(e[lastLink]) <= threshold) e[lastLink] = 0;
  }
}

/** Sorts in decreasing order; equal values end in the order in which LAPACK's three sorts leave them. */
function sort(d: Float64Array, left: Vectors, right: Vectors): void {
  const n = d.length;
  const swap = (i: number, j: number): void => {
    [d[i], d[j]] = [d[j], d[i]];
    [left[i], left[j]] = [left[j], left[i]];
    [right[i], right[j]] = [right[j], right[i]];
  };
  // dbdsqr: the smallest to the end.
  for (let end = n - 1; end > 0; end--) {
    let least = 0;
    for (let j = 1; j <= end; j++) if (d[j] <= d[least]) least = j;
    if (least !== end) swap(least, end);
  }
  // dlasdq sorts in increasing order, dbdsdc back: of effect on equal values only.
  for (const before of [(x: number, y: number) => x < y, (x: number, y: number) => x > y]) {
    for (let start = 0; start < n - 1; start++) {
      let pick = start;
      for (let j = start + 1; j < n; j++) if (before(d[j], d[pick])) pick = j;
      if (pick !== start) swap(pick, start);
    }
  }
}

/**
 * Turns a lower bidiagonal matrix into an upper one, in place, by rotations from the left.
 *
 * @param d - diagonal.
 * @param e - subdiagonal, on return the superdiagonal.
 * @param left - left vectors, rotated along.
 */
export function lowerToUpper(d: Float64Array, e: Float64Array, left: Vectors): void {
  for (let i = 0; i < d.length - 1; i++) {
    const { c, s, r } = planeRotation(d[i], e[i]);
    d[i] = r;
    e[i] = s * d[i + 1];
    d[i + 1] = c * d[i + 1];
    rotate(left, i, i + 1, c, s);
  }
}

/**
 * Decomposes an upper bidiagonal matrix, in place: `B = Q · diag(s) · Pᵀ`.
 *
 * @param d - diagonal; on return the singular values, largest first.
 * @param e - superdiagonal; zero on return.
 * @param left - one vector per row, on return `Qᵀ · left`.
 * @param right - one vector per row, on return `Pᵀ · right`.
 * @throws NumericalError if the iteration does not converge.
 */
export function diagonalize(d: Float64Array, e: Float64Array, left: Vectors, right: Vectors): void {
  if (d.length === 1) {
    // LAPACK's dbdsdc gives the sign of a single value to the left vector, of several to the right ones.
    if (withSign(1, d[0]) < 0) for (const [i, x] of left[0].entries()) left[0][i] = -x;
    d[0] = Math.abs(d[0]);
    return;
  }
  iterate(d, e, left, right);
  for (let i = 0; i < d.length; i++) {
    if (d[i] < 0) for (const [j, x] of right[i].entries()) right[i][j] = -x;
    d[i] = Math.abs(d[i]);
  }
  sort(d, left, right);
}

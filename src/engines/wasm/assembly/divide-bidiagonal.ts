/**
 * Divide and conquer for the SVD of an upper bidiagonal matrix (Gu & Eisenstat 1995; LAPACK's dbdsdc and dlasd1-3). A row in the
 * middle is taken out; the halves are decomposed, and the row, written in their right vectors, makes a matrix of one full
 * row above a diagonal whose SVD is a secular equation. A left half has one column more than rows, so that its right vectors
 * include the one it sends to zero. Vectors are in rows, values ascend.
 *
 * The state below belongs to one call, as in `divide.ts`.
 */
import { gemm } from './gemm';
import { get, set } from './memory';
import {
  BOTH, FIRST, SECOND, gather, item, mergeOrder, putItem, rankOneVector, solveRankOne, sortIndices, unitRow,
} from './merge';
import { bidiagonalQr, c as cosine, rotation, s as sine } from './singular';
import { rotate } from './vector';

const EPSILON: f64 = 2.220446049250313e-16;

/** Rows up to which QR sweeps are faster. */
const LEAF: i32 = 32;

let values: usize = 0;
let couplings: usize = 0;
let left: usize = 0;
let right: usize = 0;
let ld: usize = 0;
let tolerance: f64 = 0;

// Workspace: four matrices and some vectors, each for the whole order; a merge uses the leading part.
let innerRight: usize = 0;
let innerLeft: usize = 0;
let packed: usize = 0;
let joined: usize = 0;
let halves: usize = 0;
let z: usize = 0;
let poles: usize = 0;
let zKept: usize = 0;
let results: usize = 0;
let scratch: usize = 0;
let order: usize = 0;
let kept: usize = 0;
let dropped: usize = 0;
let shape: usize = 0;
let columns: usize = 0;
let list: usize = 0;
let products: usize = 0;

/** How many inner columns belong to rows of the first half alone, and how many to the first half, the middle row or both. */
let alone: i32 = 0;
let upToBoth: i32 = 0;

/** Bytes of workspace beside that of `gemm`. */
export function divideBidiagonalWork(n: i32, ldBytes: usize): usize {
  return 4 * <usize>(n + 1) * ldBytes + 13 * ((<usize>n + 8) << 3);
}

/**
 * SVD of the n × n bidiagonal matrix of diagonal `d` and superdiagonal `e`: values in `d`, ascending and not negative, vectors in
 * the rows of u and v (n of n elements, `ldBytes` a row). `norm` bounds the matrix. Destroys `e`.
 * Returns 1 where a leaf does not converge.
 */
export function divideBidiagonal(
  n: i32, d: usize, e: usize, u: usize, v: usize, ldBytes: usize, norm: f64, work: usize,
): i32 {
  const size = (<usize>n + 8) << 3;
  const matrix = <usize>(n + 1) * ldBytes;
  values = d;
  couplings = e;
  left = u;
  right = v;
  ld = ldBytes;
  tolerance = 4 * EPSILON * norm;
  innerRight = work;
  innerLeft = innerRight + matrix;
  packed = innerLeft + matrix;
  joined = packed + matrix;
  halves = joined + matrix;
  z = halves + size;
  poles = z + size;
  zKept = poles + size;
  results = zKept + size;
  scratch = results + size;
  order = scratch + 2 * size;
  kept = order + size;
  dropped = kept + size;
  shape = dropped + size;
  columns = shape + size;
  list = columns + size;
  products = list + size;
  for (let i = 0; i < n; i++) {
    memory.fill(u + <usize>i * ld, 0, <usize>n << 3);
    memory.fill(v + <usize>i * ld, 0, <usize>n << 3);
    if (norm > 0) continue;
    store<f64>(place(u, i, i), 1);
    store<f64>(place(v, i, i), 1);
  }
  if (norm == 0) return 0;
  return divide(0, n, 0);
}

/** Element (i, j) of the rows at x. */
// @ts-ignore: decorator
@inline
function place(x: usize, i: i32, j: i32): usize {
  return x + <usize>i * ld + (<usize>j << 3);
}

/** Rows lo…hi of the matrix and their columns lo…hi + extra (extra: 0 or 1). */
function divide(lo: i32, hi: i32, extra: i32): i32 {
  const n = hi - lo;
  if (n <= LEAF) return leaf(lo, n, extra);
  const mid = lo + (n >> 1);
  const failed = divide(lo, mid, 1) | divide(mid + 1, hi, extra);
  if (failed) return failed;
  merge(lo, mid, hi, extra);
  return 0;
}

function leaf(lo: i32, n: i32, extra: i32): i32 {
  const d = values + (<usize>lo << 3);
  const e = couplings + (<usize>lo << 3);
  for (let i = 0; i < n; i++) store<f64>(place(left, lo + i, lo + i), 1);
  for (let i = 0; i < n + extra; i++) store<f64>(place(right, lo + i, lo + i), 1);
  const u = place(left, lo, lo);
  const v = place(right, lo, lo);
  if (extra) {
    // Rotations from the right carry the element beside the square upwards, until it is gone.
    let f = get(e, n - 1);
    for (let i = n - 1; i >= 0 && f != 0; i--) {
      set(d, i, rotation(get(d, i), f));
      rotate(n + 1, cosine, sine, v + <usize>i * ld, v + <usize>n * ld);
      if (i == 0) break;
      f = -sine * get(e, i - 1);
      set(e, i - 1, cosine * get(e, i - 1));
    }
  }
  const failed = bidiagonalQr(n, d, e, 0.5 * tolerance, true, n, u, ld, n + extra, v, ld);
  for (let i = 0; i < n - 1; i++) {
    let least = i;
    for (let j = i + 1; j < n; j++) if (get(d, j) < get(d, least)) least = j;
    if (least == i) continue;
    const value = get(d, i);
    set(d, i, get(d, least));
    set(d, least, value);
    // The same quarter turn on both sides exchanges the rows and keeps the values' signs.
    rotate(n, 0, 1, u + <usize>i * ld, u + <usize>least * ld);
    rotate(n + extra, 0, 1, v + <usize>i * ld, v + <usize>least * ld);
  }
  return failed;
}

/**
 * Local index 0 is the middle row on the left, and on the right the vector that the left half sends to zero; 1…n1 are the values of the
 * first half, the rest those of the second. `source` says which row of u or v a local index stands for.
 */
// @ts-ignore: decorator
@inline
function source(index: i32, lo: i32, mid: i32): i32 {
  return index == 0 ? mid : index <= mid - lo ? lo + index - 1 : lo + index;
}

function merge(lo: i32, mid: i32, hi: i32, extra: i32): void {
  const n = hi - lo;
  const n1 = mid - lo;
  const alpha = get(values, mid);
  const beta = get(couplings, mid);
  set(halves, 0, 0);
  for (let i = 1; i < n; i++) {
    const row = source(i, lo, mid);
    set(halves, i, get(values, row));
    set(z, i, i <= n1 ? alpha * load<f64>(place(right, row, mid)) : beta * load<f64>(place(right, row, mid + 1)));
  }
  // Row `mid` of v is the null vector of the first half; row `hi`, where there is one, that of the second. One rotation leaves
  // the whole of the middle row's share in the first, the other is the null vector of both.
  let z0 = alpha * load<f64>(place(right, mid, mid));
  if (extra) {
    z0 = rotation(z0, beta * load<f64>(place(right, hi, mid + 1)));
    rotate(n + 1, cosine, sine, place(right, mid, lo), place(right, hi, lo));
  }
  set(z, 0, z0);
  store<f64>(place(left, mid, mid), 1);
  mergeOrder(n1, n - 1, halves + 8, order);
  const k = deflate(lo, mid, n, n + extra);

  for (let i = 0; i < k; i++) {
    set(poles, i, get(halves, item(kept, i)));
    set(zKept, i, get(z, item(kept, i)));
  }
  const lds = (<usize>k + (k & 1)) << 3;
  const ldj = ((<usize>(n + extra) + 7) & ~7) << 3;
  solveRankOne(k, poles, true, zKept, 1, results, innerRight, lds, scratch);
  for (let t = k; t < n; t++) set(results, t, get(halves, item(dropped, t - k)));
  innerVectors(k, lds);

  for (let q = 0; q < k; q++) putItem(list, q, source(item(kept, item(columns, q)), lo, mid));
  for (let t = 0; t < n; t++) putItem(order, t, t);
  sortIndices(n, results, order);
  join(left, innerLeft, lo, mid, hi, hi, k, lds, ldj);
  join(right, innerRight, lo, mid, hi, hi + extra, k, lds, ldj);
  for (let t = 0; t < n; t++) set(values, lo + t, get(results, item(order, t)));
}

/**
 * Rows lo…hi of x become those of the joined problem, in order: the inner vectors times the rows in `list`, which are zero right of
 * `mid` up to the first `alone` and left of it from the last of both shapes on; then the dropped ones.
 */
function join(
  x: usize, inner: usize, lo: i32, mid: i32, hi: i32, end: i32, k: i32, lds: usize, ldj: usize,
): void {
  const n = hi - lo;
  const wide1 = mid + 1 - lo;
  const wide2 = end - mid - 1;
  const corner = x + (<usize>lo << 3);
  const across = <usize>wide1 << 3;
  const low = packed;
  const high = low + <usize>upToBoth * across;
  gather(0, upToBoth, list, wide1, corner, ld, low);
  gather(alone, k, list, wide2, corner + across, ld, high);
  memory.fill(joined, 0, <usize>k * ldj);
  gemm(k, wide1, upToBoth, 1, inner, lds, 8, low, across, 8, joined, ldj, products);
  const tail = inner + (<usize>alone << 3);
  gemm(k, wide2, k - alone, 1, tail, lds, 8, high, <usize>wide2 << 3, 8, joined + across, ldj, products);
  const size = <usize>(end - lo) << 3;
  for (let t = k; t < n; t++) {
    memory.copy(joined + <usize>t * ldj, corner + <usize>source(item(dropped, t - k), lo, mid) * ld, size);
  }
  for (let t = 0; t < n; t++) {
    memory.copy(corner + <usize>(lo + t) * ld, joined + <usize>item(order, t) * ldj, size);
  }
}

/**
 * As in `divide.ts`; and a value near zero joins the pole at zero, by a rotation of the right vectors alone. Index 0 is kept always.
 */
function deflate(lo: i32, mid: i32, n: i32, width: i32): i32 {
  let k = 1;
  let out = 0;
  let pending = -1;
  putItem(kept, 0, 0);
  for (let i = 1; i < n; i++) putItem(shape, i, i <= mid - lo ? FIRST : SECOND);
  for (let t = 0; t < n - 1; t++) {
    const q = item(order, t) + 1;
    const right0 = place(right, mid, lo);
    const rightQ = place(right, source(q, lo, mid), lo);
    if (Math.abs(get(z, q)) <= tolerance) {
      putItem(dropped, out++, q);
      continue;
    }
    if (get(halves, q) <= tolerance) {
      set(z, 0, rotation(get(z, 0), get(z, q)));
      rotate(width, cosine, sine, right0, rightQ);
      putItem(dropped, out++, q);
      continue;
    }
    if (pending >= 0) {
      const p = pending;
      if (get(halves, q) - get(halves, p) <= tolerance) {
        set(z, q, rotation(get(z, q), get(z, p)));
        set(z, p, 0);
        const c = cosine;
        const s = sine;
        rotate(width, c, s, rightQ, place(right, source(p, lo, mid), lo));
        rotate(n, c, s, place(left, source(q, lo, mid), lo), place(left, source(p, lo, mid), lo));
        if (item(shape, p) != item(shape, q)) putItem(shape, q, BOTH);
        putItem(dropped, out++, p);
      } else putItem(kept, k++, p);
    }
    pending = q;
  }
  if (pending >= 0) putItem(kept, k++, pending);
  // The middle row may not vanish, or the first root would fall on its pole.
  if (Math.abs(get(z, 0)) <= tolerance) set(z, 0, get(z, 0) < 0 ? -tolerance : tolerance);
  return k;
}

/**
 * Rows of the inner problem: right ones `z/(pole² − λ)`, left ones `pole · z/(pole² − λ)` and −1 for pole 0. Their columns are ordered
 * by shape, the middle row between those of the first half alone and those of both.
 */
function innerVectors(k: i32, lds: usize): void {
  let next = 0;
  for (let s = FIRST; s <= SECOND; s++) {
    for (let i = 1; i < k; i++) if (item(shape, item(kept, i)) == s) putItem(columns, next++, i);
    if (s == FIRST) {
      alone = next;
      putItem(columns, next++, 0);
    }
    if (s == BOTH) upToBoth = next;
  }
  for (let j = 0; j < k; j++) {
    rankOneVector(k, zKept, innerRight + <usize>j * lds, columns, scratch);
    // `scratch` still holds z/(pole² − λ) in the order of the poles.
    set(scratch, 0, -1);
    for (let i = 1; i < k; i++) set(scratch, i, get(scratch, i) * get(poles, i));
    unitRow(k, scratch, columns, innerLeft + <usize>j * lds);
  }
}

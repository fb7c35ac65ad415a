/**
 * Divide and conquer for a symmetric tridiagonal matrix (Cuppen 1981; Gu & Eisenstat 1995; LAPACK's dstedc and dlaed2/3): halves
 * are solved on their own, and joined through a rank-one problem whose vectors multiply those of the halves, so that
 * nearly all of the work is matrix products. Eigenvectors are in rows.
 *
 * The state below belongs to one call: an instance of the module does one thing at a time, and each thread has its own.
 */
import { gemm } from './gemm';
import { get, set } from './memory';
import {
  BOTH, FIRST, SECOND, gather, item, mergeOrder, putItem, rankOneVector, solveRankOne, sortIndices,
} from './merge';
import { tridiagonalVectors } from './ql';
import { rotate } from './vector';

const EPSILON: f64 = 2.220446049250313e-16;

/** Order up to which QL iterations are faster. */
const LEAF: i32 = 32;

let values: usize = 0;
let couplings: usize = 0;
let vectors: usize = 0;
let ld: usize = 0;
let tolerance: f64 = 0;

// Workspace: three matrices and some vectors, each for the whole order; a merge uses the leading part.
let inner: usize = 0;
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
let products: usize = 0;

/** Bytes of workspace beside that of `gemm`, the matrices `inner` and `joined` included. */
export function divideWork(n: i32, ldBytes: usize): usize {
  return 2 * <usize>n * ldBytes + 12 * ((<usize>n + 8) << 3);
}

/**
 * Eigenvalues of the tridiagonal matrix of diagonal `d` and off-diagonal `e`, ascending in `d`, and eigenvectors of at least
 * the `wanted` largest in the last rows of z (n × n, `ldz` bytes a row). `norm` bounds the matrix; `spare`: 8·n² bytes.
 * Destroys `e`. Returns 1 where a leaf does not converge.
 */
export function divideAndConquer(
  n: i32, d: usize, e: usize, zRows: usize, ldz: usize, wanted: i32, norm: f64, spare: usize, work: usize,
): i32 {
  const size = (<usize>n + 8) << 3;
  values = d;
  couplings = e;
  vectors = zRows;
  ld = ldz;
  tolerance = 4 * EPSILON * norm;
  packed = spare;
  inner = work;
  joined = inner + <usize>n * ld;
  halves = joined + <usize>n * ld;
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
  products = columns + size;
  for (let i = 0; i < n; i++) memory.fill(zRows + <usize>i * ldz, 0, <usize>n << 3);
  return divide(0, n, wanted);
}

function divide(lo: i32, hi: i32, wanted: i32): i32 {
  const n = hi - lo;
  if (n <= LEAF) {
    for (let i = lo; i < hi; i++) set(vectors + <usize>i * ld, i, 1);
    const corner = vectors + <usize>lo * ld + (<usize>lo << 3);
    const offset = <usize>lo << 3;
    return tridiagonalVectors(n, values + offset, couplings + offset, 0.25 * tolerance, corner, ld);
  }
  // T = diag(T1, T2) + r·(e ± e')(e ± e')ᵀ
  const mid = lo + (n >> 1);
  const coupling = get(couplings, mid - 1);
  const r = Math.abs(coupling);
  set(values, mid - 1, get(values, mid - 1) - r);
  set(values, mid, get(values, mid) - r);
  const failed = divide(lo, mid, mid - lo) | divide(mid, hi, hi - mid);
  if (failed) return failed;
  merge(lo, mid, hi, coupling, wanted);
  return 0;
}

function merge(lo: i32, mid: i32, hi: i32, coupling: f64, wanted: i32): void {
  const n = hi - lo;
  const n1 = mid - lo;
  const n2 = hi - mid;
  const half = Math.sqrt(0.5);
  memory.copy(halves, values + (<usize>lo << 3), <usize>n << 3);
  for (let i = 0; i < n; i++) {
    const row = vectors + <usize>(lo + i) * ld;
    if (i < n1) set(z, i, half * get(row, mid - 1));
    else set(z, i, (coupling < 0 ? -half : half) * get(row, mid));
  }
  const rho = 2 * Math.abs(coupling);
  mergeOrder(n1, n, halves, order);
  const k = deflate(lo, n, n1, rho);

  // Rank-one problem over what is left, then the products that give its vectors in the whole space.
  const lds = (<usize>k + (k & 1)) << 3;
  const first = max(0, k - wanted);
  const ldj = ((<usize>n + 7) & ~7) << 3;
  if (k > 0) {
    for (let i = 0; i < k; i++) {
      set(poles, i, get(halves, item(kept, i)));
      set(zKept, i, get(z, item(kept, i)));
    }
    solveRankOne(k, poles, false, zKept, 1 / rho, results, inner, lds, scratch);
    multiply(lo, n1, n2, k, first, lds, ldj);
  }
  for (let t = k; t < n; t++) {
    const from = vectors + <usize>(lo + item(dropped, t - k)) * ld + (<usize>lo << 3);
    memory.copy(joined + <usize>t * ldj, from, <usize>n << 3);
    set(results, t, get(halves, item(dropped, t - k)));
  }
  for (let t = 0; t < n; t++) putItem(order, t, t);
  sortIndices(n, results, order);
  for (let t = 0; t < n; t++) {
    const from = item(order, t);
    set(values, lo + t, get(results, from));
    if (t < n - wanted) continue;
    const row = vectors + <usize>(lo + t) * ld + (<usize>lo << 3);
    memory.copy(row, joined + <usize>from * ldj, <usize>n << 3);
  }
}

/**
 * Takes out eigenvalues of the halves that the coupling leaves as they are: those whose vector it does not touch, and all but one
 * of nearly equal ones, after a rotation that moves the coupling to that one. Fills `kept` and `dropped`; returns how many are kept.
 */
function deflate(lo: i32, n: i32, n1: i32, rho: f64): i32 {
  let k = 0;
  let out = 0;
  let pending = -1;
  for (let i = 0; i < n; i++) putItem(shape, i, i < n1 ? FIRST : SECOND);
  for (let t = 0; t < n; t++) {
    const q = item(order, t);
    if (rho * Math.abs(get(z, q)) <= tolerance) {
      putItem(dropped, out++, q);
      continue;
    }
    if (pending >= 0) {
      const p = pending;
      const length = Math.hypot(get(z, p), get(z, q));
      const c = get(z, q) / length;
      const s = -get(z, p) / length;
      const dp = get(halves, p);
      const dq = get(halves, q);
      if (Math.abs((dq - dp) * c * s) <= tolerance) {
        set(z, q, length);
        set(z, p, 0);
        if (item(shape, p) != item(shape, q)) putItem(shape, q, BOTH);
        const shift = <usize>lo << 3;
        rotate(n, c, s, vectors + <usize>(lo + p) * ld + shift, vectors + <usize>(lo + q) * ld + shift);
        set(halves, p, dp * c * c + dq * s * s);
        set(halves, q, dp * s * s + dq * c * c);
        putItem(dropped, out++, p);
      } else putItem(kept, k++, p);
    }
    pending = q;
  }
  if (pending >= 0) putItem(kept, k++, pending);
  return k;
}

/** Rows first…k of the joined vectors: the rank-one vectors times the vectors of both halves, zero blocks left out. */
function multiply(lo: i32, n1: i32, n2: i32, k: i32, first: i32, lds: usize, ldj: usize): void {
  let k1 = 0;
  let k12 = 0;
  let place = 0;
  for (let s = FIRST; s <= SECOND; s++) {
    for (let i = 0; i < k; i++) if (item(shape, item(kept, i)) == s) putItem(columns, place++, i);
    if (s == FIRST) k1 = place;
    if (s == BOTH) k12 = place;
  }
  for (let j = first; j < k; j++) rankOneVector(k, zKept, inner + <usize>j * lds, columns, scratch);
  // `order` is free until the values are sorted again.
  for (let q = 0; q < k; q++) putItem(order, q, lo + item(kept, item(columns, q)));
  const corner = vectors + (<usize>lo << 3);
  const low = packed;
  const high = low + ((<usize>k12 * <usize>n1) << 3);
  gather(0, k12, order, n1, corner, ld, low);
  gather(k1, k, order, n2, corner + (<usize>n1 << 3), ld, high);
  const rows = k - first;
  const s = inner + <usize>first * lds;
  const target = joined + <usize>first * ldj;
  memory.fill(target, 0, <usize>rows * ldj);
  if (k12 > 0) gemm(rows, n1, k12, 1, s, lds, 8, low, <usize>n1 << 3, 8, target, ldj, products);
  if (k > k1) {
    const right = target + (<usize>n1 << 3);
    gemm(rows, n2, k - k1, 1, s + (<usize>k1 << 3), lds, 8, high, <usize>n2 << 3, 8, right, ldj, products);
  }
}

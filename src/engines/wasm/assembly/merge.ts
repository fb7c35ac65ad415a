/**
 * What the divide-and-conquer solvers for tridiagonal and bidiagonal matrices share when two halves become one: order, the
 * shape of the vectors, and the vectors of the rank-one problem between the halves.
 */
import { get, set } from './memory';
import { distance, lowner, origin, secularRoot } from './secular';
import { dot, scaled } from './vector';

/** Element i of a list of integers. */
// @ts-ignore: decorator
@inline
export function item(list: usize, i: i32): i32 {
  return load<i32>(list + ((<usize>i) << 2));
}

/** Sets element i of a list of integers. */
// @ts-ignore: decorator
@inline
export function putItem(list: usize, i: i32, value: i32): void {
  store<i32>(list + ((<usize>i) << 2), value);
}

/** Where a vector of the merged problem is not zero. */
export const FIRST: i32 = 1;
export const BOTH: i32 = 2;
export const SECOND: i32 = 3;

/** Indices of `values` in ascending order, where the first n1 and the rest are ascending each. */
export function mergeOrder(n1: i32, n: i32, values: usize, order: usize): void {
  let i = 0;
  let j = n1;
  for (let k = 0; k < n; k++) {
    if (j >= n || (i < n1 && get(values, i) <= get(values, j))) putItem(order, k, i++);
    else putItem(order, k, j++);
  }
}

/** Sorts indices by their values, ascending: heap sort, since deflated values come in any order. */
export function sortIndices(n: i32, values: usize, indices: usize): void {
  for (let i = (n >> 1) - 1; i >= 0; i--) sift(i, n, values, indices);
  for (let end = n - 1; end > 0; end--) {
    const top = item(indices, 0);
    putItem(indices, 0, item(indices, end));
    putItem(indices, end, top);
    sift(0, end, values, indices);
  }
}

function sift(root: i32, end: i32, values: usize, indices: usize): void {
  const moved = item(indices, root);
  const value = get(values, moved);
  for (;;) {
    let child = 2 * root + 1;
    if (child >= end) break;
    if (child + 1 < end && get(values, item(indices, child + 1)) > get(values, item(indices, child))) child++;
    if (get(values, item(indices, child)) <= value) break;
    putItem(indices, root, item(indices, child));
    root = child;
  }
  putItem(indices, root, moved);
}

/**
 * All k roots of the rank-one problem over ascending `poles`, in `roots` (square roots of λ where the poles are squared), the
 * differences pole − λ of root j in row j of s, and in `z` (signed, k elements) the vector that makes them exact.
 * `work`: 16·k bytes.
 */
export function solveRankOne(
  k: i32, poles: usize, squared: bool, z: usize, inverseRho: f64, roots: usize, s: usize, lds: usize, work: usize,
): void {
  const z2 = work;
  const product = work + (<usize>k << 3);
  let weight: f64 = 0;
  for (let i = 0; i < k; i++) {
    const square = get(z, i) * get(z, i);
    set(z2, i, square);
    set(product, i, 1);
    weight += square;
  }
  for (let j = 0; j < k; j++) {
    const gap = s + <usize>j * lds;
    secularRoot(k, j, poles, squared, z2, weight, inverseRho, gap);
    const from = get(poles, origin);
    set(roots, j, from + (squared ? distance / (from + Math.sqrt(from * from + distance)) : distance));
    lowner(k, j, poles, squared, gap, product);
  }
  for (let i = 0; i < k; i++) {
    const size = Math.sqrt(Math.abs(get(product, i)));
    set(z, i, get(z, i) < 0 ? -size : size);
  }
}

/**
 * Turns a row of differences pole − λ into the unit vector of `zᵢ/(poleᵢ − λ)`, in the order of `columns`; `work` (8·k bytes) keeps it
 * as it was before it was scaled and ordered.
 */
export function rankOneVector(k: i32, z: usize, row: usize, columns: usize, work: usize): void {
  let i = 0;
  for (; i + 1 < k; i += 2) {
    const offset = <usize>i << 3;
    v128.store(work + offset, f64x2.div(v128.load(z + offset), v128.load(row + offset)));
  }
  if (i < k) set(work, i, get(z, i) / get(row, i));
  unitRow(k, work, columns, row);
}

/**
 * `out[q] = x[columns[q]] / ‖x‖`. Scaled in a pass of its own: V8 computes a factor from a root or quotient anew at every step of the
 * loop that uses it, unless it comes as a parameter.
 */
export function unitRow(k: i32, x: usize, columns: usize, out: usize): void {
  for (let q = 0; q < k; q++) set(out, q, get(x, item(columns, q)));
  scaled(k, 1 / Math.sqrt(dot(k, x, x)), out, out);
}

/** Copies rows `list[from…to)` of x, n elements each, one after the other to `out`. */
export function gather(from: i32, to: i32, list: usize, n: i32, x: usize, ldx: usize, out: usize): void {
  const size = <usize>n << 3;
  for (let i = from; i < to; i++, out += size) memory.copy(out, x + <usize>item(list, i) * ldx, size);
}

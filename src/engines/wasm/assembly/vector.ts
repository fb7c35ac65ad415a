/**
 * Level-1 and level-2 operations on contiguous float64 vectors, and on matrices whose rows are contiguous. Rows are taken
 * four at a time where that saves passes over the vector they share.
 */
import { madd } from './madd';
import { get, set, sumOf } from './memory';

/** `x · y` */
export function dot(n: i32, x: usize, y: usize): f64 {
  let s = f64x2.splat(0);
  let t = f64x2.splat(0);
  const end = x + ((<usize>(n & ~3)) << 3);
  for (; x < end; x += 32, y += 32) {
    s = madd(v128.load(x), v128.load(y), s);
    t = madd(v128.load(x, 16), v128.load(y, 16), t);
  }
  let sum = sumOf(f64x2.add(s, t));
  for (let i = 0; i < (n & 3); i++) sum += get(x, i) * get(y, i);
  return sum;
}

/** `y += alpha · x` */
export function axpy(n: i32, alpha: f64, x: usize, y: usize): void {
  const a = f64x2.splat(alpha);
  const end = x + ((<usize>(n & ~1)) << 3);
  for (; x < end; x += 16, y += 16) v128.store(y, madd(a, v128.load(x), v128.load(y)));
  if (n & 1) store<f64>(y, load<f64>(y) + alpha * load<f64>(x));
}

/** `y = alpha · x`; x may be y. */
export function scaled(n: i32, alpha: f64, x: usize, y: usize): void {
  const a = f64x2.splat(alpha);
  const end = x + ((<usize>(n & ~1)) << 3);
  for (; x < end; x += 16, y += 16) v128.store(y, f64x2.mul(a, v128.load(x)));
  if (n & 1) store<f64>(y, alpha * load<f64>(x));
}

/** The plane rotation `x' = c·x + s·y`, `y' = c·y − s·x`. */
export function rotate(n: i32, c: f64, s: f64, x: usize, y: usize): void {
  const cc = f64x2.splat(c);
  const ss = f64x2.splat(s);
  const end = x + ((<usize>(n & ~1)) << 3);
  for (; x < end; x += 16, y += 16) {
    const p = v128.load(x);
    const q = v128.load(y);
    v128.store(x, f64x2.add(f64x2.mul(cc, p), f64x2.mul(ss, q)));
    v128.store(y, f64x2.sub(f64x2.mul(cc, q), f64x2.mul(ss, p)));
  }
  if (n & 1) {
    const p = load<f64>(x);
    const q = load<f64>(y);
    store<f64>(x, c * p + s * q);
    store<f64>(y, c * q - s * p);
  }
}

/** `y += Σ c[r] · row r` over `rows` rows of n elements, `ld` bytes apart. */
export function combine(rows: i32, n: i32, c: usize, m: usize, ld: usize, y: usize): void {
  const size = (<usize>(n & ~1)) << 3;
  let r = 0;
  for (; r + 3 < rows; r += 4, c += 32) {
    // Loaded as pairs: whatever is computed before the loop instead, V8 may compute at every step of it.
    const c0 = v128.load64_splat(c);
    const c1 = v128.load64_splat(c, 8);
    const c2 = v128.load64_splat(c, 16);
    const c3 = v128.load64_splat(c, 24);
    let r0 = m;
    let r1 = m + ld;
    let r2 = m + 2 * ld;
    let r3 = m + 3 * ld;
    let z = y;
    const end = y + size;
    for (; z < end; z += 16, r0 += 16, r1 += 16, r2 += 16, r3 += 16) {
      const low = madd(c1, v128.load(r1), madd(c0, v128.load(r0), v128.load(z)));
      v128.store(z, madd(c3, v128.load(r3), madd(c2, v128.load(r2), low)));
    }
    if (n & 1) {
      let s = load<f64>(z) + load<f64>(c) * load<f64>(r0);
      s += load<f64>(c, 8) * load<f64>(r1);
      s += load<f64>(c, 16) * load<f64>(r2);
      store<f64>(z, s + load<f64>(c, 24) * load<f64>(r3));
    }
    m += 4 * ld;
  }
  for (; r < rows; r++, m += ld, c += 8) axpy(n, load<f64>(c), m, y);
}

/** `y −= Σ c[r] · row r`, as `combine`; changes the signs of c. */
export function remove(rows: i32, n: i32, c: usize, m: usize, ld: usize, y: usize): void {
  for (let r = 0; r < rows; r++) set(c, r, -get(c, r));
  combine(rows, n, c, m, ld, y);
}

/** `y[r] = row r · x` for `rows` rows of n elements, `ld` bytes apart. */
export function project(rows: i32, n: i32, m: usize, ld: usize, x: usize, y: usize): void {
  let r = 0;
  for (; r + 3 < rows; r += 4) {
    let s0 = f64x2.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let r0 = m;
    let r1 = m + ld;
    let r2 = m + 2 * ld;
    let r3 = m + 3 * ld;
    let z = x;
    const end = x + ((<usize>(n & ~1)) << 3);
    for (; z < end; z += 16, r0 += 16, r1 += 16, r2 += 16, r3 += 16) {
      const u = v128.load(z);
      s0 = madd(v128.load(r0), u, s0);
      s1 = madd(v128.load(r1), u, s1);
      s2 = madd(v128.load(r2), u, s2);
      s3 = madd(v128.load(r3), u, s3);
    }
    const last = n & 1 ? load<f64>(z) : 0;
    set(y, r, sumOf(s0) + (n & 1 ? last * load<f64>(r0) : 0));
    set(y, r + 1, sumOf(s1) + (n & 1 ? last * load<f64>(r1) : 0));
    set(y, r + 2, sumOf(s2) + (n & 1 ? last * load<f64>(r2) : 0));
    set(y, r + 3, sumOf(s3) + (n & 1 ? last * load<f64>(r3) : 0));
    m += 4 * ld;
  }
  for (; r < rows; r++, m += ld) set(y, r, dot(n, m, x));
}

/** Largest absolute value; NaN where one element is NaN. */
export function largest(n: i32, x: usize): f64 {
  let s = f64x2.splat(0);
  const end = x + ((<usize>(n & ~1)) << 3);
  for (; x < end; x += 16) s = f64x2.max(s, f64x2.abs(v128.load(x)));
  let most = Math.max(f64x2.extract_lane(s, 0), f64x2.extract_lane(s, 1));
  if (n & 1) most = Math.max(most, Math.abs(load<f64>(x)));
  return most;
}

/** `out[j][i] = alpha · x[i][j]` for x of rows × cols; `ldx`, `ldo` in bytes. In tiles, so that cache lines are used whole. */
export function transposed(rows: i32, cols: i32, alpha: f64, x: usize, ldx: usize, out: usize, ldo: usize): void {
  const tile = 8;
  for (let i = 0; i < rows; i += tile) {
    const iEnd = min(rows, i + tile);
    for (let j = 0; j < cols; j++) {
      const to = out + <usize>j * ldo;
      let from = x + <usize>i * ldx + (<usize>j << 3);
      for (let k = i; k < iEnd; k++, from += ldx) set(to, k, alpha * load<f64>(from));
    }
  }
}

/**
 * The power of two that brings a largest absolute value near 1, or 1 where that is not needed: squares neither overflow
 * nor vanish, and scaling by it is exact. Zero where the value is not finite.
 */
export function scaleFor(most: f64): f64 {
  if (!isFinite(most)) return 0;
  if (most == 0 || (most > 1e-60 && most < 1e60)) return 1;
  const exponent = <i64>((reinterpret<u64>(most) >> 52) & 0x7ff);
  // 2^(1023 − exponent); the clamps keep the factor and its reciprocal normal.
  const biased = min<i64>(2044, max<i64>(2, 2046 - exponent));
  return reinterpret<f64>(<u64>biased << 52);
}

/**
 * Roots of the secular equation `1/rho + Σ z²ᵢ/(poleᵢ − λ) = 0`, one between each two poles and one above the last. Unknown is
 * the distance from the nearest pole, so that every difference pole − λ keeps its relative accuracy, which the orthogonality of
 * the eigenvectors rests on (Gu & Eisenstat 1994). Iterated by the interpolation of Li's "middle way" (LAPACK's dlaed4), inside
 * a bracket that halves where interpolation leaves it.
 */
import { get, set, sumOf } from './memory';

const EPSILON: f64 = 2.220446049250313e-16;

/** A root not found after so many steps is taken as it is; four are usual. */
const LIMIT: i32 = 100;

/** The pole that the last root was measured from, and the distance. */
export let origin: i32 = 0;
export let distance: f64 = 0;

/** What `sums` found: Σ z²/(gap − eta) and its derivative in eta. */
let total: f64 = 0;
let slope: f64 = 0;

function sums(from: i32, to: i32, gap: usize, z2: usize, eta: f64): void {
  const shift = f64x2.splat(eta);
  const one = f64x2.splat(1);
  let s = f64x2.splat(0);
  let t = s;
  let i = from;
  for (; i + 1 < to; i += 2) {
    const offset = <usize>i << 3;
    const inverse = f64x2.div(one, f64x2.sub(v128.load(gap + offset), shift));
    const q = f64x2.mul(v128.load(z2 + offset), inverse);
    s = f64x2.add(s, q);
    t = f64x2.add(t, f64x2.mul(q, inverse));
  }
  total = sumOf(s);
  slope = sumOf(t);
  if (i < to) {
    const inverse = 1 / (get(gap, i) - eta);
    const q = get(z2, i) * inverse;
    total += q;
    slope += q * inverse;
  }
}

/** Distances of all poles from pole o; where the poles are squares of `poles`, by the factored difference. */
function measure(k: i32, poles: usize, o: i32, squared: bool, gap: usize): void {
  const from = get(poles, o);
  for (let i = 0; i < k; i++) {
    const pole = get(poles, i);
    set(gap, i, squared ? (pole - from) * (pole + from) : pole - from);
  }
  origin = o;
}

/** Root of `c + za/(−x) + zb/(width − x)` for x in (0, width): a first guess from the two nearest poles. */
function twoPoles(c: f64, width: f64, za: f64, zb: f64): f64 {
  const a = c * width + za + zb;
  const b = za * width;
  const root = Math.sqrt(Math.abs(a * a - 4 * b * c));
  return a > 0 ? (2 * b) / (a + root) : (a - root) / (2 * c);
}

/**
 * Root j of k ≥ 1. `z2` holds the squares zᵢ², all positive, `weight` their sum; `inverseRho` is 1/rho, rho > 0. Poles ascend
 * strictly. On return `origin` and `distance` say where the root is, `gap[i]` (k elements) holds poleᵢ − λ.
 */
export function secularRoot(
  k: i32, j: i32, poles: usize, squared: bool, z2: usize, weight: f64, inverseRho: f64, gap: usize,
): void {
  const last = j == k - 1;
  measure(k, poles, j, squared, gap);
  const width = last ? weight / inverseRho : get(gap, j + 1);
  let low: f64 = 0;
  let high = width;
  let eta = width;

  if (k > 1) {
    // Which half is the root in? The nearer pole becomes the origin, and the two poles beside the root give a first guess.
    const left = last ? k - 2 : j;
    const middle = 0.5 * width;
    const zl = get(z2, left);
    const zr = get(z2, left + 1);
    sums(0, left, gap, z2, middle);
    let rest = inverseRho + total;
    sums(left + 2, k, gap, z2, middle);
    rest += total;
    const value = rest + zl / (get(gap, left) - middle) + zr / (get(gap, left + 1) - middle);
    if (last) {
      if (value >= 0) high = middle;
      else low = middle;
      // Here the poles are at −width and 0 of x = λ − pole; the guess is taken where it falls into the bracket.
      const del = -get(gap, left);
      const a = zl + zr - rest * del;
      const b = zr * del;
      const root = Math.sqrt(a * a + 4 * Math.abs(b * rest));
      eta = rest > 0 ? (a < 0 ? (2 * b) / (root - a) : (a + root) / (2 * rest)) : width;
    } else if (value >= 0) {
      high = middle;
      eta = twoPoles(rest, width, zl, zr);
    } else {
      measure(k, poles, j + 1, squared, gap);
      low = -middle;
      high = 0;
      eta = -twoPoles(-rest, width, zr, zl);
    }
    if (!(eta > low && eta < high)) eta = 0.5 * (low + high);
    eta = iterate(k, left, last, gap, z2, inverseRho, low, high, eta);
  }

  distance = eta;
  for (let i = 0; i < k; i++) set(gap, i, get(gap, i) - eta);
}

function iterate(
  k: i32, left: i32, last: bool, gap: usize, z2: usize, inverseRho: f64, low: f64, high: f64, eta: f64,
): f64 {
  for (let step = 0; step < LIMIT; step++) {
    sums(0, left + 1, gap, z2, eta);
    const psi = total;
    const dpsi = slope;
    sums(left + 1, k, gap, z2, eta);
    const phi = total;
    const derivative = dpsi + slope;
    const value = inverseRho + psi + phi;
    const noise = inverseRho + 8 * (Math.abs(psi) + Math.abs(phi)) + Math.abs(eta) * derivative;
    if (!(Math.abs(value) > EPSILON * noise)) break;
    if (value < 0) low = eta;
    else high = eta;

    // Interpolate by c + s/(D0 − x) + S/(D1 − x) that matches both parts and their slopes.
    const d0 = get(gap, left) - eta;
    const d1 = get(gap, left + 1) - eta;
    let c = value - d0 * dpsi - d1 * slope;
    const a = (d0 + d1) * value - d0 * d1 * derivative;
    const b = d0 * d1 * value;
    const root = Math.sqrt(Math.abs(a * a - 4 * b * c));
    let move: f64;
    if (last) {
      c = Math.abs(c);
      move = a >= 0 ? (a + root) / (2 * c) : (2 * b) / (a - root);
    } else if (c == 0) move = b / a;
    else move = a <= 0 ? (a - root) / (2 * c) : (2 * b) / (a + root);
    // The function ascends: a step in the other direction, or none, is replaced by Newton's.
    if (!(value * move < 0)) move = -value / derivative;
    let next = eta + move;
    if (!(next > low && next < high) || step > 40) next = 0.5 * (low + high);
    if (next == eta || next == low || next == high) break;
    eta = next;
  }
  return eta;
}

/**
 * The z for which the computed roots are exact (Löwner's formula), so that eigenvectors built from them are orthogonal however
 * close the roots are: `z²ᵢ = Πⱼ (λⱼ − poleᵢ) / Πⱼ≠ᵢ (poleⱼ − poleᵢ)`, up to a common factor. Multiplies `product` (ones at first)
 * by the share of root j, whose differences pole − λ are in `gap`.
 */
export function lowner(k: i32, j: i32, poles: usize, squared: bool, gap: usize, product: usize): void {
  const pole = get(poles, j);
  const from = f64x2.splat(pole);
  for (let part = 0; part < 2; part++) {
    let i = part == 0 ? 0 : j + 1;
    const end = part == 0 ? j : k;
    for (; i + 1 < end; i += 2) {
      const offset = <usize>i << 3;
      const other = v128.load(poles + offset);
      let difference = f64x2.sub(other, from);
      if (squared) difference = f64x2.mul(difference, f64x2.add(other, from));
      const ratio = f64x2.div(v128.load(gap + offset), difference);
      v128.store(product + offset, f64x2.mul(v128.load(product + offset), ratio));
    }
    if (i < end) {
      const other = get(poles, i);
      const difference = squared ? (other - pole) * (other + pole) : other - pole;
      set(product, i, get(product, i) * (get(gap, i) / difference));
    }
  }
  set(product, j, get(product, j) * get(gap, j));
}

/**
 * Packing: rows (or columns) of a matrix, four at a time, side by side for each step along the inner dimension.
 *
 * float32 becomes float64 here, and means are subtracted here, before anything is multiplied: that keeps a large offset
 * from costing digits. Panels of fewer than four are filled up with zeros.
 */
import { TILE } from './kernel';

/**
 * Packs `count` vectors of `k` elements of type `T`: element `p` of vector `i` lies at `x + i·step + p·along` (bytes).
 * Each panel of four takes `32·k` bytes from `to` on.
 */
export function pack<T>(count: i32, k: i32, x: usize, step: usize, along: usize, to: usize): void {
  for (let i = 0; i < count; i += TILE) {
    packPanel<T>(min(TILE, count - i), k, x, step, along, to);
    x += step * TILE;
    to += <usize>k << 5;
  }
}

/** One panel of at most four vectors. */
export function packPanel<T>(count: i32, k: i32, x: usize, step: usize, along: usize, to: usize): void {
  const end = to + (<usize>k << 5);
  if (count === TILE && step === sizeof<T>()) {
    for (; to < end; to += 32) {
      if (sizeof<T>() === 4) {
        const four = v128.load(x);
        v128.store(to, f64x2.promote_low_f32x4(four));
        v128.store(to, f64x2.promote_low_f32x4(v128.shuffle<i32>(four, four, 2, 3, 0, 1)), 16);
      } else {
        v128.store(to, v128.load(x));
        v128.store(to, v128.load(x, 16), 16);
      }
      x += along;
    }
  } else if (count === TILE && along === sizeof<T>()) {
    packRows<T>(k, x, step, to);
  } else if (count === TILE) {
    const x1 = x + step;
    const x2 = x1 + step;
    const x3 = x2 + step;
    let p: usize = 0;
    for (; to < end; to += 32) {
      store<f64>(to, <f64>load<T>(x + p));
      store<f64>(to, <f64>load<T>(x1 + p), 8);
      store<f64>(to, <f64>load<T>(x2 + p), 16);
      store<f64>(to, <f64>load<T>(x3 + p), 24);
      p += along;
    }
  } else {
    for (; to < end; to += 32) {
      for (let i: usize = 0; i < <usize>TILE; i++) {
        store<f64>(to + (i << 3), i < <usize>count ? <f64>load<T>(x + i * step) : 0);
      }
      x += along;
    }
  }
}

/** Four contiguous vectors: two steps at a time, exchanged between registers. */
function packRows<T>(k: i32, x: usize, step: usize, to: usize): void {
  const x1 = x + step;
  const x2 = x1 + step;
  const x3 = x2 + step;
  const end = <usize>(k & ~1) * sizeof<T>();
  let p: usize = 0;
  for (; p < end; p += 2 * sizeof<T>()) {
    const r0 = loadTwo<T>(x + p);
    const r1 = loadTwo<T>(x1 + p);
    const r2 = loadTwo<T>(x2 + p);
    const r3 = loadTwo<T>(x3 + p);
    v128.store(to, v128.shuffle<i64>(r0, r1, 0, 2));
    v128.store(to, v128.shuffle<i64>(r2, r3, 0, 2), 16);
    v128.store(to, v128.shuffle<i64>(r0, r1, 1, 3), 32);
    v128.store(to, v128.shuffle<i64>(r2, r3, 1, 3), 48);
    to += 64;
  }
  if (k & 1) {
    store<f64>(to, <f64>load<T>(x + p));
    store<f64>(to, <f64>load<T>(x1 + p), 8);
    store<f64>(to, <f64>load<T>(x2 + p), 16);
    store<f64>(to, <f64>load<T>(x3 + p), 24);
  }
}

// @ts-ignore: decorator
@inline
function loadTwo<T>(x: usize): v128 {
  return sizeof<T>() === 4 ? f64x2.promote_low_f32x4(v128.load64_zero(x)) : v128.load(x);
}

/** Multiplies what `pack` wrote. */
export function scalePanels(count: i32, k: i32, factor: f64, panels: usize): void {
  const end = panels + (<usize>((count + TILE - 1) / TILE) * <usize>k << 5);
  const both = f64x2.splat(factor);
  for (; panels < end; panels += 16) v128.store(panels, f64x2.mul(both, v128.load(panels)));
}

/** Subtracts a mean per step, where the packed vectors are rows. What fills up a panel is changed too: it is never stored. */
export function centreSteps(count: i32, k: i32, mean: usize, panels: usize): void {
  for (let i = 0; i < count; i += TILE) {
    for (let p = 0; p < k; p++) {
      const value = v128.load64_splat(mean + (<usize>p << 3));
      v128.store(panels, f64x2.sub(v128.load(panels), value));
      v128.store(panels, f64x2.sub(v128.load(panels, 16), value), 16);
      panels += 32;
    }
  }
}

/** Subtracts a mean per vector, where the packed vectors are columns: one panel of `count`. */
export function centrePanel(count: i32, k: i32, mean: usize, panel: usize): void {
  const end = panel + (<usize>k << 5);
  const m0 = load<f64>(mean);
  const m1 = count > 1 ? load<f64>(mean, 8) : 0;
  const m2 = count > 2 ? load<f64>(mean, 16) : 0;
  const m3 = count > 3 ? load<f64>(mean, 24) : 0;
  const low = f64x2.replace_lane(f64x2.splat(m0), 1, m1);
  const high = f64x2.replace_lane(f64x2.splat(m2), 1, m3);
  for (; panel < end; panel += 32) {
    v128.store(panel, f64x2.sub(v128.load(panel), low));
    v128.store(panel, f64x2.sub(v128.load(panel, 16), high), 16);
  }
}

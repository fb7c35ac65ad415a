/**
 * Vectors in linear memory. Nothing here is an object: a vector is the address of its first float64, so that threads may
 * run instances of one module on one shared memory.
 */

/** Address of element `i`. */
// @ts-ignore: decorator
@inline
export function at(x: usize, i: i32): usize {
  return x + (<usize>i << 3);
}

// @ts-ignore: decorator
@inline
export function get(x: usize, i: i32): f64 {
  return load<f64>(x + (<usize>i << 3));
}

// @ts-ignore: decorator
@inline
export function set(x: usize, i: i32, value: f64): void {
  store<f64>(x + (<usize>i << 3), value);
}

/** Two elements from `i` on; the address need not be aligned. */
// @ts-ignore: decorator
@inline
export function getTwo(x: usize, i: i32): v128 {
  return v128.load(x + (<usize>i << 3));
}

// @ts-ignore: decorator
@inline
export function setTwo(x: usize, i: i32, value: v128): void {
  v128.store(x + (<usize>i << 3), value);
}

// @ts-ignore: decorator
@inline
export function both(x: f64): v128 {
  return f64x2.splat(x);
}

/** Sum of both lanes, the lower first. */
// @ts-ignore: decorator
@inline
export function sumOf(x: v128): f64 {
  return f64x2.extract_lane(x, 0) + f64x2.extract_lane(x, 1);
}

/** Bytes of `count` float64, rounded up so that what follows is aligned to 16 bytes. */
// @ts-ignore: decorator
@inline
export function bytes(count: i32): usize {
  return ((<usize>count << 3) + 15) & ~(<usize>15);
}

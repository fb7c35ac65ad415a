/**
 * When two dissimilarities count as equal, and their order.
 *
 * @module
 */

/** Splits a float64 so that 39 of its 53 significant bits remain (Veltkamp). */
const SPLITTER = 2 ** 14 + 1;

/**
 * Rounds values in place to 39 significant bits, 2e-12 relative: dissimilarities that are equal by their definition but were
 * rounded differently on the way then are equal, on every engine, and their ties are ties.
 */
export function roundForTies(values: Float64Array, from = 0, to = values.length): void {
  for (let i = from; i < to; i++) {
    const scaled = values[i] * SPLITTER;
    values[i] = scaled - (scaled - values[i]);
  }
}

/** Whether values from `least` to `most` differ by no more than rounding, so that there is nothing to order. */
export function nothingBetween(least: number, most: number): boolean {
  return most - least <= 2 ** -36 * most;
}

/** Whether values that are not negative differ by no more than rounding. */
export function allTied(values: Float64Array): boolean {
  let [least, most] = [Infinity, 0];
  for (let i = 0; i < values.length; i++) {
    if (values[i] < least) least = values[i];
    if (values[i] > most) most = values[i];
  }
  return nothingBetween(least, most);
}

/** The next value after a positive one on the grid of {@link roundForTies}, or the least that is above 0. */
export function nextDistinct(value: number): number {
  if (value === 0) return Number.MIN_VALUE;
  return value + 2 ** (Math.floor(Math.log2(value)) - 38);
}

/** Place of the more significant of a float64's two 32-bit words in memory: 1 on little-endian machines. */
const HIGH = new Uint8Array(Uint32Array.of(1).buffer)[0];

/**
 * Digits by which values are ordered, least significant first: `[word, shift, bits]` of the float64's two 32-bit words.
 * Rounded values have no bits in the first, which then costs nothing.
 */
const DIGITS = [
  [1 - HIGH, 0, 14],
  [1 - HIGH, 14, 9],
  [1 - HIGH, 23, 9],
  [HIGH, 0, 11],
  [HIGH, 11, 11],
  [HIGH, 22, 10],
] as const;

/**
 * Stable ascending order of non-negative values (radix sort: the bits of such float64 numbers order as the numbers do).
 *
 * @param start - an order to begin with, which then decides between equal values; by index where left out.
 */
export function ascending(values: Float64Array, start?: Uint32Array): Uint32Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, 2 * values.length);
  let order = start?.slice() ?? Uint32Array.from({ length: values.length }, (_, i) => i);
  let next = new Uint32Array(values.length);
  for (const [word, shift, bits] of DIGITS) {
    const mask = 2 ** bits - 1;
    const places = new Uint32Array(mask + 1);
    for (let at = word; at < words.length; at += 2) places[(words[at] >>> shift) & mask]++;
    if (places.includes(values.length)) continue;
    let sum = 0;
    for (let digit = 0; digit <= mask; digit++) {
      const count = places[digit];
      places[digit] = sum;
      sum += count;
    }
    for (let i = 0; i < order.length; i++) {
      const digit = (words[2 * order[i] + word] >>> shift) & mask;
      next[places[digit]++] = order[i];
    }
    [order, next] = [next, order];
  }
  return order;
}

/** Calls `visit(from, to)` for each run `order[from … to − 1]` of equal values. */
export function eachRun(
  values: ArrayLike<number>,
  order: Uint32Array,
  visit: (from: number, to: number) => void,
): void {
  for (let from = 0; from < order.length;) {
    const value = values[order[from]];
    let to = from + 1;
    while (to < order.length && values[order[to]] === value) to++;
    visit(from, to);
    from = to;
  }
}

/**
 * When two dissimilarities count as equal, and their order.
 *
 * @module
 */

/** Splits a float64 so that 39 of its 53 significant bits remain (Veltkamp). */
const SPLITTER = 2 ** 14 + 1;

/**
 * Rounds values in place to 39 significant bits, 2e-12 relative: dissimilarities that are equal by their definition but were
 * rounded differently on the way, by some 1e-15, then are equal on every engine, but for those few that lie as near as that to
 * where the rounding changes.
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

/** Values in ascending order. */
export interface Sorted {
  readonly values: Float64Array;
  /** Where each of them stood. */
  readonly order: Uint32Array;
}

/**
 * Sorts non-negative values (stable radix sort: the bits of such float64 numbers order as the numbers do).
 *
 * @param start - an order to begin with, which then decides between equal values; by index where left out.
 */
export function sorted(values: Float64Array, start?: Uint32Array): Sorted {
  const length = values.length;
  let order = start?.slice() ?? Uint32Array.from({ length }, (_, i) => i);
  let keys = values.slice();
  if (start) for (let i = 0; i < length; i++) keys[i] = values[start[i]];
  // Values move along with the order, so that a pass reads memory from end to end.
  let [nextKeys, nextOrder] = [new Float64Array(length), new Uint32Array(length)];
  for (const [word, shift, bits] of DIGITS) {
    const words = new Uint32Array(keys.buffer);
    const mask = 2 ** bits - 1;
    const places = new Uint32Array(mask + 1);
    for (let at = word; at < words.length; at += 2) places[(words[at] >>> shift) & mask]++;
    if (places.includes(length)) continue;
    let sum = 0;
    for (let digit = 0; digit <= mask; digit++) {
      const count = places[digit];
      places[digit] = sum;
      sum += count;
    }
    for (let i = 0; i < length; i++) {
      const at = places[(words[2 * i + word] >>> shift) & mask]++;
      nextKeys[at] = keys[i];
      nextOrder[at] = order[i];
    }
    [keys, nextKeys] = [nextKeys, keys];
    [order, nextOrder] = [nextOrder, order];
  }
  return { values: keys, order };
}

/** Calls `visit(from, to)` for each run `from … to − 1` of equal values. */
export function eachRun(ascending: Float64Array, visit: (from: number, to: number) => void): void {
  for (let from = 0; from < ascending.length;) {
    let to = from + 1;
    while (to < ascending.length && ascending[to] === ascending[from]) to++;
    visit(from, to);
    from = to;
  }
}

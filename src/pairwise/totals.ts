/**
 * Sums that lose nothing to the number of their terms.
 *
 * @module
 */

/** Several running sums, each with the rounding that its additions lost (Neumaier 1974). */
export class Totals {
  readonly #sums: Float64Array;
  readonly #lost: Float64Array;

  constructor(count: number) {
    this.#sums = new Float64Array(count);
    this.#lost = new Float64Array(count);
  }

  /** Adds to sum `at`. */
  add(at: number, value: number): void {
    const before = this.#sums[at];
    const after = before + value;
    this.#sums[at] = after;
    this.#lost[at] += Math.abs(before) >= Math.abs(value) ? before - after + value : value - after + before;
  }

  values(): Float64Array {
    return this.#sums.map((sum, at) => sum + this.#lost[at]);
  }
}

/** `Σ aᵢ`. */
export function total(values: Float64Array): number {
  const sum = new Totals(1);
  for (const value of values) sum.add(0, value);
  return sum.values()[0];
}

/** `Σ f(i)` over `0 … count − 1`. */
export function totalOf(count: number, f: (i: number) => number): number {
  const sum = new Totals(1);
  for (let i = 0; i < count; i++) sum.add(0, f(i));
  return sum.values()[0];
}

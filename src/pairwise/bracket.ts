/**
 * Order statistics of a long stream of numbers that need not fit into memory.
 *
 * @module
 */

/** Parts that a bracket is counted in, where it holds more than can be kept. */
const BINS = 4096;

/** Two neighbouring order statistics, or the bracket in which the next pass finds them. */
export type Found = [first: number, last: number] | { readonly low: number; readonly high: number };

/** Counts a stream about the bracket `[low, high]`, and keeps what falls into it while that is not too much. */
export class Bracket {
  #below = 0;
  #within = 0;
  /** Largest below, smallest above. */
  #floor = -Infinity;
  #ceiling = Infinity;
  readonly #kept: Float64Array[] = [];
  #room = new Float64Array(0);
  #used = 0;
  readonly #counts = new Float64Array(BINS);
  readonly #least = new Float64Array(BINS).fill(Infinity);
  readonly #most = new Float64Array(BINS).fill(-Infinity);
  readonly #width: number;

  /** @param capacity - numbers that may be kept */
  constructor(
    readonly low: number,
    readonly high: number,
    readonly capacity: number,
  ) {
    this.#width = high > low ? high - low : 1;
  }

  add(values: Float64Array): void {
    const { low, high } = this;
    for (let at = 0; at < values.length; at++) {
      const value = values[at];
      if (value < low) {
        this.#below++;
        if (value > this.#floor) this.#floor = value;
      } else if (value > high) {
        if (value < this.#ceiling) this.#ceiling = value;
      } else {
        this.#keep(value);
      }
    }
  }

  /**
   * The numbers of ranks `first` and `last`, from 0 in ascending order, equal or neighbours; or a narrower or other bracket
   * for another pass over the same stream.
   */
  find(first: number, last: number): Found {
    const { low, high } = this;
    if (first >= this.#below + this.#within) return { low: this.#ceiling, high: Infinity };
    if (last < this.#below) return { low: -Infinity, high: this.#floor };
    // The two lie on both sides of an edge: each is then known.
    const lower = first < this.#below ? this.#floor : undefined;
    const upper = last >= this.#below + this.#within ? this.#ceiling : undefined;
    if (this.#within <= this.capacity) {
      const inside = this.#sorted();
      return [lower ?? inside[first - this.#below], upper ?? inside[last - this.#below]];
    }
    if (low === high) return [lower ?? low, upper ?? low];
    return this.#narrowed(lower === undefined ? first : last, upper === undefined ? last : first);
  }

  #keep(value: number): void {
    this.#within++;
    // A bracket without an end has one bin, whose least and most are the next one's ends.
    const part = this.#width === Infinity ? 0 : (value - this.low) / this.#width;
    const bin = Math.min(BINS - 1, Math.floor(part * BINS));
    this.#counts[bin]++;
    if (value < this.#least[bin]) this.#least[bin] = value;
    if (value > this.#most[bin]) this.#most[bin] = value;
    if (this.#within > this.capacity) return;
    if (this.#used === this.#room.length) {
      this.#room = new Float64Array(Math.min(2 ** 16, this.capacity));
      this.#kept.push(this.#room);
      this.#used = 0;
    }
    this.#room[this.#used++] = value;
  }

  #sorted(): Float64Array {
    const all = new Float64Array(this.#within);
    this.#kept.forEach((part, at) => {
      const start = at * this.#kept[0].length;
      all.set(part.subarray(0, this.#within - start), start);
    });
    return all.sort();
  }

  /** The bin that holds both ranks; where a bin ends between the two they are its last and the next one's first. */
  #narrowed(first: number, last: number): Found {
    const [from, to] = [this.#binOf(first - this.#below), this.#binOf(last - this.#below)];
    if (from !== to) return [this.#most[from], this.#least[to]];
    return { low: this.#least[from], high: this.#most[from] };
  }

  #binOf(rank: number): number {
    let sum = 0;
    let bin = 0;
    while (sum + this.#counts[bin] <= rank) sum += this.#counts[bin++];
    return bin;
  }
}

/**
 * Bins so fine that the mid-rank of a bin can stand for the rank of each value in it: their edges follow the quantiles of a
 * sample, with equal steps between two quantiles, and a value that the sample holds twice has a bin of its own.
 *
 * @module
 */
import { nextDistinct, nothingBetween, roundForTies, sorted as sort } from './ranks-order.js';

/** Quantiles of the sample between which bins are equally wide. */
const SEGMENTS = 4096;

/** Cells of equal width by which a value's segment is looked up; four a segment leave little to search. */
const CELLS = 4 * SEGMENTS;

/** The mid-ranks of all bins, and how much of the ranks' variance they leave out. */
export interface BinRanks {
  /** `2·rank − (m + 1)` of each bin: twice the mid-rank less its mean. */
  readonly ranks: Float64Array;
  /** Sum of squares of `ranks` over all values; 0 where all are tied. */
  readonly squares: number;
  /** Largest angle, in radians, between these ranks of the values and their exact mid-ranks. */
  readonly angle: number;
}

/** Counts values by bin. Bin 0 is below all edges, the last one above. */
export class QuantileBins {
  /** Ascending; segment s is `[edges[s], edges[s + 1])`, and the last has no end. */
  private readonly edges: Float64Array;
  private readonly firstBin: Float64Array;
  private readonly lastBin: Float64Array;
  /** Bins per unit of value in each segment. */
  private readonly density: Float64Array;
  /** `segmentBefore[c]`: the last segment that starts before cell c, and so where the search may begin. */
  private readonly segmentBefore = new Int32Array(CELLS + 1);
  private readonly cellsPerUnit: number;
  private readonly counts: Float64Array;
  /** The value of a bin that has held only one, NaN where it has held several. */
  private readonly single: Float64Array;
  private total = 0;
  private least = Infinity;
  private most = 0;

  /**
   * @param sample - values as they will come, at least one; rounded in place.
   * @param bins - how many bins there are to be, some more or less; two Float64Arrays of that length are held.
   */
  constructor(sample: Float64Array, bins: number) {
    roundForTies(sample);
    const { values: sorted } = sort(sample);
    this.edges = edgesOf(sorted);
    const segments = this.edges.length;
    this.firstBin = new Float64Array(segments);
    this.lastBin = new Float64Array(segments);
    this.density = new Float64Array(segments);
    let next = 1;
    for (let s = 0, below = 0; s < segments; s++) {
      const [from, to] = [this.edges[s], this.edges[s + 1] ?? Infinity];
      let upTo = below;
      while (upTo < sorted.length && sorted[upTo] < to) upTo++;
      const alone = to <= nextDistinct(from) || to === Infinity;
      const own = alone ? 1 : Math.max(1, Math.round((bins * (upTo - below)) / sorted.length));
      this.firstBin[s] = next;
      this.lastBin[s] = next + own - 1;
      this.density[s] = alone ? 0 : Math.min(own / (to - from), Number.MAX_VALUE);
      next += own;
      below = upTo;
    }
    this.cellsPerUnit = CELLS / (this.edges[segments - 1] - this.edges[0]);
    if (!Number.isFinite(this.cellsPerUnit)) this.cellsPerUnit = 0;
    for (let cell = 0, s = -1; cell <= CELLS; cell++) {
      this.segmentBefore[cell] = s;
      while (s + 1 < segments && this.cellOf(this.edges[s + 1]) <= cell) s++;
    }
    this.counts = new Float64Array(next);
    this.single = new Float64Array(next);
  }

  /** Bin of a value; ascends with it. */
  indexOf(value: number): number {
    const { edges } = this;
    if (value < edges[0]) return 0;
    const cell = this.cellOf(value);
    // Edges of earlier cells are at most the value, those of later cells above it.
    let low = this.segmentBefore[cell];
    let high = cell < CELLS ? this.segmentBefore[cell + 1] : edges.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (edges[middle] <= value) low = middle;
      else high = middle - 1;
    }
    const bin = this.firstBin[low] + Math.floor((value - edges[low]) * this.density[low]);
    return Math.min(bin, this.lastBin[low]);
  }

  /** Counts `values[from … to − 1]`, rounded for ties. */
  add(values: Float64Array, from: number, to: number): void {
    const { counts, single } = this;
    for (let at = from; at < to; at++) {
      const value = values[at];
      const bin = this.indexOf(value);
      if (counts[bin]++ === 0) single[bin] = value;
      else if (single[bin] !== value) single[bin] = NaN;
      if (value < this.least) this.least = value;
      if (value > this.most) this.most = value;
    }
    this.total += to - from;
  }

  /** Turns the counts into mid-ranks; nothing can be added after that. */
  finish(): BinRanks {
    const { counts, single, total } = this;
    let [below, squares, lost] = [0, 0, 0];
    for (let bin = 0; bin < counts.length; bin++) {
      const count = counts[bin];
      const rank = 2 * below + count - total;
      squares += count * rank * rank;
      // The ranks 2·1, 2·2 … of c values that differ vary by (c³ − c)/3 about their mean, of values with ties by less.
      if (Number.isNaN(single[bin])) lost += (count ** 3 - count) / 3;
      counts[bin] = rank;
      below += count;
    }
    if (nothingBetween(this.least, this.most)) return { ranks: counts, squares: 0, angle: 0 };
    // The mid-ranks are the projection of the exact ranks on what is constant in each bin.
    const angle = lost === 0 ? 0 : Math.asin(Math.sqrt(lost / (squares + lost)));
    return { ranks: counts, squares, angle };
  }

  private cellOf(value: number): number {
    return Math.min(CELLS, Math.floor((value - this.edges[0]) * this.cellsPerUnit));
  }
}

/** Quantiles of a sorted sample, and both ends of the bin of each value that it holds more than once. */
function edgesOf(sorted: Float64Array): Float64Array {
  const edges = new Set<number>();
  const step = Math.max(1, Math.floor(sorted.length / SEGMENTS));
  for (let i = 0; i < sorted.length; i++) {
    if (i % step === 0) edges.add(sorted[i]);
    if (i > 0 && sorted[i] === sorted[i - 1]) edges.add(sorted[i]).add(nextDistinct(sorted[i]));
  }
  edges.add(sorted[sorted.length - 1]);
  return Float64Array.from(edges).sort();
}

/**
 * Seeded randomness: the same seed gives the same numbers on every machine.
 *
 * @module
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** A seeded stream of random numbers (xoroshiro128+). */
export class Random {
  private readonly generator;
  private spare: number | undefined;

  /**
   * @param seed - any whole number.
   * @param stream - a second number; streams of one seed are unrelated, so that each sample can have its own.
   */
  constructor(seed: number, stream = 0) {
    // Spread seed and stream over the 32 bits that seed the generator (multipliers of MurmurHash3 and Knuth).
    const mixed = Math.imul(seed ^ (seed >>> 16), 0x85ebca6b) ^ Math.imul(stream + 1, 0x9e3779b1);
    this.generator = xoroshiro128plus(Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35));
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return uniformFloat64(this.generator);
  }

  /** Uniform whole number in [0, n). */
  integer(n: number): number {
    return uniformInt(this.generator, 0, n - 1);
  }

  /** Standard normal draw (Marsaglia's polar method). */
  normal(): number {
    if (this.spare !== undefined) {
      const value = this.spare;
      this.spare = undefined;
      return value;
    }
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const square = u * u + v * v;
      if (square === 0 || square >= 1) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      this.spare = v * scale;
      return u * scale;
    }
  }

  /** `count` standard normal draws. */
  normals(count: number): Float64Array {
    return Float64Array.from({ length: count }, () => this.normal());
  }

  /** A uniformly drawn order of 0 … n − 1 (Fisher–Yates). */
  permutation(n: number): Uint32Array {
    const order = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  /** `k` different numbers of 0 … n − 1, ascending, every subset equally likely. */
  subsample(n: number, k: number): Uint32Array {
    return this.permutation(n).subarray(0, k).sort();
  }
}

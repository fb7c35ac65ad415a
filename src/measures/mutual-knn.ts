/**
 * Overlap of nearest neighbours: whether two representations find the same samples close to one another.
 *
 * @module
 */
import { DataError } from '../errors.js';
import { keyword, knownKeys, wholeNumber } from '../options.js';
import type { Breathe } from '../options.js';
import { nearestNeighbours } from '../pairwise/neighbours.js';
import { allParallel, parallelAsEqual } from '../pairwise/ranks-parallel.js';
import { cosineDissimilarity, squaredEuclidean } from '../pairwise/values.js';
import type { Measure } from './measure.js';

/** Options of {@link mutualKnn}. */
export interface MutualKnnOptions {
  /** Neighbours of each sample, itself not among them; fewer than there are samples. @defaultValue 10 */
  readonly k?: number;
  /**
   * What is near: `'cosine'`, the angle about the origin, as the largest inner products of samples of unit length (Huh et al.;
   * ReSi), or `'euclidean'`. @defaultValue `'cosine'`
   */
  readonly metric?: 'cosine' | 'euclidean';
  /**
   * Overlap of a sample's neighbours A on one side and B on the other: `'mutual'` is `|A ∩ B| / k` (Huh et al.), `'jaccard'`
   * is `|A ∩ B| / |A ∪ B|` (ReSi). @defaultValue `'mutual'`
   */
  readonly overlap?: 'mutual' | 'jaccard';
}

/** Mutual k-nearest-neighbour alignment, averaged over the samples. */
export const mutualKnnMeasure: Measure<MutualKnnOptions> = {
  name: 'mutualKnn',
  reference:
    'Huh, Cheung, Wang, Isola, The Platonic representation hypothesis, ICML 2024, arXiv 2405.07987, appendix A',
  invariances: ['orthogonal', 'isotropic scaling'],
  cost: 'n²·d a pair, in memory for n·k',
  symmetric: true,
  defaults: Object.freeze({ k: 10, metric: 'cosine', overlap: 'mutual' }),

  resolve(options) {
    knownKeys('mutualKnn', options, Object.keys(this.defaults));
    const all = { ...this.defaults, ...options };
    return {
      k: wholeNumber('k', all.k),
      metric: keyword('metric', all.metric, ['cosine', 'euclidean']),
      overlap: keyword('overlap', all.overlap, ['mutual', 'jaccard']),
    };
  },

  needs: () => ({ samples: true }),

  async evaluateSamples({ x, y, breathe }, { k, metric, overlap }, engine) {
    const samples = x.rows;
    if (k >= samples) {
      throw new DataError(
        `k is ${k}, but each of ${samples} samples has only ${samples - 1} others: give more samples, or k of at most ${samples - 1}`,
        { code: 'TOO_FEW_SAMPLES' },
      );
    }
    const sides = [x, y].map((side) =>
      metric === 'cosine' ? parallelAsEqual(cosineDissimilarity(side)) : squaredEuclidean(side),
    );
    const points = sides.map((side) =>
      metric === 'cosine' ? allParallel(side) : side.squaredNorms.every((norm) => norm === 0),
    );
    if (points[0] || points[1]) return { score: 0, warnings: pointWarnings(points, metric) };
    const [left, right] = await nearestNeighbours(engine, sides, k, breathe);
    const value = overlap === 'mutual' ? (both: number) => both / k : (both: number) => both / (2 * k - both);
    const shared = await sharedNeighbours(left.indices, right.indices, samples, k, breathe);
    let sum = 0;
    shared.forEach((count, both) => (sum += count * value(both)));
    return {
      score: sum / samples,
      chance: chanceOverlap(samples, k, value),
      warnings: [...tieWarnings('x', left.tied, samples, k), ...tieWarnings('y', right.tied, samples, k)],
    };
  },
};

/** How many samples have 0, 1, … k neighbours in common. */
async function sharedNeighbours(
  a: Uint32Array,
  b: Uint32Array,
  samples: number,
  k: number,
  breathe: Breathe,
): Promise<Float64Array> {
  const counts = new Float64Array(k + 1);
  /** `marked[j] === i + 1` says that j is a neighbour of i in a. */
  const marked = new Uint32Array(samples);
  for (let i = 0; i < samples; i++) {
    let both = 0;
    for (let at = i * k; at < (i + 1) * k; at++) marked[a[at]] = i + 1;
    for (let at = i * k; at < (i + 1) * k; at++) if (marked[b[at]] === i + 1) both++;
    counts[both]++;
    if (i % 256 === 255) await breathe();
  }
  return counts;
}

/**
 * Mean overlap over all orders in which one side's samples can be put: its neighbours then are k of the n − 1 others, every
 * subset equally likely, so the number in common is hypergeometric. The mean of `both / k` is `k / (n − 1)`.
 */
function chanceOverlap(samples: number, k: number, value: (both: number) => number): number {
  const others = samples - 1;
  const least = Math.max(0, 2 * k - others);
  // Logarithms relative to the first: the probabilities may be too small for numbers, or too large.
  const logs = [0];
  for (let both = least; both < k; both++) {
    logs.push(
      logs[both - least] + 2 * Math.log(k - both) - Math.log(both + 1) - Math.log(others - 2 * k + both + 1),
    );
  }
  const most = Math.max(...logs);
  let [sum, total] = [0, 0];
  for (const [at, log] of logs.entries()) {
    const weight = Math.exp(log - most);
    total += weight;
    sum += weight * value(least + at);
  }
  return sum / total;
}

/** Where all samples are the same point, there are no neighbours to speak of. */
function pointWarnings([x, y]: readonly boolean[], metric: string): string[] {
  const which = x && y ? 'either side' : `side ${x ? 'x' : 'y'}`;
  return [
    `The samples of ${which} do not differ in ${metric}: they have no nearest neighbours, and the overlap is 0.`,
  ];
}

/** Share of samples with ties above which a reader is told. */
const MANY = 0.01;

function tieWarnings(name: 'x' | 'y', tied: number, samples: number, k: number): string[] {
  if (tied <= MANY * samples) return [];
  return [
    `For ${tied} of ${samples} samples of side ${name}, neighbour ${k} is no nearer than the next: ties go to the sample that ` +
      'comes first, on both sides alike, which makes the score higher than the representations are similar.',
  ];
}

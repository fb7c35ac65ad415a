/**
 * Spearman's rank correlation of the dissimilarities of two sides: exact by sorting while they fit in memory; beyond, by the
 * mid-ranks of very many bins, with a bound of what that can change.
 *
 * @module
 */
import type { Engine } from '../engines/engine.js';
import { QuantileBins } from './ranks-bins.js';
import { allTied, eachRun, roundForTies, sorted } from './ranks-order.js';
import { allPairs, eachPair, pairsOf, somePairs } from './ranks-pairs.js';
import type { Sides } from './ranks-pairs.js';
import type { Breathe } from '../options.js';

/** Dissimilarities a side that are sorted, and not more: 4096 samples have as many; some 320 MiB are in use then. */
export const SORTED_UP_TO = 2 ** 23;

/** Where to change the ways, for tests. */
export interface RankLimits {
  /** Pairs up to which the values are sorted. @defaultValue {@link SORTED_UP_TO} */
  readonly sortedUpTo?: number;
  /** Bins a side beyond that. @defaultValue 2²², which take 128 MiB for both sides */
  readonly bins?: number;
}

/** A rank correlation. */
export interface RankCorrelation {
  /** Spearman's ρ, in [−1, 1]; 0 where one side is constant. */
  readonly score: number;
  /** ρ-a: the mean of ρ over all ways to break ties (Schütt et al. 2023); nearer to 0 than ρ where there are ties. */
  readonly rhoA: number;
  /** How far either may be from the exact one; 0 where they are exact. */
  readonly bound: number;
  /** Whether a side is constant but for rounding. */
  readonly tied: { readonly x: boolean; readonly y: boolean };
}

/** Pairs by which the edges of bins are found. */
const SAMPLE = 2 ** 16;

/**
 * Spearman's ρ between the values above the diagonal of two sides; values that agree to 39 bits are tied and have their
 * mid-rank.
 */
export async function spearman(
  engine: Engine,
  sides: Sides,
  breathe: Breathe,
  { sortedUpTo = SORTED_UP_TO, bins = 2 ** 22 }: RankLimits = {},
): Promise<RankCorrelation> {
  if (pairsOf(sides[0].rows.rows) <= sortedUpTo) {
    const [x, y] = await allPairs(engine, sides, breathe);
    return { ...rankCorrelation(x, y), bound: 0 };
  }
  return spearmanByBins(engine, sides, breathe, bins);
}

/** Spearman's ρ of two lists of values that are not negative; both are overwritten. */
export function rankCorrelation(x: Float64Array, y: Float64Array): Omit<RankCorrelation, 'bound'> {
  const [squaresX, squaresY] = [toRanks(x), toRanks(y)];
  return ratio(x.length, inner(x, y, 0, x.length), squaresX, squaresY);
}

/** Replaces values by `2·rank − (m + 1)`, ties by their mid-rank, and returns the sum of squares; 0 where all are tied. */
function toRanks(values: Float64Array): number {
  if (allTied(values)) return 0;
  const { values: ascending, order } = sorted(values);
  let squares = 0;
  eachRun(ascending, (from, to) => {
    const rank = from + to - values.length;
    for (let i = from; i < to; i++) values[order[i]] = rank;
    squares += (to - from) * rank * rank;
  });
  return squares;
}

async function spearmanByBins(
  engine: Engine,
  sides: Sides,
  breathe: Breathe,
  bins: number,
): Promise<RankCorrelation> {
  const [left, right] = [
    new QuantileBins(await somePairs(sides[0], SAMPLE, breathe), bins),
    new QuantileBins(await somePairs(sides[1], SAMPLE, breathe), bins),
  ];
  await eachPair(engine, sides, half(breathe, 0), ({ x, y, from, to }) => {
    roundForTies(x, from, to);
    roundForTies(y, from, to);
    left.add(x, from, to);
    right.add(y, from, to);
  });
  const [a, b] = [left.finish(), right.finish()];
  let sum = 0;
  await eachPair(engine, sides, half(breathe, 1), ({ x, y, from, to }) => {
    roundForTies(x, from, to);
    roundForTies(y, from, to);
    for (let at = from; at < to; at++) {
      x[at] = a.ranks[left.indexOf(x[at])];
      y[at] = b.ranks[right.indexOf(y[at])];
    }
    sum += inner(x, y, from, to);
  });
  // Angles obey the triangle inequality, and a cosine changes by no more than its angle.
  const found = ratio(pairsOf(sides[0].rows.rows), sum, a.squares, b.squares);
  return { ...found, bound: Math.min(2, a.angle + b.angle) };
}

/** Tells the progress of one of two passes as that of both. */
function half(breathe: Breathe, pass: 0 | 1): Breathe {
  return (done, total) =>
    done === undefined || total === undefined ? breathe() : breathe(done + pass * total, 2 * total);
}

function inner(x: Float64Array, y: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += x[i] * y[i];
  return sum;
}

function ratio(
  count: number,
  sum: number,
  squaresX: number,
  squaresY: number,
): Omit<RankCorrelation, 'bound'> {
  const tied = { x: squaresX === 0, y: squaresY === 0 };
  if (tied.x || tied.y) return { score: 0, rhoA: 0, tied };
  const score = Math.max(-1, Math.min(1, sum / (Math.sqrt(squaresX) * Math.sqrt(squaresY))));
  // Squares of `2·rank` about their mean, without ties.
  const untied = (count ** 3 - count) / 3;
  return { score, rhoA: Math.max(-1, Math.min(1, sum / untied)), tied };
}

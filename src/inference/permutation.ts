/**
 * Permutation test of a similarity: is it more than that of the same two sides with their datapoints matched at random?
 *
 * @module
 */
import { OptionError } from '../errors.js';
import { wholeNumber, without } from '../options.js';
import { Random } from '../random.js';
import type { MatrixLike } from '../matrix.js';
import { inGroups } from '../engines/scope.js';
import type { Measure, SimilarityResult } from '../measures/measure.js';
import { findMeasure } from '../measures/registry.js';
import type { MeasureName } from '../measures/registry.js';
import { RUN_KEYS, withMatrices } from '../measures/run-pair.js';
import type { PairOptions } from '../measures/run-pair.js';
import { rowsOfBlocks } from './blocks.js';
import type { Block } from './blocks.js';
import { rematched } from './rematched.js';
import type { SelfScores } from './rematched.js';

/** Options of {@link permutationTest}; those of the measure stand beside them. */
export interface PermutationOptions extends PairOptions {
  /** @defaultValue `'svcca'` */
  readonly measure?: MeasureName | Measure<object>;
  /** Random matchings. @defaultValue 999 */
  readonly permutations?: number;
  /** The same seed gives the same matchings. @defaultValue 0 */
  readonly seed?: number;
  /**
   * Datapoints that move together, since they are not independent (positions of one image): so many consecutive samples, or a
   * label for each sample. Blocks are exchanged with blocks of the same size. @defaultValue 1
   */
  readonly block?: Block;
}

/** What {@link permutationTest} finds. */
export interface PermutationTest {
  /** Name of the measure. */
  readonly measure: string;
  readonly score: number;
  /** `(1 + matchings at least as similar as the observed) / (1 + permutations)`: exact, and never 0. */
  readonly p: number;
  readonly permutations: number;
  /** Number of blocks that were exchanged. */
  readonly blocks: number;
  /** Whether a larger score is more similar, or a smaller (distances, angles). */
  readonly similar: 'larger' | 'smaller';
  /** Mean over the matchings: what of the score is chance. */
  readonly chance: number;
  /** Standard deviation over the matchings. */
  readonly sd: number;
  /** `(score − chance) / sd`; left out where the matchings do not vary. */
  readonly z?: number;
  /**
   * `(score − chance) / (s − chance)`, s the score of a side with itself: 0 at chance, 1 for equal sides. Only where s is 1, or 0
   * of distances.
   */
  readonly adjusted?: number;
  /** Quantiles over the matchings. */
  readonly quantiles: Readonly<Record<'0.05' | '0.5' | '0.95' | '0.99', number>>;
  /** Score of each matching, in the order drawn. */
  readonly draws: Float64Array;
  /** The observed similarity, as the measure alone gives it. */
  readonly result: SimilarityResult;
}

/**
 * Tests whether two representations are more similar than by chance: datapoints of y are matched to those of x at random, again and
 * again. One-sided, in the direction of similarity; nothing is assumed of the data but that datapoints (or blocks) are exchangeable.
 *
 * Both sides are factored once, and a matching costs one cross block; measures of sample × sample matrices are computed anew each time.
 *
 * @param x - `[samples, neurons of x]`.
 * @param y - `[samples, neurons of y]`, the same samples in the same order.
 * @returns the p-value by the +1 rule (Phipson and Smyth 2010) and the distribution over the matchings.
 * @throws as the measure; OptionError for a bad option, or where no block can change places with another.
 * @example
 * ```ts
 * const { p, chance } = await permutationTest(x, y, { measure: 'cka', block: 49 }); // 7 × 7 positions of each image
 * ```
 */
export async function permutationTest(
  x: MatrixLike,
  y: MatrixLike,
  options: PermutationOptions & Readonly<Record<string, unknown>> = {},
): Promise<PermutationTest> {
  const { measure: name = 'svcca', seed = 0, block = 1 } = options;
  const permutations = wholeNumber('permutations', options.permutations ?? 999);
  wholeNumber('seed', seed, Number.MIN_SAFE_INTEGER);
  const measure = findMeasure(name);
  const own = without(options, OWN);
  const resolved = measure.resolve(own);
  // The work within one matching would let a bar begin again and again.
  return withMatrices(x, y, without(options, ['onProgress']) as PairOptions, async (sides, engine) => {
    const blocks = rowsOfBlocks(sides.x.rows, block);
    const classes = exchangeable(blocks);
    const pair = await rematched(measure, resolved, sides, options, engine);
    // A constant side is as similar to itself in one order as in another, and says nothing.
    const ofX = await pair.self('x');
    const self = told(ofX) ? ofX : await pair.self('y');
    options.onProgress?.({ stage: 'permutations', done: 0, total: permutations });
    const draws = Float64Array.from(
      await inGroups(
        Array.from({ length: permutations }, (_, i) => i),
        (i) => pair.score(shuffled(sides.x.rows, classes, new Random(seed, i))),
        async (done) => {
          options.onProgress?.({ stage: 'permutations', done, total: permutations });
          await sides.breathe();
        },
        pair.together,
      ),
    );
    return summary(pair.result, self, draws, blocks.length);
  });
}

const OWN = [...RUN_KEYS, 'measure', 'permutations', 'seed', 'block'];

/** Blocks by size: only blocks of one size can change places. @throws OptionError where none can */
function exchangeable(blocks: readonly Uint32Array[]): Uint32Array[][] {
  const bySize = new Map<number, Uint32Array[]>();
  for (const rows of blocks) {
    const known = bySize.get(rows.length);
    if (known) known.push(rows);
    else bySize.set(rows.length, [rows]);
  }
  const classes = [...bySize.values()];
  if (classes.every(({ length }) => length === 1)) {
    throw new OptionError('no two blocks have the same size: there is nothing to permute');
  }
  return classes;
}

/** An order of the samples in which the blocks of each class have changed places. */
function shuffled(samples: number, classes: readonly Uint32Array[][], random: Random): Uint32Array {
  const order = new Uint32Array(samples);
  for (const blocks of classes) {
    random.permutation(blocks.length).forEach((from, to) => {
      blocks[to].forEach((row, i) => (order[row] = blocks[from][i]));
    });
  }
  return order;
}

/** Scores this close, relative to their size, are equal but for rounding: a matching that changes nothing must count. */
const ROUNDING = 1e-9;

function told({ matched, shifted }: SelfScores): boolean {
  return Math.abs(matched - shifted) > ROUNDING * Math.max(Math.abs(matched), Math.abs(shifted));
}

/** What equal sides score where that is 1, or 0 of distances. A covariance of small numbers is near 0, and no distance. */
function bestOf({ matched, shifted }: SelfScores): 0 | 1 | undefined {
  if (matched < shifted) return matched < 1e-6 * Math.min(1, shifted) ? 0 : undefined;
  return Math.abs(matched - 1) < 1e-6 ? 1 : undefined;
}

function summary(
  result: SimilarityResult,
  self: SelfScores,
  draws: Float64Array,
  blocks: number,
): PermutationTest {
  const { score } = result;
  const sign = self.matched < self.shifted ? -1 : 1;
  const sorted = draws.slice().sort();
  const size = Math.max(Math.abs(score), Math.abs(sorted[0]), Math.abs(sorted[sorted.length - 1]));
  const reached = draws.filter((draw) => sign * (draw - score) >= -ROUNDING * size).length;
  const chance = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
  const squares = draws.reduce((sum, draw) => sum + (draw - chance) ** 2, 0);
  const sd = draws.length > 1 ? Math.sqrt(squares / (draws.length - 1)) : 0;
  const best = bestOf(self);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
  return {
    measure: result.measure,
    score,
    p: (1 + reached) / (1 + draws.length),
    permutations: draws.length,
    blocks,
    similar: sign > 0 ? 'larger' : 'smaller',
    chance,
    sd,
    ...(sd > ROUNDING * size && { z: (score - chance) / sd }),
    ...(best !== undefined &&
      Math.abs(best - chance) > ROUNDING && { adjusted: (score - chance) / (best - chance) }),
    quantiles: { '0.05': at(0.05), '0.5': at(0.5), '0.95': at(0.95), '0.99': at(0.99) },
    draws,
    result,
  };
}

/**
 * Are models of one group more alike than models of different groups? A permutation test on a model × model matrix.
 *
 * @module
 */
import { OptionError, ShapeError } from '../errors.js';
import { checkFinite } from '../matrix.js';
import type { Matrix } from '../matrix.js';
import { flag, knownKeys, show, wholeNumber } from '../options.js';
import { Random } from '../random.js';

/** Options of {@link groupTest}. */
export interface GroupTestOptions {
  /** Only pairs within this group count as within; those between it and the others as between. @defaultValue all groups */
  readonly within?: string;
  /** Whether small values mean close. @defaultValue `false` */
  readonly distances?: boolean;
  /** Labellings drawn at most; where there are no more than these, all are counted and p is exact. @defaultValue `9999` */
  readonly permutations?: number;
  /** Seed of the draw. @defaultValue `0` */
  readonly seed?: number;
}

/** What {@link groupTest} finds. */
export interface GroupTest {
  /** Mean over pairs of models within a group. */
  readonly within: number;
  /** Mean over pairs of models of different groups. */
  readonly between: number;
  /** `within − between`. */
  readonly difference: number;
  /** Mean within each group that has a pair. */
  readonly groups: Readonly<Record<string, number>>;
  /**
   * Share of labellings whose models of one group are at least as much closer than those of different groups. No labelling
   * but the observed need reach it, so p is at least `1 / labellings`.
   */
  readonly p: number;
  /** Labellings counted, the observed among them. */
  readonly labellings: number;
  /** Whether these are all there are. */
  readonly exact: boolean;
}

/**
 * Tests within against between by exchanging the labels of the models: under the null hypothesis every assignment of models
 * to groups of these sizes is equally likely.
 *
 * @param matrix - model × model scores, `[k, k]`; of an asymmetric one the two orders are averaged.
 * @param labels - the group of each model `[k]`.
 * @throws ShapeError if the matrix is not square or does not fit the labels; OptionError if there are fewer than two groups,
 * no group with two models, or for a bad option; DataError if a score is not finite
 */
export function groupTest(
  matrix: Matrix,
  labels: readonly string[],
  options: GroupTestOptions = {},
): GroupTest {
  knownKeys('groupTest', options, ['within', 'distances', 'permutations', 'seed']);
  const { within, distances = false, permutations = 9999, seed = 0 } = options;
  wholeNumber('permutations', permutations);
  flag('distances', distances);
  checkFinite(matrix, 'matrix');
  wholeNumber('seed', seed, 0);
  const k = labels.length;
  if (matrix.rows !== k || matrix.cols !== k) {
    throw new ShapeError(`${k} labels for a matrix of ${matrix.rows} × ${matrix.cols} models`);
  }
  const names = [...new Set(labels)];
  if (names.length < 2) throw new OptionError('groups has one group: between needs at least two');
  if (within !== undefined && !names.includes(within)) {
    throw new OptionError(`within is ${show(within)}: the groups are ${names.join(', ')}`);
  }
  const codes = labels.map((label) => names.indexOf(label));
  const focus = within === undefined ? undefined : names.indexOf(within);
  const pairs = pairsOf(matrix);
  const observed = means(pairs, codes, focus);
  if (Number.isNaN(observed.within)) {
    throw new OptionError(
      within === undefined
        ? 'no group has two models: within needs a pair'
        : `group '${within}' has one model: within needs a pair`,
    );
  }
  const sign = distances ? -1 : 1;
  const statistic = (found: { within: number; between: number }) => sign * (found.within - found.between);
  // Equal but for rounding counts as reached.
  const reach = statistic(observed) - 1e-12 * (Math.abs(observed.within) + Math.abs(observed.between));
  const total = countLabellings(codes, names.length);
  const exact = total <= permutations;
  let reached = exact ? 0 : 1;
  const count = (labelling: readonly number[]): void => {
    if (statistic(means(pairs, labelling, focus)) >= reach) reached++;
  };
  if (exact) for (const labelling of labellings(codes)) count(labelling);
  else {
    const random = new Random(seed);
    for (let i = 0; i < permutations; i++) count(Array.from(random.permutation(k), (at) => codes[at]));
  }
  const counted = exact ? total : permutations + 1;
  const groups = names.flatMap((name, code) => {
    const own = means(pairs, codes, code).within;
    return Number.isNaN(own) ? [] : [[name, own] as const];
  });
  return {
    within: observed.within,
    between: observed.between,
    difference: observed.within - observed.between,
    groups: Object.fromEntries(groups),
    p: reached / counted,
    labellings: counted,
    exact,
  };
}

type Pairs = readonly { readonly i: number; readonly j: number; readonly value: number }[];

function pairsOf({ rows: k, data }: Matrix): Pairs {
  const pairs: { i: number; j: number; value: number }[] = [];
  for (let i = 0; i < k; i++) {
    for (let j = i + 1; j < k; j++) pairs.push({ i, j, value: (data[i * k + j] + data[j * k + i]) / 2 });
  }
  return pairs;
}

/** NaN where there is no pair. */
function means(
  pairs: Pairs,
  codes: readonly number[],
  focus: number | undefined,
): { within: number; between: number } {
  let [within, inside, between, across] = [0, 0, 0, 0];
  for (const { i, j, value } of pairs) {
    const [a, b] = [codes[i], codes[j]];
    if (focus !== undefined && a !== focus && b !== focus) continue;
    if (a === b) {
      within += value;
      inside++;
    } else {
      between += value;
      across++;
    }
  }
  return { within: within / inside, between: between / across };
}

/** Number of different labellings with the same group sizes: a multinomial coefficient. */
function countLabellings(codes: readonly number[], groups: number): number {
  let count = 1;
  let placed = 0;
  for (let group = 0; group < groups; group++) {
    const size = codes.filter((code) => code === group).length;
    for (let i = 1; i <= size; i++) count = (count * ++placed) / i;
  }
  return Math.round(count);
}

/** All different orders of the codes (next permutation in lexicographic order). */
function* labellings(codes: readonly number[]): Generator<number[]> {
  const order = [...codes].sort((a, b) => a - b);
  for (;;) {
    yield order;
    let i = order.length - 2;
    while (i >= 0 && order[i] >= order[i + 1]) i--;
    if (i < 0) return;
    let j = order.length - 1;
    while (order[j] <= order[i]) j--;
    [order[i], order[j]] = [order[j], order[i]];
    order.push(...order.splice(i + 1).reverse());
  }
}

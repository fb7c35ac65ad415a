/** Wilks' lambda and its distributions, classical scaling and hierarchical clustering. */
import { averageLinkage, classicalScaling } from '../../../src/compare/scaling.js';
import { chiSquaredTail, fTail } from '../../../src/inference/distributions.js';
import { groupTest } from '../../../src/inference/group-test.js';
import { wilks } from '../../../src/inference/wilks.js';
import type { WilksTest } from '../../../src/inference/wilks.js';
import { ccaMeasure } from '../../../src/measures/cca.js';
import { measurePair } from '../../../src/measures/run-pair.js';
import { matrix } from '../../../src/matrix.js';
import type { Matrix } from '../../../src/matrix.js';
import { computed } from '../agreement.js';
import type { Agreement, Value } from '../agreement.js';
import type { Sides } from '../data.js';

const tests = async ({ x, y }: Sides): Promise<WilksTest[]> => wilks(await measurePair(ccaMeasure, x, y, {}));

/**
 * Each number by itself, compared to its own size. Where a double has fewer digits than usual or nearly so, scipy's tails lose
 * theirs: F = 120.49 with 16 and 3012.9 degrees of freedom has 1.2417e-308 (mpmath with 50 digits, and here), scipy says 1.2407e-308.
 */
const single = (values: readonly number[]): Value =>
  values.map((value) => [Math.abs(value) < 1e-300 ? 0 : value]);

/** The same of a peer's answer. */
const settled = (answer: Value): Value =>
  typeof answer === 'number'
    ? Math.abs(answer) < 1e-300
      ? 0
      : answer
    : Array.isArray(answer)
      ? answer.map(settled)
      : Object.fromEntries(Object.entries(answer).map(([key, value]) => [key, settled(value)]));

const rowsOf = ({ rows, cols, data }: Matrix): number[][] =>
  Array.from({ length: rows }, (_, i) => Array.from(data.subarray(i * cols, (i + 1) * cols)));

export const scipyInference: readonly Agreement[] = [
  {
    of: "Wilks' Λ with Bartlett's χ² and Rao's F, each correlation removed in turn (chi2.sf, f.sf)",
    call: 'wilks',
    theirs: settled,
    pairs: ['mnist', 'plain', 'square', 'confounded'],
    ours: computed('wilks(cca(x, y))', async (sides) =>
      (await tests(sides)).map(({ lambda, bartlett, rao }) =>
        single([lambda, bartlett.statistic, bartlett.df, bartlett.p, rao.statistic, rao.df2, rao.p]),
      ),
    ),
  },
  {
    of: 'tails of χ² and F (chi2.sf, f.sf)',
    call: 'tails',
    theirs: settled,
    pairs: ['points'],
    ours: computed('chiSquaredTail, fTail', ({ x, y }) =>
      Promise.resolve({
        chi2: single(rowsOf(x).map(([value, df]) => chiSquaredTail(value, df))),
        f: single(rowsOf(y).map(([value, df1, df2]) => fTail(value, df1, df2))),
      }),
    ),
  },
  {
    of: 'test of groups of 5 and 7 models, p over all 792 labellings (permutation_test)',
    call: 'group_test',
    options: { first: 5 },
    pairs: ['distances'],
    ours: computed('groupTest', ({ x, y }) => {
      const labels = Array.from({ length: x.rows }, (_, at) => (at < 5 ? 'first' : 'other'));
      const similarities = matrix(
        x.rows,
        x.cols,
        Float64Array.from(x.data, (value) => -value),
      );
      const found = [groupTest(similarities, labels), groupTest(y, labels, { distances: true })];
      return Promise.resolve(found.map(({ difference, p }) => [[difference], [p]]));
    }),
  },
  {
    of: 'heights of average linkage (linkage)',
    call: 'heights',
    pairs: ['distances'],
    ours: computed('averageLinkage', async ({ x, y }) => {
      const trees = [await averageLinkage(x), await averageLinkage(y)];
      return trees.map(({ merges }) => merges.map(({ height }) => height));
    }),
  },
];

export const sklearnInference: readonly Agreement[] = [
  {
    of: 'coordinates of classical scaling, but for signs (ClassicalMDS)',
    call: 'scaling',
    options: { dims: 3 },
    pairs: ['distances'],
    ours: computed('classicalScaling', async ({ x, y }) => {
      const found = [await classicalScaling(x, 3), await classicalScaling(y, 3)];
      return found.map(({ coordinates }) => rowsOf(coordinates).map((row) => row.map(Math.abs)));
    }),
  },
];

export const statsmodelsInference: readonly Agreement[] = [
  {
    of: "Wilks' Λ, degrees of freedom, F and p; Pillai's and Hotelling-Lawley's traces",
    call: 'multivariate',
    theirs: settled,
    pairs: ['mnist', 'plain', 'square', 'confounded'],
    ours: computed('wilks(cca(x, y))[0]', async (sides) => {
      const all = await tests(sides);
      const [{ lambda, rao }] = all;
      const sum = (of: (squared: number) => number) =>
        all.reduce((total, { correlation }) => total + of(correlation ** 2), 0);
      return {
        wilks: single([lambda, rao.df1, rao.df2, rao.statistic, rao.p]),
        pillai: sum((squared) => squared),
        hotelling: sum((squared) => squared / (1 - squared)),
      };
    }),
  },
  {
    of: "Wilks' Λ and Rao's F, each correlation removed in turn",
    call: 'sequential',
    theirs: settled,
    pairs: ['mnist', 'square'],
    ours: computed('wilks(cca(x, y))', async (sides) =>
      (await tests(sides)).map(({ lambda, rao }) => single([lambda, rao.df1, rao.df2, rao.statistic, rao.p])),
    ),
  },
];

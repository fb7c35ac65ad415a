/**
 * Linear regression of one representation on the other: the share of variance that is explained, `‖U₁ᵀY‖²_F / ‖Y‖²_F`.
 *
 * @module
 */
import { DataError } from '../errors.js';
import { flag, keyword, knownKeys } from '../options.js';
import { scaleColumns, scaleRows } from '../factor/small.js';
import type { HostMatrix } from '../engines/engine.js';
import { chanceWarnings } from './correlations.js';
import type { Measure, Pair } from './measure.js';

/** Options of {@link regression}. */
export interface RegressionOptions {
  /** The predicting side: `'x'` predicts y from x, `'y'` predicts x from y. @defaultValue `'x'` */
  readonly from?: 'x' | 'y';
  /** Computes even where the predicting side has so many directions that R² is 1 whatever the data. @defaultValue `false` */
  readonly allowFewSamples?: boolean;
}

/**
 * Linear regression: R² of all predicted neurons together, each weighted by its variance. The R² of unrelated samples is
 * `rank / (n − 1)` on average, exactly so over all orders of the samples.
 */
export const regressionMeasure: Measure<RegressionOptions> = {
  name: 'regression',
  reference:
    'Kornblith, Norouzi, Lee, Hinton, Similarity of neural network representations revisited, ICML 2019, table 1 (R²LR)',
  invariances: ['orthogonal', 'isotropic scaling', 'translation'],
  cost: 'n·d² and d³ a layer, n·d² a pair',
  symmetric: false,
  defaults: Object.freeze({ from: 'x', allowFewSamples: false }),

  resolve(options) {
    knownKeys('regression', options, Object.keys(this.defaults));
    const all = { ...this.defaults, ...options };
    return {
      from: keyword('from', all.from, ['x', 'y']),
      allowFewSamples: flag('allowFewSamples', all.allowFewSamples),
    };
  },

  needs: () => ({ keep: 'all', valuesOnly: true }),

  evaluate(pair, { from, allowFewSamples }) {
    return Promise.resolve().then(() => {
      const { samples, rank } = pair[from];
      const kept = { x: pair.x.rank, y: pair.y.rank };
      if (kept.x === 0 || kept.y === 0) return { score: 0, kept };
      const certain = checkPredictor(samples, rank, from, allowFewSamples);
      const score = explained(pair, from);
      const chance = (n: number) => rank / (n - 1);
      // One neuron at a time is predicted, so that directions of that side do not add up.
      const few = chanceWarnings(samples, { x: rank, y: 1 }, score, chance);
      return { score, chance: chance(samples), kept, warnings: certain ?? few };
    });
  },
};

/** `‖C·S₂‖² / ‖S₂‖²` of the predicted side, relative to its largest singular value so that no square overflows. */
function explained({ x, y, cross }: Pair, from: 'x' | 'y'): number {
  const { s } = from === 'x' ? y : x;
  const relative = s.map((value) => value / s[0]);
  const scaled = from === 'x' ? scaleColumns(cross, relative) : scaleRows(cross, relative);
  return Math.min(1, squares(scaled) / relative.reduce((sum, value) => sum + value * value, 0));
}

function squares({ data }: HostMatrix): number {
  return data.reduce((sum, value) => sum + value * value, 0);
}

/**
 * What is to be told where R² is 1 whatever the data.
 *
 * @throws DataError with code `TOO_FEW_SAMPLES` unless `allow`
 */
function checkPredictor(
  samples: number,
  rank: number,
  side: 'x' | 'y',
  allow: boolean,
): string[] | undefined {
  if (rank < samples - 1) return undefined;
  const fault = `${samples} samples for ${rank} predicting directions of ${side}: R² is 1 whatever the data`;
  if (allow) return [`${fault}.`];
  throw new DataError(`${fault}; give more samples, take a subsample of neurons, or set allowFewSamples`, {
    code: 'TOO_FEW_SAMPLES',
  });
}

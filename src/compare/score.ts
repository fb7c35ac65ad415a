/**
 * Every measure of two matrices, under every convention that the field uses, from one factorisation.
 *
 * @module
 */
import { OptionError, SvccaError } from '../errors.js';
import { pause, without } from '../options.js';
import type { MatrixLike } from '../matrix.js';
import { RUN_KEYS, factored, withMatrices } from '../measures/run-pair.js';
import type { PairOptions } from '../measures/run-pair.js';
import type { SimilarityResult } from '../measures/measure.js';
import { combineNeeds, evaluate, evaluateSamples } from '../measures/pair.js';
import { presets } from '../measures/presets.js';
import { askedMeasures } from './asked.js';
import type { Convention, MeasureChoices } from './asked.js';

/** One line of {@link score}: a result with a label that says which convention it follows. */
export interface LabelledResult extends SimilarityResult {
  readonly label: string;
}

/**
 * The conventions that {@link score} evaluates when none is named; those that compare each sample with every other only up to
 * 5,000 samples.
 */
export const conventions: readonly Convention[] = [
  { label: 'CCA, mean ρ', measure: 'cca', options: {} },
  { label: 'CCA, mean ρ² (R²CCA)', measure: 'cca', options: { summary: 'meanSquared' } },
  { label: 'CCA, mean ρ² uncentred (Kornblith’s demo)', measure: 'cca', options: presets.kornblith.cca },
  { label: 'CCA, mean of ρ up to 98 % of their sum (google)', measure: 'cca', options: presets.google.cca },
  { label: 'SVCCA, 99 % of Σs²', measure: 'svcca', options: {} },
  { label: 'SVCCA, 98 % of Σs²', measure: 'svcca', options: { keep: { variance: 0.98 } } },
  { label: 'SVCCA, 99 % of Σs', measure: 'svcca', options: { keep: { singularValueMass: 0.99 } } },
  { label: 'SVCCA, 98 % of Σs', measure: 'svcca', options: { keep: { singularValueMass: 0.98 } } },
  { label: 'SVCCA, anatome', measure: 'svcca', options: presets.anatome.svcca },
  { label: 'PWCCA, paper', measure: 'pwcca', options: {} },
  { label: 'PWCCA, paper, weights of y', measure: 'pwcca', options: { side: 'y' } },
  { label: 'PWCCA, google (x, y)', measure: 'pwcca', options: { ...presets.google.pwcca, side: 'x' } },
  { label: 'PWCCA, google (y, x)', measure: 'pwcca', options: { ...presets.google.pwcca, side: 'y' } },
  { label: 'PWCCA, anatome', measure: 'pwcca', options: presets.anatome.pwcca },
  { label: 'linear CKA', measure: 'cka', options: {} },
  { label: 'linear CKA, debiased', measure: 'cka', options: { estimator: 'debiased' } },
  { label: 'Procrustes similarity', measure: 'procrustes', options: {} },
  { label: 'Procrustes angle (netrep)', measure: 'procrustes', options: presets.netrep.procrustes },
  { label: 'linear regression, R² of y from x', measure: 'regression', options: {} },
  { label: 'linear regression, R² of x from y', measure: 'regression', options: { from: 'y' } },
  { label: 'RV coefficient, modified', measure: 'rvCoefficient', options: { modified: true } },
  { label: 'PLS, largest covariance', measure: 'pls', options: {} },
  {
    label: 'RBF CKA, σ half the root of the median',
    measure: 'cka',
    options: { kernel: 'rbf', sigma: { medianFraction: 0.5 } },
  },
  { label: 'RSA, correlation distance, Spearman (ReSi)', measure: 'rsa', options: presets.resi.rsa },
  { label: 'RSA, squared distance, cosine (rsatoolbox)', measure: 'rsa', options: presets.rsatoolbox.rsa },
  { label: 'distance correlation', measure: 'distanceCorrelation', options: {} },
  {
    label: 'distance correlation, debiased',
    measure: 'distanceCorrelation',
    options: { estimator: 'debiased' },
  },
  { label: 'mutual 10-NN', measure: 'mutualKnn', options: {} },
];

/** Samples up to which the default conventions include those that compare each sample with every other. */
const PAIRWISE_UP_TO = 5000;

/** A convention that could not be taken of the data, and why. */
export interface SkippedConvention {
  readonly label: string;
  readonly measure: string;
  readonly reason: string;
}

/** What {@link score} gives. */
export interface Scores {
  readonly results: LabelledResult[];
  readonly skipped: SkippedConvention[];
}

/** Options of {@link score}; those of the measures stand beside them where `measure` names some. */
export interface ScoreOptions extends PairOptions {
  /** Which conventions to evaluate. @defaultValue all of {@link conventions} */
  readonly conventions?: readonly Convention[];
  /** Measures instead of conventions: one, or several as in `compare`. */
  readonly measure?: MeasureChoices;
  /** Options of the measures; each takes those it has. */
  readonly [option: string]: unknown;
}

/**
 * Scores two matrices, samples × neurons, under many conventions; each side is factored once.
 *
 * @returns one result per convention. A measure that cannot be taken of these data (for example CCA where
 * `samples ≤ neurons`) is left out, and named in `skipped` with its reason.
 * @throws as `cca`, for what concerns the data as a whole.
 */
export async function score(x: MatrixLike, y: MatrixLike, options: ScoreOptions = {}): Promise<Scores> {
  const asked = options.measure ?? options.conventions;
  const own = without(options, [...RUN_KEYS, 'conventions', 'measure']);
  if (Array.isArray(asked) && asked.length === 0) {
    throw new OptionError('conventions is empty: name at least one');
  }
  if (asked === undefined && Object.keys(own).length > 0) {
    throw new OptionError(
      `${Object.keys(own)[0]} is given without a measure: name those that it is for as 'measure', or give 'conventions'`,
    );
  }
  const plans = askedMeasures(asked ?? conventions, own);
  const factorNeeds = combineNeeds(plans.map(({ needs }) => needs));
  return withMatrices(x, y, options, async (sides, engine) => {
    const pair = factorNeeds.keep && (await factored(sides, options, factorNeeds, engine));
    const results: LabelledResult[] = [];
    const skipped: SkippedConvention[] = [];
    for (const { label, measure, options: resolved, needs } of plans) {
      await pause(options.signal);
      if (needs.samples && asked === undefined && sides.x.rows > PAIRWISE_UP_TO) {
        const reason = `each of ${sides.x.rows} samples is compared with every other, which takes long: ask by name`;
        skipped.push({ label, measure: measure.name, reason });
        continue;
      }
      try {
        const result = await (needs.samples || !pair
          ? evaluateSamples(measure, sides, resolved, engine)
          : evaluate(measure, pair, resolved, engine));
        results.push({ label, ...result });
      } catch (error) {
        if (!(error instanceof SvccaError) || error.code !== 'TOO_FEW_SAMPLES') throw error;
        skipped.push({ label, measure: measure.name, reason: error.message });
      }
    }
    return { results, skipped };
  });
}

/**
 * CKA from sample × sample kernels: of all samples, or averaged over minibatches.
 *
 * @module
 */
import type { Engine } from '../engines/engine.js';
import { DataError } from '../errors.js';
import {
  IMPRECISE,
  alignment,
  roundingOf,
  standingOf,
  uCentredProducts,
} from '../pairwise/centred-products.js';
import type { Estimator } from '../pairwise/centred-products.js';
import { fewNeurons, linearSums } from '../pairwise/linear-sums.js';
import { pairwiseSums } from '../pairwise/sums.js';
import type { PairwiseSums } from '../pairwise/sums.js';
import { Totals } from '../pairwise/totals.js';
import { prepareKernels } from './cka-kernels.js';
import type { KernelOptions, PreparedKernels } from './cka-kernels.js';
import type { Outcome, SampledPair } from './measure.js';

/** Options of the estimate, resolved. */
export interface EstimateOptions {
  readonly estimator: Estimator;
  readonly minibatch: false | number;
  readonly minibatchWeights: MinibatchWeights;
}

/** What minibatches of different sizes count by. */
export type MinibatchWeights = 'samples' | 'equal';

/** @throws DataError where the samples are too few for an unbiased estimate */
export function checkEstimate(samples: number, { estimator }: Pick<EstimateOptions, 'estimator'>): void {
  if (estimator === 'debiased' && samples < 4) {
    throw new DataError(`debiased CKA of ${samples} samples: at least 4 are needed`, {
      code: 'TOO_FEW_SAMPLES',
    });
  }
}

/** A self-similarity that is 0 in expectation may be negative by chance: then there is nothing to divide by. */
export const UNDEFINED_DEBIASED =
  'Debiased CKA is undefined here: the unbiased self-similarity of a side is not positive.';

/** CKA of a kernel over the samples themselves. */
export async function ckaOfSamples(
  engine: Engine,
  pair: SampledPair,
  options: KernelOptions & EstimateOptions,
): Promise<Outcome> {
  checkEstimate(pair.x.rows, options);
  const prepared = prepareKernels(engine, pair, options);
  const { constant } = prepared;
  if (constant.x || constant.y) {
    return { score: 0, warnings: options.kernel === 'cosine' ? oneDirection(constant) : [] };
  }
  return options.minibatch === false
    ? overAll(engine, pair, prepared, options.estimator)
    : overMinibatches(engine, pair, prepared, options.minibatch, options.minibatchWeights);
}

async function overAll(
  engine: Engine,
  pair: SampledPair,
  prepared: PreparedKernels,
  estimator: Estimator,
): Promise<Outcome> {
  const sums = await sumsOf(engine, pair, prepared, 0, pair.x.rows);
  const { warnings } = prepared;
  const found = alignment(sums, estimator);
  if (!found.undefined) {
    const lost = found.imprecise ? [IMPRECISE] : [];
    return { score: found.score, chance: found.chance, warnings: [...warnings, ...lost] };
  }
  const why = estimator === 'debiased' ? UNDEFINED_DEBIASED : UNDEFINED_BIASED;
  return { score: 0, warnings: [...warnings, why] };
}

async function sumsOf(
  engine: Engine,
  { breathe }: SampledPair,
  { kernels, linear }: PreparedKernels,
  from: number,
  to: number,
): Promise<PairwiseSums> {
  const [x, y] = await kernels(from, to);
  if (!linear || !fewNeurons(x, y)) return pairwiseSums(engine, x, y, breathe);
  await breathe();
  return linearSums(engine, x, y);
}

const UNDEFINED_BIASED =
  'The kernel of a side is the same for all pairs of samples, to within rounding: the score is 0.';

/**
 * Unbiased HSIC of each minibatch, averaged over them before the ratio is taken. All minibatches have one size but the last,
 * whose weight is a choice, and which does not count at all where it has fewer than 4 samples.
 */
async function overMinibatches(
  engine: Engine,
  pair: SampledPair,
  prepared: PreparedKernels,
  size: number,
  weights: MinibatchWeights,
): Promise<Outcome> {
  const { warnings } = prepared;
  const samples = pair.x.rows;
  const means = new Totals(7);
  let from = 0;
  for (; samples - from >= 4; from = Math.min(samples, from + size)) {
    const to = Math.min(samples, from + size);
    const n = to - from;
    const sums = await sumsOf(engine, pair, prepared, from, to);
    const { xx, xy, yy } = uCentredProducts(sums);
    const { x, y } = roundingOf(sums);
    // HSIC₁ is the product over n(n − 3).
    const weight = (weights === 'samples' ? n : 1) / (n * (n - 3));
    [xx, xy, yy, x.sums, x.values, y.sums, y.values].forEach((term, at) => means.add(at, weight * term));
  }
  const left =
    from < samples
      ? [
          `The last ${samples - from} of ${samples} samples are too few for a minibatch of their own and were left out.`,
        ]
      : [];
  const [xx, xy, yy, ...noise] = means.values();
  const rounding = { x: { sums: noise[0], values: noise[1] }, y: { sums: noise[2], values: noise[3] } };
  const found = standingOf({ xx, yy }, rounding);
  if (found === 'rounding') return { score: 0, warnings: [...warnings, ...left, UNDEFINED_DEBIASED] };
  const lost = found === 'imprecise' ? [IMPRECISE] : [];
  return {
    score: xy / Math.sqrt(xx) / Math.sqrt(yy),
    chance: 0,
    warnings: [...warnings, ...left, ...lost],
  };
}

function oneDirection(constant: { readonly x: boolean; readonly y: boolean }): string[] {
  const which = constant.x && constant.y ? 'either side' : constant.x ? 'x' : 'y';
  return [
    `All samples of ${which} have the same direction, so that their cosines are all 1: the score is 0.`,
  ];
}

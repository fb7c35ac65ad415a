/**
 * An interval from the scores of parts of the datapoints.
 *
 * @module
 */
import type { SimilarityResult } from '../measures/measure.js';
import { studentQuantile } from './distributions.js';
import { bootstrapped, jackknifed, leftOfRoot } from './estimates.js';
import { rangeOf, within } from './range.js';
import type { Spectra } from './subsets.js';
import { undecided } from './undecided.js';

/** How the scores came about. */
export interface Design {
  readonly resampling: 'jackknife' | 'bootstrap';
  readonly level: number;
  /** Datapoints of each group. */
  readonly sizes: readonly number[];
  /** Blocks of datapoints: those that are independent. */
  readonly blocks: number;
  /** Of all datapoints, where the sides were factored. */
  readonly spectra?: Spectra;
}

/** An interval, and what to know of it. */
export interface Bounds {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  readonly standardError: number;
  readonly scale: 'atanh' | 'score';
  readonly undecided?: { readonly correlations: number; readonly left: number };
  readonly warnings: readonly string[];
}

/**
 * @param scores - of the groups left, or drawn.
 * @param self - score of a side with itself.
 */
export function bounds(
  result: SimilarityResult,
  scores: readonly number[],
  self: number,
  design: Design,
): Bounds {
  const { score, measure } = result;
  const groups = design.sizes.length;
  const estimateOf = (observed: number, parts: readonly number[]) =>
    design.resampling === 'bootstrap'
      ? bootstrapped(observed, parts, groups)
      : jackknifed(observed, parts, design.sizes);
  // A score of at most 1, reached by equal sides, crowds towards 1: its spread is even on the scale of Fisher's z.
  const crowded = Math.abs(self - 1) < 1e-6;
  const scale =
    crowded && [score, ...scores].every((value) => Math.abs(value) < 1 - 1e-9) ? 'atanh' : 'score';
  const [to, from] = scale === 'atanh' ? [Math.atanh, Math.tanh] : [(v: number) => v, (v: number) => v];
  const { estimate, standardError: spread } = estimateOf(to(score), scores.map(to));
  const standardError = scale === 'score' ? spread : estimateOf(score, scores).standardError;
  // With k fixed, neighbours agree by chance as 1/n: no fault of few datapoints, and nothing to correct.
  const centre = measure === 'mutualKnn' ? to(score) : estimate;
  const half = studentQuantile((1 + design.level) / 2, groups - 1) * spread;
  const whole = { estimate: from(centre), low: from(centre - half), high: from(centre + half) };
  const { unclear, ...widened } = spreadOut(whole, result, design);
  const range = rangeOf(measure, result.options, self, result.correlations?.length ?? 0);
  const width = whole.high - whole.low;
  return {
    estimate: within(widened.estimate, range),
    low: within(widened.low, range),
    high: within(widened.high, range),
    standardError,
    scale,
    ...(unclear.correlations !== undefined && {
      undecided: { correlations: unclear.correlations, left: unclear.left },
    }),
    warnings: [
      ...fewGroups(groups),
      ...jumps(result, design.resampling),
      ...blurred(result, design),
      ...(Math.abs(unclear.left) > Math.max(UNCLEAR_FROM * width, ROUNDING * Math.abs(score))
        ? [unclearWarning(unclear, result)]
        : []),
      ...biasWarnings(score, score - whole.estimate - unclear.explained, standardError),
    ],
  };
}

interface Ends {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** What 1/√n leaves in an estimate. */
interface Unclear {
  /** Below 0 where it makes the score too low. */
  readonly left: number;
  /** What of the correction made so far it explains. */
  readonly explained: number;
  /** How many correlations make it, by the law of chance. */
  readonly correlations?: number;
}

/** Moves the end that is too far in if correlations are 0 in truth, by what they then leave. */
function spreadOut(
  { estimate, low, high }: Ends,
  result: SimilarityResult,
  { resampling, sizes, blocks }: Design,
): Ends & { readonly unclear: Unclear } {
  const found = undecided(result, blocks);
  if (found === undefined) return { estimate, low, high, unclear: { left: 0, explained: 0 } };
  const share = leftOfRoot(resampling, sizes.length);
  if (found !== 'unknown') {
    const left = share * found.part;
    const { correlations } = found;
    const unclear = { left, explained: found.part - left, correlations };
    return { estimate: estimate - left, low: low - left, high, unclear };
  }
  // Without a law: as if all that was corrected had come of it; twice, since a correction of few parts varies.
  const correction = result.score - estimate;
  const left = (2 * correction * share) / (1 - share);
  const unclear = { left, explained: correction };
  return { estimate, low: low - Math.max(left, 0), high: high - Math.min(left, 0), unclear };
}

/** Relative to a score, what is not told. */
const ROUNDING = 1e-9;

/** Share of the width of an interval from which on a reader is told. */
const UNCLEAR_FROM = 0.1;

function unclearWarning({ left, correlations }: Unclear, { measure, correlations: all }: SimilarityResult) {
  const size = Math.abs(left).toPrecision(2);
  if (correlations !== undefined && correlations > 1 && measure === 'pwcca') {
    return (
      `${correlations} of ${all!.length} correlations are not above chance, and may leave about ${size} in an estimate. If they are 0 in ` +
      'truth, their directions are any, and so are the weights of PWCCA: it tends to no single value, and the interval may miss ' +
      'where it ends. Keep fewer directions, or take cca or cka.'
    );
  }
  if (correlations !== undefined) {
    const [is, they] = correlations === 1 ? ['is', 'it is'] : ['are', 'they are'];
    return (
      `${correlations} of ${all!.length} correlations ${is} not above chance: if ${they} 0 in truth, that leaves about ${size} in an ` +
      'estimate; low and estimate are without it, high is with it. ' +
      "summary: 'meanSquared' of cca and svcca, or cka, have a narrower interval."
    );
  }
  return (
    `Directions that are not shared may leave up to ${size} in the estimate of ${measure}: the interval reaches farther by that. ` +
    'A measure of squares, such as cka, has a narrower one.'
  );
}

/** Corrections of so many standard errors leave a bias of second order that the interval does not allow for. */
const CORRECTION_UP_TO = 4;

function biasWarnings(score: number, signed: number, standardError: number): string[] {
  const correction = Math.abs(signed);
  if (correction <= Math.max(CORRECTION_UP_TO * standardError, ROUNDING * Math.abs(score))) return [];
  const times = correction / standardError;
  const how = times < 1000 ? `${times.toFixed(0)} times` : 'more than 1,000 times';
  return [
    `The correction for few samples, ${correction.toPrecision(2)}, is ${how} the standard error: ` +
      'what it leaves may exceed the interval. More samples or fewer directions make it smaller.',
  ];
}

/** Groups below which their own spread says little of how sure a score is. */
const GROUPS_FROM = 5;

function fewGroups(groups: number): string[] {
  if (groups >= GROUPS_FROM) return [];
  return [
    `${groups} groups of samples are too few to tell how much the score varies: take 20, or at least 5.`,
  ];
}

/** Directions near the last one kept change places when samples are left out, and a jackknife multiplies that. */
function jumps({ x, y }: SimilarityResult, resampling: 'jackknife' | 'bootstrap'): string[] {
  const some = [x, y].some(({ kept, rank }) => kept !== undefined && rank !== undefined && kept < rank);
  if (resampling === 'bootstrap' || !some) return [];
  return [
    'Only some directions of each side are kept, and which may jump when samples are left out: a jackknife makes too much of ' +
      "that. Use resampling: 'bootstrap'.",
  ];
}

/** Above this, the last direction kept and the first left out are mixed so much that intervals cover less often than they say. */
const MIXED_FROM = 0.1;

/** Both sides cut in the same place, between directions of nearly equal variance: each sample keeps another one on each side. */
function blurred({ x, y }: SimilarityResult, { spectra, blocks }: Design): string[] {
  const kept = x.kept;
  if (spectra === undefined || kept === undefined || kept !== y.kept) return [];
  if (![spectra.x, spectra.y].every((s) => kept < s.length && mixing(s, kept, blocks) > MIXED_FROM))
    return [];
  return [
    `Directions ${kept} and ${kept + 1} of either side vary about as much, and which of them is kept is chance: the interval may be too ` +
      'narrow. Keep another number, or a share of the variance.',
  ];
}

/** Mean square of the sine between a direction of a sample and its own of the population, towards the next (Anderson 1963). */
function mixing(s: Float64Array, kept: number, samples: number): number {
  const ratio = (s[kept - 1] / s[kept]) ** 2;
  return ratio / (samples * (ratio - 1) ** 2);
}

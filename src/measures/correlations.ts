/**
 * What the CCA family shares: correlations from a cross block, their summaries, and when they mean nothing.
 *
 * @module
 */
import { DataError, NumericalError, OptionError } from '../errors.js';
import { keyword, show, wholeNumber } from '../options.js';
import type { Engine, HostMatrix } from '../engines/engine.js';
import type { Side } from '../factor/factor.js';
import { singularValues } from '../factor/small.js';
import { chanceCorrelations, chanceMean, chanceMeanSquared } from './chance.js';
import type { Outcome } from './measure.js';

/** How correlations become one number. */
export type Summary =
  | 'mean'
  | 'meanSquared'
  | 'sum'
  | 'thresholded'
  | { readonly top: number }
  | { readonly thresholded: number };

/** What a mean is divided by: the kept rank `min(k₁, k₂)`, `min(d₁, d₂)` neurons, or `d₁`. */
export type Divisor = 'kept' | 'neurons' | 'x';

/** google/svcca's share of Σρ at which its thresholded mean stops. */
export const GOOGLE_THRESHOLD = 0.98;

/** Checks a {@link Summary}. @throws OptionError */
export function checkSummary(summary: unknown): Summary {
  if (typeof summary === 'object' && summary !== null && Object.keys(summary).length === 1) {
    const { top, thresholded } = summary as Record<string, unknown>;
    if (top !== undefined) return { top: wholeNumber('summary.top', top) };
    if (typeof thresholded === 'number' && thresholded > 0 && thresholded <= 1) return { thresholded };
  }
  if (typeof summary === 'string') {
    return keyword('summary', summary, ['mean', 'meanSquared', 'sum', 'thresholded'] as const);
  }
  throw new OptionError(
    `summary is ${show(summary)}: give 'mean', 'meanSquared', 'sum', 'thresholded', { thresholded: 0.98 } or { top: 5 }`,
  );
}

/** Checks a {@link Divisor}. @throws OptionError */
export function checkDivisor(divisor: unknown): Divisor {
  return keyword('divisor', divisor, ['kept', 'neurons', 'x']);
}

/** One number from correlations of two sides, largest first; 0 where there are none. */
export function summarise(
  rho: readonly number[],
  { summary, divisor: by }: { readonly summary: Summary; readonly divisor: Divisor },
  x: { readonly neurons: number },
  y: { readonly neurons: number },
): number {
  if (rho.length === 0) return 0;
  const divisor = { kept: rho.length, neurons: Math.min(x.neurons, y.neurons), x: x.neurons }[by];
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  if (summary === 'mean') return sum(rho) / divisor;
  if (summary === 'meanSquared') return sum(rho.map((r) => r * r)) / divisor;
  if (summary === 'sum') return sum(rho);
  if (typeof summary === 'object' && 'top' in summary) {
    const leading = rho.slice(0, summary.top);
    return sum(leading) / leading.length;
  }
  const share = summary === 'thresholded' ? GOOGLE_THRESHOLD : summary.thresholded;
  const total = sum(rho);
  if (total === 0) return 0;
  let count = 1;
  while (count < rho.length && sum(rho.slice(0, count)) / total < share) count++;
  return sum(rho.slice(0, count)) / count;
}

/** Singular values of a cross block of orthonormal bases: each in [0, 1]. @throws NumericalError beyond rounding */
export async function correlationsOf(engine: Engine, cross: HostMatrix): Promise<number[]> {
  return bounded(await singularValues(engine, cross));
}

/** Takes rounding off correlations; anything further above 1 is a fault to be told, not hidden. */
export function bounded(values: ArrayLike<number>): number[] {
  return Array.from(values, (value) => {
    if (!(value <= 1 + 1e-6)) throw new NumericalError(`a canonical correlation came out as ${value}`);
    return Math.min(1, value);
  });
}

/** Number of kept directions of each side. */
interface Kept {
  readonly x: number;
  readonly y: number;
}

/** Samples for each kept direction below which a result is marked. */
const SAMPLES_PER_DIRECTION = 5;

/**
 * Warns where correlations are mostly chance, and refuses where they are nothing else: centred samples span
 * `samples − 1` dimensions, and a side that keeps them all correlates perfectly with anything.
 *
 * @throws DataError with code `TOO_FEW_SAMPLES` unless `allow`
 */
export function checkSamples(samples: number, kept: Kept, allow: boolean): string[] {
  const fault = certainty(samples, kept);
  if (fault !== undefined && !allow) {
    throw new DataError(
      `${fault}; give more samples, truncate by svcca with keep: { dims: … }, take a subsample of neurons, ` +
        'or set allowFewSamples',
      { code: 'TOO_FEW_SAMPLES' },
    );
  }
  const mean = chanceMean(samples, kept);
  const reached = mean > 0 ? `: unrelated sides reach a mean correlation of ${mean.toFixed(2)}` : '';
  return marked(
    samples,
    kept,
    `below ${SAMPLES_PER_DIRECTION} samples a direction the score is largely chance${reached}`,
  );
}

/**
 * The warning of {@link checkSamples} where it is known what unrelated sides score.
 *
 * @param chance - of a number of samples.
 */
export function chanceWarnings(
  samples: number,
  kept: Kept,
  score: number,
  chance: (samples: number) => number,
): string[] {
  return marked(
    samples,
    kept,
    `score ${score.toFixed(2)}, where unrelated sides reach ${chance(samples).toFixed(2)} by chance; ` +
      `4 × as many samples would bring chance to ${chance(4 * samples).toFixed(2)}`,
  );
}

function marked(samples: number, kept: Kept, text: string): string[] {
  // Without correlations there is nothing that chance could raise.
  if (Math.min(kept.x, kept.y) === 0) return [];
  const fault = certainty(samples, kept);
  if (fault !== undefined) return [`${fault}.`];
  const most = Math.max(kept.x, kept.y);
  if (samples >= SAMPLES_PER_DIRECTION * most) return [];
  const forced = kept.x + kept.y - (samples - 1);
  const certain =
    forced > 0 ? ` ${forced} of the correlations ${forced === 1 ? 'is' : 'are'} 1 whatever the data.` : '';
  return [`${samples} samples for ${most} kept directions: ${text}.${certain}`];
}

function certainty(samples: number, kept: Kept): string | undefined {
  const most = Math.max(kept.x, kept.y);
  if (Math.min(kept.x, kept.y) === 0 || most < samples - 1) return undefined;
  const side = kept.x >= kept.y ? 'x' : 'y';
  return `${samples} samples for ${most} kept directions of ${side}: every canonical correlation is 1 whatever the data`;
}

/** Which number is made of correlations. */
interface Summarised {
  readonly summary: Summary;
  readonly divisor: Divisor;
}

/** What centred correlations come to: the score, what of it unrelated sides reach, and a warning where that is much. */
export function outcomeOf(
  correlations: readonly number[],
  kept: Kept,
  options: Summarised & { readonly allowFewSamples: boolean },
  x: Side,
  y: Side,
): Outcome {
  const { samples } = x;
  const score = summarise(correlations, options, x, y);
  if (!hasChance(samples, kept, options.summary)) {
    return { score, correlations, kept, warnings: checkSamples(samples, kept, options.allowFewSamples) };
  }
  const chance = (n: number) => chanceScore(n, kept, options, x, y);
  const warnings = chanceWarnings(samples, kept, score, chance);
  // A sum, or a mean over more than there are, does not end at 1.
  const most = summarise(new Array<number>(correlations.length).fill(1), options, x, y);
  return { score, chance: chance(samples), most, correlations, kept, warnings };
}

/** Correlations not forced to 1 from which on single ones, which some summaries pick out, are known by chance to 0.004. */
const SINGLE_FROM = 50;

function hasChance(samples: number, kept: Kept, summary: Summary): boolean {
  const count = Math.min(kept.x, kept.y);
  if (count === 0) return false;
  const free = Math.min(count, Math.max(0, samples - 1 - Math.max(kept.x, kept.y)));
  if (free === 0 || free >= SINGLE_FROM) return true;
  if (typeof summary !== 'object') return summary !== 'thresholded';
  return 'top' in summary && (summary.top >= count || summary.top <= count - free);
}

/** The summary of independent sides on average. */
function chanceScore(samples: number, kept: Kept, options: Summarised, x: Side, y: Side): number {
  if (options.summary !== 'meanSquared') return summarise(chanceCorrelations(samples, kept), options, x, y);
  const root = Math.sqrt(chanceMeanSquared(samples, kept));
  return summarise(new Array<number>(Math.min(kept.x, kept.y)).fill(root), options, x, y);
}

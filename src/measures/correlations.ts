/**
 * What the CCA family shares: correlations from a cross block, their summaries, and when they mean nothing.
 *
 * @module
 */
import { DataError, NumericalError, OptionError } from '../errors.js';
import { keyword, show, wholeNumber } from '../options.js';
import type { Engine, HostMatrix } from '../engines/engine.js';
import { singularValues } from '../factor/small.js';

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

/**
 * Warns where correlations are mostly chance, and refuses where they are nothing else: centred samples span
 * `samples − 1` dimensions, and a side that keeps them all correlates perfectly with anything.
 *
 * @throws DataError with code `TOO_FEW_SAMPLES` unless `allow`
 */
export function checkSamples(samples: number, kept: { x: number; y: number }, allow: boolean): string[] {
  const most = Math.max(kept.x, kept.y);
  if (most === 0) return [];
  if (most >= samples - 1) {
    const side = kept.x >= kept.y ? 'x' : 'y';
    const fault = `${samples} samples for ${most} kept directions of ${side}: every canonical correlation is 1 whatever the data`;
    if (allow) return [`${fault}.`];
    throw new DataError(
      `${fault}; give more samples, truncate by svcca with keep: { dims: … }, take a subsample of neurons, ` +
        'or set allowFewSamples',
      { code: 'TOO_FEW_SAMPLES' },
    );
  }
  if (samples >= 5 * most) return [];
  const forced = kept.x + kept.y - (samples - 1);
  const certain = forced > 0 ? ` ${forced} of the correlations are 1 whatever the data.` : '';
  return [
    `${samples} samples for ${most} kept directions: below 5 samples a direction the score is largely chance.${certain}`,
  ];
}

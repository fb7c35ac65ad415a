/**
 * Truncation: how many leading singular directions of a representation are kept.
 *
 * @module
 */
import { OptionError } from '../errors.js';
import { show, wholeNumber } from '../options.js';

/**
 * Which leading singular directions to keep: a share of the variance `Σs²`, a share of the sum of singular values `Σs`
 * (Raghu et al. 2017; anatome), or a number of directions.
 */
export type Keep =
  { readonly variance: number } | { readonly singularValueMass: number } | { readonly dims: number };

/** Whether the direction at which the share is reached is kept (google/svcca) or dropped (anatome). */
export type Crossing = 'kept' | 'dropped';

/** Checks a {@link Keep}. @throws OptionError */
export function checkKeep(keep: unknown): Keep | 'all' {
  if (keep === 'all') return keep;
  const entries = typeof keep === 'object' && keep !== null ? Object.entries(keep) : [];
  const [kind, value] = entries.length === 1 ? entries[0] : [];
  if (kind === 'dims') return { dims: wholeNumber('keep.dims', value) };
  if ((kind === 'variance' || kind === 'singularValueMass') && typeof value === 'number') {
    if (value > 0 && value <= 1) return keep as Keep;
    throw new OptionError(`keep.${kind} is ${value}: give a share above 0 and at most 1`);
  }
  throw new OptionError(
    `keep is ${show(keep)}: give one of { variance: 0.99 }, { singularValueMass: 0.99 }, { dims: 20 } or 'all'`,
  );
}

/**
 * Number of leading directions kept of singular values `s` (largest first, those below the rank tolerance already cut).
 * At least one, unless there is none.
 */
export function keptDirections(s: Float64Array, keep: Keep | 'all', crossing: Crossing = 'kept'): number {
  if (s.length === 0 || keep === 'all') return s.length;
  if ('dims' in keep) return Math.min(keep.dims, s.length);
  const byVariance = 'variance' in keep;
  const share = byVariance ? keep.variance : keep.singularValueMass;
  const mass = byVariance ? s.map((v) => (v / s[0]) ** 2) : s;
  const total = mass.reduce((sum, v) => sum + v, 0);
  let sum = 0;
  let below = 0;
  while (below < s.length && (sum += mass[below]) < share * total) below++;
  const kept = crossing === 'kept' ? below + 1 : below;
  return Math.max(1, Math.min(kept, s.length));
}

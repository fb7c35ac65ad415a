/**
 * Orthogonal Procrustes (Schönemann 1966) on centred sides scaled to Frobenius norm 1: `‖XᵀY‖_*` and its distances; and the
 * family of Williams et al. 2021 that leads from there to CCA.
 *
 * @module
 */
import { OptionError } from '../errors.js';
import { flag, keyword, knownKeys, show } from '../options.js';
import { singularValues } from '../factor/small.js';
import type { Factor } from '../factor/factor.js';
import { checkSamples } from './correlations.js';
import type { Measure } from './measure.js';
import { scaledCross } from './scaled-cross.js';

/** Options of {@link procrustes}. */
export interface ProcrustesOptions {
  /**
   * With `p = ‖XᵀY‖_*`: `'similarity'` `p`; `'distance'` `1 − p` (anatome); `'squaredDistance'` `2 − 2p` (Ding et al. 2021);
   * `'euclideanDistance'` `√(2 − 2p)` (ReSi); `'angle'` `arccos p` in radians (netrep). The last two are metrics at every
   * `alpha`; since p is known to some 1e-16, they do not tell distances below about 1e-8 from 0. @defaultValue `'similarity'`
   */
  readonly output?: keyof typeof outputs;
  /**
   * How much of the spread of each side is kept, from 0 to 1. Each singular value `s` becomes `α·s + (1 − α)`: at 1 it is
   * Procrustes, at 0 both sides are whitened and only canonical correlations remain, `p = Σρ / √(r₁r₂)`.
   * @defaultValue `1`
   */
  readonly alpha?: number;
  /**
   * What `alpha` between 0 and 1 mixes with 1. `'variance'`: singular values of each side scaled so that their mean square is
   * 1, so that units of the data do not matter and both ends of the family have one total variance. `'none'`: singular
   * values of the centred data as they are, as netrep; the result then depends on their units and on the number of samples.
   * @defaultValue `'variance'`
   */
  readonly scaling?: 'variance' | 'none';
  /** Computes at `alpha` 0 even where `samples ≤ neurons` makes every correlation 1. @defaultValue `false` */
  readonly allowFewSamples?: boolean;
}

const outputs = {
  similarity: (p: number) => p,
  distance: (p: number) => 1 - p,
  squaredDistance: (p: number) => 2 - 2 * p,
  euclideanDistance: (p: number) => Math.sqrt(2 - 2 * p),
  angle: (p: number) => Math.acos(p),
};

/** Orthogonal Procrustes similarity. */
export const procrustesMeasure: Measure<ProcrustesOptions> = {
  name: 'procrustes',
  reference:
    'Schönemann 1966; Ding, Denain, Steinhardt 2021, arXiv 2108.01661; alpha: Williams, Kunz, Kornblith, Linderman, ' +
    'Generalized shape metrics on neural representations, NeurIPS 2021, arXiv 2110.14739 (LinearMetric of netrep)',
  invariances: ['orthogonal', 'isotropic scaling', 'translation'],
  cost: 'n·d² and d³ a layer, n·d² and d³ a pair',
  symmetric: true,
  defaults: Object.freeze({ output: 'similarity', alpha: 1, scaling: 'variance', allowFewSamples: false }),

  resolve(options) {
    knownKeys('procrustes', options, Object.keys(this.defaults));
    const all = { ...this.defaults, ...options };
    return {
      output: keyword('output', all.output, Object.keys(outputs) as (keyof typeof outputs)[]),
      alpha: checkAlpha(all.alpha),
      scaling: keyword('scaling', all.scaling, ['variance', 'none']),
      allowFewSamples: flag('allowFewSamples', all.allowFewSamples),
    };
  },

  needs: () => ({ keep: 'all', valuesOnly: true }),

  async evaluate(pair, options, engine) {
    const kept = { x: pair.x.rank, y: pair.y.rank };
    const warnings = options.alpha === 0 ? checkSamples(pair.x.samples, kept, options.allowFewSamples) : [];
    const x = { ...pair.x, s: partlyWhitened(pair.x, options) };
    const y = { ...pair.y, s: partlyWhitened(pair.y, options) };
    const norm = Math.hypot(...x.s) * Math.hypot(...y.s);
    const values = await singularValues(engine, scaledCross({ ...pair, x, y }));
    const nuclear = values.reduce((sum, value) => sum + value, 0);
    const p = norm === 0 ? 0 : Math.min(1, nuclear / norm);
    return { score: outputs[options.output](p), kept, warnings };
  },
};

/** `α·s + (1 − α)`. */
function partlyWhitened(
  { s }: Factor,
  { alpha, scaling }: Pick<Required<ProcrustesOptions>, 'alpha' | 'scaling'>,
): Float64Array {
  if (alpha === 1) return s;
  const unit = scaling === 'none' ? 1 : Math.hypot(...s) / Math.sqrt(s.length);
  return s.map((value) => alpha * (value / unit) + (1 - alpha));
}

function checkAlpha(value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw new OptionError(`alpha is ${show(value)}: give a number from 0 (CCA) to 1 (Procrustes)`);
}

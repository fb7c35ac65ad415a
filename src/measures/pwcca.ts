/**
 * Projection-weighted CCA (Morcos, Raghu, Bengio 2018): correlations weighted by how much of a side's activations each
 * canonical variate accounts for. The published tools compute three different things under this name.
 *
 * @module
 */
import { UnsupportedError } from '../errors.js';
import { flag, keyword, knownKeys } from '../options.js';
import type { Engine, HostMatrix } from '../engines/engine.js';
import { checkKeep, keptDirections } from '../factor/keep.js';
import type { Crossing, Keep } from '../factor/keep.js';
import type { Factor } from '../factor/factor.js';
import { leadingBlock, multiply, orthonormalise, scaleRows, thinSvd, transpose } from '../factor/small.js';
import { chanceMean } from './chance.js';
import { bounded, chanceWarnings, checkSamples } from './correlations.js';
import { LAPACK_SIGNS_UP_TO, googleWeights, hasLapackSigns } from './pwcca-google.js';
import type { Measure, Pair } from './measure.js';

/** Options of {@link pwcca}. */
export interface PwccaOptions {
  /**
   * `'paper'`: `αᵢ = Σⱼ|⟨hᵢ, xⱼ⟩|` with orthonormal variates `hᵢ` and centred neurons `xⱼ`. `'google'`: variates formed without
   * the inverse square root, means added back, then QR. `'anatome'`: QR of the canonical weights, activations uncentred.
   * @defaultValue `'paper'`
   */
  readonly variant?: 'paper' | 'google' | 'anatome';
  /** Whose activations weigh; `'auto'`: the side with fewer kept directions, x if they tie. @defaultValue `'auto'` */
  readonly side?: 'auto' | 'x' | 'y';
  /** Leading singular directions kept of each side before CCA. @defaultValue `'all'` */
  readonly keep?: Keep | 'all';
  /** Whether the direction that reaches the share is kept. @defaultValue `'kept'` */
  readonly crossing?: Crossing;
  /** Computes even where `samples ≤ kept directions` makes every correlation 1. @defaultValue `false` */
  readonly allowFewSamples?: boolean;
}

/** PWCCA: `Σ αᵢρᵢ / Σ αᵢ`. */
export const pwccaMeasure: Measure<PwccaOptions> = {
  name: 'pwcca',
  reference:
    'Morcos, Raghu, Bengio, Insights on representational similarity, NeurIPS 2018, arXiv 1806.05759, §2',
  // Not 'orthogonal': the weights add up absolute values neuron by neuron, of the side that weighs.
  invariances: ['isotropic scaling', 'translation'],
  cost: 'n·d² and d³ a layer, n·d² and d³ a pair',
  symmetric: false,
  defaults: Object.freeze({
    variant: 'paper',
    side: 'auto',
    keep: 'all',
    crossing: 'kept',
    allowFewSamples: false,
  }),

  resolve(options) {
    knownKeys('pwcca', options, Object.keys(this.defaults));
    const all = { ...this.defaults, ...options };
    return {
      variant: keyword('variant', all.variant, ['paper', 'google', 'anatome']),
      side: keyword('side', all.side, ['auto', 'x', 'y']),
      keep: checkKeep(all.keep),
      crossing: keyword('crossing', all.crossing, ['kept', 'dropped']),
      allowFewSamples: flag('allowFewSamples', all.allowFewSamples),
    };
  },

  needs: ({ keep }) => ({ keep }),

  async evaluate(pair, options, engine) {
    const { keep, crossing, variant } = options;
    const kept = { x: keptDirections(pair.x.s, keep, crossing), y: keptDirections(pair.y.s, keep, crossing) };
    const { samples } = pair.x;
    const warnings = checkSamples(samples, kept, options.allowFewSamples);
    if (kept.x === 0 || kept.y === 0) return { score: 0, correlations: [], weights: [], kept };
    const side = options.side === 'auto' ? (kept.x <= kept.y ? 'x' : 'y') : options.side;
    const cross = leadingBlock(pair.cross, kept.x, kept.y);
    const { u, s, v } = await thinSvd(engine, cross);
    const correlations = bounded(s);
    const variates = side === 'x' ? u : v;
    const factor = truncated(pair[side], kept[side]);
    const other = truncated(pair[side === 'x' ? 'y' : 'x'], kept[side === 'x' ? 'y' : 'x']);
    if (variant === 'google' && !hasLapackSigns(engine, factor, other)) {
      warnings.push(
        "google/svcca's PWCCA depends on the arbitrary signs of singular vectors; above " +
          `${LAPACK_SIGNS_UP_TO} neurons engine '${engine.name}' does not reproduce its LAPACK's, and its own number can differ: use 'lapack'.`,
      );
    }
    const alpha = await {
      paper: () => paperWeights(engine, factor, variates),
      google: () => googleWeights(engine, factor, other, side === 'x' ? cross : transpose(cross), variates),
      anatome: () => anatomeWeights(engine, pair, side, factor, variates),
    }[variant]();
    const total = alpha.reduce((sum, a) => sum + a, 0);
    const weights = Array.from(alpha, (a) => a / total);
    const score = Math.min(
      1,
      weights.reduce((sum, weight, i) => sum + weight * correlations[i], 0),
    );
    if (variant !== 'paper') return { score, correlations, weights, kept, warnings };
    // Of unrelated sides the variates lie in any direction, whatever their ρ: weighing by them does not change the mean.
    const chance = (n: number) => chanceMean(n, kept);
    return {
      score,
      chance: chance(samples),
      correlations,
      weights,
      kept,
      warnings: chanceWarnings(samples, kept, score, chance),
    };
  },
};

/** `⟨hᵢ, xⱼ⟩` for `h = U·variates` and centred neurons is an entry of `V·S·variates`: the samples are not needed. */
async function paperWeights(engine: Engine, { v, s }: Factor, variates: HostMatrix): Promise<Float64Array> {
  const { cols, data } = await multiply(engine, v, scaleRows(variates, s));
  const alpha = new Float64Array(cols);
  data.forEach((value, at) => (alpha[at % cols] += Math.abs(value)));
  return alpha;
}

/** anatome: an orthonormal basis of the weights `V·S⁻¹·variates`, and `Σᵢ|xᵢ·qⱼ|` over raw samples. */
async function anatomeWeights(
  engine: Engine,
  pair: Pair,
  side: 'x' | 'y',
  { v, s }: Factor,
  variates: HostMatrix,
): Promise<Float64Array> {
  if (pair.absoluteProjections === undefined) {
    throw new UnsupportedError(
      "pwcca with variant 'anatome' needs the samples once more: give a 'spool', raise 'memory', or capture the activations first",
    );
  }
  const inverse = s.map((value) => 1 / value);
  const weights = await multiply(engine, v, scaleRows(variates, inverse));
  return pair.absoluteProjections(side, await orthonormalise(engine, weights));
}

function truncated(factor: Factor, kept: number): Factor {
  if (kept === factor.s.length) return factor;
  return {
    ...factor,
    rank: kept,
    s: factor.s.slice(0, kept),
    v: leadingBlock(factor.v, factor.neurons, kept),
  };
}

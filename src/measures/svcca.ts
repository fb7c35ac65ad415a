/**
 * Singular vector canonical correlation analysis (Raghu et al. 2017): keep the leading singular directions of each side,
 * then CCA. The kept directions of a factor are its first columns, so a truncation costs nothing.
 *
 * @module
 */
import { flag, keyword, knownKeys } from '../options.js';
import { checkKeep, keptDirections } from '../factor/keep.js';
import type { Crossing, Keep } from '../factor/keep.js';
import type { Engine, HostMatrix } from '../engines/engine.js';
import type { Factor } from '../factor/factor.js';
import { leadingBlock, multiply, thinSvd } from '../factor/small.js';
import { checkDivisor, checkSamples, checkSummary, correlationsOf, outcomeOf } from './correlations.js';
import type { Divisor, Summary } from './correlations.js';
import type { Measure, Pair } from './measure.js';
import { centredCoordinates, rawCoordinates } from './raw.js';

/** Options of {@link svcca}. */
export interface SvccaOptions {
  /** Leading singular directions kept of each side. @defaultValue `{ variance: 0.99 }` */
  readonly keep?: Keep | 'all';
  /** Whether the direction that reaches the share is kept, or dropped as anatome does. @defaultValue `'kept'` */
  readonly crossing?: Crossing;
  /**
   * Singular directions of the centred activations, or of the raw ones as anatome takes them; correlated is always the
   * centred part. @defaultValue `'centred'`
   */
  readonly directions?: 'centred' | 'raw';
  /** @defaultValue `'mean'` */
  readonly summary?: Summary;
  /** What the means are divided by. @defaultValue `'kept'` */
  readonly divisor?: Divisor;
  /** Computes even where `samples ≤ kept directions` makes every correlation 1. @defaultValue `false` */
  readonly allowFewSamples?: boolean;
}

/** SVCCA: the singular values of the leading `k₁ × k₂` block of `U₁ᵀU₂`. */
export const svccaMeasure: Measure<SvccaOptions> = {
  name: 'svcca',
  reference: 'Raghu, Gilmer, Yosinski, Sohl-Dickstein, SVCCA, NeurIPS 2017, arXiv 1706.05806',
  invariances: ['orthogonal', 'isotropic scaling', 'translation'],
  cost: 'n·d² and d³ a layer, n·k² and k³ a pair for k kept directions',
  symmetric: true,
  symmetricWith: ({ divisor }) => divisor !== 'x',
  defaults: Object.freeze({
    keep: Object.freeze({ variance: 0.99 }),
    crossing: 'kept',
    directions: 'centred',
    summary: 'mean',
    divisor: 'kept',
    allowFewSamples: false,
  }),

  resolve(options) {
    knownKeys('svcca', options, Object.keys(this.defaults));
    const all = { ...this.defaults, ...options };
    return {
      keep: checkKeep(all.keep),
      crossing: keyword('crossing', all.crossing, ['kept', 'dropped']),
      directions: keyword('directions', all.directions, ['centred', 'raw']),
      summary: checkSummary(all.summary),
      divisor: checkDivisor(all.divisor),
      allowFewSamples: flag('allowFewSamples', all.allowFewSamples),
    };
  },

  needs: ({ keep, directions }) => (directions === 'raw' ? { keep: 'all' } : { keep, valuesOnly: true }),

  async evaluate(pair, options, engine) {
    const { x, y } = pair;
    const cross =
      options.directions === 'raw' ? await rawBlock(pair, options, engine) : leading(pair, options);
    const kept = { x: cross.rows, y: cross.cols };
    checkSamples(x.samples, kept, options.allowFewSamples);
    return outcomeOf(await correlationsOf(engine, cross), kept, options, x, y);
  },
};

type Truncation = Pick<Required<SvccaOptions>, 'keep' | 'crossing'>;

function leading({ x, y, cross }: Pair, { keep, crossing }: Truncation): HostMatrix {
  return leadingBlock(cross, keptDirections(x.s, keep, crossing), keptDirections(y.s, keep, crossing));
}

/** anatome: project on the leading singular directions of the raw samples, centre, and only then correlate. */
async function rawBlock({ x, y, cross }: Pair, truncation: Truncation, engine: Engine): Promise<HostMatrix> {
  const half = await multiply(engine, await projectedBasis(engine, x, truncation), cross, { a: true });
  return multiply(engine, half, await projectedBasis(engine, y, truncation));
}

/** Coordinates, in the basis `U`, of a basis of the centred samples projected on the kept raw directions. */
async function projectedBasis(
  engine: Engine,
  factor: Factor,
  { keep, crossing }: Truncation,
): Promise<HostMatrix> {
  const raw = await thinSvd(engine, rawCoordinates(factor), factor.tolerance);
  const directions = leadingBlock(raw.v, factor.neurons, keptDirections(raw.s, keep, crossing));
  const projected = await multiply(engine, centredCoordinates(factor), directions);
  return (await thinSvd(engine, projected, factor.tolerance)).u;
}

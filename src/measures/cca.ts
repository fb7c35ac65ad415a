/**
 * Canonical correlation analysis (Hotelling 1936), with the summaries that the field makes of the correlations.
 *
 * @module
 */
import type { Engine } from '../engines/engine.js';
import { flag, knownKeys } from '../options.js';
import {
  checkDivisor,
  checkSamples,
  checkSummary,
  correlationsOf,
  outcomeOf,
  summarise,
} from './correlations.js';
import type { Divisor, Summary } from './correlations.js';
import { multiply, thinSvd } from '../factor/small.js';
import type { Measure, Outcome, WhitenedPair } from './measure.js';
import { rawCoordinates, withConstant } from './raw.js';

/** Options of {@link cca}. */
export interface CcaOptions {
  /** @defaultValue `'mean'` */
  readonly summary?: Summary;
  /** What the means are divided by. @defaultValue `'kept'` */
  readonly divisor?: Divisor;
  /** `false` correlates raw activations, as Kornblith's demo of R²CCA. @defaultValue `true` */
  readonly centred?: boolean;
  /** Computes even where `samples ≤ neurons` makes every correlation 1. @defaultValue `false` */
  readonly allowFewSamples?: boolean;
}

/** CCA: the singular values of `U₁ᵀU₂`. */
export const ccaMeasure: Measure<CcaOptions> = {
  name: 'cca',
  reference:
    'Hotelling, Relations between two sets of variates, Biometrika 1936; R²CCA: Kornblith et al. 2019, eq. 7',
  invariances: ['invertible linear', 'translation'],
  cost: 'n·d² a layer and a pair, d³ for the correlations',
  symmetric: true,
  symmetricWith: ({ divisor }) => divisor !== 'x',
  defaults: Object.freeze({ summary: 'mean', divisor: 'kept', centred: true, allowFewSamples: false }),

  resolve(options) {
    knownKeys('cca', options, Object.keys(this.defaults));
    const all = { ...this.defaults, ...options };
    return {
      summary: checkSummary(all.summary),
      divisor: checkDivisor(all.divisor),
      centred: flag('centred', all.centred),
      allowFewSamples: flag('allowFewSamples', all.allowFewSamples),
    };
  },

  needs: ({ centred }) => ({ keep: 'all', anyBasis: centred, valuesOnly: centred }),

  async evaluate(pair, options, engine) {
    if (options.centred) return ofBases(pair, options, engine);
    const { x, y } = pair;
    // No chance level here: the law is that of centred samples.
    const warnings = checkSamples(x.samples, { x: x.rank, y: y.rank }, options.allowFewSamples);
    const [left, right] = [
      await thinSvd(engine, rawCoordinates(x), x.tolerance),
      await thinSvd(engine, rawCoordinates(y), y.tolerance),
    ];
    const half = await multiply(engine, left.u, withConstant(pair.cross), { a: true });
    const correlations = await correlationsOf(engine, await multiply(engine, half, right.u));
    const kept = { x: left.s.length, y: right.s.length };
    return { score: summarise(correlations, options, x, y), correlations, kept, warnings };
  },

  evaluateWhitened: ofBases,
};

async function ofBases(
  { x, y, cross }: WhitenedPair,
  options: Required<CcaOptions>,
  engine: Engine,
): Promise<Outcome> {
  const kept = { x: x.rank, y: y.rank };
  checkSamples(x.samples, kept, options.allowFewSamples);
  return outcomeOf(await correlationsOf(engine, cross), kept, options, x, y);
}

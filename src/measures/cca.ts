/**
 * Canonical correlation analysis (Hotelling 1936), with the summaries that the field makes of the correlations.
 *
 * @module
 */
import { flag, knownKeys } from '../options.js';
import { checkDivisor, checkSamples, checkSummary, correlationsOf, summarise } from './correlations.js';
import type { Divisor, Summary } from './correlations.js';
import { multiply, thinSvd } from '../factor/small.js';
import type { Measure } from './measure.js';
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
  symmetric: true,
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

  needs: () => ({ keep: 'all' }),

  async evaluate(pair, options, engine) {
    const { x, y } = pair;
    let kept = { x: x.s.length, y: y.s.length };
    const warnings = checkSamples(x.samples, kept, options.allowFewSamples);
    let { cross } = pair;
    if (!options.centred) {
      const [left, right] = [
        await thinSvd(engine, rawCoordinates(x), x.tolerance),
        await thinSvd(engine, rawCoordinates(y), y.tolerance),
      ];
      kept = { x: left.s.length, y: right.s.length };
      const half = await multiply(engine, left.u, withConstant(cross), { a: true });
      cross = await multiply(engine, half, right.u);
    }
    const correlations = await correlationsOf(engine, cross);
    return { score: summarise(correlations, options, x, y), correlations, kept, warnings };
  },
};

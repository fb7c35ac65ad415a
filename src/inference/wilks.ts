/**
 * Wilks' lambda: how many canonical correlations are more than chance, by Bartlett's χ² and Rao's F.
 *
 * @module
 */
import { DataError, OptionError } from '../errors.js';
import { show, wholeNumber } from '../options.js';
import type { SimilarityResult } from '../measures/measure.js';
import type { PartialResult } from '../measures/partial.js';
import { chiSquaredTail, fTail } from './distributions.js';

/** What correlations alone do not say. */
export interface WilksSizes {
  /** Number of datapoints. */
  readonly samples: number;
  /** Directions of x that were correlated: its rank, or those that SVCCA kept. */
  readonly x: number;
  /** Directions of y that were correlated. */
  readonly y: number;
}

/** Test that the correlations from the k-th on are all 0. */
export interface WilksTest {
  /** k, from 1. */
  readonly from: number;
  /** ρ_k. */
  readonly correlation: number;
  /** Wilks' Λ: the product of `1 − ρᵢ²` for i ≥ k. */
  readonly lambda: number;
  /** Bartlett's approximation (1941): `−(n − 1 − (p + q + 1)/2) ln Λ` as χ². */
  readonly bartlett: { readonly statistic: number; readonly df: number; readonly p: number };
  /** Rao's approximation (1951) as F, exact where one side has at most 2 directions left; df2 need not be whole. */
  readonly rao: {
    readonly statistic: number;
    readonly df1: number;
    readonly df2: number;
    readonly p: number;
  };
}

/**
 * Sequential tests of canonical correlations: the k-th asks whether the correlations from the k-th on are all 0. The number of
 * tests with small p, up to the first that has not, is the number of directions that two representations share beyond chance.
 *
 * The datapoints must be independent draws and roughly Gaussian. Positions of one image are not independent: use
 * `permutationTest` with `block` there. A p-value is accurate far into the tail (about 1e-12 of itself).
 *
 * @param of - a result of `cca`, `svcca` or `pwcca`, or of `partial` with one of them.
 * @returns one test for each correlation.
 * @throws OptionError where there are no centred canonical correlations; DataError (code `TOO_FEW_SAMPLES`) where
 * `samples − 1 < x + y`, so that some correlations are 1 whatever the data.
 * @example
 * ```ts
 * const [all, ...rest] = wilks(await cca(x, y));
 * console.log(all.lambda, all.rao.p);
 * ```
 */
export function wilks(of: SimilarityResult | PartialResult): WilksTest[];
/**
 * The same of correlations alone.
 *
 * @param of - correlations, largest first.
 * @param sizes - the number of samples, and of directions of each side.
 */
export function wilks(of: readonly number[], sizes: WilksSizes): WilksTest[];
export function wilks(of: SimilarityResult | readonly number[], sizes?: WilksSizes): WilksTest[] {
  const { rho, samples, x, y } = isResult(of) ? ofResult(of) : checked(of, sizes);
  const forced = x + y - (samples - 1);
  if (forced > 0) {
    throw new DataError(
      `${samples} samples for ${x} and ${y} directions: ${forced} of the correlations ${forced === 1 ? 'is' : 'are'} 1 whatever the data; ` +
        `give more samples, or keep fewer directions by svcca with keep: { dims: … }`,
      { code: 'TOO_FEW_SAMPLES' },
    );
  }
  const tests: WilksTest[] = [];
  // The product from the k-th on, as a sum of logarithms: Λ itself may be too small to be told from 0.
  let logLambda = 0;
  for (let at = rho.length - 1; at >= 0; at--) {
    logLambda += Math.log1p(-(rho[at] ** 2));
    const scale = samples - 1 - (x + y + 1) / 2;
    tests.unshift({
      from: at + 1,
      correlation: rho[at],
      lambda: Math.exp(logLambda),
      ...approximations(logLambda, scale, x - at, y - at),
    });
  }
  return tests;
}

/** Bartlett's and Rao's approximations for p and q directions that are left. */
function approximations(
  logLambda: number,
  scale: number,
  p: number,
  q: number,
): Pick<WilksTest, 'bartlett' | 'rao'> {
  const df = p * q;
  const chiSquared = -scale * logLambda;
  const squares = p * p + q * q - 5;
  const s = squares > 0 ? Math.sqrt((df * df - 4) / squares) : 1;
  const df2 = scale * s - df / 2 + 1;
  const f = (Math.expm1(-logLambda / s) * df2) / df;
  return {
    bartlett: { statistic: chiSquared, df, p: chiSquaredTail(chiSquared, df) },
    rao: { statistic: f, df1: df, df2, p: fTail(f, df, df2) },
  };
}

interface Tested extends WilksSizes {
  readonly rho: readonly number[];
}

function isResult(of: unknown): of is SimilarityResult {
  return typeof of === 'object' && of !== null && 'measure' in of;
}

function ofResult(result: SimilarityResult): Tested {
  const { measure, correlations, samples, x, y, options } = result;
  if (correlations === undefined || x.kept === undefined || y.kept === undefined) {
    throw new OptionError(`wilks of a result of ${measure}: give one of cca, svcca or pwcca`);
  }
  if (options['centred'] === false) {
    throw new OptionError(
      'wilks of uncentred correlations: they are not 0 of unrelated sides; leave centred as true',
    );
  }
  // Residuals are worth fewer samples than there are.
  const worth = 'given' in result ? (result as PartialResult).given.effectiveSamples : samples;
  return { rho: correlations, samples: worth, x: x.kept, y: y.kept };
}

function checked(rho: readonly number[], sizes: WilksSizes | undefined): Tested {
  const { samples, x, y } = sizes ?? ({} as Partial<WilksSizes>);
  const all = {
    rho,
    samples: wholeNumber('samples', samples),
    x: wholeNumber('x', x),
    y: wholeNumber('y', y),
  };
  if (!Array.isArray(rho) || !rho.every((value) => typeof value === 'number' && value >= 0 && value <= 1)) {
    throw new OptionError(`wilks of ${show(rho)}: give correlations between 0 and 1, or a result of cca`);
  }
  if (rho.some((value, i) => i > 0 && value > rho[i - 1])) {
    throw new OptionError('the correlations are not in order: give them largest first');
  }
  if (rho.length !== Math.min(all.x, all.y)) {
    throw new OptionError(
      `${rho.length} correlations of ${all.x} and ${all.y} directions: there are ${Math.min(all.x, all.y)}`,
    );
  }
  return all;
}

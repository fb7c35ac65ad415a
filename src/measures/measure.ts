/**
 * What a measure is, and what every measure returns.
 *
 * @module
 */
import type { Engine, HostMatrix } from '../engines/engine.js';
import type { Factor, Side } from '../factor/factor.js';
import type { Keep } from '../factor/keep.js';
import type { InnerProducts, RowNorms } from '../factor/products.js';
import type { Rounding } from '../factor/rounding.js';
import type { Matrix } from '../matrix.js';
import type { Breathe } from '../options.js';

/** How one side of a comparison looked. */
export interface SideSummary {
  /** Number of neurons (columns). */
  readonly neurons: number;
  /** Neurons that never changed. */
  readonly dead: number;
  /**
   * Number of linearly independent directions, by the relative tolerance of the method and the rounding of the samples; of measures
   * that factor a side.
   */
  readonly rank?: number;
  /** Directions that entered the measure, at most `rank`; of measures that factor a side. */
  readonly kept?: number;
}

/** The similarity of two representations, with all that is needed to judge and to repeat it. */
export interface SimilarityResult {
  /** Name of the measure. */
  readonly measure: string;
  /** The similarity (or, where an option says so, the distance or angle). Never NaN. */
  readonly score: number;
  /** The score that unrelated representations of the same size reach on average; only where a law for it is known. */
  readonly chance?: number;
  /**
   * `(score − chance) / (most − chance)`: 0 at chance level, 1 for equal representations (of `rsa` by `'kendall'` and `'rhoA'` only
   * without ties); only beside `chance`. The most that a score can be is 1, unless options of `cca` and `svcca` make it another:
   * `summary: 'sum'`, or a `divisor` above the kept rank.
   */
  readonly adjusted?: number;
  /** Canonical correlations, largest first, each in [0, 1]; only of measures that have them. */
  readonly correlations?: readonly number[];
  /** Projection weights of the correlations, summing to 1 (PWCCA). */
  readonly weights?: readonly number[];
  /** Singular values of the cross-covariance, largest first (PLS). */
  readonly singularValues?: readonly number[];
  /** Number of datapoints. */
  readonly samples: number;
  readonly x: SideSummary;
  readonly y: SideSummary;
  /** Every option as it was used, defaults included. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Engine that computed it. */
  readonly engine: string;
  /**
   * Route to the factors: `moments` (Gram matrices) or `direct` (QR of the data); `pairwise` where the measure compares samples
   * with samples and factors nothing.
   */
  readonly method: 'moments' | 'direct' | 'pairwise';
  /** What a reader of the score should know, in full sentences. */
  readonly warnings: readonly string[];
}

/** Everything a measure may use of a pair: the two factors and their cross block. */
export interface Pair extends WhitenedPair {
  readonly x: Factor;
  readonly y: Factor;
}

/** A pair by any orthonormal bases `U₁`, `U₂` of the centred samples: what invariance under every linear map leaves. */
export interface WhitenedPair {
  readonly x: Side;
  readonly y: Side;
  /** `C = U₁ᵀU₂`, the leading directions that the measure's plan asked for: `[≤ rank x, ≤ rank y]`. */
  readonly cross: HostMatrix;
  /** Sums over samples of products of squared norms of the centred rows, where the plan asked for them. */
  readonly rowNorms?: RowNorms;
  /**
   * `Σᵢ |xᵢ · qⱼ|` over the raw (uncentred) samples of a side, for each column of `directions` `[neurons, k]`; only where
   * the samples are still in memory, or in a spool.
   */
  readonly absoluteProjections?: (side: 'x' | 'y', directions: HostMatrix) => Promise<Float64Array>;
}

/**
 * A pair by the inner products of its centred samples, each side scaled so that the trace of its Gram matrix is 1: all that is
 * needed where no direction is told from another. Of a constant side they are 0.
 */
export interface ProductPair {
  readonly x: ProductFacts;
  readonly y: ProductFacts;
  readonly products: InnerProducts;
}

/** What is known of a side without factoring it. */
export interface ProductFacts extends Pick<Side, 'samples' | 'neurons' | 'dead' | 'method' | 'mean'> {
  /** Sum of squares of the centred samples, in the units of the data. */
  readonly trace: number;
}

/** Both sides by their samples, for measures of sample × sample matrices. */
export interface SampledPair {
  readonly x: Matrix;
  readonly y: Matrix;
  /** The rounding in the samples, where it is not that of their storage: of residuals. */
  readonly rounding?: { readonly x: Rounding; readonly y: Rounding };
  /** To be called between tiles. */
  readonly breathe: Breathe;
}

/** What a measure needs of a pair, known from its options alone. */
export interface Needs {
  /**
   * Leading directions of each side; `'all'` for the full rank. Layers of networks have these alone as `v` of their factor. Left
   * out: no factor is needed.
   */
  readonly keep?: Keep | 'all';
  /** The samples themselves, so that `evaluateSamples` is called and nothing else. */
  readonly samples?: boolean;
  readonly rowNorms?: boolean;
  /**
   * Whether of cross blocks no more than singular values are taken, for which they need less room than for singular vectors.
   * @defaultValue `false`
   */
  readonly valuesOnly?: boolean;
  /** Whether `evaluateWhitened` may be called instead of `evaluate`, so that no singular vectors need be found. */
  readonly anyBasis?: boolean;
  /** Whether `evaluateProducts` may be called instead of `evaluate`, so that nothing need be factored. */
  readonly products?: boolean;
}

/** What a measure computes of a pair. */
export interface Outcome {
  readonly score: number;
  /** What unrelated representations would score on average, where a law is known. */
  readonly chance?: number;
  /** The most that the score can be, where that is not 1; beside `chance`. @defaultValue 1 */
  readonly most?: number;
  readonly correlations?: readonly number[];
  readonly weights?: readonly number[];
  readonly singularValues?: readonly number[];
  /** Directions of each side that entered, of measures that factor the sides. */
  readonly kept?: { readonly x: number; readonly y: number };
  readonly warnings?: readonly string[];
}

/** Maps of the neurons that a measure may not notice. */
export type Invariance = 'invertible linear' | 'orthogonal' | 'isotropic scaling' | 'translation';

/** A similarity measure: a name, its facts, and a formula over a {@link Pair}. */
export interface Measure<Options extends object = Record<string, unknown>> {
  readonly name: string;
  /** The paper and equation that define it. */
  readonly reference: string;
  /** Maps of either side that leave it unchanged, under the default options. */
  readonly invariances: readonly Invariance[];
  /** Arithmetic for n samples and d neurons a side, in words, for example `'n·d² a layer, n·d² a pair'`. */
  readonly cost: string;
  /** Whether x and y can be exchanged under the default options. */
  readonly symmetric: boolean;
  /** The same under other options, where they decide it. */
  symmetricWith?(options: Required<Options>): boolean;
  /** The one place where its defaults stand. */
  readonly defaults: Readonly<Required<Options>>;
  /** Fills in the defaults. @throws OptionError naming a bad key or value. */
  resolve(options: Options): Required<Options>;
  needs(options: Required<Options>): Needs;
  /** Left out by measures that always need `samples`. */
  evaluate?(pair: Pair, options: Required<Options>, engine: Engine): Promise<Outcome>;
  /** The same from the samples; of measures that set `samples` in their needs. */
  evaluateSamples?(pair: SampledPair, options: Required<Options>, engine: Engine): Promise<Outcome>;
  /** The same from any bases; of measures that set `anyBasis` in their needs. */
  evaluateWhitened?(pair: WhitenedPair, options: Required<Options>, engine: Engine): Promise<Outcome>;
  /** The same from inner products; of measures that set `products` in their needs. */
  evaluateProducts?(pair: ProductPair, options: Required<Options>, engine: Engine): Promise<Outcome>;
}

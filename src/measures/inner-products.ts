/**
 * Inner products of a factored pair, as they are without factors: what linear CKA and the RV coefficient are made of.
 *
 * @module
 */
import type { Factor, Side } from '../factor/factor.js';
import { normsOfTraceOne } from '../factor/products.js';
import type { InnerProducts } from '../factor/products.js';
import type { ProductRounding } from '../pairwise/centred-products.js';
import type { Outcome, Pair, ProductFacts, ProductPair } from './measure.js';
import { scaledCross } from './scaled-cross.js';

/** Products of both sides, each of trace 1. Neither side may be constant. */
function productsOf(pair: Pair): InnerProducts {
  const { x, y, rowNorms } = pair;
  const [a, b] = [relative(x), relative(y)];
  const [ta, tb] = [sumOf(a, 2), sumOf(b, 2)];
  const { data } = scaledCross({ ...pair, x: { ...x, s: a }, y: { ...y, s: b } });
  const [p, q] = [x.s[0] ** 2 * ta, y.s[0] ** 2 * tb];
  return {
    xx: sumOf(a, 4) / ta / ta,
    xy: data.reduce((sum, value) => sum + value * value, 0) / ta / tb,
    yy: sumOf(b, 4) / tb / tb,
    ...(rowNorms && { rowNorms: normsOfTraceOne(rowNorms, p, q) }),
  };
}

/** What the rounding of one side's products depends on. */
export interface Accuracy {
  /** `√n ‖μ‖ / √trace`: the mean that was taken off, in units of the spread. */
  readonly offset: number;
  /** ProductRounding of the products relative to themselves. */
  readonly relative: number;
}

/** That of both sides. */
export interface Accuracies {
  readonly x: Accuracy;
  readonly y: Accuracy;
}

/** The accuracy of factored sides, neither of which may be constant: rounding grows with the sizes of what was factored. */
function accuracyOfFactors({ x, y }: Pair): Accuracies {
  const of = (side: Factor): Accuracy => ({
    offset: offset(side, side.s[0] * Math.sqrt(sumOf(relative(side), 2))),
    relative: (100 + 10 * (side.samples + side.neurons)) * Number.EPSILON,
  });
  return { x: of(x), y: of(y) };
}

/** The same of sides that were not factored. */
function accuracyOfProducts({ x, y }: { readonly x: ProductFacts; readonly y: ProductFacts }): Accuracies {
  const of = (side: ProductFacts): Accuracy => ({
    offset: offset(side, Math.sqrt(side.trace)),
    relative: 100 * Number.EPSILON,
  });
  return { x: of(x), y: of(y) };
}

function offset({ samples, mean }: Pick<Side, 'samples' | 'mean'>, spread: number): number {
  return Math.sqrt(samples * mean.reduce((sum, value) => sum + (value / spread) ** 2, 0));
}

/**
 * The rounding of a difference of `terms`, made of squares and of the sum `norms` of squared squared norms `aᵢ²` of rows, where
 * `Σaᵢ = 1`. The mean that was taken off is rounded by about `ε‖μ‖`: that changes `aᵢ` by twice its product with the row, and
 * `Σaᵢ²` by no more than `4ε‖μ‖Σaᵢ^1.5 ≤ 4ε‖μ‖√norms`.
 */
export function roundingOfDifference(
  terms: number,
  norms: number,
  samples: number,
  { offset, relative }: Accuracy,
): ProductRounding {
  const moved = offset * Math.sqrt(norms / samples) + Number.EPSILON * offset * offset;
  return { sums: relative * terms + 10 * Number.EPSILON * moved, values: 0 };
}

/** Singular values relative to the largest: their fourth powers then neither overflow nor vanish. */
function relative({ s }: Factor): Float64Array {
  return s.map((value) => value / s[0]);
}

function sumOf(values: Float64Array, power: number): number {
  return values.reduce((sum, value) => sum + value ** power, 0);
}

/**
 * Cosine of two kernels by their products, and its mean over all orders of one side's samples: `⟨K, L⟩` has the mean
 * `tr K · tr L / (n − 1)`, and the norms do not change.
 */
export function kernelCosine(
  { xx, xy, yy }: InnerProducts,
  samples: number,
): { score: number; chance: number } {
  const norms = Math.sqrt(xx * yy);
  return { score: Math.min(1, xy / norms), chance: Math.min(1, 1 / norms / (samples - 1)) };
}

/** Both ways to evaluate a formula over inner products: of a factored pair, and of one that was not. Constant sides score 0. */
export function overProducts<Options>(
  formula: (products: InnerProducts, accuracy: Accuracies, samples: number, options: Options) => Outcome,
): {
  evaluate(pair: Pair, options: Options): Promise<Outcome>;
  evaluateProducts(pair: ProductPair, options: Options): Promise<Outcome>;
} {
  return {
    async evaluate(pair, options) {
      const kept = { x: pair.x.rank, y: pair.y.rank };
      if (kept.x === 0 || kept.y === 0) return { score: 0, kept };
      return { ...formula(productsOf(pair), accuracyOfFactors(pair), pair.x.samples, options), kept };
    },
    async evaluateProducts(pair, options) {
      const { x, products } = pair;
      if (products.xx === 0 || products.yy === 0) return { score: 0 };
      return formula(products, accuracyOfProducts(pair), x.samples, options);
    },
  };
}

/**
 * Inner products of a factored pair, as they are without factors: what linear CKA and the RV coefficient are made of.
 *
 * @module
 */
import type { Factor } from '../factor/factor.js';
import type { InnerProducts, Pair } from './measure.js';
import { scaledCross } from './scaled-cross.js';

/** Products of both sides, each of trace 1. Neither side may be constant. */
export function productsOf(pair: Pair): InnerProducts {
  const { x, y, rowNorms } = pair;
  const [a, b] = [relative(x), relative(y)];
  const [ta, tb] = [sumOf(a, 2), sumOf(b, 2)];
  const { data } = scaledCross({ ...pair, x: { ...x, s: a }, y: { ...y, s: b } });
  const [p, q] = [x.s[0] ** 2 * ta, y.s[0] ** 2 * tb];
  return {
    xx: sumOf(a, 4) / ta / ta,
    xy: data.reduce((sum, value) => sum + value * value, 0) / ta / tb,
    yy: sumOf(b, 4) / tb / tb,
    ...(rowNorms && {
      rowNorms: { xx: rowNorms.xx / p / p, xy: rowNorms.xy / p / q, yy: rowNorms.yy / q / q },
    }),
  };
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

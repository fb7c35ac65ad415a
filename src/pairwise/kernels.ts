/**
 * Kernels, as centred products see them: each is known up to a factor, and up to a function of one sample added to rows and
 * columns, which centring removes. They are written so that what centring leaves is not lost beside what it removes.
 *
 * @module
 */
import type { Matrix } from '../matrix.js';
import { centredRows, columnMeans, scaled, withSquares } from './rows.js';
import type { Rows } from './rows.js';
import { squaredDistances } from './values.js';
import type { PairwiseValues } from './values.js';

/** `⟨x, y⟩` of prepared rows. */
export function linearKernel(rows: Rows): PairwiseValues {
  return { ...rows, apply: () => undefined };
}

/** Mean squared distance, in units of 2σ², beyond which the kernel is so close to 0 that it is computed as it is. */
const FAR = 20;

/**
 * `exp(−‖x − y‖² / 2σ²)` of centred rows, less its value at their mean squared distance: where σ is large, the kernel is near 1
 * everywhere and only its difference from a constant counts. With σ = 0 the kernel is 1 of equal samples, else 0.
 */
export function rbfKernel(rows: Rows, squaredSigma: number): PairwiseValues {
  const scale = 0.5 / squaredSigma;
  const typical = meanSquaredDistance(rows) * scale;
  const constant = typical < FAR ? typical : Infinity;
  const factor = Math.exp(-constant);
  return {
    ...rows,
    // The exponents' rounding is relative to themselves; of σ = 0 there is none.
    magnitude: squaredSigma === 0 || !(typical < Infinity) ? 0 : typical * Math.exp(-typical),
    apply(products, tile) {
      squaredDistances(rows, products, tile);
      if (squaredSigma === 0)
        for (let at = 0; at < products.length; at++) products[at] = products[at] === 0 ? 1 : 0;
      else if (factor === 0)
        for (let at = 0; at < products.length; at++) products[at] = Math.exp(-scale * products[at]);
      else {
        for (let at = 0; at < products.length; at++) {
          const exponent = constant - scale * products[at];
          products[at] = factor * (Math.abs(exponent) < 0.5 ? Math.expm1(exponent) : Math.exp(exponent) - 1);
        }
      }
    },
  };
}

/** Over the pairs of different samples of centred rows: `2 Σ‖xᵢ‖² / (n − 1)`. */
function meanSquaredDistance({ squaredNorms }: Rows): number {
  return (2 * squaredNorms.reduce((sum, value) => sum + value, 0)) / (squaredNorms.length - 1);
}

/** Parameters of a polynomial kernel. */
export interface Polynomial {
  /** γ, at least 0. */
  readonly gamma: number;
  /** c, at least 0. */
  readonly coefficient: number;
  /** A whole number of at least 1. */
  readonly degree: number;
}

/**
 * `k(x, y) = (γ⟨x, y⟩ + c)^degree`, computed about the mean `m` of the samples: `k(x, y) − k(x, m) − k(m, y) + k(m, m)`, which
 * is the kernel of features less those of `m`, over the largest of its diagonal.
 *
 * @param centred - whether `x` stands for its samples less their mean, so that `m` is 0.
 */
export function polynomialKernel(
  x: Matrix,
  { gamma, coefficient, degree }: Polynomial,
  centred: boolean,
): PairwiseValues {
  const rows = withSquares(centredRows(x));
  const mean = centred ? new Float64Array(x.cols) : columnMeans(x);
  // γ⟨x, y⟩ + c = middle + from[x] + from[y] + γ⟨x − m, y − m⟩
  const middle = gamma * dot(mean, mean, 0) + coefficient;
  const from = rows.squaredNorms.map((_, i) => gamma * dot(mean, rows.rows.data, i * x.cols));
  // Relative to the largest base, so that no power overflows.
  const unit =
    from.reduce((most, f, i) => Math.max(most, middle + 2 * f + gamma * rows.squaredNorms[i]), middle) || 1;
  const [m, f] = [middle / unit, from.map((value) => value / unit)];
  const edge = f.map((value) => grown(m, value, degree));
  const least = gamma / unit;
  const own = edge.map((value, i) => grown(m, 2 * f[i] + least * rows.squaredNorms[i], degree) - 2 * value);
  const factor = 1 / (own.reduce((most, value) => Math.max(most, value), 0) || 1);
  const prepared = scaled(rows, Math.sqrt(least));
  return {
    ...prepared,
    magnitude: factor * edge.reduce((most, value) => Math.max(most, Math.abs(value)), 0),
    apply(products, { rowStart, colStart, rows: height, cols: width }) {
      for (let i = 0, at = 0; i < height; i++) {
        const [left, leftEdge] = [f[rowStart + i], edge[rowStart + i]];
        for (let j = 0; j < width; j++, at++) {
          const change = left + f[colStart + j] + products[at];
          products[at] = factor * (grown(m, change, degree) - leftEdge - edge[colStart + j]);
        }
      }
    },
  };
}

/** `(base + change)^degree − base^degree`, without the cancellation: `change · Σ (base + change)^(degree − 1 − k) base^k`. */
function grown(base: number, change: number, degree: number): number {
  const next = base + change;
  let power = 1;
  let sum = 1;
  for (let k = 1; k < degree; k++) {
    power *= base;
    sum = sum * next + power;
  }
  return change * sum;
}

function dot(a: Float64Array, b: Float64Array, start: number): number {
  let sum = 0;
  for (let j = 0; j < a.length; j++) sum += a[j] * b[start + j];
  return sum;
}

/**
 * Incomplete gamma and beta functions, both tails, to about 1e-13 of their value however small: a p-value of 1e-200 has all its digits.
 *
 * What is common to both is that the large logarithms of the prefactor are never subtracted from one another: they are written as
 * deviances from the mode and errors of Stirling's formula (Loader, Fast and accurate computation of binomial probabilities, 2000).
 *
 * @module
 */
import { NumericalError } from '../errors.js';

/** A probability and its complement, each computed without subtracting from 1 where it is the small one. */
export interface Tails {
  readonly lower: number;
  readonly upper: number;
}

/** Regularised incomplete gamma functions `P(a, x)` (lower) and `Q(a, x)` (upper), a > 0, x ≥ 0. */
export function incompleteGamma(a: number, x: number): Tails {
  if (x === 0) return { lower: 0, upper: 1 };
  if (x === Infinity) return { lower: 1, upper: 0 };
  // x^a e^−x / Γ(a + 1)
  const density = Math.exp(-stirlingError(a) - deviance(a, x)) / Math.sqrt(2 * Math.PI * a);
  if (x < a + 1) {
    let [term, sum] = [1, 1];
    for (let k = 1; term > sum * Number.EPSILON; k++) sum += term *= x / (a + k);
    const lower = density * sum;
    return { lower, upper: 1 - lower };
  }
  const fraction = continued(x + 1 - a, (k) => [-k * (k - a), x + 2 * k + 1 - a]);
  const upper = (density * a) / fraction;
  return { lower: 1 - upper, upper };
}

/**
 * Regularised incomplete beta functions `Iₓ(a, b)` (lower) and `1 − Iₓ(a, b)` (upper), a, b > 0, 0 ≤ x ≤ 1.
 *
 * @param y - `1 − x`, where it is known better than by subtraction.
 */
export function incompleteBeta(a: number, b: number, x: number, y = 1 - x): Tails {
  if (x <= 0) return { lower: 0, upper: 1 };
  if (y <= 0) return { lower: 1, upper: 0 };
  if (x > (a + 1) / (a + b + 2)) {
    const { lower, upper } = smallBeta(b, a, y, x);
    return { lower: upper, upper: lower };
  }
  return smallBeta(a, b, x, y);
}

/** For x up to about the mean, where the continued fraction converges in some `√max(a, b)` steps. */
function smallBeta(a: number, b: number, x: number, y: number): Tails {
  const n = a + b;
  // x^a y^b / B(a, b)
  const exponent =
    stirlingError(n) - stirlingError(a) - stirlingError(b) - deviance(a, n * x) - deviance(b, n * y);
  const density = Math.exp(exponent) * Math.sqrt((a / (2 * Math.PI)) * (b / n));
  // Even and odd steps of the fraction taken together (DiDonato and Morris 1992, eq. 12).
  const fraction = continued((a * (a - n * x + 1)) / (a + 1), (k) => {
    const odd = a + 2 * k - 1;
    const numerator = (((a + k - 1) * (n + k - 1)) / odd) * ((k * (b - k) * x * x) / odd);
    const beta = k + (k * (b - k) * x) / odd + ((a + k) * (a - n * x + 1 + k * (1 + y))) / (a + 2 * k + 1);
    return [numerator, beta];
  });
  const lower = density / fraction;
  return { lower, upper: 1 - lower };
}

/** `b₀ + a₁/(b₁ + a₂/(b₂ + …))` by Lentz's method as modified by Thompson and Barnett (1986). */
function continued(first: number, step: (k: number) => readonly [a: number, b: number]): number {
  let [value, c, d] = [first || TINY, first || TINY, 0];
  for (let k = 1; k < MOST_STEPS; k++) {
    const [a, b] = step(k);
    d = 1 / (b + a * d || TINY);
    c = b + a / c || TINY;
    value *= c * d;
    if (Math.abs(c * d - 1) <= Number.EPSILON) return value;
  }
  throw new NumericalError(`a continued fraction did not converge in ${MOST_STEPS} steps`);
}

const TINY = 1e-300;
const MOST_STEPS = 1_000_000;

/** `x ln(x/m) + m − x`, to full relative accuracy where x is close to m. */
function deviance(x: number, m: number): number {
  const difference = x - m;
  if (Math.abs(difference) > 0.1 * (x + m)) return x * Math.log(x / m) - difference;
  const ratio = difference / (x + m);
  let sum = difference * ratio;
  let term = 2 * x * ratio;
  for (let j = 1; ; j++) {
    term *= ratio * ratio;
    const next = sum + term / (2 * j + 1);
    if (next === sum) return sum;
    sum = next;
  }
}

/** `ln Γ(x + 1) − (x + ½) ln x + x − ½ ln 2π`: how much Stirling's formula is short of. */
function stirlingError(x: number): number {
  // The series holds from 15 on; below, x is raised to there.
  let raised = 0;
  for (; x < 15; x++) raised += (x + 0.5) * Math.log1p(1 / x) - 1;
  const square = x * x;
  return (
    raised +
    (1 / 12 -
      (1 / 360 - (1 / 1260 - (1 / 1680 - (1 / 1188 - 691 / 360360 / square) / square) / square) / square) /
        square) /
      x
  );
}

/** Matrices that make decompositions fail: clusters, grading, zeros, dependence, extreme scales. */
import type { Matrix } from '../../src/matrix.js';
import { gaussian, mapped, orthogonal } from '../support.js';

/** A float64 matrix. */
export type Dense = Matrix & { data: Float64Array };

/** A matrix from a function of row and column. */
export const filled = (rows: number, cols: number, f: (i: number, j: number) => number): Dense => ({
  rows,
  cols,
  data: Float64Array.from({ length: rows * cols }, (_, p) => f(Math.floor(p / cols), p % cols)),
});
/** A symmetric one, from its lower triangle. */
export const symmetric = (n: number, f: (i: number, j: number) => number) =>
  filled(n, n, (i, j) => f(Math.max(i, j), Math.min(i, j)));
const tridiagonal = (n: number, d: (i: number) => number, e: (i: number) => number) =>
  filled(n, n, (i, j) => (i === j ? d(i) : Math.abs(i - j) === 1 ? e(Math.min(i, j)) : 0));

/** `l·diag(s)·rᵀ` with orthogonal factors; symmetric where the seeds are equal. */
export function spectrum(
  rows: number,
  cols: number,
  s: (i: number) => number,
  seeds: [number, number],
): Dense {
  const [l, r] = [orthogonal(rows, seeds[0]), orthogonal(cols, seeds[1])];
  return filled(rows, cols, (i, j) => {
    let sum = 0;
    for (let q = 0; q < Math.min(rows, cols); q++) sum += l.data[i * rows + q] * s(q) * r.data[j * cols + q];
    return sum;
  });
}

/** Symmetric matrices that make eigensolvers fail, by order. */
export const symmetricCases: Record<string, (n: number) => Dense> = {
  random: (n) => {
    const g = gaussian(n, n, n);
    return symmetric(n, (i, j) => g.data[i * n + j]);
  },
  zero: (n) => filled(n, n, () => 0),
  identity: (n) => filled(n, n, (i, j) => Number(i === j)),
  'identity and a little': (n) => {
    const g = gaussian(n, n, n);
    return symmetric(n, (i, j) => Number(i === j) + 1e-14 * g.data[i * n + j]);
  },
  diagonal: (n) => {
    const g = gaussian(n, 1, n);
    return filled(n, n, (i, j) => (i === j ? g.data[i] : 0));
  },
  ones: (n) => filled(n, n, () => 1),
  Hilbert: (n) => filled(n, n, (i, j) => 1 / (i + j + 1)),
  Wilkinson: (n) =>
    tridiagonal(
      n,
      (i) => Math.abs((n - 1) / 2 - i),
      () => 1,
    ),
  'glued Wilkinson': (n) =>
    tridiagonal(
      n,
      (i) => Math.abs(10 - (i % 21)),
      (i) => (i % 21 === 20 ? 1e-8 : 1),
    ),
  'second difference': (n) =>
    tridiagonal(
      n,
      () => 2,
      () => -1,
    ),
  'tridiagonal, graded down': (n) =>
    tridiagonal(
      n,
      (i) => 10 ** ((-16 * i) / n),
      (i) => 10 ** ((-16 * (i + 0.5)) / n),
    ),
  'tridiagonal, graded up over 300 decades': (n) =>
    tridiagonal(
      n,
      (i) => 10 ** ((-300 * (n - i)) / n),
      (i) => 10 ** ((-300 * (n - i - 0.5)) / n),
    ),
  'spectrum from 1 to 1e-16': (n) => spectrum(n, n, (i) => 10 ** ((-16 * i) / n), [n, n]),
  'three clusters': (n) => spectrum(n, n, (i) => [1, 1 + 1e-13 * i, -2][i % 3], [n, n]),
  'low rank': (n) => spectrum(n, n, (i) => (i < n / 4 ? i + 1 : 0), [n, n]),
  'Gram matrix of few samples with a common part': (n) => {
    const rows = Math.ceil(n / 2);
    const x = mapped(gaussian(rows, n, n), (value, i, j) => (value + 3) / (1 + j) + Math.sin(i));
    return symmetric(n, (i, j) => {
      let sum = 0;
      for (let r = 0; r < rows; r++) sum += x.data[r * n + i] * x.data[r * n + j];
      return sum;
    });
  },
  'scaled by 1e-150': (n) => mapped(symmetricCases['random'](n), (x) => x * 1e-150),
  'scaled by 1e150': (n) => mapped(symmetricCases['random'](n), (x) => x * 1e150),
  'rows over 100 decades': (n) =>
    mapped(symmetricCases['random'](n), (x, i, j) => x * 10 ** ((-50 * (i + j)) / n)),
};

/** Matrices that make an SVD or a QR fail, by shape. */
export const rectangular: Record<string, (m: number, n: number) => Dense> = {
  random: (m, n) => gaussian(m, n, m + n),
  zero: (m, n) => filled(m, n, () => 0),
  ones: (m, n) => filled(m, n, () => 1),
  identity: (m, n) => filled(m, n, (i, j) => Number(i === j)),
  shift: (m, n) => filled(m, n, (i, j) => Number(i + 1 === j)),
  bidiagonal: (m, n) => filled(m, n, (i, j) => (i === j ? 1 + i / n : i + 1 === j ? Math.cos(i) : 0)),
  'bidiagonal, graded down': (m, n) =>
    filled(m, n, (i, j) => (i === j || i + 1 === j ? 10 ** ((-16 * i) / n) : 0)),
  'bidiagonal, graded up': (m, n) =>
    filled(m, n, (i, j) => (i === j || i + 1 === j ? 10 ** ((16 * i) / n) : 0)),
  Kahan: (m, n) => filled(m, n, (i, j) => (i > j ? 0 : (i === j ? 1 : -0.958) * 0.285 ** i)),
  Hilbert: (m, n) => filled(m, n, (i, j) => 1 / (i + j + 1)),
  'condition 1e12': (m, n) =>
    spectrum(m, n, (i) => 10 ** ((-12 * i) / Math.max(1, Math.min(m, n) - 1)), [1, 2]),
  'low rank': (m, n) => spectrum(m, n, (i) => (i < Math.min(m, n) / 3 ? i + 1 : 0), [3, 4]),
  'equal values': (m, n) => spectrum(m, n, () => 3, [5, 6]),
  'two clusters': (m, n) => spectrum(m, n, (i) => 1 + (i % 2), [7, 8]),
  'repeated columns': (m, n) => {
    const g = gaussian(m, n, 9);
    return mapped(g, (_, i, j) => g.data[i * n + j - (j % 3 === 1 ? 1 : 0)]);
  },
  'zero rows and columns': (m, n) =>
    mapped(gaussian(m, n, 10), (x, i, j) => (i % 4 === 0 || j % 5 === 1 ? 0 : x)),
  'columns over 200 decades': (m, n) => mapped(gaussian(m, n, 11), (x, _, j) => x * 10 ** ((-200 * j) / n)),
  'rows over 15 decades': (m, n) => mapped(gaussian(m, n, 12), (x, i) => x * 10 ** ((15 * i) / m)),
  'scaled by 1e-150': (m, n) => mapped(gaussian(m, n, 13), (x) => x * 1e-150),
  'scaled by 1e150': (m, n) => mapped(gaussian(m, n, 13), (x) => x * 1e150),
};

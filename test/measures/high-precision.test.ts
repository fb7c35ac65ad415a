import { create, all } from 'mathjs';
import type { BigNumber } from 'mathjs';
import { describe, expect, it } from 'vitest';
import { cca } from '../../src/measures/functions.js';
import type { Matrix } from '../../src/matrix.js';
import { gaussian, mapped, orthogonal, times } from '../support.js';

const math = create(all, { number: 'BigNumber', precision: 60 });
const big = (value: number): BigNumber => math.bignumber(value);
const sum = (values: readonly BigNumber[]): BigNumber => values.reduce((a, b) => a.plus(b), big(0));

/** Centred Gram blocks of two columns each, with 60 digits. */
function gram(x: Matrix, y: Matrix): BigNumber[][] {
  const column = (m: Matrix, j: number) => {
    const raw = Array.from({ length: m.rows }, (_, i) => big(m.data[i * m.cols + j]));
    const mean = sum(raw).div(m.rows);
    return raw.map((value) => value.minus(mean));
  };
  const [left, right] = [x, y].map((m) => [column(m, 0), column(m, 1)]);
  return left.map((a) => right.map((b) => sum(a.map((value, k) => value.times(b[k])))));
}

const det = ([[a, b], [c, d]]: BigNumber[][]): BigNumber => a.times(d).minus(b.times(c));
const product = (p: BigNumber[][], q: BigNumber[][]): BigNumber[][] =>
  p.map((row) => [0, 1].map((j) => row[0].times(q[0][j]).plus(row[1].times(q[1][j]))));
const inverse = (m: BigNumber[][]): BigNumber[][] => {
  const d = det(m);
  return [
    [m[1][1].div(d), m[0][1].neg().div(d)],
    [m[1][0].neg().div(d), m[0][0].div(d)],
  ];
};

/** ρ² are the eigenvalues of Sxx⁻¹ Sxy Syy⁻¹ Syx: of a 2 × 2 matrix, roots of a quadratic. */
function exact(x: Matrix, y: Matrix): number[] {
  const m = product(product(inverse(gram(x, x)), gram(x, y)), product(inverse(gram(y, y)), gram(y, x)));
  const half = m[0][0].plus(m[1][1]).div(2);
  const root = half.times(half).minus(det(m)).sqrt();
  return [half.plus(root).sqrt().toNumber(), half.minus(root).sqrt().toNumber()];
}

/** Two related sides; the directions of x have the ratio `condition`. */
function sides(condition: number, n = 60): [Matrix, Matrix] {
  const base = gaussian(n, 2, 3);
  const y = mapped(gaussian(n, 2, 4), (value, i, j) => 0.7 * value + base.data[i * 2 + j] + 5);
  const scaled = mapped(base, (value, _, j) => (j === 0 ? value : value / condition));
  return [times(scaled, orthogonal(2, 5)), y];
}

describe('canonical correlations against 60-digit arithmetic (mathjs BigNumber)', () => {
  it.each([
    [1, 'direct', 1e-13],
    [1, 'moments', 1e-13],
    [1e4, 'direct', 1e-12],
    [1e4, 'moments', 1e-10],
    [1e6, 'direct', 1e-10],
    [1e6, 'moments', 1e-9],
    [1e8, 'direct', 1e-8],
  ] as const)('at condition %d by the %s route within %d', async (condition, method, tolerance) => {
    const [x, y] = sides(condition);
    const { correlations } = await cca(x, y, { method });
    exact(x, y).forEach((rho, i) => {
      expect(Math.abs(correlations![i] - rho)).toBeLessThanOrEqual(tolerance);
    });
  });

  it.each([1e2, 1e3, 1e4, 1e6, 1e8])(
    'at condition %d by the default route within 1e-10, of 10,000 datapoints',
    async (condition) => {
      const [x, y] = sides(condition, 10_000);
      const { correlations } = await cca(x, y);
      exact(x, y).forEach((rho, i) => {
        expect(Math.abs(correlations![i] - rho)).toBeLessThanOrEqual(1e-10);
      });
    },
  );
});

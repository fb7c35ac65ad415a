/** Representations by a formula that Python evaluates too, so that golden values need no files. */
import type { Matrix } from '../../src/matrix.js';
import { mapped } from '../support.js';

type Float64Matrix = Matrix & { data: Float64Array };

/**
 * In Python:
 * `def waves(n, d, k): return np.array([[np.sin(1.7*i*(j+1)+k) + 0.3*np.cos(0.9*i+j*k) for j in range(d)] for i in range(n)])`
 */
export function waves(n: number, d: number, k: number): Float64Matrix {
  return {
    rows: n,
    cols: d,
    data: Float64Array.from({ length: n * d }, (_, at) => {
      const [i, j] = [Math.floor(at / d), at % d];
      return Math.sin(1.7 * i * (j + 1) + k) + 0.3 * Math.cos(0.9 * i + j * k);
    }),
  };
}

/**
 * Two related sides of 40 samples, 5 and 3 neurons:
 * `x = waves(40, 5, 1.0)*np.arange(1, 6) + 7; y = waves(40, 3, 2.0) + 0.4*x[:, :3]`
 */
export const x = mapped(waves(40, 5, 1), (value, _, j) => value * (j + 1) + 7);
export const y = mapped(waves(40, 3, 2), (value, i, j) => value + 0.4 * x.data[i * 5 + j]);

/** Rows of a matrix in another order. */
export function reordered(a: Matrix, order: ArrayLike<number>): Float64Matrix {
  return mapped(a, (_, i, j) => a.data[order[i] * a.cols + j]);
}

/** Every order of 0 … n − 1. */
export function orders(n: number): number[][] {
  if (n === 0) return [[]];
  return orders(n - 1).flatMap((order) =>
    Array.from({ length: n }, (_, at) => [...order.slice(0, at), n - 1, ...order.slice(at)]),
  );
}

/**
 * How far a Cholesky factor is from singular.
 *
 * @module
 */
import { Random } from '../random.js';
import type { HostMatrix } from '../engines/engine.js';
import { lengthOf } from './rounding.js';

/** Steps of the power method in each direction: its estimate then is short of the true ratio by a small factor at most. */
const STEPS = 4;

/**
 * Estimates the condition `σ₁/σ_d` of lower triangular `L` (so of `X`, where `XᵀX = LLᵀ`) by the power method on `LLᵀ` and
 * on its inverse, from a fixed random start. Infinity where `L` is singular to working precision.
 */
export function conditionOf(lower: HostMatrix): number {
  const largest = growth(lower, (x) => multiplyLower(lower, multiplyUpper(lower, x)));
  const inverse = growth(lower, (x) => solveUpper(lower, solveLower(lower, x)));
  const condition = Math.sqrt(largest) * Math.sqrt(inverse);
  return Number.isFinite(condition) ? condition : Infinity;
}

/** Growth of a vector in the last of a few steps of the power method. */
function growth({ rows }: HostMatrix, step: (x: Float64Array) => Float64Array): number {
  let x = new Random(0).normals(rows);
  let norm = 1;
  for (let i = 0; i < STEPS; i++) {
    const scale = 1 / lengthOf(x);
    x = step(x.map((value) => value * scale));
    norm = lengthOf(x);
  }
  return norm;
}

/** `L·x`. */
function multiplyLower({ rows: n, data }: HostMatrix, x: Float64Array): Float64Array {
  return x.map((_, i) => {
    let sum = 0;
    for (let j = 0; j <= i; j++) sum += data[i * n + j] * x[j];
    return sum;
  });
}

/** `Lᵀ·x`, row by row of `L`. */
function multiplyUpper({ rows: n, data }: HostMatrix, x: Float64Array): Float64Array {
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) out[j] += data[i * n + j] * x[i];
  return out;
}

/** `L⁻¹·x`. */
function solveLower({ rows: n, data }: HostMatrix, x: Float64Array): Float64Array {
  const out = x.slice();
  for (let i = 0; i < n; i++) {
    let sum = out[i];
    for (let j = 0; j < i; j++) sum -= data[i * n + j] * out[j];
    out[i] = sum / data[i * n + i];
  }
  return out;
}

/** `L⁻ᵀ·x`, row by row of `L`. */
function solveUpper({ rows: n, data }: HostMatrix, x: Float64Array): Float64Array {
  const out = x.slice();
  for (let i = n - 1; i >= 0; i--) {
    out[i] /= data[i * n + i];
    for (let j = 0; j < i; j++) out[j] -= data[i * n + j] * out[i];
  }
  return out;
}

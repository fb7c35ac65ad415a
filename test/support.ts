/** What several tests need: reference files, random matrices, comparisons. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Matrix } from '../src/matrix.js';
import { zeros } from '../src/matrix.js';
import { Random } from '../src/random.js';

/** Root of the repository. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** The folder of reference arrays that lies beside a checkout; tests that need it are skipped visibly where it is absent. */
export const shared = join(root, '..', 'shared');
export const hasReference = existsSync(join(shared, 'reference', 'mnist_lay04_model0.npy'));

/** A Chromium on this machine, or nothing: tests that need one are skipped visibly. */
export const chromiumPath = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find((path) => path !== undefined && existsSync(path));

/** Reads a plain `.npy` of float32, version 1, without the library's own reader. */
export function reference(name: string): Matrix {
  const bytes = readFileSync(join(shared, 'reference', name));
  const length = bytes.readUInt16LE(8);
  const header = bytes.subarray(10, 10 + length).toString();
  const [rows, cols] = /\((\d+), (\d+)\)/.exec(header)!.slice(1).map(Number) as [number, number];
  const start = bytes.byteOffset + 10 + length;
  return { rows, cols, data: new Float32Array(bytes.buffer.slice(start, start + rows * cols * 4)) };
}

/** Independent standard normal entries. */
export function gaussian(rows: number, cols: number, seed: number): Matrix & { data: Float64Array } {
  return { rows, cols, data: new Random(seed).normals(rows * cols) };
}

/** Plain product, as a textbook writes it. */
export function times(a: Matrix, b: Matrix): Matrix & { data: Float64Array } {
  const out = zeros(a.rows, b.cols);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < b.cols; j++) {
      let sum = 0;
      for (let k = 0; k < a.cols; k++) sum += a.data[i * a.cols + k] * b.data[k * b.cols + j];
      out.data[i * b.cols + j] = sum;
    }
  }
  return out;
}

/** `aᵀ`. */
export function flip(a: Matrix): Matrix & { data: Float64Array } {
  const out = zeros(a.cols, a.rows);
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < a.cols; j++) out.data[j * a.rows + i] = a.data[i * a.cols + j]!;
  return out;
}

/** A random orthogonal matrix, by Gram–Schmidt. */
export function orthogonal(d: number, seed: number): Matrix & { data: Float64Array } {
  const q = gaussian(d, d, seed);
  for (let j = 0; j < d; j++) {
    for (let pass = 0; pass < 2; pass++) {
      for (let k = 0; k < j; k++) {
        let inner = 0;
        for (let i = 0; i < d; i++) inner += q.data[i * d + j] * q.data[i * d + k];
        for (let i = 0; i < d; i++) q.data[i * d + j] -= inner * q.data[i * d + k];
      }
    }
    let norm = 0;
    for (let i = 0; i < d; i++) norm = Math.hypot(norm, q.data[i * d + j]);
    for (let i = 0; i < d; i++) q.data[i * d + j] /= norm;
  }
  return q;
}

/** Largest absolute difference of two arrays of one length. */
export function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  let most = 0;
  for (let i = 0; i < a.length; i++) most = Math.max(most, Math.abs(a[i] - b[i]));
  return most;
}

/** Elementwise map of a matrix to float64. */
export function mapped(
  a: Matrix,
  f: (value: number, row: number, col: number) => number,
): Matrix & { data: Float64Array } {
  return {
    rows: a.rows,
    cols: a.cols,
    data: Float64Array.from(a.data, (value, at) => f(value, Math.floor(at / a.cols), at % a.cols)),
  };
}

/** Columns of two matrices side by side. */
export function beside(a: Matrix, b: Matrix): Matrix & { data: Float64Array } {
  const out = zeros(a.rows, a.cols + b.cols);
  for (let i = 0; i < a.rows; i++) {
    out.data.set(a.data.subarray(i * a.cols, (i + 1) * a.cols), i * out.cols);
    out.data.set(b.data.subarray(i * b.cols, (i + 1) * b.cols), i * out.cols + a.cols);
  }
  return out;
}

/** Two related representations, samples × neurons, with means, spreads and a shared part of two dimensions. */
export function related(n: number, p: number, q: number, seed: number) {
  const shared = gaussian(n, 2, seed);
  const side = (d: number, s: number) => {
    const mix = times(shared, gaussian(2, d, s + 1));
    const own = gaussian(n, d, s);
    return mapped(own, (value, i, j) => value * (0.3 + 0.3 * j) + mix.data[i * d + j] + 0.7 * j);
  };
  return { x: side(p, seed + 10), y: side(q, seed + 20) };
}

/** {@link related} ones of a random shape, with the seed that made them. */
export function relatedPairs({ n, d }: Record<'n' | 'd', readonly [min: number, max: number]>) {
  const size = ([min, max]: readonly [number, number]) => fc.integer({ min, max });
  return fc
    .record({ n: size(n), p: size(d), q: size(d), seed: fc.nat() })
    .map(({ n: samples, p, q, seed }) => ({ ...related(samples, p, q, seed), seed }));
}

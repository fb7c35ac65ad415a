/**
 * The decompositions of the wasm engine on the compiled module itself, with guards around everything it is given: matrices that
 * make eigensolvers fail (clusters, grading, zeros, extreme scales), shapes that end inside blocks, and random ones.
 */
import fc from 'fast-check';
import { EigenvalueDecomposition, Matrix as MlMatrix, SingularValueDecomposition } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { acquire } from '../../src/engines/wasm/machine.js';
import { Random } from '../../src/random.js';
import { distance, gaussian, mapped } from '../support.js';
import type { Dense } from './decomposition-cases.js';
import { filled, rectangular, spectrum, symmetric, symmetricCases } from './decomposition-cases.js';

const { arena, kernels } = await acquire({ threads: 1 });

const GUARD = 64;

/**
 * Runs a kernel on the matrix. Outputs and workspace start as NaN, so that nothing left over is taken for a result; `shapes` are the
 * outputs in the order of `args`, where each is `'out'`; nothing may be written beyond them.
 */
function call(name: string, size: number[], a: Dense, args: (number | 'a' | 'out')[], shapes: number[]) {
  const areas: [number, number][] = [];
  const place = (length: number) => {
    const at = arena.take(length + GUARD);
    areas.push([at, length]);
    return at;
  };
  const input = place(8 * a.data.length);
  const outputs = shapes.map((length) => place(8 * length));
  const workspace = place(kernels[`${name}Work`](...size));
  // Views are taken when the memory has its size.
  const { buffer } = arena.memory;
  for (const [at, length] of areas) {
    new Uint8Array(buffer, at, length).fill(0xff);
    new Uint8Array(buffer, at + length, GUARD).fill(0xa5);
  }
  arena.f64(input, a.data.length).set(a.data);
  const left = [...outputs];
  const actual = args.map((arg) => (arg === 'a' ? input : arg === 'out' ? left.shift()! : arg));
  const code = kernels[name](...actual, workspace);
  const out = outputs.map((at, i) => arena.f64(at, shapes[i]).slice());
  for (const [at, length] of areas) {
    expect(new Uint8Array(buffer, at + length, GUARD).every((byte) => byte === 0xa5)).toBe(true);
    arena.free(at);
  }
  return { code, out };
}

const eigh = (a: Dense, k = a.rows) =>
  call('eigh', [a.rows], a, [a.rows, 'a', 'out', 'out', k], [a.rows, a.rows * k]);
const eigenvalues = (a: Dense) => call('eigenvalues', [a.rows], a, [a.rows, 'a', 'out'], [a.rows]);
const singularValues = (a: Dense) =>
  call('singularValues', [a.rows, a.cols], a, [a.rows, a.cols, 'a', 'out'], [Math.min(a.rows, a.cols)]);
const qr = (a: Dense) =>
  call('qr', [a.rows, a.cols], a, [a.rows, a.cols, 'a', 'out', 'out'], [a.rows * a.cols, a.cols ** 2]);
function svd(a: Dense) {
  const k = Math.min(a.rows, a.cols);
  return call(
    'svd',
    [a.rows, a.cols],
    a,
    [a.rows, a.cols, 'a', 'out', 'out', 'out'],
    [a.rows * k, k, a.cols * k],
  );
}

/** Largest |xᵀx − 1| of a matrix with k columns; NaN counts as infinite. */
function skewness(x: Float64Array, k: number): number {
  let worst = 0;
  for (let i = 0; i < k; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = i === j ? -1 : 0;
      for (let r = 0; r < x.length; r += k) sum += x[r + i] * x[r + j];
      if (!(Math.abs(sum) <= worst)) worst = Number.isNaN(sum) ? Infinity : Math.abs(sum);
    }
  }
  return worst;
}

/** Largest element of `a − l·diag(s)·rᵀ` (`r` has k columns), relative to the largest of s. */
function residual(a: Dense, l: Float64Array, s: Float64Array, r: Float64Array, k: number): number {
  const size = s.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  let worst = 0;
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < a.cols; j++) {
      let sum = -a.data[i * a.cols + j] / size;
      for (let q = 0; q < k; q++) sum += l[i * k + q] * (s[q] / size) * r[j * k + q];
      if (!(Math.abs(sum) <= worst)) worst = Number.isNaN(sum) ? Infinity : Math.abs(sum);
    }
  }
  return worst;
}

/** Largest element of `a·v − v·diag(values)` over k vectors, relative to the largest value. */
function eigenResidual(a: Dense, values: Float64Array, v: Float64Array, k: number): number {
  const n = a.rows;
  const size = Math.max(Math.abs(values[0]), Math.abs(values[n - 1])) || 1;
  let worst = 0;
  for (let i = 0; i < n; i++) {
    for (let q = 0; q < k; q++) {
      let sum = -v[i * k + q] * (values[q] / size);
      for (let j = 0; j < n; j++) sum += (a.data[i * n + j] / size) * v[j * k + q];
      if (!(Math.abs(sum) <= worst)) worst = Number.isNaN(sum) ? Infinity : Math.abs(sum);
    }
  }
  return worst;
}

const descending = (values: Float64Array) => values.every((value, i) => i === 0 || value <= values[i - 1]);
const TOLERANCE = 1e-13;

function checkSymmetric(a: Dense, k = a.rows): void {
  const { code, out } = eigh(a, k);
  const [values, vectors] = out as [Float64Array, Float64Array];
  expect(code).toBe(0);
  expect(descending(values)).toBe(true);
  expect(eigenResidual(a, values, vectors, k)).toBeLessThan(TOLERANCE);
  expect(skewness(vectors, k)).toBeLessThan(TOLERANCE);
  const alone = eigenvalues(a);
  expect(alone.code).toBe(0);
  expect(descending(alone.out[0])).toBe(true);
  const size = Math.max(Math.abs(values[0]), Math.abs(values[a.rows - 1])) || 1;
  expect(distance(alone.out[0], values) / size).toBeLessThan(TOLERANCE);
}

function checkSvd(a: Dense): Float64Array {
  const k = Math.min(a.rows, a.cols);
  const { code, out } = svd(a);
  const [u, s, v] = out as [Float64Array, Float64Array, Float64Array];
  expect(code).toBe(0);
  expect(descending(s) && s.every((value) => value >= 0)).toBe(true);
  expect(residual(a, u, s, v, k)).toBeLessThan(TOLERANCE);
  expect(skewness(u, k)).toBeLessThan(TOLERANCE);
  expect(skewness(v, k)).toBeLessThan(TOLERANCE);
  const alone = singularValues(a);
  expect(alone.code).toBe(0);
  expect(descending(alone.out[0]) && alone.out[0].every((value) => value >= 0)).toBe(true);
  expect(distance(alone.out[0], s) / (s[0] || 1)).toBeLessThan(TOLERANCE / 3);
  return s;
}

function checkQr(a: Dense): void {
  const { code, out } = qr(a);
  const [q, r] = out as [Float64Array, Float64Array];
  const n = a.cols;
  expect(code).toBe(0);
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) expect(r[i * n + j]).toBe(0);
  const most = a.data.reduce((so, x) => Math.max(so, Math.abs(x)), 0) || 1;
  const transposed = Float64Array.from(r, (_, p) => r[(p % n) * n + Math.floor(p / n)] / most);
  const unit = mapped(a, (x) => x / most);
  expect(residual(unit, q, new Float64Array(n).fill(1), transposed, n)).toBeLessThan(10 * TOLERANCE);
  expect(skewness(q, n)).toBeLessThan(TOLERANCE);
}

describe('eigh and eigenvalues of the compiled module', () => {
  const orders = [1, 2, 3, 31, 32, 33, 64, 65, 70, 129];

  it.each(Object.keys(symmetricCases))('decompose: %s', (name) => {
    for (const n of orders) {
      const a = symmetricCases[name](n);
      checkSymmetric(a);
      checkSymmetric(a, Math.ceil(n / 3));
    }
  });

  it.each(['random', 'Wilkinson', 'ones'])('decompose order 300: %s', (name) => {
    checkSymmetric(symmetricCases[name](300), 300);
  });

  it.each(Array.from({ length: 40 }, (_, i) => 31 + i))('decompose random matrices of order %i', (n) => {
    checkSymmetric(symmetricCases['random'](n), n % 2 ? n : 5);
  });

  it('agree with ml-matrix', () => {
    const a = symmetricCases['random'](90);
    const view = MlMatrix.from1DArray(90, 90, a.data);
    const values = new EigenvalueDecomposition(view, { assumeSymmetric: true }).realEigenvalues;
    values.sort((x, y) => y - x);
    expect(distance(eigh(a).out[0], values)).toBeLessThan(1e-12);
  });

  it('read the lower triangle alone', () => {
    const a = symmetricCases['random'](45);
    const lower = mapped(a, (x, i, j) => (j > i ? NaN : x));
    expect(eigh(lower).out).toEqual(eigh(a).out);
    expect(eigenvalues(lower).out).toEqual(eigenvalues(a).out);
  });

  it('give the same bits for the leading vectors as for all', () => {
    const a = symmetricCases['random'](20);
    const [all, some] = [eigh(a).out[1], eigh(a, 3).out[1]];
    for (let i = 0; i < 20; i++) {
      expect(some.slice(3 * i, 3 * i + 3)).toEqual(all.slice(20 * i, 20 * i + 3));
    }
  });

  it('report what is not finite', () => {
    for (const bad of [NaN, Infinity, -Infinity]) {
      const a = symmetricCases['random'](40);
      a.data[39 * 40 + 7] = bad;
      expect(eigh(a).code).toBe(2);
      expect(eigenvalues(a).code).toBe(2);
    }
  });
});

describe('svd, singularValues and qr of the compiled module', () => {
  const shapes: [number, number][] = [
    ...([
      [1, 1],
      [1, 4],
      [4, 1],
      [2, 2],
      [3, 2],
      [20, 9],
      [9, 20],
      [31, 31],
      [33, 32],
    ] as [number, number][]),
    ...([
      [34, 34],
      [64, 64],
      [65, 50],
      [70, 67],
      [129, 129],
      [150, 60],
      [60, 150],
    ] as [number, number][]),
  ];

  it.each(Object.keys(rectangular))('decompose: %s', (name) => {
    for (const [m, n] of shapes) {
      const a = rectangular[name](m, n);
      checkSvd(a);
      if (m >= n) checkQr(a);
    }
  });

  it.each(['random', 'rows over 15 decades', 'ones'])('decompose 300 × 300: %s', (name) => {
    checkSvd(rectangular[name](300, 300));
    checkQr(rectangular[name](300, 300));
  });

  it.each(Array.from({ length: 40 }, (_, i) => 31 + i))('decompose random matrices %i wide', (n) => {
    checkSvd(gaussian(n + (n % 3), n, n));
    checkQr(gaussian(2 * n, n, n));
  });

  it('keep small singular values to the rounding of the largest', () => {
    const exact = (i: number) => 10 ** (-i / 3);
    const s = checkSvd(spectrum(60, 40, exact, [1, 2]));
    expect(
      distance(
        s,
        Float64Array.from({ length: 40 }, (_, i) => exact(i)),
      ),
    ).toBeLessThan(1e-14);
  });

  it('agree with ml-matrix', () => {
    const a = gaussian(70, 41, 1);
    const { diagonal } = new SingularValueDecomposition(MlMatrix.from1DArray(70, 41, a.data));
    expect(distance(svd(a).out[1], diagonal)).toBeLessThan(1e-12);
    expect(distance(singularValues(a).out[0], diagonal)).toBeLessThan(1e-12);
  });

  it('report what is not finite', () => {
    const a = gaussian(20, 12, 1);
    a.data[50] = NaN;
    expect([svd(a).code, singularValues(a).code, qr(a).code]).toEqual([2, 2, 2]);
  });
});

describe('random matrices', () => {
  /** Entries of one kind, so that dependence, clusters, zeros and large ratios all occur. */
  const kinds = [
    (random: Random) => random.normals(1)[0],
    (random: Random) => Math.round(random.normals(1)[0]),
    (random: Random) => (random.normals(1)[0] > 1 ? 1 : 0),
    (random: Random) => 10 ** (8 * random.normals(1)[0]),
    (random: Random) => 1 + 1e-15 * Math.round(2 * random.normals(1)[0]),
  ];
  const size = fc.integer({ min: 1, max: 48 });
  const kind = fc.integer({ min: 0, max: kinds.length - 1 });
  const seed = fc.integer({ min: 1, max: 1_000_000 });

  it('decompose, symmetric', () => {
    const one = fc.property(size, kind, seed, (n, which, from) => {
      const random = new Random(from);
      const g = filled(n, n, () => kinds[which](random));
      checkSymmetric(symmetric(n, (i, j) => g.data[i * n + j]));
    });
    fc.assert(one, { numRuns: 300, seed: 1 });
  });

  it('decompose, of any shape', () => {
    const one = fc.property(size, size, kind, seed, (m, n, which, from) => {
      const random = new Random(from);
      const a = filled(m, n, () => kinds[which](random));
      checkSvd(a);
      if (m >= n) checkQr(a);
    });
    fc.assert(one, { numRuns: 300, seed: 2 });
  });
});

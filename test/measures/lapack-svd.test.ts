import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError, ShapeError } from '../../src/errors.js';
import { lapackSvd, type LapackSvd } from '../../src/measures/lapack-svd.js';

/** Written by lapack-svd.py, which says what the numbers are. */
const fixture = JSON.parse(readFileSync(new URL('lapack-svd.json', import.meta.url), 'utf8')) as {
  seeded: [kind: string, rows: number, cols: number, seed: number, signs: number[]][];
  correlations: [rows: number, cols: number, data: number[], signs: number[]][];
};

/** The generator of lapack-svd.py: uniform in [-1, 1), exact. */
function lcg(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

function seeded(kind: string, rows: number, cols: number, seed: number): Float64Array {
  const draw = lcg(seed);
  if (kind === 'lowRank') {
    const rank = Math.floor(Math.min(rows, cols) / 2) + 1;
    const integers = (n: number) => Float64Array.from({ length: n }, () => Math.floor(draw() * 8));
    const left = integers(rows * rank);
    const right = integers(rank * cols);
    const dot = (i: number, j: number) => {
      let sum = 0;
      for (let r = 0; r < rank; r++) sum += left[i * rank + r] * right[r * cols + j];
      return sum;
    };
    const noisy = (x: number) => x * (1 + 2 ** -48 * draw());
    return Float64Array.from({ length: rows * cols }, (_, at) =>
      noisy(dot(Math.floor(at / cols), at % cols)),
    );
  }
  return Float64Array.from({ length: rows * cols }, (_, at) => {
    const x = draw();
    const i = Math.floor(at / cols);
    const j = at % cols;
    switch (kind) {
      case 'gradedRows':
        return x * 2 ** -i;
      case 'rowsGrow':
        return x * 2 ** i;
      case 'zeroColumn':
        return j === Math.floor(cols / 2) ? 0 : x;
      case 'zeroRow':
        return i === Math.floor(rows / 3) ? 0 : x;
      case 'diagonal':
        return i === j ? x : 0;
      case 'small':
        return x / 64;
      default:
        return x;
    }
  });
}

/** The signs found at the entries that numpy's vectors were read at. */
function signsAt({ u, k }: LapackSvd, expected: readonly number[]): number[] {
  return expected.map((row, j) =>
    row === 0 ? 0 : Math.sign(u[(Math.abs(row) - 1) * k + j]) * Math.abs(row),
  );
}

/** Largest deviation from orthonormality of `count` vectors whose entries `at` reads. */
function skewness(count: number, length: number, at: (vector: number, i: number) => number): number {
  let worst = 0;
  for (let p = 0; p < count; p++) {
    for (let q = 0; q <= p; q++) {
      let dot = 0;
      for (let i = 0; i < length; i++) dot += at(p, i) * at(q, i);
      worst = Math.max(worst, Math.abs(dot - (p === q ? 1 : 0)));
    }
  }
  return worst;
}

function expectDecomposition(rows: number, cols: number, data: ArrayLike<number>): LapackSvd {
  const svd = lapackSvd({ rows, cols, data });
  const { u, s, vt, k } = svd;
  expect(k).toBe(Math.min(rows, cols));
  expect([u.length, s.length, vt.length]).toEqual([rows * k, k, k * cols]);
  let worst = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++) {
      let sum = 0;
      for (let c = 0; c < k; c++) sum += u[i * k + c] * s[c] * vt[c * cols + j];
      worst = Math.max(worst, Math.abs(sum - data[i * cols + j]));
    }
  }
  // The last term: what underflow costs.
  expect(worst).toBeLessThanOrEqual(1e-14 * s[0] * k + 1e-300);
  expect(skewness(k, rows, (c, i) => u[i * k + c])).toBeLessThan(1e-14 * k + 1e-14);
  expect(skewness(k, cols, (c, j) => vt[c * cols + j])).toBeLessThan(1e-14 * k + 1e-14);
  for (let c = 0; c < k; c++) expect(s[c]).toBeGreaterThanOrEqual(c + 1 < k ? s[c + 1] : 0);
  return svd;
}

describe('signs of numpy.linalg.svd', () => {
  const kinds = [...new Set(fixture.seeded.map(([kind]) => kind))];
  it.each(kinds)('%s matrices of every size up to 25', (kind) => {
    const cases = fixture.seeded.filter((entry) => entry[0] === kind);
    expect(cases.length).toBeGreaterThan(15);
    for (const [, rows, cols, seed, signs] of cases) {
      const svd = expectDecomposition(rows, cols, seeded(kind, rows, cols, seed));
      expect(signsAt(svd, signs), `${rows} × ${cols}, seed ${seed}`).toEqual(signs);
    }
  });

  it.each(fixture.correlations)('a canonical correlation matrix, %i × %i', (rows, cols, data, signs) => {
    const correlations = data.map((value) => value / 1e4);
    const svd = expectDecomposition(rows, cols, correlations);
    expect(svd.s[0]).toBeLessThan(1);
    expect(signsAt(svd, signs)).toEqual(signs);
  });

  it('gives the sign of a single value to the left vector', () => {
    const { u, s, vt } = lapackSvd({ rows: 1, cols: 1, data: [-2] });
    expect([...u, ...s, ...vt]).toEqual([-1, 2, 1]);
    // Not so in a row or column: the reflector takes the sign.
    const row = lapackSvd({ rows: 1, cols: 2, data: [-3, -4] });
    expect(row.u[0]).toBe(1);
    expect(row.vt[1]).toBeCloseTo(-0.8, 15);
  });

  it('orders equal values as LAPACK does, and gives the signs of a diagonal matrix to the right vectors', () => {
    const { u, s, vt } = lapackSvd({ rows: 3, cols: 3, data: [1, 0, 0, 0, -2, 0, 0, 0, 2] });
    expect([...s]).toEqual([2, 2, 1]);
    expect(Array.from(u, (x) => x + 0)).toEqual([0, 0, 1, 1, 0, 0, 0, 1, 0]);
    expect(Array.from(vt, (x) => x + 0)).toEqual([0, -1, 0, 0, 0, 1, 1, 0, 0]);
  });
});

describe('decomposition', () => {
  const side = fc.integer({ min: 1, max: 30 });
  const shaped = (value: fc.Arbitrary<number>) =>
    fc
      .tuple(side, side)
      .chain(([rows, cols]) =>
        fc.tuple(
          fc.constant(rows),
          fc.constant(cols),
          fc.array(value, { minLength: rows * cols, maxLength: rows * cols }),
        ),
      );

  it('reconstructs any matrix from orthonormal vectors and ordered values', () => {
    const value = fc.oneof(fc.double({ min: -1, max: 1, noNaN: true }), fc.constantFrom(0, 1, -1, -0));
    fc.assert(
      fc.property(shaped(value), ([rows, cols, data]) => void expectDecomposition(rows, cols, data)),
      { numRuns: 200 },
    );
  });

  it('reconstructs matrices of small integers, which repeat values and lose rank', () => {
    fc.assert(
      fc.property(
        shaped(fc.integer({ min: -1, max: 1 })),
        ([rows, cols, data]) => void expectDecomposition(rows, cols, data),
      ),
      { numRuns: 200 },
    );
  });

  it.each([1e-310, 1e-200, 1e200, 1e305])('keeps its accuracy at magnitude %d', (magnitude) => {
    const data = seeded('uniform', 9, 6, 7);
    const small = lapackSvd({ rows: 9, cols: 6, data });
    const svd = lapackSvd({ rows: 9, cols: 6, data: data.map((x) => x * magnitude) });
    for (const [i, s] of svd.s.entries()) expect(s / magnitude / small.s[i]).toBeCloseTo(1, 10);
    for (const [i, x] of svd.u.entries()) expect(x).toBeCloseTo(small.u[i], 10);
  });

  it('is valid beyond the sizes whose signs are LAPACK’s', () => {
    expectDecomposition(120, 80, seeded('uniform', 120, 80, 3));
    expectDecomposition(60, 200, seeded('gradedRows', 60, 200, 4));
  });

  it('takes matrices without entries and of zeros', () => {
    expect(lapackSvd({ rows: 0, cols: 3, data: [] })).toMatchObject({ k: 0, s: new Float64Array(0) });
    expectDecomposition(4, 3, new Float64Array(12));
  });

  it('refuses what is not a finite matrix', () => {
    expect(() => lapackSvd({ rows: 2, cols: 2, data: [1, 2, 3] })).toThrow(ShapeError);
    expect(() => lapackSvd({ rows: 1, cols: 2, data: [1, NaN] })).toThrow(DataError);
    expect(() => lapackSvd({ rows: 1, cols: 2, data: [1, Infinity] })).toThrow(DataError);
  });
});

/** What every engine must do, with one tolerance per engine: the same cases for all. */
import { describe, expect, it } from 'vitest';
import type { Engine, Handle } from '../../src/engines/engine.js';
import { ShapeError } from '../../src/errors.js';
import type { Matrix } from '../../src/matrix.js';
import { distance, flip, gaussian, mapped, orthogonal, times } from '../support.js';

/** Relative error that an engine may show; add a line for a new engine. */
export const tolerances: Record<string, number> = {
  tensorflow: 1e-12,
  lapack: 1e-12,
  wasm: 1e-12,
  tfjs: 1e-9,
  'ml-matrix': 1e-12,
};

/** Registers the suite for one engine; `skipped` is the reason why it cannot run here, and is printed. */
export function conformance(name: string, open: () => Promise<Engine>, skipped?: string): void {
  const tolerance = tolerances[name];

  describe.skipIf(skipped !== undefined)(`engine ${name}${skipped ? ` (skipped: ${skipped})` : ''}`, () => {
    const near = async (engine: Engine, handle: Handle, expected: Matrix, scale = 1) => {
      const got = await engine.download(handle);
      expect([got.rows, got.cols]).toEqual([expected.rows, expected.cols]);
      expect(distance(got.data, expected.data)).toBeLessThanOrEqual(tolerance * scale);
    };
    const centred = (x: Matrix, mean: ArrayLike<number>) => mapped(x, (value, _, j) => value - mean[j]);

    it('brings matrices in and out unchanged, float32 too', async () => {
      const engine = await open();
      const x = gaussian(7, 5, 1);
      expect((await engine.download(await engine.upload(x))).data).toEqual(x.data);
      const single = Float32Array.from(x.data);
      const back = await engine.download(await engine.upload({ rows: 7, cols: 5, data: single }));
      expect(back.data).toEqual(Float64Array.from(single));
    });

    it('has exact means of constant columns, whatever their value', async () => {
      const engine = await open();
      const x = mapped(gaussian(1000, 3, 2), (value, _, j) => (j === 1 ? 0.1 : value + 200));
      const means = await engine.columnMeans(await engine.upload(x));
      expect(means[1]).toBe(0.1);
      expect(Math.abs(means[0] - 200)).toBeLessThan(0.2);
    });

    it.each([
      [3, 1],
      [300, 5],
      [257, 64],
      [40, 67],
    ])(
      'accumulates the Gram matrix of %i × %i about a mean, symmetric to the last bit',
      async (rows, cols) => {
        const engine = await open();
        const x = mapped(gaussian(rows, cols, 3), (value) => value + 50);
        const handle = await engine.upload(x);
        const mean = await engine.columnMeans(handle);
        const c = centred(x, mean);
        const once = times(flip(c), c);
        let gram = await engine.accumulateGram(handle, mean);
        await near(engine, gram, once, rows);
        gram = await engine.accumulateGram(handle, mean, gram);
        await near(
          engine,
          gram,
          mapped(once, (value) => 2 * value),
          2 * rows,
        );
        const { data } = await engine.download(gram);
        for (let i = 0; i < cols; i++)
          for (let j = 0; j < i; j++) expect(data[i * cols + j]).toBe(data[j * cols + i]);
      },
    );

    it('accumulates cross products', async () => {
      const engine = await open();
      const [x, y] = [gaussian(513, 9, 4), gaussian(513, 6, 5)];
      const [a, b] = [await engine.upload(x), await engine.upload(y)];
      let block = await engine.accumulateCross(a, b);
      block = await engine.accumulateCross(a, b, block);
      await near(
        engine,
        block,
        mapped(times(flip(x), y), (value) => 2 * value),
        1000,
      );
    });

    it('centres both sides of a cross product before multiplying', async () => {
      const engine = await open();
      const [x, y] = [gaussian(300, 9, 27), gaussian(300, 6, 28)];
      const shifted = (m: Matrix, by: number) => mapped(m, (value, _, j) => value + by * (j + 1));
      const single = (m: Matrix): Matrix => ({ ...m, data: Float32Array.from(m.data) });
      const [sx, sy] = [single(shifted(x, 50)), single(shifted(y, -80))];
      const [a, b] = [await engine.upload(sx), await engine.upload(sy)];
      const means = { a: await engine.columnMeans(a), b: await engine.columnMeans(b) };
      const once = times(flip(centred(sx, means.a)), centred(sy, means.b));
      let block = await engine.accumulateCross(a, b, undefined, means);
      await near(engine, block, once, 1000);
      block = await engine.accumulateCross(a, b, block, means);
      await near(
        engine,
        block,
        mapped(once, (value) => 2 * value),
        2000,
      );
    });

    it('projects about a mean, and multiplies with either operand transposed', async () => {
      const engine = await open();
      const [x, w] = [gaussian(300, 8, 6), gaussian(8, 3, 7)];
      const mean = Float64Array.from({ length: 8 }, (_, j) => j);
      const [hx, hw] = [await engine.upload(x), await engine.upload(w)];
      await near(engine, await engine.project(hx, mean, hw), times(centred(x, mean), w), 100);
      const [ht, hu] = [await engine.upload(flip(x)), await engine.upload(flip(w))];
      const expected = times(x, w);
      await near(engine, await engine.multiply(hx, hw), expected, 10);
      await near(engine, await engine.multiply(ht, hw, { a: true }), expected, 10);
      await near(engine, await engine.multiply(hx, hu, { b: true }), expected, 10);
      await near(engine, await engine.multiply(ht, hu, { a: true, b: true }), expected, 10);
    });

    it.each([1, 2, 7, 40])(
      'finds eigenvalues of a symmetric matrix of order %i, largest first',
      async (d) => {
        const engine = await open();
        const q = orthogonal(d, 8);
        const values = Float64Array.from({ length: d }, (_, i) => (i < d / 2 ? 100 / (i + 1) ** 2 : 0));
        const a = times(
          mapped(q, (value, _, j) => value * values[j]),
          flip(q),
        );
        const symmetric = mapped(a, (value, i, j) => (value + a.data[j * d + i]) / 2);
        const found = await engine.eigSymmetric(await engine.upload(symmetric));
        expect(distance(found.values, values)).toBeLessThanOrEqual(tolerance * 1000);
        const v = await engine.download(found.vectors);
        const rebuilt = times(
          mapped(v, (value, _, j) => value * found.values[j]),
          flip(v),
        );
        expect(distance(rebuilt.data, symmetric.data)).toBeLessThanOrEqual(tolerance * 1000);
        expect(distance(times(flip(v), v).data, identity(d))).toBeLessThanOrEqual(tolerance * 10);
      },
    );

    it('finds eigenvalues alone, and only the leading vectors where told so', async () => {
      const engine = await open();
      const x = gaussian(80, 33, 16);
      const gram = await engine.upload(times(flip(x), x));
      const { values } = await engine.eigSymmetric(gram);
      const scale = tolerance * values[0];
      expect(distance(await engine.eigenvalues(gram), values)).toBeLessThanOrEqual(scale);
      for (const leading of [0, 1, 5, 33, 40]) {
        const found = await engine.eigSymmetric(gram, leading);
        expect(distance(found.values, values)).toBeLessThanOrEqual(scale);
        const v = await engine.download(found.vectors);
        expect([v.rows, v.cols]).toEqual([33, Math.min(leading, 33)]);
        const av = times(times(flip(x), x), v);
        const expected = mapped(v, (value, _, j) => value * values[j]);
        expect(distance(av.data, expected.data)).toBeLessThanOrEqual(scale * 100);
      }
    });

    it.each([1, 5, 64, 131])('has a Cholesky factor of order %i, zeros above the diagonal', async (d) => {
      const engine = await open();
      const x = gaussian(2 * d + 3, d, 17);
      const gram = times(flip(x), x);
      const factor = await engine.cholesky(await engine.upload(gram));
      const lower = await engine.download(factor!);
      expect(distance(times(lower, flip(lower)).data, gram.data)).toBeLessThanOrEqual(tolerance * 10 * d);
      for (let i = 0; i < d; i++) for (let j = i + 1; j < d; j++) expect(lower.data[i * d + j]).toBe(0);
    });

    it('has no Cholesky factor of a matrix that is not positive definite', async () => {
      const engine = await open();
      const indefinite = mapped(times(flip(gaussian(50, 9, 18)), gaussian(50, 9, 18)), (value, i, j) =>
        i === 6 && j === 6 ? -1 : value,
      );
      expect(await engine.cholesky(await engine.upload(indefinite))).toBeUndefined();
      expect(await engine.cholesky(await engine.upload(mapped(indefinite, () => 0)))).toBeUndefined();
    });

    it.each([
      [1, 3],
      [6, 2],
      [70, 33],
    ])('solves triangular systems of order %i from both sides, with %i right-hand sides', async (d, k) => {
      const engine = await open();
      // A diagonal away from 0 keeps the condition, and so the tolerance, small.
      const lower = mapped(gaussian(d, d, 19), (value, i, j) =>
        i === j ? 2 + Math.abs(value) : i > j ? value / d : 0,
      );
      const l = await engine.upload(lower);
      const [tall, wide] = [gaussian(d, k, 20), gaussian(k, d, 21)];
      const [left, right] = [await engine.upload(tall), await engine.upload(wide)];
      const solved = async (b: Handle, side: 'left' | 'right', transpose: boolean) =>
        engine.download(await engine.solveTriangular(l, b, { side, transpose }));
      const limit = tolerance * 10;
      expect(distance(times(lower, await solved(left, 'left', false)).data, tall.data)).toBeLessThan(limit);
      expect(distance(times(flip(lower), await solved(left, 'left', true)).data, tall.data)).toBeLessThan(
        limit,
      );
      expect(distance(times(await solved(right, 'right', false), lower).data, wide.data)).toBeLessThan(limit);
      expect(distance(times(await solved(right, 'right', true), flip(lower)).data, wide.data)).toBeLessThan(
        limit,
      );
    });

    it('gives the same bits whether operations are started together or one after another', async () => {
      const engine = await open();
      const handles: Handle[] = [];
      for (const seed of [22, 23, 24, 25]) handles.push(await engine.upload(gaussian(60, 17, seed)));
      const together = await Promise.all(handles.map((handle) => engine.singularValues(handle)));
      for (const [i, handle] of handles.entries()) {
        expect(together[i]).toEqual(await engine.singularValues(handle));
      }
      const products = await Promise.all(handles.map((handle) => engine.accumulateCross(handle, handles[0])));
      for (const [i, handle] of handles.entries()) {
        const alone = await engine.download(await engine.accumulateCross(handle, handles[0]));
        expect((await engine.download(products[i])).data).toEqual(alone.data);
      }
    });

    it.each([
      [5, 5],
      [12, 4],
      [4, 12],
      [1, 6],
      [6, 1],
    ])('has a thin SVD of %i × %i', async (rows, cols) => {
      const engine = await open();
      const a = gaussian(rows, cols, 9);
      const handle = await engine.upload(a);
      const { u, s, v } = await engine.svd(handle);
      const [left, right] = [await engine.download(u), await engine.download(v)];
      const rank = Math.min(rows, cols);
      expect([left.rows, left.cols, s.length, right.rows, right.cols]).toEqual([
        rows,
        rank,
        rank,
        cols,
        rank,
      ]);
      expect([...s]).toEqual([...s].sort((p, q) => q - p));
      const rebuilt = times(
        mapped(left, (value, _, j) => value * s[j]),
        flip(right),
      );
      expect(distance(rebuilt.data, a.data)).toBeLessThanOrEqual(tolerance * 10);
      expect(distance(times(flip(left), left).data, identity(rank))).toBeLessThanOrEqual(tolerance * 10);
      expect(distance(await engine.singularValues(handle), s)).toBeLessThanOrEqual(tolerance * 10);
    });

    it('has a thin SVD of a matrix of low rank, with orthonormal vectors', async () => {
      const engine = await open();
      const a = times(gaussian(20, 3, 10), gaussian(3, 8, 11));
      const { u, s, v } = await engine.svd(await engine.upload(a));
      expect(Math.max(...s.subarray(3))).toBeLessThanOrEqual(tolerance * s[0]);
      const [left, right] = [await engine.download(u), await engine.download(v)];
      const rebuilt = times(
        mapped(left, (value, _, j) => value * s[j]),
        flip(right),
      );
      expect(distance(rebuilt.data, a.data)).toBeLessThanOrEqual(tolerance * 100);
    });

    it.each([
      [30, 6],
      [6, 6],
      [300, 20],
    ])('has a thin QR of %i × %i, of dependent and zero columns too', async (rows, cols) => {
      const engine = await open();
      const full = gaussian(rows, cols, 12);
      const a = mapped(full, (value, i, j) => (j === 1 ? 0 : j === 3 ? full.data[i * cols] : value));
      const { q, r } = await engine.qr(await engine.upload(a));
      const [left, right] = [await engine.download(q), await engine.download(r)];
      expect([left.rows, left.cols, right.rows, right.cols]).toEqual([rows, cols, cols, cols]);
      expect(distance(times(left, right).data, a.data)).toBeLessThanOrEqual(tolerance * 10);
      expect(distance(times(flip(left), left).data, identity(cols))).toBeLessThanOrEqual(tolerance * 10);
      for (let i = 0; i < cols; i++) for (let j = 0; j < i; j++) expect(right.data[i * cols + j]).toBe(0);
    });

    it('refuses shapes that do not fit', async () => {
      const engine = await open();
      const [a, b] = [await engine.upload(gaussian(4, 3, 13)), await engine.upload(gaussian(5, 3, 14))];
      await expect(engine.accumulateCross(a, b)).rejects.toThrow(ShapeError);
      await expect(engine.multiply(a, b)).rejects.toThrow(ShapeError);
      await expect(engine.qr(await engine.upload(gaussian(3, 4, 15)))).rejects.toThrow(ShapeError);
      await expect(engine.cholesky(a)).rejects.toThrow(ShapeError);
      await expect(engine.solveTriangular(a, b, { side: 'left' })).rejects.toThrow(ShapeError);
      const square = await engine.upload(gaussian(3, 3, 26));
      await expect(engine.solveTriangular(square, a, { side: 'left' })).rejects.toThrow(ShapeError);
    });
  });
}

function identity(d: number): Float64Array {
  return Float64Array.from({ length: d * d }, (_, at) => (Math.floor(at / d) === at % d ? 1 : 0));
}

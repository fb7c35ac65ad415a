/** What every engine must do, with one tolerance per engine: the same cases for all. */
import { describe, expect, it } from 'vitest';
import type { Engine, Handle } from '../../src/engines/engine.js';
import { ShapeError } from '../../src/errors.js';
import type { Matrix } from '../../src/matrix.js';
import { distance, flip, gaussian, mapped, orthogonal, times } from '../support.js';

/** Relative error that an engine may show; add a line for a new engine. */
export const tolerances: Record<string, number> = { 'ml-matrix': 1e-12 };

/** Registers the suite for one engine. */
export function conformance(name: string, open: () => Promise<Engine>): void {
  const tolerance = tolerances[name];

  describe(`engine ${name}`, () => {
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
    });
  });
}

function identity(d: number): Float64Array {
  return Float64Array.from({ length: d * d }, (_, at) => (Math.floor(at / d) === at % d ? 1 : 0));
}

/** What the tfjs engine promises beyond the contract, on whatever device. */
import { describe, expect, it } from 'vitest';
import type { Engine, Handle } from '../../src/engines/engine.js';
import { openEngine } from '../../src/engines/select.js';
import { DataError, ShapeError } from '../../src/errors.js';
import type { Matrix } from '../../src/matrix.js';
import { distance, flip, gaussian, mapped, orthogonal, times } from '../support.js';
import type { Device } from './tfjs-device.js';

const single = (x: Matrix): Matrix => ({ ...x, data: Float32Array.from(x.data) });

/** Registers the cases for a device. */
export function deviceCases(open: () => Promise<Device>): void {
  describe('tensors of the device', () => {
    const far = single(mapped(gaussian(700, 12, 1), (value, _, j) => value * 10 ** (-j / 3) + (j - 3) * 5));

    it('are read where they are, with the answers of float64', async () => {
      const { engine, place, remove } = await open();
      const oracle = await openEngine('ml-matrix');
      const near = single(gaussian(700, 5, 2));
      const w = gaussian(12, 4, 3);
      const [tx, ty] = [await place(far), await place(near)];
      const [x, y] = [(await engine.adopt!(tx))!, (await engine.adopt!(ty))!];
      const [ox, oy, ow] = await uploaded(oracle, far, near, w);
      expect((await engine.download(x)).data).toEqual(Float64Array.from(far.data));

      const means = { a: await oracle.columnMeans(ox), b: await oracle.columnMeans(oy) };
      expect(relative(await engine.columnMeans(x), means.a)).toBeLessThan(1e-13);
      const gram = await engine.download(await engine.accumulateGram(x, means.a));
      const expected = await oracle.download(await oracle.accumulateGram(ox, means.a));
      expect(correlationError(gram, expected)).toBeLessThan(1e-12);
      for (let i = 0; i < 12; i++) for (let j = 0; j < i; j++) expect(at(gram, i, j)).toBe(at(gram, j, i));

      const cross = await engine.download(await engine.accumulateCross(x, y, undefined, means));
      const wanted = await oracle.download(await oracle.accumulateCross(ox, oy, undefined, means));
      for (let j = 0; j < 12; j++) {
        const size = Math.sqrt(at(expected, j, j)) * Math.sqrt(700);
        expect(distance(row(cross, j), row(wanted, j))).toBeLessThan(1e-12 * size);
      }
      // A tensor beside a matrix of the host, either way round and about other means than its own.
      const [hy] = await uploaded(engine, near);
      const about = { a: means.a.map((value) => value + 0.01), b: means.b.map((value) => value - 0.02) };
      const mixed = await engine.download(await engine.accumulateCross(x, hy, undefined, about));
      const turned = await engine.download(
        await engine.accumulateCross(hy, x, undefined, { a: about.b, b: about.a }),
      );
      const other = await oracle.download(await oracle.accumulateCross(ox, oy, undefined, about));
      expect(distance(mixed.data, other.data)).toBeLessThan(1e-9);
      expect(distance(flip(turned).data, other.data)).toBeLessThan(1e-9);

      const [hw] = await uploaded(engine, w);
      const projected = await engine.download(await engine.project(x, means.a, hw));
      const right = await oracle.download(await oracle.project(ox, means.a, ow));
      expect(distance(projected.data, right.data)).toBeLessThan(1e-11);
      const product = await engine.download(await engine.multiply(x, hw));
      expect(distance(product.data, times(far, w).data)).toBeLessThan(1e-9);
      expect((await engine.singularValues(x)).length).toBe(12);
      await remove(tx);
      await remove(ty);
    });

    it('have exact means of constant columns, and a Gram matrix of exactly 0 there', async () => {
      const { engine, place, remove } = await open();
      const x = single(mapped(gaussian(300, 3, 4), (value, _, j) => (j === 1 ? 0.1 : value + 1000)));
      const tensor = await place(x);
      const handle = (await engine.adopt!(tensor))!;
      const means = await engine.columnMeans(handle);
      expect(means[1]).toBe(Math.fround(0.1));
      const gram = await engine.download(await engine.accumulateGram(handle, means));
      expect([at(gram, 1, 0), at(gram, 1, 1), at(gram, 1, 2)].map(Math.abs)).toEqual([0, 0, 0]);
      await remove(tensor);
    });

    it('are left where they are if they are not float32 of rank 2', async () => {
      const { engine, place, remove } = await open();
      const whole = await place(gaussian(3, 2, 5), 'int32');
      expect(await engine.adopt!(whole)).toBeUndefined();
      await remove(whole);
      const like = { shape: [2, 2], dtype: 'float32', data: () => Promise.resolve([1, 2, 3, 4]) };
      expect(await engine.adopt!(like)).toBeUndefined();
    });

    it('do not pile up, whatever is done and whatever fails', async () => {
      const { engine, place, remove, tensors } = await open();
      const before = await tensors();
      const bad = far.data.slice();
      bad[17] = Infinity;
      const [tx, tz] = [await place(far), await place({ ...far, data: bad })];
      const placed = await tensors();
      const [x, z] = [(await engine.adopt!(tx))!, (await engine.adopt!(tz))!];
      const held = await tensors();
      // A handle has a reference of its own, until it is disposed.
      expect(held).toBe(placed + 2);
      const [host, w, odd] = await uploaded(engine, far, gaussian(12, 5, 6), gaussian(5, 12, 7));
      const mean = new Float64Array(12).fill(0.3);
      const works: [string, () => Promise<unknown>][] = [
        ['means', () => engine.columnMeans(x)],
        ['Gram of a tensor', () => engine.accumulateGram(x, mean)],
        ['Gram', () => engine.accumulateGram(host, mean)],
        ['cross', () => engine.accumulateCross(x, host, undefined, { a: mean, b: mean })],
        ['projection of a tensor', () => engine.project(x, mean, w)],
        ['projection', () => engine.project(host, mean, w)],
        ['product', () => engine.multiply(host, w)],
        ['transposed product', () => engine.multiply(w, host, { a: true, b: true })],
        ['qr', () => engine.qr(x)],
        ['eigenvalues', async () => engine.eigenvalues(await engine.accumulateGram(host, mean))],
        ['download', () => engine.download(x)],
      ];
      for (const [name, work] of works) {
        await work();
        expect([name, await tensors()]).toEqual([name, held]);
      }
      await expect(engine.accumulateGram(z, mean)).rejects.toThrow(DataError);
      await expect(engine.columnMeans(z)).rejects.toThrow('column 5 holds values that are not finite');
      await expect(engine.project(z, mean, w)).rejects.toThrow(DataError);
      await expect(engine.multiply(host, odd)).rejects.toThrow(ShapeError);
      expect(await tensors()).toBe(held);
      engine.dispose(x, z, host, w, odd);
      await remove(tx);
      // A handle that was disposed too early fails, in the middle of things.
      await expect(engine.accumulateGram(x, mean)).rejects.toThrow();
      await expect(engine.project(x, mean, w)).rejects.toThrow();
      await remove(tz);
      expect(await tensors()).toBe(before);
    });
  });

  // The largest errors that the engine states, at these conditions; a little more is left to chance.
  describe.each([
    [1e4, 3e-7],
    [1e6, 2e-3],
  ])('layers of condition %d far from 0', (condition, stated) => {
    it.each([0, 10, 100])('have correlations of at most 1, %d times their spread away', async (away) => {
      const { engine, plainCross } = await open();
      const oracle = await openEngine('ml-matrix');
      const [x, y] = conditioned(condition, away);
      const plain = await correlations(
        oracle,
        await plainCross(x, x),
        await plainCross(y, y),
        await plainCross(x, y),
      );
      // Farther away, the rounding of the activations themselves lifts the smallest directions to where float32 may do.
      if (away <= 10) expect(plain === undefined || plain[0] > 1).toBe(true);

      const wanted = (await viaMoments(oracle, oracle, x, y))!;
      const got = (await viaMoments(engine, oracle, x, y))!;
      expect(wanted[0]).toBeGreaterThan(0.9);
      expect(got[0]).toBeLessThanOrEqual(1);
      expect(distance(got, wanted)).toBeLessThan(2 * stated);
    });
  });
}

const SAMPLES = 1500;
const NEURONS = 24;

/** Two layers whose correlations fall from 0.99 to 0.05, of singular values from 1 to 1/condition, off the origin. */
function conditioned(condition: number, away: number): [Matrix, Matrix] {
  const z = gaussian(SAMPLES, NEURONS, 11);
  const noise = gaussian(SAMPLES, NEURONS, 12);
  const mixed = mapped(z, (value, i, j) => {
    const rho = 0.99 - (0.94 * j) / (NEURONS - 1);
    return rho * value + Math.sqrt(1 - rho * rho) * at(noise, i, j);
  });
  const layer = (source: Matrix, seed: number): Matrix => {
    const scaled = mapped(source, (value, _, j) => value * condition ** (-j / (NEURONS - 1)));
    const turned = times(scaled, flip(orthogonal(NEURONS, seed)));
    return single(mapped(turned, (value) => value + away));
  };
  return [layer(z, 13), layer(mixed, 14)];
}

async function viaMoments(
  engine: Engine,
  oracle: Engine,
  x: Matrix,
  y: Matrix,
): Promise<Float64Array | undefined> {
  const [a, b] = await uploaded(engine, x, y);
  const means = { a: await engine.columnMeans(a), b: await engine.columnMeans(b) };
  return correlations(
    oracle,
    await engine.download(await engine.accumulateGram(a, means.a)),
    await engine.download(await engine.accumulateGram(b, means.b)),
    await engine.download(await engine.accumulateCross(a, b, undefined, means)),
  );
}

/** Canonical correlations from moments, in float64; nothing where a Gram matrix is not positive definite. */
async function correlations(
  engine: Engine,
  xx: Matrix,
  yy: Matrix,
  xy: Matrix,
): Promise<Float64Array | undefined> {
  const [a, b, c] = await uploaded(engine, xx, yy, xy);
  const [l, r] = [await engine.cholesky(a), await engine.cholesky(b)];
  if (!l || !r) return undefined;
  const half = await engine.solveTriangular(l, c, { side: 'left' });
  return engine.singularValues(await engine.solveTriangular(r, half, { side: 'right', transpose: true }));
}

function uploaded(engine: Engine, ...matrices: Matrix[]): Promise<Handle[]> {
  return Promise.all(matrices.map((matrix) => engine.upload(matrix)));
}

/** Largest error of a Gram matrix, relative to the norms of the two columns. */
function correlationError(gram: Matrix, expected: Matrix): number {
  const norms = Float64Array.from({ length: gram.rows }, (_, j) => Math.sqrt(at(expected, j, j)));
  const scaled = (x: Matrix) => mapped(x, (value, i, j) => value / (norms[i] * norms[j])).data;
  return distance(scaled(gram), scaled(expected));
}

const relative = (got: Float64Array, wanted: Float64Array): number =>
  distance(
    got.map((value, j) => value / wanted[j]),
    wanted.map(() => 1),
  );

const at = ({ cols, data }: Matrix, i: number, j: number): number => data[i * cols + j];

const row = ({ cols, data }: Matrix, i: number): Float64Array =>
  Float64Array.from(data.subarray(i * cols, (i + 1) * cols));

/** A system BLAS with LAPACK, called through koffi: conformance, and what only larger matrices reach. */
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/engines/engine.js';
import { openEngine } from '../../src/engines/select.js';
import { betterCore } from '../../src/engines/lapack/cores.js';
import { NumericalError, OptionError } from '../../src/errors.js';
import type { Matrix } from '../../src/matrix.js';
import { distance, flip, gaussian, mapped, times } from '../support.js';
import { conformance } from './conformance.js';
import { whyNot } from './lapack-support.js';

const skipped = await whyNot();
const open = (): Promise<Engine> => openEngine('lapack');

conformance('lapack', open, skipped);

describe.skipIf(skipped)(`lapack beyond the suite${skipped ? ` (skipped: ${skipped})` : ''}`, () => {
  const single = (m: Matrix): Matrix => ({ ...m, data: Float32Array.from(m.data) });

  it('says which library computes, with how many threads, and tells it', async () => {
    const engine = await openEngine('lapack', { threads: 1 });
    expect(engine.name).toBe('lapack');
    expect(engine.description).toMatch(/^\S.*, (1 thread|its own threads)$/);
    const pattern = /, (\d+ threads?|its own threads)$/;
    expect((await open()).description).toMatch(pattern);
  });

  it('runs on kernels that suit this processor, and leaves the environment as it was', async () => {
    const before = process.env['OPENBLAS_CORETYPE'];
    const { description } = await open();
    expect(process.env['OPENBLAS_CORETYPE']).toBe(before);
    const core = /^OpenBLAS \S+, (\w+)/.exec(description!)?.[1];
    if (core !== undefined) expect(betterCore(core)).toBeUndefined();
  });

  // Chunks are of 256 samples or more: these need several, the last one short.
  it('centres float32 samples chunk by chunk', async () => {
    const engine = await open();
    const [x, y] = [gaussian(1201, 600, 31), gaussian(1201, 130, 32)].map((m, i) =>
      single(mapped(m, (value, _, j) => value + 20 * i + j)),
    );
    const [a, b] = [await engine.upload(x), await engine.upload(y)];
    const means = { a: await engine.columnMeans(a), b: await engine.columnMeans(b) };
    const centred = (m: Matrix, mean: Float64Array) => mapped(m, (value, _, j) => value - mean[j]);
    const [cx, cy] = [centred(x, means.a), centred(y, means.b)];
    expect(Math.max(...sums(cx).map(Math.abs), ...sums(cy).map(Math.abs))).toBeLessThan(1e-8);
    const block = await engine.download(await engine.accumulateCross(a, b, undefined, means));
    expect(distance(block.data, times(flip(cx), cy).data)).toBeLessThan(1e-9);
    const gram = await engine.download(await engine.accumulateGram(b, means.b));
    expect(distance(gram.data, times(flip(cy), cy).data)).toBeLessThan(1e-9);
    const w = gaussian(130, 7, 33);
    const projected = await engine.project(b, means.b, await engine.upload(w));
    expect(distance((await engine.download(projected)).data, times(cy, w).data)).toBeLessThan(1e-10);
  });

  it('finds the same on other threads, side by side, while the event loop goes on', async () => {
    const engine = await open();
    const grams = await Promise.all(
      [34, 35, 36].map(async (seed) => {
        const x = await engine.upload(gaussian(500, 220, seed));
        return engine.accumulateGram(x, new Float64Array(220));
      }),
    );
    let turns = 0;
    const clock = setInterval(() => turns++, 0);
    const together = await Promise.all(grams.map((gram) => engine.eigSymmetric(gram, 150)));
    clearInterval(clock);
    expect(turns).toBeGreaterThan(0);
    for (const [i, gram] of grams.entries()) {
      const { values, vectors } = await engine.eigSymmetric(gram, 150);
      expect(together[i].values).toEqual(values);
      const v = await engine.download(vectors);
      expect(await engine.download(together[i].vectors)).toEqual(v);
      const a = await engine.download(gram);
      const scaled = mapped(v, (value, _, j) => value * values[j]);
      expect(distance(times(a, v).data, scaled.data)).toBeLessThan(1e-10 * values[0]);
      expect(distance(await engine.eigenvalues(gram), values)).toBeLessThan(1e-12 * values[0]);
    }
  });

  it('decomposes rectangular matrices on other threads', async () => {
    const engine = await open();
    for (const [rows, cols] of [
      [400, 130],
      [130, 400],
    ] as const) {
      const a = gaussian(rows, cols, 37);
      const handle = await engine.upload(single(a));
      const { u, s, v } = await engine.svd(handle);
      const [left, right] = [await engine.download(u), await engine.download(v)];
      const rebuilt = times(
        mapped(left, (value, _, j) => value * s[j]),
        flip(right),
      );
      expect(distance(rebuilt.data, single(a).data)).toBeLessThan(1e-11);
      expect(distance(await engine.singularValues(handle), s)).toBeLessThan(1e-11);
    }
    const tall = gaussian(500, 120, 38);
    const { q, r } = await engine.qr(await engine.upload(tall));
    const product = await engine.download(await engine.multiply(q, r));
    expect(distance(product.data, tall.data)).toBeLessThan(1e-11);
  });

  // numpy.linalg.svd(a, full_matrices=False)[0][0] of a = (31i² + 17j³ + 7ij mod 1009) / 1009 − 1/2, by numpy 2.4; these
  // signs do not change when entries change by a unit in the last place.
  it.each([
    [60, 60, '++--+--++---++++-+-+-+++--+++++-++++++++--+-+--+-+-+----+++-'],
    [70, 40, '-+---+-++-++-----+-+-----+-+-+++++++++++'],
    [40, 70, '+-+-+-+-+++-+++--++---+++---++----+++--+'],
  ] as const)('gives singular vectors of %i × %i the signs that numpy gives', async (rows, cols, signs) => {
    const engine = await open();
    const a = mapped(
      gaussian(rows, cols, 1),
      (_, i, j) => ((i * i * 31 + j ** 3 * 17 + i * j * 7) % 1009) / 1009 - 0.5,
    );
    const { u, s, v } = await engine.svd(await engine.upload(a));
    const [left, right] = [await engine.download(u), await engine.download(v)];
    expect(Array.from(left.data.subarray(0, s.length), (value) => (value > 0 ? '+' : '-')).join('')).toBe(
      signs,
    );
    const rebuilt = times(
      mapped(left, (value, _, j) => value * s[j]),
      flip(right),
    );
    expect(distance(rebuilt.data, a.data)).toBeLessThan(1e-12);
  });

  it.each(['left', 'right'] as const)('solves large triangular systems from the %s', async (side) => {
    const engine = await open();
    const [d, k] = [200, 530];
    const lower = mapped(gaussian(d, d, 42), (value, i, j) =>
      i === j ? 2 + Math.abs(value) : i > j ? value / d : 0,
    );
    const b = side === 'left' ? gaussian(d, k, 43) : gaussian(k, d, 43);
    const [l, sides] = [await engine.upload(lower), await engine.upload(b)];
    for (const transpose of [false, true]) {
      const x = await engine.download(await engine.solveTriangular(l, sides, { side, transpose }));
      const factor = transpose ? flip(lower) : lower;
      const product = side === 'left' ? times(factor, x) : times(x, factor);
      expect(distance(product.data, b.data)).toBeLessThan(1e-12);
    }
  });

  it('does not change what it is given, nor keep what it gives', async () => {
    const engine = await open();
    const x = gaussian(30, 30, 39);
    const symmetric = times(flip(x), x);
    const before = symmetric.data.slice();
    const a = await engine.upload(symmetric);
    const { vectors } = await engine.eigSymmetric(a);
    await engine.cholesky(a);
    await engine.svd(a);
    await engine.qr(a);
    await engine.solveTriangular(a, a, { side: 'left' });
    expect(symmetric.data).toEqual(before);
    const first = await engine.download(vectors);
    const kept = first.data.slice();
    first.data.fill(0);
    expect((await engine.download(vectors)).data).toEqual(kept);
  });

  it.each([NaN, Infinity])('refuses to decompose a matrix that holds %d', async (value) => {
    const engine = await open();
    const bad = await engine.upload(
      mapped(gaussian(40, 40, 40), (entry, i, j) => (i + j === 1 ? value : entry)),
    );
    for (const attempt of [
      engine.eigSymmetric(bad),
      engine.eigenvalues(bad),
      engine.svd(bad),
      engine.singularValues(bad),
    ]) {
      await expect(attempt).rejects.toThrow(NumericalError);
    }
    expect(await engine.cholesky(bad)).toBeUndefined();
  });

  it('refuses a matrix of another engine', async () => {
    const [engine, other] = [await open(), await openEngine('ml-matrix')];
    const foreign = await other.upload(gaussian(3, 3, 41));
    await expect(engine.download(foreign)).rejects.toThrow(OptionError);
  });
});

function sums({ cols, data }: Matrix): Float64Array {
  const out = new Float64Array(cols);
  for (let at = 0; at < data.length; at++) out[at % cols] += data[at];
  return out;
}

import { describe, expect, it } from 'vitest';
import { openEngine } from '../../src/engines/select.js';
import { factorDirect } from '../../src/factor/direct.js';
import { crossInMemory } from '../../src/factor/in-memory.js';
import { Moments, factorMoments, mergeMoments } from '../../src/factor/moments.js';
import { independent, precisionOf, withShared } from '../../src/factor/rounding.js';
import { factorRows } from '../../src/factor/wide.js';
import type { Matrix } from '../../src/matrix.js';
import { beside, distance, flip, gaussian, mapped, times } from '../support.js';

const engine = await openEngine('ml-matrix');

const rows = (x: Matrix, from: number, to: number): Matrix => ({
  rows: to - from,
  cols: x.cols,
  data: x.data.subarray(from * x.cols, to * x.cols),
});
const momentsOf = async (x: Matrix) => {
  const moments = new Moments(engine, x.cols);
  await moments.add(await engine.upload(x));
  return moments.data();
};
const column = (x: Matrix, j: number): Float64Array =>
  Float64Array.from({ length: x.rows }, (_, i) => x.data[i * x.cols + j]);
const centred = (values: Float64Array): Float64Array => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
};

describe('rounding of a mean far above the spread', () => {
  const single = (x: Matrix): Matrix => ({ ...x, data: Float32Array.from(x.data) });
  /** 2 directions of 4 neurons, about a mean. */
  const about = (offset: number) =>
    mapped(times(gaussian(100, 2, 8), gaussian(2, 4, 9)), (value) => value + offset);

  it.each([
    ['float64 about 1e4', about(1e4)],
    ['float32 about 100', single(about(100))],
    ['float32 about 1e4', single(about(1e4))],
  ] as const)('is no direction, by any route: %s', async (_, x) => {
    expect((await factorDirect(engine, x)).factor.rank).toBe(2);
    expect((await factorRows(engine, x)).factor.rank).toBe(2);
    const y = gaussian(100, 3, 10);
    for (const route of ['moments', 'direct', 'conditioned'] as const) {
      for (const anyBasis of [false, true]) {
        const found = await crossInMemory(engine, x, y, route, { keep: 'all', anyBasis });
        expect([found.x.rank, found.y.rank, found.cross.rows]).toEqual([2, 3, 2]);
      }
    }
  });

  it('in moments is that of the batches, and stays when they are merged', async () => {
    const x = single(about(100));
    const [a, b] = [rows(x, 0, 40), rows(x, 40, 100)];
    const parts = [];
    for (const part of [a, b]) {
      const moments = new Moments(engine, 4);
      await moments.add(await engine.upload(part), precisionOf(part));
      parts.push(await moments.data());
    }
    expect((await factorMoments(engine, mergeMoments(parts[0], parts[1]))).rank).toBe(2);
    // Values that were stored in full are believed.
    expect((await factorMoments(engine, await momentsOf(x))).rank).toBe(4);
  });

  it('of wide layers is no direction either', async () => {
    const x = single(mapped(times(gaussian(12, 2, 8), gaussian(2, 30, 9)), (value) => value + 100));
    expect((await factorDirect(engine, x)).factor.rank).toBe(2);
    expect((await factorRows(engine, x)).factor.rank).toBe(2);
  });

  it('cuts nothing of other neurons: not under a dead one, nor a large one, before which small ones stand', async () => {
    const small = mapped(gaussian(100, 2, 1), (value) => 1e-4 * value);
    const dead = beside(
      small,
      mapped(gaussian(100, 1, 2), () => 1e20),
    );
    // 1e-3 is the rounding of float32 about 1e4, ten times the two small neurons; signs alone vary.
    const noisy = beside(
      mapped(gaussian(100, 1, 3), (value) => 1e4 + 1e-3 * Math.sign(value)),
      small,
    );
    for (const [x, place] of [
      [single(dead), 0],
      [single(noisy), 1],
    ] as const) {
      const layers = [await factorDirect(engine, x), await factorRows(engine, x)];
      for (const { factor, basis } of layers) {
        expect(factor.rank).toBe(2);
        // The basis is that of the directions that are left: it rebuilds the small neurons.
        const rebuilt = times(
          mapped(await engine.download(basis!), (value, _, j) => value * factor.s[j]),
          flip(factor.v),
        );
        for (const j of [0, 1]) {
          const given = centred(column(small, j));
          expect(distance(column(rebuilt, j + place), given)).toBeLessThan(1e-5);
        }
      }
    }
  });
});

describe('rounding along a direction', () => {
  it('adds up over the neurons, by their shares, on any scale', () => {
    for (const scale of [1e-200, 1, 1e200]) {
      const own = independent(Float64Array.of(3 * scale, 4 * scale));
      expect(own.most).toBe(4 * scale);
      const v = { rows: 2, cols: 3, data: Float64Array.of(1, 0, 0.6, 0, 1, 0.8) };
      const along = own.along(v).map((length) => length / scale);
      expect(distance(along, Float64Array.of(3, 4, Math.hypot(1.8, 3.2)))).toBeLessThan(1e-14);
      // What both neurons carry of a third adds up to 0 where they are subtracted.
      const shared = withShared(own, { rows: 1, cols: 2, data: Float64Array.of(12 * scale, 12 * scale) });
      const half = Math.SQRT1_2;
      const both = { rows: 2, cols: 2, data: Float64Array.of(half, half, half, -half) };
      const [sum, difference] = shared.along(both).map((length) => length / scale);
      expect(sum).toBeCloseTo(Math.hypot(5 * half, 24 * half), 12);
      expect(difference).toBeCloseTo(5 * half, 12);
      expect(shared.most).toBeGreaterThanOrEqual(sum * scale);
    }
    expect(independent(new Float64Array(2)).along({ rows: 2, cols: 1, data: Float64Array.of(1, 0) })).toEqual(
      Float64Array.of(0),
    );
  });
});

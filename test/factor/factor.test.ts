import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { openEngine } from '../../src/engines/select.js';
import type { Engine, Handle } from '../../src/engines/engine.js';
import { DataError, NumericalError, OptionError, ShapeError } from '../../src/errors.js';
import { Projector, REFINE_ABOVE } from '../../src/factor/cross.js';
import { factorDirect } from '../../src/factor/direct.js';
import type { Factor, Method } from '../../src/factor/factor.js';
import { checkKeep, keptDirections } from '../../src/factor/keep.js';
import { chooseRoute } from '../../src/factor/in-memory.js';
import { Moments, factorMoments, mergeMoments } from '../../src/factor/moments.js';
import type { MomentsData } from '../../src/factor/moments.js';
import type { Matrix } from '../../src/matrix.js';
import { beside, distance, flip, gaussian, mapped, orthogonal, times } from '../support.js';

const engine: Engine = await openEngine('ml-matrix');

const momentsOf = async (...batches: Matrix[]): Promise<MomentsData> => {
  const moments = new Moments(engine, batches[0].cols);
  for (const batch of batches) await moments.add(await engine.upload(batch));
  return moments.data();
};

/** Factor and basis of a layer by either method. */
const factorLayer = async (x: Matrix, method: Method): Promise<{ factor: Factor; basis: Handle }> => {
  if (method === 'direct') {
    const { factor, basis } = await factorDirect(engine, x);
    return { factor, basis: basis! };
  }
  const factor = await factorMoments(engine, await momentsOf(x));
  const projector = await Projector.open(engine, factor, factor.rank);
  const rows = await projector.rows(await engine.upload(x));
  const correction = await projector.correction();
  return { factor, basis: correction ? await engine.multiply(rows, correction) : rows };
};
const rows = (x: Matrix, from: number, to: number): Matrix => ({
  rows: to - from,
  cols: x.cols,
  data: x.data.subarray(from * x.cols, to * x.cols),
});

describe('moments', () => {
  test.prop([fc.integer({ min: 2, max: 60 }), fc.integer({ min: 1, max: 6 }), fc.integer(), fc.nat(1000)], {
    seed: 1,
    numRuns: 60,
  })('merged from parts are those of the whole, in any order', async (n, d, seed, offset) => {
    const x = mapped(gaussian(n, d, seed), (value, _, j) => value + offset * (j + 1));
    const cut = 1 + (Math.abs(seed) % (n - 1));
    const whole = await momentsOf(x);
    const parts = [await momentsOf(rows(x, 0, cut)), await momentsOf(rows(x, cut, n))] as const;
    for (const merged of [
      mergeMoments(...parts),
      mergeMoments(parts[1], parts[0]),
      await momentsOf(rows(x, 0, cut), rows(x, cut, n)),
    ]) {
      expect(merged.samples).toBe(n);
      expect(distance(merged.mean, whole.mean)).toBeLessThanOrEqual(1e-12 * (1 + offset * d));
      expect(distance(merged.gram.data, whole.gram.data)).toBeLessThanOrEqual(1e-12 * n * (1 + offset));
    }
  });

  it('keep every digit under an offset a million times the spread', async () => {
    const x = gaussian(500, 3, 5);
    const plain = await momentsOf(x);
    const shifted = await momentsOf(mapped(x, (value) => value + 2 ** 20));
    // Adding 2^20 itself costs 2^20 · ε of each value; the moments must not lose more.
    expect(distance(shifted.gram.data, plain.gram.data)).toBeLessThan(1e-6);
  });

  it('refuse what does not fit, nothing at all, and squares beyond float64', async () => {
    const moments = new Moments(engine, 3);
    await expect(moments.data()).rejects.toThrow(DataError);
    await expect(moments.add(gaussian(4, 2, 1))).rejects.toThrow(
      new ShapeError('a batch of 2 neurons for moments of 3'),
    );
    expect(() => mergeMoments({ ...dummy(2) }, { ...dummy(3) })).toThrow(
      'cannot merge moments of 2 and 3 neurons',
    );
    await expect(momentsOf(mapped(gaussian(4, 2, 1), (value) => value * 1e200))).rejects.toThrow(
      NumericalError,
    );
  });

  function dummy(d: number): MomentsData {
    return {
      samples: 1,
      mean: new Float64Array(d),
      gram: { rows: d, cols: d, data: new Float64Array(d * d) },
    };
  }
});

describe('factor', () => {
  it.each(['moments', 'direct'] as const)(
    'by %s rebuilds the centred samples, with the sign rule',
    async (method) => {
      const x = mapped(gaussian(80, 6, 2), (value, _, j) => value * (j + 1) + 7);
      const { factor, basis } = await factorLayer(x, method);
      const u = await engine.download(basis);
      const rebuilt = times(
        mapped(u, (value, _, j) => value * factor.s[j]),
        flip(factor.v),
      );
      expect(distance(rebuilt.data, mapped(x, (value, _, j) => value - factor.mean[j]).data)).toBeLessThan(
        1e-11,
      );
      expect(factor).toMatchObject({ samples: 80, neurons: 6, dead: 0, method });
      for (let j = 0; j < 6; j++) {
        const column = Array.from({ length: 6 }, (_, i) => factor.v.data[i * 6 + j]);
        const largest = column.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
        expect(largest).toBeGreaterThan(0);
      }
    },
  );

  it.each(['moments', 'direct'] as const)('by %s counts dead neurons and finds the rank', async (method) => {
    const base = gaussian(200, 5, 3);
    const dependent = times(base, gaussian(5, 4, 4));
    const x = mapped(beside(base, dependent), (value, _, j) => (j === 2 ? 0.3 : value));
    const { factor } = await factorLayer(x, method);
    expect([factor.neurons, factor.dead, factor.s.length]).toEqual([9, 1, 8 - 3]);
  });

  it('of a wide matrix takes the n × n side and keeps at most n − 1 directions', async () => {
    const x = gaussian(6, 20, 5);
    const { factor, basis } = await factorDirect(engine, x);
    expect([factor.v.rows, factor.v.cols, factor.s.length]).toEqual([20, 5, 5]);
    const u = await engine.download(basis!);
    const rebuilt = times(
      mapped(u, (value, _, j) => value * factor.s[j]),
      flip(factor.v),
    );
    expect(distance(rebuilt.data, mapped(x, (value, _, j) => value - factor.mean[j]).data)).toBeLessThan(
      1e-12,
    );
    const byMoments = await factorMoments(engine, await momentsOf(x));
    expect(distance(byMoments.s, factor.s)).toBeLessThan(1e-6);
    expect(distance(byMoments.v.data, factor.v.data)).toBeLessThan(1e-6);
  });

  it('direct keeps directions down to 1e-13 of float64, and no lower than the rounding of float32', async () => {
    const q = orthogonal(3, 6);
    const scale = [1, 1e-6, 1e-11];
    const x = times(
      mapped(gaussian(100, 3, 7), (value, _, j) => value * scale[j]),
      q,
    );
    expect((await factorDirect(engine, x)).factor.s.length).toBe(3);
    const single = { ...x, data: Float32Array.from(x.data) };
    expect((await factorDirect(engine, single)).factor.s.length).toBe(2);
  });

  it('is the same whatever the scale of the data', async () => {
    const x = gaussian(50, 4, 8);
    for (const scale of [1e-12, 1e12]) {
      for (const method of ['moments', 'direct'] as const) {
        const { factor } = await factorLayer(
          mapped(x, (value) => value * scale),
          method,
        );
        expect([factor.s.length, factor.dead]).toEqual([4, 0]);
      }
    }
  });

  it('chooses its route by type, shape and memory', () => {
    const [wide, tall] = [gaussian(5, 9, 1), gaussian(9, 5, 1)];
    const single = { ...tall, data: Float32Array.from(tall.data) };
    expect(chooseRoute('auto', [tall, tall])).toBe('conditioned');
    expect(chooseRoute('auto', [single, single])).toBe('moments');
    expect(chooseRoute('auto', [{ ...wide, data: Float32Array.from(wide.data) }])).toBe('moments');
    expect(chooseRoute('auto', [tall], 100)).toBe('moments');
    expect(chooseRoute('direct', [single])).toBe('direct');
    expect(() => chooseRoute('qr' as 'auto', [])).toThrow(OptionError);
  });
});

describe('projector', () => {
  it('makes an ill-conditioned basis orthonormal once more', async () => {
    const q = orthogonal(3, 9);
    const x = times(
      mapped(gaussian(400, 3, 10), (value, _, j) => value * [1, 0.1, 1e-6][j]),
      q,
    );
    const { factor, basis } = await factorLayer(x, 'moments');
    expect(factor.s[0] / factor.s[2]).toBeGreaterThan(REFINE_ABOVE);
    const u = await engine.download(basis);
    expect(distance(times(flip(u), u).data, [1, 0, 0, 0, 1, 0, 0, 0, 1])).toBeLessThan(1e-12);
    const projector = await Projector.open(engine, factor, 2);
    expect((await projector.rows(await engine.upload(x))).cols).toBe(2);
    expect(await projector.correction()).toBeUndefined();
  });
});

describe('keep', () => {
  const s = Float64Array.of(4, 3, 2, 1);

  it('counts directions by variance, by singular values and by number', () => {
    // Σs² = 30: 16, 25, 29, 30; Σs = 10: 4, 7, 9, 10.
    expect(keptDirections(s, { variance: 0.9 })).toBe(3);
    expect(keptDirections(s, { variance: 0.9 }, 'dropped')).toBe(2);
    expect(keptDirections(s, { singularValueMass: 0.65 })).toBe(2);
    expect(keptDirections(s, { singularValueMass: 0.65 }, 'dropped')).toBe(1);
    expect(keptDirections(s, { variance: 0.01 }, 'dropped')).toBe(1);
    expect(keptDirections(s, { variance: 1 })).toBe(4);
    expect(keptDirections(s, { dims: 2 })).toBe(2);
    expect(keptDirections(s, { dims: 9 })).toBe(4);
    expect(keptDirections(s, 'all')).toBe(4);
    expect(keptDirections(new Float64Array(0), { dims: 2 })).toBe(0);
  });

  it.each([
    [{ variance: 0 }, 'keep.variance is 0: give a share above 0 and at most 1'],
    [{ singularValueMass: 99 }, 'keep.singularValueMass is 99: give a share above 0 and at most 1'],
    [{ dims: 1.5 }, 'keep.dims is 1.5: give a whole number of at least 1'],
    [{ components: 3 }, 'keep is {"components":3}: give one of { variance: 0.99 }'],
    [0.99, 'keep is 0.99: give one of'],
    [{ variance: 0.9, dims: 2 }, 'give one of'],
  ])('refuses %j', (keep, message) => {
    expect(() => checkKeep(keep)).toThrow(message);
  });
});

import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { DataError, OptionError, ShapeError } from '../../src/errors.js';
import { commonFrequencies, representatives } from '../../src/measures/dft-cca-transform.js';
import { dftCca } from '../../src/measures/dft-cca.js';
import { cca } from '../../src/measures/functions.js';
import { Random } from '../../src/random.js';
import { distance, gaussian } from '../support.js';

interface Activations {
  readonly shape: readonly [number, number, number, number];
  readonly data: Float64Array;
}

type Place = (i: number, a: number, b: number, j: number) => number;

function fill(shape: Activations['shape'], value: Place): Activations {
  const [n, h, w, c] = shape;
  const data = Float64Array.from({ length: n * h * w * c }, (_, at) => {
    const pixel = Math.floor(at / c);
    return value(Math.floor(pixel / (h * w)), Math.floor(pixel / w) % h, pixel % w, at % c);
  });
  return { shape, data };
}

/**
 * In Python, with `i, a, b, j = np.meshgrid(np.arange(n), np.arange(h), np.arange(w), np.arange(c), indexing='ij')`:
 * `np.sin(1.1*i*(j+1) + 0.7*a*(i % 5 + 1) + 0.9*b*(i % 3 + j) + k) + 0.3*np.cos(0.37*i*(a+1) + 1.3*b*j + k*i) + 0.1*(a + b*j)`
 */
function conv(n: number, h: number, w: number, c: number, k: number): Activations {
  return fill(
    [n, h, w, c],
    (i, a, b, j) =>
      Math.sin(1.1 * i * (j + 1) + 0.7 * a * ((i % 5) + 1) + 0.9 * b * ((i % 3) + j) + k) +
      0.3 * Math.cos(0.37 * i * (a + 1) + 1.3 * b * j + k * i) +
      0.1 * (a + b * j),
  );
}

const mapped = ({ shape, data }: Activations, f: (value: number) => number): Activations => ({
  shape,
  data: data.map(f),
});

/** Value of a 4-D array. */
const at = ({ shape: [, h, w, c], data }: Activations, i: number, a: number, b: number, j: number) =>
  data[((i * h + a) * w + b) * c + j];

const x = conv(40, 4, 5, 3, 1);
const own = conv(40, 4, 5, 2, 2);
const y = fill(own.shape, (i, a, b, j) => at(own, i, a, b, j) + 0.3 * at(x, i, a, b, j + 1));
const random = (shape: Activations['shape'], seed: number): Activations => ({
  shape,
  data: new Random(seed).normals(shape.reduce((product, axis) => product * axis, 1)),
});
const runs = { seed: 7, numRuns: 10 };

describe('dftCca', () => {
  /*
   * x = conv(40, 4, 5, 3, 1.0); y = conv(40, 4, 5, 2, 2.0) + 0.3*x[..., 1:]; X, Y = np.fft.fft2(x, axes=(1, 2)), …
   * A, B = X[:, i, j] - X[:, i, j].mean(0), …; U1, U2 = np.linalg.svd(A, full_matrices=False)[0], …
   * np.linalg.svd(U1.conj().T @ U2, compute_uv=False)
   */
  const NUMPY = [
    [0.5507376314395537, 0.8169083367084684, 0.9238230349852214, 0.9238230349852214, 0.8169083367084684],
    [0.7822041631363882, 0.9314025567313435, 0.973227314142781, 0.6374719663323588, 0.5574976064788346],
    [0.5745208867171687, 0.894988690508957, 0.8495308831013655, 0.8495308831013655, 0.894988690508957],
    [0.7822041631363882, 0.5574976064788346, 0.6374719663323588, 0.973227314142781, 0.9314025567313435],
  ];

  it.each(['direct', 'moments', 'auto'] as const)(
    'is complex CCA of fft2, as numpy has it, by %s',
    async (method) => {
      const result = await dftCca(x, y, { method });
      expect(Math.abs(result.score - 0.792968381120408)).toBeLessThan(1e-10);
      expect(distance(result.frequencies.data, NUMPY.flat())).toBeLessThan(1e-10);
      expect(distance(result.correlations[7], [0.9892187698345585, 0.9572358584510033])).toBeLessThan(1e-10);
      expect(distance(result.correlations[10], [0.6328759948496623, 0.5161657785846753])).toBeLessThan(1e-10);
      expect(result).toMatchObject({
        measure: 'dftCca',
        samples: 40,
        x: { neurons: 3, rank: 3, kept: 3, dead: 0, grid: [4, 5] },
        y: { neurons: 2, rank: 2, kept: 2, dead: 0, grid: [4, 5] },
        frequencies: { rows: 4, cols: 5 },
        warnings: [],
      });
    },
  );

  it('of different grids takes the lowest frequencies of both', async () => {
    const result = await dftCca(x, conv(40, 7, 6, 2, 3));
    expect(Math.abs(result.score - 0.41744199382859104)).toBeLessThan(1e-10);
    // numpy as above, frequencies of np.fft.fftfreq with -m/2 <= f < m/2 for m of the smaller grid
    const golden = [
      [0.44002423075112956, 0.4648198459105392, 0.5818373737905161, 0.5818373737905161, 0.4648198459105391],
      [0.49304371638848554, 0.49320000854339896, 0.5427583692058697, 0.3653497247950772, 0.356897185409756],
      [0.19033320260239964, 0.3210397439377473, 0.3215158835695508, 0.24472190630482316, 0.23539246131888508],
      [0.49304371638848554, 0.35689718540975607, 0.3653497247950772, 0.5427583692058697, 0.49320000854339896],
    ];
    expect(distance(result.frequencies.data, golden.flat())).toBeLessThan(1e-10);
  });

  /*
   * fft_resize and get_cca_similarity (epsilon 0) of google/svcca, of conv(60, 6, 6, 3, 1.0) and conv(60, 4, 4, 2, 2.0), with
   * complex128 in place of complex64; with complex64 its own values are these to 4e-8. (dft_ccas.py as a whole asks cca_core.py
   * for keys that it no longer returns.)
   */
  it("is google's dft_ccas, which resizes by fft_resize", async () => {
    const golden = [
      [0.7153644107758674, 0.5863204079940182, 0.5494951977756173, 0.5863204079940182],
      [0.612048897002323, 0.561101396340968, 0.42341123716129464, 0.43529323027795686],
      [0.30885557126421914, 0.31619327059520214, 0.24156832990767335, 0.33937230003808777],
      [0.6120488970023226, 0.4352932302779563, 0.5100363824606199, 0.5611013963409682],
    ];
    const options = { summary: 'thresholded' } as const;
    const result = await dftCca(conv(60, 6, 6, 3, 1), conv(60, 4, 4, 2, 2), options);
    expect(
      distance(
        result.correlations.map(([first]) => first),
        golden.flat(),
      ),
    ).toBeLessThan(1e-10);
    expect(Math.abs(result.score - 0.40533569889978543)).toBeLessThan(1e-10);
  });

  it('keeps leading directions at every frequency on request', async () => {
    const result = await dftCca(x, y, { keep: { variance: 0.8 } });
    // numpy as above, of the leading searchsorted(cumsum(s²), 0.8·sum(s²)) + 1 columns of U1 and U2
    expect(Math.abs(result.score - 0.7018046002369025)).toBeLessThan(1e-10);
    expect(result.correlations.map((rho) => rho.length)).toEqual([
      1, 2, 2, 2, 2, 1, 2, 1, 2, 2, 1, 2, 2, 2, 2, 1, 2, 2, 1, 2,
    ]);
  });

  it('compares a dense layer with the spatial mean', async () => {
    const dense = conv(40, 1, 1, 4, 5);
    const result = await dftCca(x, { shape: [40, 4], data: dense.data });
    expect(Math.abs(result.score - 0.27457105583828223)).toBeLessThan(1e-10);
    const mean = Array.from({ length: 40 }, (_, i) =>
      Array.from({ length: 3 }, (__, j) => {
        let sum = 0;
        for (let a = 0; a < 4; a++) for (let b = 0; b < 5; b++) sum += at(x, i, a, b, j);
        return sum / 20;
      }),
    );
    const plain = await cca(mean, { rows: 40, cols: 4, data: dense.data });
    expect(distance(result.correlations[0], plain.correlations!)).toBeLessThan(1e-10);
    // A layer of one spatial axis is one of height 1.
    const line = await dftCca(
      { shape: [40, 5, 3], data: x.data.slice(0, 600) },
      { shape: [40, 5, 2], data: y.data.slice(0, 400) },
    );
    const flat = await dftCca(
      { shape: [40, 1, 5, 3], data: x.data.slice(0, 600) },
      { shape: [40, 1, 5, 2], data: y.data.slice(0, 400) },
    );
    expect(line.frequencies).toEqual(flat.frequencies);
  });

  test.prop([fc.nat(), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })], runs)(
    'does not notice an invertible map of the channels, nor scale, offset and cyclic shift',
    async (seed, h, w) => {
      const a = random([30, h, w, 3], seed);
      const b0 = random([30, h, w, 2], seed + 1);
      const b = fill(b0.shape, (i, p, q, j) => at(b0, i, p, q, j) + at(a, i, p, q, j));
      const plain = await dftCca(a, b);
      for (const rho of plain.correlations.flat()) {
        expect(rho).toBeGreaterThanOrEqual(0);
        expect(rho).toBeLessThanOrEqual(1);
      }
      const map = gaussian(3, 3, seed + 2);
      const mixed = fill(a.shape, (i, p, q, j) => {
        let sum = 4 * at(a, i, p, q, j);
        for (let k = 0; k < 3; k++) sum += at(a, i, p, q, k) * map.data[k * 3 + j];
        return sum;
      });
      const shifted = fill(a.shape, (i, p, q, j) => at(a, i, (p + 1) % h, (q + h) % w, j));
      for (const other of [
        mixed,
        shifted,
        mapped(a, (value) => 1e-8 * (value + 2)),
        mapped(a, (value) => -1e8 * value),
      ]) {
        expect(distance((await dftCca(other, b)).frequencies.data, plain.frequencies.data)).toBeLessThan(
          1e-7,
        );
      }
      const swapped = await dftCca(b, a);
      expect(distance(swapped.frequencies.data, plain.frequencies.data)).toBeLessThan(1e-10);
      expect((await dftCca(a, a)).score).toBeCloseTo(1, 10);
      expect((await dftCca(a, mixed, { keep: { variance: 1 } })).score).toBeCloseTo(1, 10);
    },
  );

  it('is the same of float32, of a tensor, and by every engine that works everywhere', async () => {
    const single = (v: Activations) => ({ shape: [...v.shape], data: Float32Array.from(v.data) });
    const tensor = { ...single(x), dtype: 'float32', data: () => Promise.resolve(Float32Array.from(x.data)) };
    const plain = await dftCca(single(x), single(y));
    expect(plain.method).toBe('moments');
    expect(distance(plain.frequencies.data, NUMPY.flat())).toBeLessThan(1e-5);
    expect((await dftCca(tensor, single(y))).frequencies).toEqual(plain.frequencies);
    for (const engine of ['wasm', 'ml-matrix'] as const) {
      expect(distance((await dftCca(x, y, { engine })).frequencies.data, NUMPY.flat())).toBeLessThan(1e-10);
    }
  });

  it('of layers that are flat over the grid counts the spatial mean alone, and says so', async () => {
    const flat = (v: Activations) => fill(v.shape, (i, _, __, j) => at(v, i, 0, 0, j));
    for (const scale of [1e-8, 1, 1e8]) {
      const [a, b] = [flat(x), mapped(flat(y), (value) => scale * value)];
      const result = await dftCca(a, b);
      expect(result.frequencies.data.subarray(1).every((value) => value === 0)).toBe(true);
      expect(result.score).toBeCloseTo(result.frequencies.data[0], 14);
      expect(result.score).toBeGreaterThan(0);
      expect(result.warnings).toEqual([
        'At 19 of the frequencies neither side has anything; they are left out of the score.',
      ]);
      // Where one side has something and the other nothing, they have nothing in common.
      const mixed = await dftCca(x, b);
      expect(mixed.score).toBeCloseTo(mixed.frequencies.data[0] / 20, 14);
    }
  });

  it('of dead and duplicated channels has no NaN and no ρ above 1', async () => {
    const doubled = fill([40, 4, 5, 7], (i, a, b, j) => (j === 6 ? 0.5 : Math.max(0, at(x, i, a, b, j % 3))));
    for (const method of ['direct', 'moments'] as const) {
      const result = await dftCca(doubled, y, { method });
      expect(result.x).toMatchObject({ neurons: 7, rank: 3, kept: 3, dead: 1 });
      for (const rho of result.correlations.flat()) {
        expect(rho).toBeGreaterThanOrEqual(0);
        expect(rho).toBeLessThanOrEqual(1);
      }
    }
    const constant = fill(x.shape, (_, a, b, j) => a + b * j);
    const result = await dftCca(constant, y);
    expect(result.score).toBe(0);
    expect(result.warnings).toEqual(['Side x is constant over the samples: it has nothing to compare.']);
  });

  it('takes no rounding of float32 for a direction, by either route', async () => {
    // The third channel is made of the other two, and single positions are 500 times below their mean.
    const shape = [60, 4, 4, 3];
    const layer = (seed: number) => {
      const [base, noise] = [gaussian(60, 2, seed), gaussian(60, 32, seed + 1)];
      const data = new Float32Array(60 * 48);
      for (let i = 0; i < 60; i++) {
        for (let place = 0; place < 16; place++) {
          const [a, b] = [0, 1].map((k) => base.data[2 * i + k] + 0.002 * noise.data[32 * i + 2 * place + k]);
          data.set([a, b, a / 3 + b / 7], i * 48 + 3 * place);
        }
      }
      return { shape, data };
    };
    const [left, right] = [layer(1), layer(3)];
    const [moments, direct] = [
      await dftCca(left, right, { method: 'moments' }),
      await dftCca(left, right, { method: 'direct' }),
    ];
    for (const { correlations } of [moments, direct]) {
      expect(correlations.map(({ length }) => length)).toEqual(new Array<number>(16).fill(2));
    }
    expect(Math.abs(direct.score - moments.score)).toBeLessThan(1e-9);
  });

  it('loses nothing of other channels to one that is constant and large', async () => {
    const layer = (seed: number, constant: number) => {
      const values = gaussian(60, 32, seed);
      const data = Float32Array.from({ length: 60 * 48 }, (_, at) =>
        at % 3 === 2 ? constant : values.data[Math.floor(at / 3) * 2 + (at % 3)],
      );
      return { shape: [60, 4, 4, 3], data };
    };
    const small = await dftCca(layer(1, 1), layer(2, 1));
    const large = await dftCca(layer(1, 1e20), layer(2, 1));
    expect(small.x).toMatchObject({ dead: 1, rank: 2 });
    expect(large.x).toEqual(small.x);
    expect(large.score).toBeCloseTo(small.score, 12);
  });

  it('needs more images than channels', async () => {
    const [a, b] = [random([12, 3, 3, 11], 1), random([12, 3, 3, 2], 2)];
    await expect(dftCca(a, b)).rejects.toThrow(DataError);
    await expect(dftCca(a, b)).rejects.toMatchObject({ code: 'TOO_FEW_SAMPLES' });
    const allowed = await dftCca(a, b, { allowFewSamples: true });
    expect(allowed.score).toBeCloseTo(1, 10);
    expect(allowed.x.kept).toBe(11);
    expect(allowed.warnings[0]).toMatch(/^12 samples for 11 kept directions of x/);
    expect((await dftCca(a, b, { keep: { dims: 2 } })).score).toBeLessThan(1);
    expect((await dftCca(random([40, 2, 2, 11], 1), random([40, 2, 2, 2], 2))).warnings[0]).toMatch(
      /^40 samples for 11 kept directions/,
    );
    // More channels than images: no more than 11 directions, complex or not.
    const wide = await dftCca(random([12, 3, 3, 20], 1), b, { allowFewSamples: true });
    expect(wide.x.rank).toBe(11);
  });

  it('takes an option that is undefined for one that is not given', async () => {
    const options = { summary: undefined, resize: undefined, memory: undefined } as object;
    expect((await dftCca(x, y, options)).options).toEqual((await dftCca(x, y)).options);
  });

  it('refuses bad input by name', async () => {
    await expect(dftCca(x, { shape: [40, 4, 5, 2, 1], data: y.data })).rejects.toThrow(
      new ShapeError(
        'y has shape [40, 4, 5, 2, 1]: give [samples, height, width, channels], [samples, length, channels] or [samples, neurons]',
      ),
    );
    await expect(dftCca(x, conv(39, 4, 5, 2, 2))).rejects.toThrow(ShapeError);
    await expect(dftCca(x, { shape: [40, 4, 5, 3], data: y.data })).rejects.toThrow(
      'needs 2400 values, got 1600',
    );
    await expect(
      dftCca(
        x,
        mapped(y, () => NaN),
      ),
    ).rejects.toThrow('y holds NaN');
    await expect(dftCca(x, conv(40, 7, 6, 2, 3), { resize: false })).rejects.toThrow(
      'x has a grid of 4 × 5, y of 7 × 6: give layers of one grid, or set resize',
    );
    await expect(dftCca(x, y, { resize: 'no' as never })).rejects.toThrow(OptionError);
    await expect(dftCca(x, y, { centred: false } as object)).rejects.toThrow(
      "dftCca has no option 'centred'",
    );
    await expect(dftCca(x, y, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  });

  it('reports its progress', async () => {
    const reports: number[] = [];
    await dftCca(x, y, { onProgress: ({ stage, done }) => stage === 'frequencies' && reports.push(done) });
    expect(reports.at(-1)).toBe(20);
  });
});

describe('frequencies', () => {
  it('are those of numpy.fft.fftfreq', () => {
    expect(commonFrequencies(4, 9)).toEqual([0, 1, -2, -1]);
    expect(commonFrequencies(5, 5)).toEqual([0, 1, 2, -2, -1]);
    expect(commonFrequencies(1, 3)).toEqual([0]);
  });

  it('are computed once for themselves and their conjugate, each place of the grid by one of them', () => {
    for (const [a, b] of [
      [4, 4],
      [4, 6],
      [5, 5],
      [5, 8],
      [1, 6],
    ]) {
      for (const width of [4, 5]) {
        const found = representatives(
          { height: a, width: 4, channels: 1 },
          { height: b, width, channels: 1 },
        );
        const places = found.flatMap((f) => f.places).sort((p, q) => p - q);
        expect(places).toEqual(Array.from({ length: Math.min(a, b) * 4 }, (_, i) => i));
        for (const { places: of, real } of found) expect(of.length).toBeLessThanOrEqual(real ? 1 : 2);
      }
    }
    // The four corners of an even grid are their own conjugates: (16 − 4)/2 + 4 computations.
    const even = { height: 4, width: 4, channels: 1 };
    expect(representatives(even, even)).toHaveLength(10);
  });
});

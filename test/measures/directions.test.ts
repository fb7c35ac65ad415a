import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { DataError, OptionError, ShapeError } from '../../src/errors.js';
import type { Matrix } from '../../src/matrix.js';
import { canonicalVariates, ccaDirections, svccaDirections } from '../../src/measures/directions.js';
import type { Directions } from '../../src/measures/directions.js';
import { cca, svcca } from '../../src/measures/functions.js';
import { beside, distance, flip, gaussian, mapped, orthogonal, times } from '../support.js';
import { x, y } from './waves.js';

const runs = { seed: 7, numRuns: 15 };

/*
 * def directions(x, y, k1, k2):
 *     X, Y = x - x.mean(0), y - y.mean(0)
 *     (U1, s1, V1), (U2, s2, V2) = [np.linalg.svd(M, full_matrices=False) for M in (X, Y)]
 *     A, rho, B = np.linalg.svd(U1[:, :k1].T @ U2[:, :k2], full_matrices=False)
 *     W1, W2 = V1[:k1].T / s1[:k1] @ A, V2[:k2].T / s2[:k2] @ B.T
 *     sign = np.sign(W1[np.abs(W1).argmax(0), np.arange(W1.shape[1])])
 *     return rho, W1 * sign, W2 * sign
 */
const NUMPY_CCA = {
  // CCA(n_components=3, tol=1e-15, max_iter=100000) of scikit-learn 1.9.1 gives the same ρ to 1e-14
  rho: [0.9039167013763245, 0.8703734785683883, 0.7839715128575876],
  x: [
    [0.009914315587416097, 0.003200000666825178, 0.20840453733880687],
    [0.014608564152606737, 0.10221915017158191, -0.004115788305824187],
    [0.0688177535706298, -0.012233823942402897, -0.0035633919605882777],
    [0.0031979670513114762, 0.0008381797210720371, -0.003411082865903636],
    [0.0015180401311788595, -0.000187310441834064, 0.000987247720457032],
  ],
  y: [
    [0.010008853704049938, 0.00890914887749646, 0.1641703432268277],
    [0.025134920974760323, 0.12790589035213631, -0.011595345309301576],
    [0.10891994398842222, -0.025735563379531232, -0.004424939514177336],
  ],
};
const NUMPY_SVCCA = {
  rho: [0.9031029651932466, 0.07154642937252022],
  x: [
    [0.00045253348175118026, -0.0003167770181479737],
    [0.003290920958010347, -0.002095363802636431],
    [0.06984045232224005, -0.007131399162348549],
    [0.003274212421277647, 0.01895642716380012],
    [0.0014452751390469714, 0.039532712270642416],
  ],
  y: [
    [-0.0006074486304420555, -0.006866991367491451],
    [0.011857914154005998, -0.13005123690629072],
    [0.11112844955167482, 0.013880154184709295],
  ],
};

/** Largest deviation of the variates from: columns of unit norm and mean 0, uncorrelated but for ρ of the same column. */
function fault({ x: a, y: b, correlations }: Directions): number {
  const [u, v] = [a.variates!, b.variates!];
  const identity = mapped(gaussian(u.cols, u.cols, 0), (_, i, j) => (i === j ? 1 : 0));
  const rho = mapped(identity, (value, i) => value * correlations[i]);
  const means = [u, v].map((m) =>
    distance(
      times(
        mapped(gaussian(1, m.rows, 0), () => 1),
        m,
      ).data,
      new Float64Array(m.cols),
    ),
  );
  return Math.max(
    distance(times(flip(u), u).data, identity.data),
    distance(times(flip(v), v).data, identity.data),
    distance(times(flip(u), v).data, rho.data),
    ...means,
  );
}

/** `(X − mean)·weights`, written out. */
function variates(samples: Matrix, { mean, weights }: Directions['x']): Float64Array {
  return times(
    mapped(samples, (value, _, j) => value - mean[j]),
    weights,
  ).data;
}

describe('ccaDirections', () => {
  it("are numpy's, weights and correlations", async () => {
    const found = await ccaDirections(x, y);
    expect(distance(found.correlations, NUMPY_CCA.rho)).toBeLessThan(1e-12);
    expect(distance(found.x.weights.data, NUMPY_CCA.x.flat())).toBeLessThan(1e-12);
    expect(distance(found.y.weights.data, NUMPY_CCA.y.flat())).toBeLessThan(1e-12);
    expect(fault(found)).toBeLessThan(1e-12);
    expect(distance(found.x.variates!.data, variates(x, found.x))).toBeLessThan(1e-12);
    expect(distance(found.y.variates!.data, variates(y, found.y))).toBeLessThan(1e-12);
    expect(found).toMatchObject({
      measure: 'cca',
      samples: 40,
      method: 'direct',
      x: { neurons: 5, rank: 5, kept: 5, dead: 0 },
      y: { neurons: 3, rank: 3, kept: 3, dead: 0 },
      options: { keep: 'all', crossing: 'kept', scale: 'norm', variates: true, allowFewSamples: false },
    });
  });

  it('are the same by moments, and by every engine that works everywhere', async () => {
    const direct = await ccaDirections(x, y);
    for (const options of [{ method: 'moments' }, { engine: 'ml-matrix' }, { engine: 'wasm' }] as const) {
      const other = await ccaDirections(x, y, options);
      expect(other.method).toBe('method' in options ? 'moments' : 'direct');
      expect(distance(other.x.weights.data, direct.x.weights.data)).toBeLessThan(1e-9);
      expect(distance(other.y.weights.data, direct.y.weights.data)).toBeLessThan(1e-9);
    }
  });

  test.prop([fc.nat()], runs)(
    'of degenerate sides are uncorrelated and of unit norm, and have ρ',
    async (seed) => {
      const a = mapped(gaussian(60, 4, seed), (value, _, j) => value * 10 ** -j + 20);
      const dependent = beside(
        beside(a, times(a, gaussian(4, 3, seed + 1))),
        mapped(a, () => 0.3),
      );
      const b = mapped(gaussian(60, 6, seed + 2), (value, i, j) => value + a.data[i * 4 + (j % 4)]);
      for (const [p, q] of [
        [dependent, b],
        [b, dependent],
      ] as const) {
        const found = await ccaDirections(p, q);
        expect(found.correlations).toHaveLength(4);
        expect(distance(found.correlations, (await cca(p, q)).correlations!)).toBeLessThan(1e-10);
        expect(fault(found)).toBeLessThan(1e-10);
        const of = p === dependent ? found.x : found.y;
        // Least norm: nothing on dead neurons, and no part in what the samples do not span.
        expect(Math.max(...of.weights.data.subarray(7 * 4).map(Math.abs))).toBeLessThan(1e-12);
        expect(of).toMatchObject({ neurons: 11, dead: 4, rank: 4, kept: 4 });
      }
    },
  );

  test.prop([fc.nat(), fc.constantFrom(1e-8, 1, 1e8)], runs)(
    'do not depend on the basis: variates stay, whatever invertible map is applied',
    async (seed, scale) => {
      const map = mapped(orthogonal(5, seed), (value, _, j) => value * scale * (j + 1));
      const [plain, turned] = [await ccaDirections(x, y), await ccaDirections(times(x, map), y)];
      for (let j = 0; j < 3; j++) {
        const column = (m: Matrix) => Float64Array.from({ length: 40 }, (_, i) => m.data[i * 3 + j]);
        const [u, v] = [column(plain.x.variates!), column(turned.x.variates!)];
        const flipped = v.map((value) => -value);
        expect(Math.min(distance(u, v), distance(u, flipped))).toBeLessThan(1e-9);
      }
      expect(fault(turned)).toBeLessThan(1e-10);
    },
  );

  it('have a sign: the largest weight of x is positive, whichever way the data point', async () => {
    const plain = await ccaDirections(x, y);
    const negative = mapped(x, (value) => -value);
    const turned = await ccaDirections(negative, y);
    expect(distance(turned.x.weights.data, plain.x.weights.data)).toBeLessThan(1e-12);
    expect(
      distance(
        turned.y.weights.data,
        plain.y.weights.data.map((value) => -value),
      ),
    ).toBeLessThan(1e-12);
  });

  it('have variates of variance 1 on request, or none', async () => {
    const [norm, scaled] = [await ccaDirections(x, y), await ccaDirections(x, y, { scale: 'variance' })];
    const root = Math.sqrt(39);
    expect(
      distance(
        scaled.x.variates!.data,
        norm.x.variates!.data.map((v) => v * root),
      ),
    ).toBeLessThan(1e-12);
    expect(
      distance(
        scaled.y.weights.data,
        norm.y.weights.data.map((w) => w * root),
      ),
    ).toBeLessThan(1e-12);
    expect('variates' in (await ccaDirections(x, y, { variates: false })).x).toBe(false);
  });

  it('apply to new samples', async () => {
    const found = await ccaDirections(x, y);
    const fresh = gaussian(9, 5, 3);
    const applied = await canonicalVariates(fresh, found.x);
    expect([applied.rows, applied.cols]).toEqual([9, 3]);
    expect(distance(applied.data, variates(fresh, found.x))).toBeLessThan(1e-12);
    await expect(canonicalVariates(gaussian(9, 4, 3), found.x)).rejects.toThrow(
      new ShapeError('x has 4 neurons, the directions were found on 5: give the same layer'),
    );
    await expect(canonicalVariates([[1, 2, 3, 4, NaN]], found.x)).rejects.toThrow('x holds NaN');
  });

  it('are none of a constant side', async () => {
    const constant = mapped(x, (_, __, j) => j);
    const found = await ccaDirections(constant, y);
    expect(found.correlations).toEqual([]);
    expect(found.warnings[0]).toBe('Side x is constant over the samples: it has no direction.');
    expect(found.x.weights).toMatchObject({ rows: 5, cols: 0 });
    expect(found.y.variates).toMatchObject({ rows: 40, cols: 0 });
    expect(await canonicalVariates(y, found.y)).toMatchObject({ rows: 40, cols: 0 });
  });

  it('need more samples than directions', async () => {
    const [a, b] = [gaussian(20, 30, 1), gaussian(20, 3, 2)];
    await expect(ccaDirections(a, b)).rejects.toThrow(DataError);
    await expect(ccaDirections(a, b)).rejects.toMatchObject({ code: 'TOO_FEW_SAMPLES' });
    const allowed = await ccaDirections(a, b, { allowFewSamples: true });
    expect(allowed.correlations.every((rho) => rho > 1 - 1e-10)).toBe(true);
    expect(allowed.warnings).toHaveLength(1);
  });

  it('take an option that is undefined for one that is not given', async () => {
    const options = { scale: undefined, keep: undefined, engine: undefined, method: undefined } as object;
    const found = await svccaDirections(x, y, options);
    expect(found.options).toEqual((await svccaDirections(x, y)).options);
    const { keep: _, ...others } = options as { keep: undefined };
    expect((await ccaDirections(x, y, others)).options).toMatchObject({ scale: 'norm', keep: 'all' });
  });

  it('refuse bad options by name', async () => {
    await expect(ccaDirections(x, y, { keep: { dims: 2 } } as object)).rejects.toThrow(
      new OptionError("ccaDirections has no option 'keep': it takes scale, variates, allowFewSamples"),
    );
    await expect(ccaDirections(x, y, { scale: 'unit' as 'norm' })).rejects.toThrow("scale is 'unit'");
    await expect(ccaDirections(x, y, { method: 'svd' as 'direct' })).rejects.toThrow("method is 'svd'");
    await expect(svccaDirections(x, y, { keep: { dims: 0 } })).rejects.toThrow('keep.dims is 0');
    await expect(ccaDirections(x, gaussian(39, 3, 1))).rejects.toThrow(ShapeError);
    await expect(ccaDirections(x, y, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
  });
});

describe('svccaDirections', () => {
  it("are numpy's, of three and two kept directions", async () => {
    // directions(x, y, 3, 2): x reaches 77 % with its third direction, y with its second
    const flat = await svccaDirections(x, y, { keep: { variance: 0.77 } });
    expect([flat.x.kept, flat.y.kept]).toEqual([3, 2]);
    expect(distance(flat.correlations, NUMPY_SVCCA.rho)).toBeLessThan(1e-12);
    expect(distance(flat.x.weights.data, NUMPY_SVCCA.x.flat())).toBeLessThan(1e-12);
    expect(distance(flat.y.weights.data, NUMPY_SVCCA.y.flat())).toBeLessThan(1e-12);
    expect(fault(flat)).toBeLessThan(1e-12);
  });

  test.prop([fc.nat()], runs)('have the correlations of svcca', async (seed) => {
    const [a, b] = [gaussian(50, 8, seed), mapped(gaussian(50, 8, seed + 1), (value, i) => value + i / 20)];
    for (const options of [
      {},
      { keep: { variance: 0.7 }, crossing: 'dropped' },
      { keep: { dims: 3 } },
    ] as const) {
      const found = await svccaDirections(a, b, options);
      expect(distance(found.correlations, (await svcca(a, b, options)).correlations!)).toBeLessThan(1e-10);
      expect(fault(found)).toBeLessThan(1e-10);
    }
  });
});

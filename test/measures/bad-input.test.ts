import { describe, expect, it } from 'vitest';
import { score } from '../../src/compare/score.js';
import { DataError, OptionError, ShapeError, UnsupportedError } from '../../src/errors.js';
import { cca, cka, pls, procrustes, pwcca, regression, svcca } from '../../src/measures/functions.js';
import { bounded } from '../../src/measures/correlations.js';
import { findMeasure } from '../../src/measures/registry.js';
import { beside, gaussian, mapped, times } from '../support.js';

const x = gaussian(60, 4, 1);
const y = mapped(gaussian(60, 3, 2), (value, i, j) => value + x.data[i * 4 + j]);
const all = { cca, svcca, pwcca, cka, procrustes };

describe('degenerate layers', () => {
  it.each(Object.entries(all))(
    '%s of dead and duplicated neurons has no NaN and no ρ above 1',
    async (_, measure) => {
      const relu = mapped(gaussian(300, 6, 3), (value, __, j) => (j === 2 ? 0 : Math.max(0, value)));
      const degenerate = beside(relu, times(relu, gaussian(6, 3, 4)));
      for (const method of ['direct', 'moments'] as const) {
        const result = await measure(degenerate, relu, { method });
        expect(result.score).toBeGreaterThan(0);
        expect(result.score).toBeLessThanOrEqual(1);
        expect(result.correlations?.every((rho) => rho >= 0 && rho <= 1) ?? true).toBe(true);
        expect(result.x).toMatchObject({ neurons: 9, dead: 1 });
        // Linear CKA by moments takes inner products and factors nothing.
        if (measure !== cka || method === 'direct') expect(result.x.rank).toBe(5);
      }
    },
  );

  it.each(Object.entries(all))('%s of a constant layer is 0 with a warning', async (_, measure) => {
    const constant = mapped(x, (__, ___, j) => 0.1 * j);
    for (const [a, b] of [
      [constant, y],
      [y, constant],
      [constant, constant],
    ] as const) {
      const result = await measure(a, b);
      expect(result.score).toBe(0);
      expect(result.warnings[0]).toMatch(/constant over the samples: there is no direction to compare/);
    }
  });

  it.each(Object.entries({ cca, svcca, pwcca, regression }))(
    '%s of a constant layer against one with more neurons than samples is 0, and does not ask for more samples',
    async (_, measure) => {
      const constant = mapped(gaussian(8, 3, 1), () => 1);
      const wide = gaussian(8, 9, 2);
      for (const [a, b] of [
        [constant, wide],
        [wide, constant],
      ] as const) {
        const { score: value, warnings } = await measure(a, b);
        expect(value).toBe(0);
        expect(warnings).toHaveLength(1);
        expect(warnings[0]).toMatch(/constant over the samples: there is no direction to compare/);
      }
    },
  );

  it('float32 covariance of condition 10⁴ does not reach ρ above 1', async () => {
    const base = gaussian(2000, 8, 5);
    const scaled = mapped(base, (value, _, j) => Math.fround(value * 10 ** (-j * (4 / 7)) + 100));
    const single = { ...scaled, data: Float32Array.from(scaled.data) };
    const mixed = times(scaled, gaussian(8, 8, 6));
    const result = await cca(single, { ...mixed, data: Float32Array.from(mixed.data) });
    expect(Math.max(...result.correlations!)).toBeLessThanOrEqual(1);
    expect(result.score).toBeGreaterThan(0.99);
  });
});

describe('too few samples', () => {
  it('is an error with the ways out, an option to allow it, and no bar to CKA', async () => {
    const [a, b] = [gaussian(20, 30, 1), gaussian(20, 3, 2)];
    const attempt = cca(a, b);
    await expect(attempt).rejects.toThrow(DataError);
    await expect(attempt).rejects.toMatchObject({ code: 'TOO_FEW_SAMPLES' });
    await expect(attempt).rejects.toThrow(
      '20 samples for 19 kept directions of x: every canonical correlation is 1 whatever the data; give more samples, ' +
        'truncate by svcca with keep: { dims: … }, take a subsample of neurons, or set allowFewSamples',
    );
    const allowed = await cca(a, b, { allowFewSamples: true });
    expect(allowed.score).toBeCloseTo(1, 10);
    expect(allowed.warnings[0]).toMatch(/every canonical correlation is 1/);
    expect((await svcca(a, b, { keep: { dims: 2 } })).score).toBeLessThan(1);
    expect((await cka(a, b)).score).toBeLessThan(1);
    const { results, skipped } = await score(a, b);
    expect(results.map((r) => r.measure)).toContain('cka');
    expect(skipped.map((s) => s.measure)).toContain('cca');
  });

  it('is a warning below five samples a direction, with the number of forced correlations', async () => {
    const few = await cca(gaussian(40, 12, 1), gaussian(40, 30, 2));
    expect(few.warnings[0]).toBe(
      '40 samples for 30 kept directions: score 0.84, where unrelated sides reach 0.86 by chance; 4 × as many samples would bring chance to 0.41. 3 of the correlations are 1 whatever the data.',
    );
    expect((await cca(x, y)).warnings).toEqual([]);
  });

  it('holds for one sample, and for debiased CKA of three', async () => {
    await expect(cka([[1, 2]], [[3]])).rejects.toThrow('one sample: at least 2 are needed');
    const three = gaussian(3, 2, 1);
    await expect(cka(three, three, { estimator: 'debiased' })).rejects.toThrow('debiased CKA of 3 samples');
  });
});

describe('faults of the data', () => {
  it('name the side and the place of a NaN', async () => {
    const bad = mapped(y, (value, i, j) => (i === 7 && j === 2 ? NaN : value));
    await expect(svcca(x, bad)).rejects.toThrow('y holds NaN at row 7, column 2 (shape 60 × 3)');
  });

  it('name both shapes where samples differ, and say when a transpose would fix it', async () => {
    await expect(cca(x, gaussian(50, 3, 1))).rejects.toThrow(
      new ShapeError(
        'x has 60 samples (60 × 4), y has 50 (50 × 3): give activations of the same samples in the same order',
      ),
    );
    await expect(cca(x, gaussian(3, 60, 1))).rejects.toThrow('transposing one of them would fix it');
    await expect(cca(gaussian(4, 60, 1), gaussian(3, 60, 1))).rejects.toThrow(
      'transpose both (rows are samples here)',
    );
  });
});

describe('options', () => {
  it.each<[string, () => Promise<unknown>, string]>([
    [
      'unknown',
      () => svcca(x, y, { keeep: 1 } as object),
      "svcca has no option 'keeep': it takes keep, crossing",
    ],
    [
      'summary',
      () => cca(x, y, { summary: 'median' as 'mean' }),
      "summary is 'median': choose one of 'mean'",
    ],
    ['summary object', () => cca(x, y, { summary: { best: 3 } as never }), 'summary is {"best":3}: give'],
    ['top', () => cca(x, y, { summary: { top: 0 } }), 'summary.top is 0: give a whole number of at least 1'],
    [
      'divisor',
      () => cca(x, y, { divisor: 'y' as 'x' }),
      "divisor is 'y': choose one of 'kept', 'neurons', 'x'",
    ],
    ['centred', () => cca(x, y, { centred: 'no' as never }), "centred is 'no': give true or false"],
    [
      'variant',
      () => pwcca(x, y, { variant: 'svd' as 'paper' }),
      "variant is 'svd': choose one of 'paper', 'google'",
    ],
    ['side', () => pwcca(x, y, { side: 'z' as 'x' }), "side is 'z'"],
    ['estimator', () => cka(x, y, { estimator: 'unbiased' as 'biased' }), "estimator is 'unbiased'"],
    [
      'output',
      () => procrustes(x, y, { output: 'metric' as 'angle' }),
      "output is 'metric': choose one of 'similarity'",
    ],
    ['pls', () => pls(x, y, { keep: 3 } as object), "pls has no option 'keep'"],
    [
      'method',
      () => cca(x, y, { method: 'svd' as 'direct' }),
      "method is 'svd': choose one of 'auto', 'moments'",
    ],
    ['engine', () => cca(x, y, { engine: 'blas' as 'auto' }), "engine is 'blas': choose one of"],
    ['measure', async () => findMeasure('rsaa' as 'cka'), "measure is 'rsaa': choose one of 'svcca'"],
    ['conventions', () => score(x, y, { conventions: [] }), 'conventions is empty'],
  ])('refuses a bad %s by name', async (_, run, message) => {
    const attempt = run();
    await expect(attempt).rejects.toThrow(OptionError);
    await expect(attempt).rejects.toThrow(message);
  });

  it('are recorded in full with the result', async () => {
    const { options, measure, engine } = await svcca(x, y, { keep: { dims: 2 }, engine: 'ml-matrix' });
    expect({ options, measure, engine }).toEqual({
      measure: 'svcca',
      engine: 'ml-matrix',
      options: {
        keep: { dims: 2 },
        crossing: 'kept',
        directions: 'centred',
        summary: 'mean',
        divisor: 'kept',
        allowFewSamples: false,
      },
    });
  });

  it('stop at a signal', async () => {
    await expect(cca(x, y, { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
  });
});

describe('guards', () => {
  it('a correlation beyond rounding is told, not hidden', () => {
    expect(bounded([1 + 1e-9, 0.5])).toEqual([1, 0.5]);
    expect(() => bounded([1.86])).toThrow('a canonical correlation came out as 1.86');
    expect(() => bounded([NaN])).toThrow('NaN');
  });

  it('anatome weights need the samples', async () => {
    const measure = findMeasure('pwcca');
    const factor = {
      samples: 60,
      neurons: 1,
      dead: 0,
      rank: 1,
      mean: new Float64Array(1),
      method: 'moments',
      tolerance: 1e-7,
    } as const;
    const one = { rows: 1, cols: 1, data: Float64Array.of(1) };
    const pair = {
      x: { ...factor, v: one, s: Float64Array.of(1) },
      y: { ...factor, v: one, s: Float64Array.of(1) },
      cross: one,
    };
    const { openEngine } = await import('../../src/engines/select.js');
    await expect(
      measure.evaluate!(pair, measure.resolve({ variant: 'anatome' }), await openEngine('ml-matrix')),
    ).rejects.toThrow(UnsupportedError);
  });

  it('pwcca warns where google’s signs are not reproduced', async () => {
    const wide = gaussian(400, 30, 1);
    expect((await pwcca(wide, wide, { variant: 'google', engine: 'ml-matrix' })).warnings[0]).toMatch(
      /arbitrary signs/,
    );
  });
});

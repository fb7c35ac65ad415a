/** The permutation test: the +1 rule counted by hand, its level, blocks, seeds, and both kinds of measures. */
import { describe, expect, it } from 'vitest';
import { OptionError, ShapeError } from '../../src/errors.js';
import { openEngine } from '../../src/engines/select.js';
import type { Engine, Handle } from '../../src/engines/engine.js';
import { permutationTest } from '../../src/inference/permutation.js';
import { chanceMean } from '../../src/measures/chance.js';
import { cca, cka, procrustes } from '../../src/measures/functions.js';
import { measures } from '../../src/measures/registry.js';
import { measurePair } from '../../src/measures/run-pair.js';
import { Random } from '../../src/random.js';
import { beside, gaussian, mapped } from '../support.js';

const ml = await openEngine('ml-matrix');

/** Datapoints that are copies: `copies` rows of each of `count`. */
function copied(count: number, copies: number, neurons: number, seed: number) {
  const rows = gaussian(count, neurons, seed);
  return mapped(
    { rows: count * copies, cols: neurons, data: new Float64Array(count * copies * neurons) },
    (_, i, j) => {
      return rows.data[Math.floor(i / copies) * neurons + j];
    },
  );
}

describe('the p-value', () => {
  it('counts, by the +1 rule, the matchings that reach the score', async () => {
    const [x, y] = [
      [1, 2, 3, 4],
      [2, 1, 4, 8],
    ];
    const pearson = (order: ArrayLike<number>) => {
      const b = Array.from(order, (at) => y[at]);
      const dx = x.map((v) => v - 2.5);
      const dy = b.map((v) => v - 3.75);
      const inner = (p: number[], q: number[]) => p.reduce((sum, v, i) => sum + v * q[i], 0);
      return Math.abs(inner(dx, dy)) / Math.sqrt(inner(dx, dx) * inner(dy, dy));
    };
    const observed = pearson([0, 1, 2, 3]);
    const test = await permutationTest(
      x.map((v) => [v]),
      y.map((v) => [v]),
      { engine: ml, measure: 'cca', permutations: 500, seed: 7 },
    );
    const orders = Array.from({ length: 500 }, (_, i) => new Random(7, i).permutation(4));
    const count = orders.filter((order) => pearson(order) >= observed - 1e-12).length;
    expect(test.score).toBeCloseTo(observed, 12);
    expect(test.p).toBe((1 + count) / 501);
    // Of the 24 orders, 4 reach it: this one, the one with 1 and 2 exchanged, and both turned round.
    expect(Math.abs(test.p - 4 / 24)).toBeLessThan(0.04);
    test.draws.forEach((draw, i) => expect(draw).toBeCloseTo(pearson(orders[i]), 12));
  });

  it('cannot be below 1/(1 + permutations), nor above 1', async () => {
    const x = gaussian(60, 4, 1);
    const same = await permutationTest(x, x, { engine: ml, measure: 'cka', permutations: 49 });
    expect(same.p).toBe(1 / 50);
    expect(same.adjusted).toBeCloseTo(1, 12);
    const constant = mapped(gaussian(60, 1, 2), () => 3);
    const nothing = await permutationTest(x, constant, { engine: ml, measure: 'cka', permutations: 19 });
    expect(nothing.p).toBe(1);
    expect(nothing).not.toHaveProperty('z');
    expect(nothing.result.warnings[0]).toContain('Side y is constant');
  });

  it.each(['cca', 'cka'] as const)(
    'of %s is at most 5 % for 3.5 to 6.5 % of 1,000 unrelated pairs',
    async (measure) => {
      let rejected = 0;
      for (let i = 0; i < 1000; i++) {
        const [x, y] = [gaussian(20, 2, 2 * i + 1), gaussian(20, 3, 2 * i + 2)];
        const { p } = await permutationTest(x, y, { engine: ml, measure, permutations: 19, seed: i });
        if (p <= 0.05) rejected++;
      }
      expect(rejected).toBeGreaterThanOrEqual(35);
      expect(rejected).toBeLessThanOrEqual(65);
    },
  );

  it('is wrong where copies count as datapoints, and right where they move as blocks', async () => {
    let [apart, asBlocks, byLabel] = [0, 0, 0];
    for (let i = 0; i < 200; i++) {
      const [x, y] = [copied(12, 4, 2, 2 * i + 1), copied(12, 4, 2, 2 * i + 2)];
      const options = { engine: ml, measure: 'cca', permutations: 19, seed: i } as const;
      if ((await permutationTest(x, y, options)).p <= 0.05) apart++;
      if ((await permutationTest(x, y, { ...options, block: 4 })).p <= 0.05) asBlocks++;
      const labels = Array.from({ length: 48 }, (_, row) => `image ${Math.floor(row / 4)}`);
      if ((await permutationTest(x, y, { ...options, block: labels })).p <= 0.05) byLabel++;
    }
    expect(apart).toBeGreaterThan(60);
    expect(asBlocks).toBeLessThan(22);
    expect(byLabel).toBe(asBlocks);
  });
});

describe('the matchings', () => {
  const [x, y] = [gaussian(80, 6, 1), gaussian(80, 5, 2)];

  it('are the same for the same seed, on every engine, in any group', async () => {
    const options = { measure: 'cca', permutations: 40, seed: 3 } as const;
    const first = await permutationTest(x, y, { ...options, engine: ml });
    const again = await permutationTest(x, y, { ...options, engine: ml });
    expect(again).toEqual(first);
    const wasm = await permutationTest(x, y, { ...options, engine: 'wasm', method: 'moments' });
    wasm.draws.forEach((draw, i) => expect(draw).toBeCloseTo(first.draws[i], 9));
    const other = await permutationTest(x, y, { ...options, engine: ml, seed: 4 });
    expect(other.draws).not.toEqual(first.draws);
  });

  it('score what the measure gives of the matched sides, whatever it needs', async () => {
    const order = new Random(5, 0).permutation(80);
    const matched = mapped(y, (_, i, j) => y.data[order[i] * 5 + j]);
    for (const [measure, options] of [
      ['svcca', {}],
      ['svcca', { keep: { dims: 2 } }],
      ['svcca', { keep: { singularValueMass: 0.7 }, crossing: 'dropped', directions: 'raw' }],
      ['pwcca', {}],
      ['pwcca', { variant: 'anatome', side: 'y' }],
      ['cca', { centred: false }],
      ['cka', {}],
      ['cka', { estimator: 'debiased' }],
      ['cka', { kernel: 'rbf' }],
      ['procrustes', { output: 'angle' }],
      ['regression', {}],
      ['pls', {}],
      ['rsa', {}],
    ] as const) {
      for (const method of ['direct', 'moments'] as const) {
        const all = { engine: ml, method, measure, permutations: 1, seed: 5, ...options };
        const test = await permutationTest(x, y, all);
        const alone = { engine: ml, method, ...options } as object;
        const direct = await measurePair(measures[measure] as never, x, matched, alone);
        expect(test.draws[0]).toBeCloseTo(direct.score, 9);
        const observed = await measurePair(measures[measure] as never, x, y, alone);
        expect(test.score).toBeCloseTo(observed.score, 9);
        expect(test.result).toMatchObject({ measure, options: observed.options, samples: 80 });
      }
    }
  });

  it('of wide and of deficient sides go the same way', async () => {
    const wide = gaussian(30, 50, 1);
    const doubled = beside(gaussian(30, 3, 2), gaussian(30, 3, 2));
    for (const method of ['direct', 'moments'] as const) {
      const test = await permutationTest(wide, doubled, {
        engine: ml,
        method,
        measure: 'cka',
        permutations: 5,
      });
      expect(test.score).toBeCloseTo((await cka(wide, doubled, { engine: ml })).score, 9);
      expect(test.p).toBeGreaterThan(0.1);
    }
    const ill = mapped(gaussian(200, 4, 3), (value, _, j) => value * 10 ** (-2 * j));
    const test = await permutationTest(ill, gaussian(200, 4, 4), {
      engine: ml,
      method: 'moments',
      measure: 'cca',
      permutations: 1,
    });
    expect(test.score).toBeCloseTo((await cca(ill, gaussian(200, 4, 4), { engine: ml })).score, 7);
  });

  it('reach on average what the law of chance says', async () => {
    const { chance, sd, quantiles, z, score, adjusted, draws, result } = await permutationTest(x, y, {
      engine: ml,
      measure: 'cca',
      permutations: 800,
    });
    expect(Math.abs(chance - chanceMean(80, { x: 6, y: 5 }))).toBeLessThan(0.006);
    expect(z).toBeCloseTo((score - chance) / sd, 12);
    expect(adjusted).toBeCloseTo((score - chance) / (1 - chance), 12);
    expect(result.chance).toBe(chanceMean(80, { x: 6, y: 5 }));
    const sorted = Array.from(draws).sort((a, b) => a - b);
    expect(quantiles).toEqual({
      '0.05': sorted[39],
      '0.5': sorted[399],
      '0.95': sorted[759],
      '0.99': sorted[791],
    });
  });

  it('are judged the other way round where smaller is more similar', async () => {
    const near = mapped(x, (value, i, j) => value + 0.3 * gaussian(80, 6, 9).data[i * 6 + j]);
    for (const output of ['distance', 'squaredDistance', 'euclideanDistance', 'angle'] as const) {
      const test = await permutationTest(x, near, {
        engine: ml,
        measure: 'procrustes',
        output,
        permutations: 19,
      });
      expect(test).toMatchObject({ similar: 'smaller', p: 1 / 20 });
      expect(test.adjusted).toBeCloseTo(1 - test.score / test.chance, 4);
      expect(test.z).toBeLessThan(-3);
      expect(test.score).toBeCloseTo((await procrustes(x, near, { engine: ml, output })).score, 10);
    }
    const similarity = await permutationTest(x, near, {
      engine: ml,
      measure: 'procrustes',
      permutations: 19,
    });
    expect(similarity).toMatchObject({ similar: 'larger', p: 1 / 20 });
    // In the units of the data, whatever they are.
    const large = mapped(near, (value) => 1e6 * value);
    expect(await permutationTest(x, large, { engine: ml, measure: 'pls', permutations: 19 })).toMatchObject({
      similar: 'larger',
      p: 1 / 20,
    });
  });
});

describe('what equal sides score', () => {
  const x = gaussian(80, 4, 1);
  const near = mapped(x, (value, i, j) => value + 0.3 * gaussian(80, 4, 9).data[i * 4 + j]);

  it('is not taken for 0 where the units of a covariance are small', async () => {
    for (const scale of [1e-8, 1e-4, 1, 1e4]) {
      const [a, b] = [x, near].map((side) => mapped(side, (value) => scale * value));
      const test = await permutationTest(a, b, { engine: ml, measure: 'pls', permutations: 19 });
      expect(test).toMatchObject({ similar: 'larger', p: 1 / 20 });
      expect(test).not.toHaveProperty('adjusted');
    }
  });

  it('tells a distance where either side is constant', async () => {
    const constant = mapped(gaussian(80, 2, 2), () => 3);
    for (const output of ['distance', 'angle'] as const) {
      const options = { engine: ml, measure: 'procrustes', output, permutations: 9 } as const;
      expect(await permutationTest(constant, x, options)).toMatchObject({ similar: 'smaller', p: 1 });
      expect(await permutationTest(x, constant, options)).toMatchObject({ similar: 'smaller', p: 1 });
    }
  });
});

describe('a permutation test', () => {
  const [x, y] = [gaussian(24, 3, 1), gaussian(24, 2, 2)];

  it('frees what it took, when it ends and when it is stopped', async () => {
    const live = new Set<Handle>();
    const watched = new Proxy(ml, {
      get(target, name: keyof Engine) {
        const method = target[name];
        if (typeof method !== 'function') return method;
        return (...args: unknown[]) => {
          const out = (method as (...all: unknown[]) => unknown).apply(target, args);
          if (name === 'dispose') for (const handle of args) live.delete(handle as Handle);
          if (!(out instanceof Promise)) return out;
          return out.then((found: unknown) => {
            for (const part of [found, ...Object.values(found ?? {})] as Handle[]) {
              if (name !== 'download' && typeof part?.rows === 'number') live.add(part);
            }
            return found;
          });
        };
      },
    });
    await permutationTest(x, y, { engine: watched, permutations: 20 });
    expect(live.size).toBe(0);
    const controller = new AbortController();
    const progress: number[] = [];
    const stopped = permutationTest(x, y, {
      engine: watched,
      permutations: 100_000,
      signal: controller.signal,
      onProgress: ({ stage, done }) => {
        if (stage !== 'permutations') return;
        progress.push(done);
        if (done > 100) controller.abort(new Error('enough'));
      },
    });
    await expect(stopped).rejects.toThrow('enough');
    expect(live.size).toBe(0);
    expect(progress[0]).toBe(0);
    expect(progress.every((done, i) => i === 0 || done > progress[i - 1])).toBe(true);
  });

  it('refuses bad options by name', async () => {
    const refuses = async (
      options: object,
      message: string,
      kind: new (m: string) => Error = OptionError,
    ) => {
      const attempt = permutationTest(x, y, { engine: ml, ...options });
      await expect(attempt).rejects.toThrow(kind);
      await expect(attempt).rejects.toThrow(message);
    };
    await refuses({ permutations: 0 }, 'permutations is 0');
    await refuses({ seed: 0.5 }, 'seed is 0.5');
    await refuses({ measure: 'ccca' }, "measure is 'ccca'");
    await refuses({ kept: 3 }, "svcca has no option 'kept'");
    await refuses({ block: 5 }, '24 samples are not a multiple of it: give a label for each sample');
    await refuses({ block: 24 }, 'there is nothing to permute');
    await refuses({ block: null }, 'block is null');
    await refuses({ block: ['a', 'b'] }, 'block has 2 labels for 24 samples', ShapeError);
  });

  it('of 40,000 blocks does not take long to begin, and can be stopped', async () => {
    const controller = new AbortController();
    const [a, b] = [gaussian(40_000, 1, 1), gaussian(40_000, 1, 2)];
    const started = performance.now();
    const attempt = permutationTest(a, b, {
      engine: ml,
      measure: 'cka',
      signal: controller.signal,
      onProgress: ({ stage }) => {
        if (stage === 'permutations') controller.abort(new Error('enough'));
      },
    });
    await expect(attempt).rejects.toThrow('enough');
    // 13 s where each block copied the list of those before it.
    expect(performance.now() - started).toBeLessThan(5000);
  });

  it('exchanges blocks of one size only', async () => {
    const labels = Array.from({ length: 24 }, (_, i) =>
      i < 12 ? Math.floor(i / 2) : 6 + Math.floor((i - 12) / 4),
    );
    const test = await permutationTest(x, y, { engine: ml, measure: 'cca', block: labels, permutations: 5 });
    expect(test.blocks).toBe(9);
  });
});

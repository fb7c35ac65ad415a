/** Shards merged against the comparison in one piece. */
import { describe, expect, test } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import type { Convention } from '../../src/compare/asked.js';
import { combineParts, mergeParts } from '../../src/compare/shards/merge.js';
import { shardMoments } from '../../src/compare/shards/moments.js';
import type { ShardOptions } from '../../src/compare/shards/moments.js';
import { Part } from '../../src/compare/shards/part.js';
import { readPartHeader } from '../../src/compare/shards/part-bytes.js';
import type { Shard } from '../../src/compare/shards/ranges.js';
import type { Similarity } from '../../src/compare/similarity.js';
import type { Comparable } from '../../src/compare/sources.js';
import { presets } from '../../src/measures/presets.js';
import type { Matrix } from '../../src/matrix.js';
import { Random } from '../../src/random.js';
import { beside, gaussian, mapped, orthogonal, related, times } from '../support.js';

/** Every measure that merges, under conventions that differ in what they need. */
const all: readonly Convention[] = [
  { label: 'svcca', measure: 'svcca', options: {} },
  { label: 'svcca mass', measure: 'svcca', options: { keep: { singularValueMass: 0.98 } } },
  { label: 'svcca dims', measure: 'svcca', options: { keep: { dims: 3 } } },
  { label: 'svcca raw', measure: 'svcca', options: presets.anatome.svcca },
  { label: 'cca', measure: 'cca', options: {} },
  { label: 'cca squared', measure: 'cca', options: { summary: 'meanSquared' } },
  { label: 'cca raw', measure: 'cca', options: { centred: false } },
  { label: 'cca google', measure: 'cca', options: presets.google.cca },
  { label: 'pwcca', measure: 'pwcca', options: {} },
  { label: 'pwcca y', measure: 'pwcca', options: { side: 'y' } },
  { label: 'pwcca google', measure: 'pwcca', options: { variant: 'google' } },
  { label: 'cka', measure: 'cka', options: {} },
  { label: 'cka debiased', measure: 'cka', options: { estimator: 'debiased' } },
  { label: 'procrustes', measure: 'procrustes', options: {} },
  { label: 'procrustes half', measure: 'procrustes', options: { alpha: 0.5 } },
  { label: 'angle', measure: 'procrustes', options: { output: 'angle' } },
  { label: 'regression', measure: 'regression', options: {} },
  { label: 'regression y', measure: 'regression', options: { from: 'y' } },
  { label: 'rv', measure: 'rvCoefficient', options: {} },
  { label: 'rv modified', measure: 'rvCoefficient', options: { modified: true } },
  { label: 'pls', measure: 'pls', options: {} },
];

const equal = (of: number): Shard[] => Array.from({ length: of }, (_, index) => ({ index, of }));

/** Cuts at given places. */
function cutAt(total: number, ...cuts: number[]): Shard[] {
  const ends = [0, ...cuts, total];
  return ends.slice(1).map((to, i) => ({ from: ends[i], to }));
}

/** The parts of all shards, through their bytes. */
async function partsOf(
  a: Comparable,
  b: Comparable,
  shards: Shard[],
  options: ShardOptions,
): Promise<Part[]> {
  const parts: Part[] = [];
  for (const [i, shard] of shards.entries()) {
    const part = await shardMoments(a, b, undefined, { ...options, shard });
    parts.push(Part.fromBytes(part.toBytes(), `part.${i}`));
  }
  return parts;
}

/** Largest difference of scores, relative where they are above 1 (of pls, in the units of the data). */
function farthest(a: Similarity, b: Similarity): number {
  return Math.max(
    ...[a, ...a.others].flatMap((one, m) =>
      Array.from(one.scores, (score, i) => {
        const other = [b, ...b.others][m].scores[i];
        return Math.abs(score - other) / Math.max(1, Math.abs(score));
      }),
    ),
  );
}

const float32 = (x: Matrix): Matrix => ({ ...x, data: Float32Array.from(x.data) });

/** A layer of a condition, about an offset. */
function layer(shared: Matrix, d: number, condition: number, offset: number, seed: number): Matrix {
  const own = gaussian(shared.rows, d, seed);
  const mixed = times(shared, gaussian(shared.cols, d, seed + 1));
  const spread = mapped(own, (value, i, j) => (value + mixed.data[i * d + j]) * condition ** (-j / (d - 1)));
  return mapped(times(spread, orthogonal(d, seed + 2)), (value) => value + offset);
}

function sides(n: number, condition: number, offset: number): Record<'a' | 'b', Record<string, Matrix>> {
  const shared = gaussian(n, 4, 1);
  return {
    a: { narrow: layer(shared, 7, condition, offset, 10), wide: layer(shared, 24, condition, offset, 20) },
    b: { narrow: layer(shared, 9, condition, offset, 30), wide: layer(shared, 20, condition, offset, 40) },
  };
}

const inFloat32 = (side: Record<string, Matrix>): Record<string, Matrix> =>
  Object.fromEntries(Object.entries(side).map(([name, x]) => [name, float32(x)]));

describe('any number of shards gives what compare gives', () => {
  for (const type of ['float32', 'float64'] as const) {
    test(`every measure, ${type}, 1 to 16 shards`, async () => {
      const { a, b } = sides(400, 30, 0.5);
      const [x, y] = type === 'float32' ? [inFloat32(a), inFloat32(b)] : [a, b];
      const whole = await compare(x, y, undefined, { measure: all });
      for (const shards of [equal(1), equal(2), equal(3), equal(7), equal(16)]) {
        const merged = await mergeParts(await partsOf(x, y, shards, { measure: all }));
        expect(farthest(whole, merged)).toBeLessThan(1e-12);
      }
    });
  }

  test('uneven shards, of one sample to nearly all', async () => {
    const { a, b } = sides(300, 100, 3);
    const whole = await compare(a, b, undefined, { measure: all });
    const random = new Random(5);
    const cuts = [
      [1, 2, 299],
      [150, 151, 152, 153],
      ...Array.from({ length: 4 }, () => random.subsample(298, 5)).map((places) =>
        Array.from(places, (at) => at + 1),
      ),
    ];
    for (const places of cuts) {
      const merged = await mergeParts(await partsOf(a, b, cutAt(300, ...places), { measure: all }));
      expect(farthest(whole, merged), String(places)).toBeLessThan(1e-12);
    }
  });

  test('form, diagnostics and fingerprints are those of compare', async () => {
    const { a, b } = sides(400, 5, 0);
    const options = {
      measure: 'svcca,cka,pwcca',
      keep: { variance: 0.95 },
      names: { a: 'first', b: 'second' },
      fingerprints: { a: '1', b: '2' },
    };
    const whole = (await compare(a, b, undefined, options)).toJSON();
    const merged = (await mergeParts(await partsOf(a, b, equal(3), options))).toJSON();
    const { scores: _s, cells, others, ...facts } = merged;
    const { scores: _t, cells: wanted, others: rest, ...expected } = whole;
    expect(facts).toEqual(expected);
    expect(others!.map(({ measure, label }) => [measure, label])).toEqual(
      rest!.map(({ measure, label }) => [measure, label]),
    );
    for (const [i, cell] of cells.entries()) {
      expect(Object.keys(cell)).toEqual(Object.keys(wanted[i]));
      expect(cell.x).toEqual(wanted[i].x);
      expect(cell.y).toEqual(wanted[i].y);
      expect(cell.samples).toBe(wanted[i].samples);
      expect(cell.warnings).toEqual(wanted[i].warnings);
    }
  });
});

describe('hard cases', () => {
  test('ill-conditioned layers: as accurate as the direct route, which errs by ε times the condition', async () => {
    for (const [condition, tolerance] of [
      [1e3, 1e-12],
      [1e4, 1e-12],
      [1e5, 5e-12],
      [1e6, 5e-11],
    ] as const) {
      const { a, b } = sides(500, condition, 0);
      for (const [x, y] of [
        [a, b],
        [inFloat32(a), inFloat32(b)],
      ] as const) {
        const whole = await compare(x, y, undefined, { measure: all, method: 'direct' });
        const merged = await mergeParts(await partsOf(x, y, cutAt(500, 20, 300), { measure: all }));
        expect(farthest(whole, merged), String(condition)).toBeLessThan(tolerance);
      }
    }
  });

  test('ranks of ill-conditioned float32 layers are those of moments', async () => {
    const { a, b } = sides(500, 1e9, 0);
    const [x, y] = [inFloat32(a), inFloat32(b)];
    const whole = await compare(x, y, undefined, { measure: 'cca' });
    const merged = await mergeParts(await partsOf(x, y, equal(4), { measure: 'cca' }));
    const ranks = (one: Similarity) => one.cells.map((cell) => [cell.x.rank, cell.y.rank]);
    expect(ranks(whole)[3][0]).toBeLessThan(24);
    expect(ranks(merged)).toEqual(ranks(whole));
  });

  test("method 'moments' cuts float64 layers where squared moments would", async () => {
    const { a, b } = sides(500, 1e9, 0);
    const whole = await compare(a, b, undefined, { measure: 'cca', method: 'moments' });
    const merged = await mergeParts(await partsOf(a, b, equal(4), { measure: 'cca', method: 'moments' }));
    expect(whole.cells[3].x.rank).toBeLessThan(24);
    expect(merged.cells.map(({ x }) => x.rank)).toEqual(whole.cells.map(({ x }) => x.rank));
    const direct = await mergeParts(await partsOf(a, b, equal(4), { measure: 'cca' }));
    expect(direct.cells[3].x.rank).toBe(24);
  });

  test('an offset of 1e6, in float32 and in float64', async () => {
    const { a, b } = sides(400, 5, 1e6);
    for (const [x, y] of [
      [a, b],
      [inFloat32(a), inFloat32(b)],
    ] as const) {
      const whole = await compare(x, y, undefined, { measure: all });
      const merged = await mergeParts(await partsOf(x, y, equal(7), { measure: all }));
      expect(farthest(whole, merged)).toBeLessThan(1e-12);
      expect(merged.cells.map((cell) => cell.x.rank)).toEqual(whole.cells.map((cell) => cell.x.rank));
    }
  });

  test('dead neurons, neurons that wake in one shard only, duplicates, and a constant layer', async () => {
    const { x, y } = related(200, 6, 5, 3);
    const woken = mapped(x, (value, i, j) => (j === 0 ? 2.5 : j === 1 && i < 150 ? 0 : value));
    const doubled = beside(
      woken,
      mapped(woken, (value) => 2 * value),
    );
    const constant = mapped(gaussian(200, 3, 1), (_, _i, j) => 1e6 / 3 + j);
    const [a, b] = [{ woken, doubled, constant }, { y }];
    const chosen = all.filter(({ label }) => label !== 'pwcca google');
    for (const [p, q] of [
      [a, b],
      [inFloat32(a), inFloat32(b)],
    ] as const) {
      const whole = await compare(p, q, undefined, { measure: chosen });
      for (const shards of [equal(4), cutAt(200, 1, 3)]) {
        const merged = await mergeParts(await partsOf(p, q, shards, { measure: chosen }));
        expect(farthest(whole, merged)).toBeLessThan(1e-12);
        expect(merged.cells.map((cell) => cell.x)).toEqual(whole.cells.map((cell) => cell.x));
        expect(merged.by('cca').cells.map((cell) => cell.warnings)).toEqual(
          whole.by('cca').cells.map((cell) => cell.warnings),
        );
      }
    }
  });

  test('samples sorted so that no shard has every direction', async () => {
    const { a, b } = sides(320, 10, 0);
    const blocks = (side: Record<string, Matrix>) =>
      Object.fromEntries(
        Object.entries(side).map(([name, x]) => [
          name,
          mapped(x, (value, i, j) => (j % 4 === Math.floor(i / 80) ? value : 0)),
        ]),
      );
    const [p, q] = [blocks(a), blocks(b)];
    const whole = await compare(p, q, undefined, { measure: all });
    const merged = await mergeParts(await partsOf(p, q, equal(4), { measure: all }));
    expect(farthest(whole, merged)).toBeLessThan(1e-12);
  });

  test('fewer samples than neurons, in all and in each shard', async () => {
    const n = 30;
    const [a, b] = [
      { wide: gaussian(n, 50, 1), wider: gaussian(n, 120, 2) },
      { wide: gaussian(n, 40, 3), narrow: gaussian(n, 6, 4) },
    ];
    const measure = all
      .filter(({ measure: name }) => ['cka', 'procrustes', 'pls', 'rvCoefficient', 'svcca'].includes(name))
      .map((one) =>
        one.measure === 'svcca' ? { ...one, options: { keep: { dims: 5 } }, label: `${one.label} 5` } : one,
      );
    for (const [x, y] of [
      [a, b],
      [inFloat32(a), inFloat32(b)],
    ] as const) {
      const whole = await compare(x, y, undefined, { measure });
      for (const shards of [equal(1), equal(3), equal(30)]) {
        const merged = await mergeParts(await partsOf(x, y, shards, { measure }));
        expect(farthest(whole, merged)).toBeLessThan(1e-12);
      }
    }
  });

  test('grids that meet on the coarser, and drawn positions', async () => {
    const grid = (n: number, size: number, channels: number, seed: number) => ({
      shape: [n, size, size, channels],
      data: Float32Array.from(gaussian(n * size * size, channels, seed).data),
    });
    const a = { early: grid(40, 8, 5, 1), late: grid(40, 4, 9, 2), dense: float32(gaussian(40, 6, 3)) };
    const b = { early: grid(40, 6, 4, 4), late: grid(40, 4, 7, 5) };
    for (const how of [{}, { positions: 5, seed: 3 }, { spatial: 'mean' as const }]) {
      const options = { ...how, measure: all, allowFewSamples: true };
      const whole = await compare(a, b, undefined, { ...options });
      for (const shards of [equal(3), cutAt(40, 1, 30)]) {
        const merged = await mergeParts(await partsOf(a, b, shards, { ...options, batchSize: 7 }));
        expect(farthest(whole, merged)).toBeLessThan(1e-12);
      }
    }
  });

  test('positions that masks leave out', async () => {
    const n = 60;
    const block = (channels: number, seed: number) => ({
      samples: n,
      grid: [6, 1] as const,
      channels,
      data: Float32Array.from(gaussian(n * 6, channels, seed).data),
      mask: Uint8Array.from({ length: n * 6 }, (_, at) => (at % 6 < 2 + (Math.floor(at / 6) % 5) ? 1 : 0)),
    });
    const set = (channels: number, seed: number) => {
      const whole = block(channels, seed);
      return {
        layers: [{ name: 'l', kind: 'Array', shape: [6, channels] }],
        samples: n,
        spatial: 'positions' as const,
        async *batches() {
          await Promise.resolve();
          yield { start: 0, samples: n, layers: new Map([['l', whole]]) };
        },
        matrices: () => Promise.reject(new Error('not used')),
      };
    };
    const [a, b] = [set(7, 1), set(5, 2)];
    const whole = await compare(a, b, undefined, { measure: all });
    const merged = await mergeParts(await partsOf(a, b, equal(4), { measure: all }));
    expect(whole.cells[0].samples).toBeLessThan(n * 6);
    expect(merged.cells[0].samples).toBe(whole.cells[0].samples);
    expect(farthest(whole, merged)).toBeLessThan(1e-12);
  });

  test.each(['float64', 'float32'])('more shards than samples, %s: some are empty', async (type) => {
    const { x, y } = related(5, 2, 2, 1);
    const stored = ({ rows, cols, data }: Matrix) =>
      type === 'float64' ? { rows, cols, data } : { rows, cols, data: Float32Array.from(data) };
    const [a, b] = [{ l: stored(x) }, { l: stored(y) }];
    const parts = await partsOf(a, b, equal(8), { measure: 'cka,procrustes' });
    expect(parts.filter(({ info }) => info.ranges.length === 0)).toHaveLength(3);
    expect(parts.every(({ info }) => info.views.every(({ storage }) => storage === type))).toBe(true);
    const whole = await compare(a, b, undefined, { measure: 'cka,procrustes' });
    expect(farthest(whole, await mergeParts(parts))).toBeLessThan(1e-12);
  });
});

describe('merging', () => {
  const { a, b } = sides(200, 10, 1);
  const options = { measure: 'svcca,cka', estimator: 'debiased' };

  test('the order of the parts changes no bit', async () => {
    const parts = await partsOf(a, b, equal(5), options);
    const one = await mergeParts(parts);
    const other = await mergeParts([parts[3], parts[0], parts[4], parts[2], parts[1]]);
    expect(JSON.stringify(other)).toBe(JSON.stringify(one));
  });

  test('in steps, of neighbours or not, through files', async () => {
    const parts = await partsOf(a, b, equal(6), options);
    const whole = await compare(a, b, undefined, options);
    const left = await combineParts([parts[0], parts[3], parts[1]]);
    expect(left.info.ranges).toEqual([
      [0, 66],
      [100, 133],
    ]);
    const right = Part.fromBytes((await combineParts([parts[5], parts[2], parts[4]])).toBytes());
    expect(farthest(whole, await mergeParts([right, left]))).toBeLessThan(1e-12);
  });

  test('parts of different engines', async () => {
    const engines = ['wasm', 'ml-matrix', 'wasm'] as const;
    const parts = [];
    for (const [index, engine] of engines.entries()) {
      parts.push(await shardMoments(a, b, undefined, { ...options, engine, shard: { index, of: 3 } }));
    }
    const whole = await compare(a, b, undefined, options);
    expect(farthest(whole, await mergeParts(parts, { engine: 'ml-matrix' }))).toBeLessThan(1e-12);
  });

  test('another measure of the same parts', async () => {
    const parts = await partsOf(a, b, equal(3), { measure: 'svcca' });
    const merged = await mergeParts(parts, { measure: 'pwcca,regression', from: 'y' });
    const whole = await compare(a, b, undefined, { measure: 'pwcca,regression', from: 'y' });
    expect(farthest(whole, merged)).toBeLessThan(1e-12);
    await expect(mergeParts(parts, { measure: 'cka', estimator: 'debiased' })).rejects.toThrow(
      /cka needs sums over the norms of the samples, which these parts do not have/,
    );
    await expect(mergeParts(parts, { from: 'y' })).rejects.toThrow(/from is given without 'measure'/);
  });

  test('missing, repeated, overlapping and foreign parts are refused by name', async () => {
    const parts = await partsOf(a, b, equal(4), options);
    await expect(mergeParts([])).rejects.toThrow(/no parts/);
    await expect(mergeParts([parts[0], parts[1], parts[3]])).rejects.toThrow(
      /samples 100:150 of 200 are in none of the 3 parts \(part\.0, part\.1, part\.3\): compute shard 2\/4/,
    );
    await expect(mergeParts([...parts, parts[2]])).rejects.toThrow(
      /part\.2 was given twice \(samples 100:150\)/,
    );
    const [overlapping] = await partsOf(a, b, [{ from: 140, to: 160 }], options);
    await expect(mergeParts([...parts, new Part(overlapping.info, overlapping.joint, 'x')])).rejects.toThrow(
      /part\.2 and x both hold samples 140:150/,
    );
    const others: [ShardOptions, RegExp][] = [
      [{ ...options, estimator: 'biased' }, /'measure' and its options differs/],
      [{ ...options, positions: 3 }, /'positions' differs, 3 against "all"/],
      [
        { ...options, fingerprints: { data: 'other' } },
        /the data \(fingerprint\) differs, "other" against none/,
      ],
      [{ ...options, layers: 'wide' }, /the layers of the first network differs, \["wide"\]/],
    ];
    for (const [own, message] of others) {
      const foreign = await shardMoments(a, b, undefined, { ...own, shard: { index: 3, of: 4 } });
      const named = new Part(foreign.info, foreign.joint, 'foreign.part');
      await expect(mergeParts([...parts.slice(0, 3), named])).rejects.toThrow(message);
      await expect(mergeParts([...parts.slice(0, 3), named])).rejects.toThrow(
        /^foreign\.part is not of the same comparison as part\.0/,
      );
    }
  });

  test('the part of other data of the same size is foreign by its number of samples', async () => {
    const parts = await partsOf(a, b, equal(2), options);
    const less = sides(180, 10, 1);
    const [, foreign] = await partsOf(less.a, less.b, equal(2), options);
    await expect(mergeParts([parts[0], foreign])).rejects.toThrow(
      /the number of samples of all shards differs, 180 against 200/,
    );
  });
});

describe('what is refused', () => {
  const { x, y } = related(40, 3, 3, 1);
  const moments = (options: ShardOptions) => shardMoments({ l: x }, { l: y }, undefined, options);

  test('measures that do not merge', async () => {
    for (const measure of ['rsa', 'mutualKnn', 'distanceCorrelation'] as const) {
      await expect(moments({ measure })).rejects.toThrow(
        new RegExp(`^${measure} compares samples with samples, of which shards keep none`),
      );
    }
    await expect(moments({ measure: 'cka', kernel: 'rbf' })).rejects.toThrow(/cka compares samples/);
    await expect(moments({ measure: 'pwcca', variant: 'anatome' })).rejects.toThrow(
      /variant 'anatome' adds up/,
    );
  });

  test('shards outside the data, and options that cannot hold', async () => {
    await expect(moments({ shard: { index: 4, of: 4 } })).rejects.toThrow(
      /shards count from 0, so the last is 3/,
    );
    await expect(moments({ shard: { from: 10, to: 50 } })).rejects.toThrow(/10:50 of 40/);
    await expect(moments({ shard: { from: 10, to: 10 } })).rejects.toThrow(/from below to/);
    await expect(moments({ total: 39 })).rejects.toThrow(/total is 39, but the data hold 40/);
    await expect(moments({ training: true })).rejects.toThrow(/training is true/);
    await expect(moments({ positions: 4, positionsError: 4 })).rejects.toThrow(/a shard is read once/);
    await expect(moments({ shard: { index: 0, of: 2, to: 3 } })).rejects.toThrow(/no option 'to'/);
    const wide = gaussian(40, 3000, 1);
    await expect(shardMoments({ l: wide }, { l: wide }, undefined, { memory: 100 })).rejects.toThrow(
      /memory is 100, and 1 pair of layers need \d+ bytes: raise it, choose fewer 'layers'/,
    );
  });

  test('a stream tells its number of samples, or is told it', async () => {
    const set = {
      layers: [{ name: 'l', kind: 'Array', shape: [3] }],
      samples: undefined,
      spatial: 'positions' as const,
      async *batches() {
        await Promise.resolve();
        const block = { samples: 40, grid: [1, 1] as const, channels: 3, data: x.data };
        yield { start: 0, samples: 40, layers: new Map([['l', block]]) };
      },
      matrices: () => Promise.reject(new Error('not used')),
    };
    await expect(shardMoments(set, set)).rejects.toThrow(
      /not known before they are read: give it as 'total'/,
    );
    const part = await shardMoments(set, set, undefined, { total: 40, shard: { index: 1, of: 3 } });
    expect(part.info.ranges).toEqual([[13, 26]]);
    await expect(
      shardMoments(set, set, undefined, { total: 50, shard: { index: 4, of: 5 } }),
    ).rejects.toThrow(/samples 40:50 were asked for, and the data ended after sample 40/);
  });

  test('a small memory only makes the steps smaller', async () => {
    const long = related(1500, 200, 180, 2);
    const whole = await compare({ l: long.x }, { l: long.y });
    const part = await shardMoments({ l: long.x }, { l: long.y }, undefined, { memory: 100 });
    expect(farthest(whole, await mergeParts([part]))).toBeLessThan(1e-12);
  });

  test('an aborted shard', async () => {
    const controller = new AbortController();
    const going = moments({ signal: controller.signal, batchSize: 1, onProgress: () => controller.abort() });
    await expect(going).rejects.toThrow(/abort/i);
  });
});

describe('the bytes of a part', () => {
  const { x, y } = related(30, 3, 4, 1);
  const options = { measure: 'cka', estimator: 'debiased' } as const;

  test('come back as they were, and are the same each time', async () => {
    const part = await shardMoments({ l: x }, { l: y }, undefined, options);
    const bytes = part.toBytes();
    const back = Part.fromBytes(bytes);
    expect(back.info).toEqual(part.info);
    expect(back.joint).toEqual(part.joint);
    expect(back.toBytes()).toEqual(bytes);
  });

  test('damaged anywhere are refused', async () => {
    const bytes = (await shardMoments({ l: x }, { l: y }, undefined, options)).toBytes();
    const faults = [];
    for (let at = 0; at < bytes.length; at++) {
      for (const flip of [0x01, 0x80]) {
        const damaged = bytes.slice();
        damaged[at] ^= flip;
        try {
          Part.fromBytes(damaged, 'p');
          faults.push(at);
        } catch (error) {
          expect((error as Error).name).toBe('FormatError');
        }
      }
    }
    // A space more or less behind the header is the only change that says the same.
    expect(faults).toEqual([]);
    for (const length of [0, 7, 8, 100, bytes.length - 8, bytes.length - 1]) {
      expect(() => Part.fromBytes(bytes.slice(0, length), 'p')).toThrow(/^p/);
    }
    expect(() => Part.fromBytes(Uint8Array.of(...bytes, 0), 'p')).toThrow(/something follows its end/);
  });

  test('that lack what is looked at first are refused before it is', async () => {
    const { info, joint } = await shardMoments({ l: x }, { l: y }, undefined, options);
    for (const key of [
      'names',
      'fingerprints',
      'reading',
      'layers',
      'total',
      'ranges',
      'measures',
    ] as const) {
      const bytes = new Part({ ...info, [key]: null }, joint, 'p').toBytes();
      const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
      expect(() => readPartHeader(bytes.subarray(8, 8 + length), bytes.length, 'p')).toThrow(
        /^p: its header contradicts itself/,
      );
    }
  });

  test('that hold what is no number tell where', async () => {
    const { info, joint } = await shardMoments({ l: x }, { l: y }, undefined, options);
    joint.layers[0].root.data[1] = NaN;
    const bytes = new Part(info, joint).toBytes();
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    // After the two halves of the mean, 3 neurons each, and the first number of the triangle.
    expect(() => Part.fromBytes(bytes, 'p')).toThrow(
      expect.objectContaining({ name: 'FormatError', offset: 8 + length + 8 * (3 + 3 + 1) }),
    );
  });
});

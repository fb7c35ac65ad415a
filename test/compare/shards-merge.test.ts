/** Merging parts in any order, in steps and by other measures; what is refused. */
import { describe, expect, test } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { combineParts, mergeParts } from '../../src/compare/shards/merge.js';
import { shardMoments } from '../../src/compare/shards/moments.js';
import type { ShardOptions } from '../../src/compare/shards/moments.js';
import { Part } from '../../src/compare/shards/part.js';
import { gaussian, related } from '../support.js';
import { equal, farthest, partsOf, sides } from './shards.js';

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

/** A comparison that was interrupted anywhere and goes on is the one that was not, to the last bit. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ActivationSet } from '../../src/capture/activations.js';
import { compare } from '../../src/compare/compare.js';
import type { CompareOptions } from '../../src/compare/compare.js';
import { compareMany } from '../../src/compare/many.js';
import type { Engine } from '../../src/engines/engine.js';
import { openEngine } from '../../src/engines/select.js';
import { DataError, FormatError } from '../../src/errors.js';
import { gaussian } from '../support.js';
import { checkpointInMemory, generated, watched } from './streams.js';

const widths = { one: 5, two: 9, three: 3 };
const a = generated(widths, { seed: 1 });
const b = generated(widths, { seed: 2 });
const few = { allowFewSamples: true };

/** Runs until the n-th report, then goes on from the checkpoint, as often as it takes. */
async function interrupted(options: CompareOptions, after: number): Promise<{ json: string; runs: number }> {
  const checkpoint = checkpointInMemory();
  for (let runs = 1; ; runs++) {
    const controller = new AbortController();
    let reports = 0;
    const onProgress = () => {
      if (++reports > after) controller.abort(new Error('interrupted'));
    };
    try {
      const { signal } = controller;
      const similarity = await compare(a.set, b.set, undefined, {
        ...options,
        checkpoint,
        signal,
        onProgress,
      });
      expect(checkpoint.saved).toBeUndefined();
      return { json: JSON.stringify(similarity), runs };
    } catch (error) {
      expect(error).toMatchObject({ message: 'interrupted' });
      expect(runs).toBeLessThan(40);
    }
  }
}

describe.each(['ml-matrix', 'wasm'] as const)('%s', (name) => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await openEngine(name, { threads: 2 });
  });
  afterAll(() => engine.close?.());

  const cases: CompareOptions[] = [
    {},
    { memory: 0 },
    { measure: 'cka' },
    { measure: 'cka', estimator: 'debiased' },
    { measure: 'svcca,pwcca,procrustes', keep: { dims: 2 } },
    { measure: 'cca', method: 'direct' },
    { measure: 'rsa' },
    { measure: 'svcca,rsa' },
    { measure: 'pwcca', variant: 'anatome' },
  ];
  it.each(cases)('%j', async (options) => {
    const all = { ...options, ...(JSON.stringify(options).includes('cca') && few), engine };
    const whole = JSON.stringify(await compare(a.set, b.set, undefined, all));
    // Interrupted once in every batch of each pass, and every batch or two.
    for (const after of [1, 2, 3, 6, 8, 11]) {
      const { json, runs } = await interrupted(all, after);
      expect(json).toBe(whole);
      if (after < 5) expect(runs).toBeGreaterThan(1);
    }
  });
});

it('ill-conditioned bases, which are made orthonormal in the second pass', async () => {
  const steep = (seed: number) => {
    const { set } = generated({ x: 6, y: 4 }, { seed });
    return {
      ...set,
      async *batches(range?: object) {
        for await (const batch of set.batches(range)) {
          const layers = [...batch.layers].map(([name, block]) => {
            const scale = (j: number) => 10 ** -(j % block.channels);
            return [name, { ...block, data: block.data.map((value, j) => value * scale(j)) }] as const;
          });
          yield { ...batch, layers: new Map(layers) };
        }
      },
    };
  };
  const [x, y] = [steep(1), steep(2)];
  const whole = JSON.stringify(await compare(x, y, undefined, { measure: 'cca' }));
  // In the second pass, and when its corrections are known.
  for (const [at, count] of [
    ['cross', 128],
    ['cca', 4],
  ]) {
    const checkpoint = checkpointInMemory();
    const onProgress = ({ stage, done }: { stage: string; done: number }) => {
      if (stage === at && done === count) throw new Error('stop');
    };
    await expect(compare(x, y, undefined, { measure: 'cca', checkpoint, onProgress })).rejects.toThrow(
      'stop',
    );
    expect(JSON.stringify(await compare(x, y, undefined, { measure: 'cca', checkpoint }))).toBe(whole);
  }
});

it('several models at once', async () => {
  const models = { a: a.set, b: b.set, c: generated(widths, { seed: 3 }).set };
  const whole = JSON.stringify(await compareMany(models, undefined, { measure: 'svcca' }));
  const checkpoint = checkpointInMemory();
  const onProgress = ({ stage, done }: { stage: string; done: number }) => {
    if (stage === 'cross' && done === 192) throw new Error('stop');
  };
  await expect(compareMany(models, undefined, { measure: 'svcca', checkpoint, onProgress })).rejects.toThrow(
    'stop',
  );
  expect(JSON.stringify(await compareMany(models, undefined, { measure: 'svcca', checkpoint }))).toBe(whole);
});

describe('a checkpoint', () => {
  /** What is left of a comparison that was interrupted in its second pass. */
  async function left(options: CompareOptions = {}) {
    const checkpoint = checkpointInMemory();
    const onProgress = ({ stage, done }: { stage: string; done: number }) => {
      if (stage === 'cross' && done === 192) throw new Error('stop');
    };
    const failed = compare(a.set, b.set, undefined, { ...options, checkpoint, onProgress });
    await expect(failed).rejects.toThrow('stop');
    return checkpoint;
  }

  it('spares what was done', async () => {
    const checkpoint = await left();
    const before = { ...a.count };
    await compare(a.set, b.set, undefined, { checkpoint });
    // Of the 5 batches of the second pass 2 were left to read, the third being the one in which it stopped; of two sides whose
    // batches may end anywhere the others are read and not used, after one batch that tells what is compared.
    expect(a.count.batches - before.batches).toBe(1 + 5);
    const alone = await (async () => {
      const first = checkpointInMemory();
      const onProgress = ({ stage, done }: { stage: string; done: number }) => {
        if (stage === 'cross' && done === 192) throw new Error('stop');
      };
      const arrays = {
        x: { rows: 300, cols: 2, data: new Float32Array(600).map((_, i) => Math.sin(i * i)) },
      };
      const failed = compare(a.set, arrays, undefined, { checkpoint: first, onProgress });
      await expect(failed).rejects.toThrow('stop');
      const { batches } = a.count;
      await compare(a.set, arrays, undefined, { checkpoint: first });
      return a.count.batches - batches;
    })();
    expect(alone).toBe(1 + 3);
  });

  it('spares all scores where the error of drawing positions was interrupted', async () => {
    const grid = (seed: number) => ({
      conv: { shape: [40, 3, 3, 4], data: Float32Array.from(gaussian(40 * 9, 4, seed).data) },
    });
    const options = { measure: 'cka', positions: 6, positionsError: 3 };
    const whole = JSON.stringify(await compare(grid(1), grid(2), undefined, options));
    const checkpoint = Object.assign(checkpointInMemory(), { seconds: 1000 });
    const stages: string[] = [];
    const onProgress = ({ stage }: { stage: string }) => {
      if (stage === 'positions' && !stages.includes(stage)) {
        stages.push(stage);
        throw new Error('stop');
      }
      stages.push(stage);
    };
    const run = () => compare(grid(1), grid(2), undefined, { ...options, checkpoint, onProgress });
    await expect(run()).rejects.toThrow('stop');
    const before = stages.length;
    expect(JSON.stringify(await run())).toBe(whole);
    expect(new Set(stages.slice(before))).toEqual(new Set(['positions']));
  });

  it('is saved within a pass no more often than it says', async () => {
    const checkpoint = { ...checkpointInMemory(), seconds: 1000 };
    await compare(a.set, b.set, undefined, { checkpoint });
    // At the end of each of the two passes.
    expect(checkpoint.saves).toBe(2);
  });

  const others: [string, CompareOptions, RegExp][] = [
    ['measure', { measure: 'cka' }, /measures: .*svcca.* there, .*cka/],
    ['option', { keep: { dims: 2 } }, /measures: .*0.99.* there, .*dims/],
    ['layers', { layers: 'one' }, /layers: /],
    ['reading', { positions: 3 }, /reading: /],
    ['memory', { memory: 5e8 }, /memory: 1073741824 there, 500000000 here/],
    ['fingerprints', { fingerprints: { data: 'x' } }, /fingerprints: /],
    ['engine', { engine: 'ml-matrix' }, /engine: "wasm" there, "ml-matrix" here/],
  ];
  it.each(others)('of another %s is refused and left', async (_, options, message) => {
    const checkpoint = await left({ engine: 'wasm' });
    const failed = compare(a.set, b.set, undefined, { engine: 'wasm', ...options, checkpoint });
    await expect(failed).rejects.toThrow(DataError);
    await expect(failed).rejects.toThrow(message);
    expect(checkpoint.saved).toBeDefined();
  });

  it('of other data is refused', async () => {
    const checkpoint = await left();
    const other = generated(widths, { seed: 7 }).set;
    await expect(compare(a.set, other, undefined, { checkpoint })).rejects.toThrow(/activations: /);
    // The same numbers, of which others are padding.
    const padded = (set: ActivationSet): ActivationSet => ({
      ...set,
      async *batches(range) {
        for await (const batch of set.batches(range)) {
          const mask = Uint8Array.from({ length: batch.samples }, (_, i) => (i % 9 === 0 ? 0 : 1));
          yield {
            ...batch,
            layers: new Map([...batch.layers].map(([name, block]) => [name, { ...block, mask }])),
          };
        }
      },
    });
    await expect(compare(a.set, padded(b.set), undefined, { checkpoint })).rejects.toThrow(/activations: /);
    const longer = generated(widths, { seed: 2, samples: 301 }).set;
    await expect(compare(a.set, longer, undefined, { checkpoint })).rejects.toThrow(
      /another comparison|samples/,
    );
  });

  it('that is damaged or cut anywhere is refused, and nothing leaks', async () => {
    const { engine, live, close } = await watched();
    const checkpoint = await left({ engine });
    const bytes = Buffer.concat(checkpoint.saved!);
    const before = { open: a.count.open };
    for (let at = 0; at < bytes.length; at += 1 + Math.floor(bytes.length / 60)) {
      const damaged = Uint8Array.from(bytes);
      damaged[at] ^= 0x10;
      for (const saved of [[damaged], [bytes.subarray(0, at)]]) {
        checkpoint.saved = saved;
        const failed = compare(a.set, b.set, undefined, { checkpoint, engine });
        await expect(failed, `byte ${at}`).rejects.toThrow(FormatError);
        await expect(failed).rejects.toMatchObject({ offset: expect.any(Number) as number });
      }
    }
    expect(live.size).toBe(0);
    expect(a.count.open).toBe(before.open);
    await close();
  });
});

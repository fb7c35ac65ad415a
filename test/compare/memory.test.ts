/** The memory that a comparison was given is what it takes, and the numbers are the same however little it is. */
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { divide, memoryFor, usable, viewBytes } from '../../src/compare/budget.js';
import { compare } from '../../src/compare/compare.js';
import type { CompareOptions } from '../../src/compare/compare.js';
import { groupBytes, groupCells } from '../../src/compare/groups.js';
import type { CrossSide } from '../../src/compare/groups.js';
import { OptionError } from '../../src/errors.js';
import { generated, spoolInMemory, watched } from './streams.js';
import { distance } from '../support.js';

/** Too little for all of the layers below at once. */
const LITTLE = 40e6;
const wide = { u: 400, v: 350, w: 300, x: 250, y: 400 };
const size = { samples: 900, batch: 150 };
const a = generated(wide, { ...size, seed: 1 });
const b = generated(wide, { ...size, seed: 2 });

describe('little memory', () => {
  let watch: Awaited<ReturnType<typeof watched>>;
  beforeAll(async () => {
    watch = await watched('wasm', 2);
  });
  afterAll(() => watch.close());

  const cases: CompareOptions[] = [
    { measure: 'cca', spool: spoolInMemory().open },
    { measure: 'svcca', keep: { dims: 100 } },
    { measure: 'cka' },
    { measure: 'svcca,pwcca', keep: { variance: 0.5 } },
    { measure: 'cka', estimator: 'debiased' },
  ];
  it.each(cases)('gives the same scores, and the engine holds no more than it: %j', async (options) => {
    const { engine, live, most } = watch;
    const whole = await compare(a.set, b.set, undefined, { ...options, engine });
    const passes = a.count.passes;
    const little = await compare(a.set, b.set, undefined, { ...options, engine, memory: LITTLE });
    expect(distance(little.scores, whole.scores)).toBeLessThan(1e-12);
    expect(a.count.passes - passes).toBeGreaterThan(options.spool ? 0 : 2);
    expect(live.size).toBe(0);
    const { engine: fresh, most: peak, close } = await watched('wasm', 2);
    await compare(a.set, b.set, undefined, { ...options, engine: fresh, memory: LITTLE });
    expect(peak()).toBeLessThan(usable(LITTLE));
    await close();
    // It would take more.
    expect(most()).toBeGreaterThan(peak());
  });

  it('reads the models again for every pass without a spool, and once with one', async () => {
    const { open, count } = spoolInMemory();
    const options = { measure: 'svcca', keep: { dims: 120 }, engine: watch.engine, memory: LITTLE };
    const { passes } = a.count;
    const without = await compare(a.set, b.set, undefined, options);
    const again = a.count.passes - passes;
    expect(again).toBeGreaterThan(2);
    const with_ = await compare(a.set, b.set, undefined, { ...options, spool: open });
    expect(a.count.passes - passes - again).toBe(1);
    // Two sides of 900 × 1700 float32 numbers.
    expect(count.bytes).toBeGreaterThanOrEqual(2 * 900 * 1700 * 4);
    expect(count.open).toBe(0);
    expect(distance(with_.scores, without.scores)).toBeLessThan(1e-12);
  });
});

describe('small layers', () => {
  const widths = { u: 1, v: 7, w: 30 };
  const measures = ['svcca', 'cka', 'pwcca,rsa', 'rsa'];
  const memories = [0, 2 ** 20, 2 ** 25, 2 ** 26, undefined];
  // Measures of the samples hold them, however little memory there is.
  const cases = measures.flatMap((measure) =>
    memories.slice(measure.includes('rsa') ? 1 : 0).map((memory) => [measure, memory] as const),
  );
  it.each(cases)('fit any memory: %s in %s bytes', async (measure, memory) => {
    const options = { measure, ...(memory !== undefined && { memory }) };
    const scores: Float64Array[] = [];
    for (const known of [true, false]) {
      for (const spool of [undefined, spoolInMemory().open]) {
        const { set } = generated(widths, { samples: 200, batch: 64, known });
        const found = await compare(set, set, undefined, { ...options, ...(spool && { spool }) });
        scores.push(found.scores);
      }
    }
    for (const other of scores.slice(1)) expect(distance(other, scores[0])).toBeLessThan(1e-12);
  });
});

describe('what does not fit', () => {
  it('is said before the second batch is read: one layer too wide', async () => {
    const { set, count } = generated({ narrow: 3, wide: 1000 }, { samples: 2000, batch: 10 });
    const failed = compare(set, set, undefined, { memory: LITTLE });
    await expect(failed).rejects.toThrow(OptionError);
    await expect(failed).rejects.toThrow(
      /layer 'wide' of [ab], with 1000 neurons, takes \d+ MB to factor.*raise 'memory' to \d+ MB/,
    );
    expect(count).toMatchObject({ batches: 2, open: 0 });
    const enough = Number(/to (\d+) MB/.exec(String(await failed.catch(String)))![1]) * 1e6;
    await compare(set, set, undefined, { memory: enough, keep: { dims: 5 } });
  });

  it('the factors of all layers, without a spool', async () => {
    const layers = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`l${i}`, 400]));
    const { set } = generated(layers, { samples: 600, batch: 50 });
    const failed = compare(set, set, undefined, { measure: 'cca', memory: LITTLE, allowFewSamples: true });
    await expect(failed).rejects.toThrow(OptionError);
    await expect(failed).rejects.toThrow(/factors of the layers take more than \d+ MB.*give a 'spool'/);
  });

  it('samples of a measure that compares them, known before or not', async () => {
    for (const known of [true, false]) {
      const { set, count } = generated({ x: 50, y: 50 }, { samples: 1000, batch: 100, known });
      const failed = compare(set, set, undefined, { measure: 'rsa', memory: 100_000 });
      await expect(failed).rejects.toThrow(/holds them in memory: \d+ bytes after \d+ samples/);
      expect(count.batches).toBeLessThan(known ? 3 : 8);
      expect(count.open).toBe(0);
    }
  });

  it('datapoints of the direct route, known before or not', async () => {
    for (const known of [true, false]) {
      const { set } = generated({ x: 50, y: 50 }, { samples: 1000, batch: 100, known, double: true });
      const failed = compare(set, set, undefined, { measure: 'cca', method: 'direct', memory: 100_000 });
      await expect(failed).rejects.toThrow(/method 'direct' holds the datapoints.*raise 'memory'/);
    }
  });
});

describe('reading', () => {
  it('asks for a batch when the last has been used, and no sooner', async () => {
    const ahead: number[] = [];
    let made = 0;
    const { set } = generated({ x: 20 }, { samples: 1000, batch: 50 });
    const counted = {
      ...set,
      async *batches(range?: object) {
        made = 0;
        for await (const batch of set.batches(range)) {
          made += batch.samples;
          yield batch;
        }
      },
    };
    await compare(counted, generated({ y: 10 }, { samples: 1000, batch: 100 }).set, undefined, {
      memory: 0,
      onProgress: ({ stage, done }) => {
        if (stage !== 'svcca') ahead.push(made - done);
      },
    });
    expect(ahead).toHaveLength(40);
    // What was reported as done is all that was made: nothing piles up.
    expect(Math.max(...ahead)).toBe(0);
  });

  it('runs fewer samples at a time where many would take much of the memory', async () => {
    await tf.setBackend('cpu');
    const up = tf.layers.upSampling2d({ name: 'up', size: [32, 32], inputShape: [8, 8, 1] });
    const model = tf.sequential({ layers: [up] });
    const images = tf.randomNormal([20, 8, 8, 1], 0, 1, 'float32', 7);
    const batches = async (options: CompareOptions) => {
      const done: number[] = [];
      const onProgress = (progress: { stage: string; done: number }) => {
        if (progress.stage === 'moments') done.push(progress.done);
      };
      await compare(model, model, images, { positions: 4, ...options, onProgress });
      return done;
    };
    expect(await batches({})).toEqual([20]);
    // Half of the memory for three batches of two layers of 256 × 256 float32 numbers.
    const few = Math.floor(usable(2 ** 25) / 6 / (2 * 256 * 256 * 4));
    expect(few).toBe(7);
    expect(await batches({ memory: 2 ** 25 })).toEqual([7, 14, 20]);
    expect(await batches({ memory: 2 ** 25, batchSize: 10 })).toEqual([10, 20]);
    expect(await batches({ memory: 2 ** 25, training: true })).toEqual([20]);
    // What the means are taken of, of one model at a time.
    expect(await batches({ memory: 2 ** 25, spatial: 'mean' })).toEqual([14, 20]);
    model.dispose();
    images.dispose();
  });

  it('tells how fast it goes, in datapoints', async () => {
    const grids = {
      x: { shape: [40, 4, 4, 2], data: Float32Array.from({ length: 1280 }, (_, i) => Math.sin(i * i)) },
    };
    const rates: [string, number | undefined][] = [];
    await compare(grids, grids, undefined, {
      onProgress: ({ stage, datapointsPerSecond }) => rates.push([stage, datapointsPerSecond]),
    });
    expect(rates.map(([stage]) => stage)).toEqual(['moments', 'cross', 'svcca']);
    expect(rates[0][1]).toBeGreaterThan(0);
    expect(rates[2][1]).toBeUndefined();
  });

  it('a stream whose samples are not known is kept as far as it fits', async () => {
    const { set, count } = generated({ x: 20 }, { samples: 1000, batch: 50, known: false });
    await compare(set, set, undefined, {});
    expect(count.passes).toBe(2);
    await compare(set, set, undefined, { memory: 1000 });
    expect(count.passes).toBe(6);
    const { open, count: spooled } = spoolInMemory();
    await compare(set, set, undefined, { memory: 1000, spool: open });
    expect(count.passes).toBe(8);
    expect(spooled).toMatchObject({ opened: 1, open: 0 });
  });
});

describe('an end at any time', () => {
  const stages = ['moments (1', 'moments (2', 'cross (1', 'cross (2', 'cca'];
  it.each(stages.flatMap((stage) => ['abort', 'error'].map((how) => [how, stage])))(
    'by %s in %s frees handles, spools and streams',
    async (how, stage) => {
      const { engine, live, close } = await watched('wasm', 2);
      const { open, count } = spoolInMemory();
      const controller = new AbortController();
      const failed = compare(a.set, b.set, undefined, {
        ...{ measure: 'cca', engine, memory: LITTLE, spool: open, signal: controller.signal },
        onProgress: (progress) => {
          if (!progress.stage.startsWith(stage)) return;
          if (how === 'error') throw new Error('enough');
          controller.abort(new Error('enough'));
        },
      });
      await expect(failed).rejects.toThrow('enough');
      expect(live.size).toBe(0);
      expect(count).toMatchObject({ open: 0 });
      expect(count.opened).toBeGreaterThan(0);
      expect(a.count.open + b.count.open).toBe(0);
      await close();
    },
  );

  it('by a spool that fails', async () => {
    const { engine, live, close } = await watched('wasm', 2);
    const { open, count } = spoolInMemory();
    let appended = 0;
    const failing = async () => {
      const spool = await open();
      const append = (bytes: Uint8Array) =>
        ++appended > 17 ? Promise.reject(new Error('disk full')) : spool.append(bytes);
      return { ...spool, append };
    };
    const failed = compare(a.set, b.set, undefined, { engine, memory: 0, spool: failing });
    await expect(failed).rejects.toThrow('disk full');
    expect(live.size).toBe(0);
    expect(count.open).toBe(0);
    expect(a.count.open + b.count.open).toBe(0);
    await close();
  });
});

describe('the plan', () => {
  const needs = { keep: 'all' } as const;
  const sizes = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 30 });

  it('reads every view once, in passes that fit', () => {
    fc.assert(
      fc.property(sizes, fc.integer({ min: 26, max: 31 }), fc.boolean(), (widths, power, spool) => {
        const memory = 2 ** power;
        const views = widths.map((cols) =>
          viewBytes('factor by moments', { rows: 1e6, cols, bytes: 4, perSample: 1 }, needs),
        );
        const demands = {
          memory,
          views,
          nameOf: String,
          batch: 1e5,
          activations: 1e9,
          growing: false,
          pair: { engine: 0, host: 0 },
          projected: 0,
          blocks: 0,
          spool,
        };
        const { groups, activations, work, aside, held, total } = divide(demands);
        expect(groups.flat().sort((x, y) => x - y)).toEqual(widths.map((_, i) => i));
        expect(activations + work + aside + held).toBeLessThanOrEqual(usable(memory));
        expect(work + aside + held).toBeCloseTo(total, 3);
        expect(Math.min(work, aside, held)).toBeGreaterThanOrEqual(0);
        for (const group of groups) {
          const collected = group.reduce((sum, i) => sum + views[i].collect, 0);
          expect(collected + Math.max(...group.map((i) => views[i].finish.engine))).toBeLessThanOrEqual(work);
          for (const i of group) expect(views[i].finish.host).toBeLessThanOrEqual(aside);
        }
      }),
    );
  });

  it('computes every cell once, in groups that fit', () => {
    fc.assert(
      fc.property(
        sizes,
        sizes,
        fc.integer({ min: 20, max: 28 }),
        fc.integer({ min: 1, max: 64 }),
        (x, y, power, batch) => {
          const side = (width: number): CrossSide => ({
            ...{ neurons: 2 * width, width, projected: true, decomposed: true, loaded: 0, perSample: 1 },
          });
          const sides = [...x, ...y].map(side);
          const cells = x.flatMap((_, i) => y.map((__, j) => ({ a: i, b: x.length + j })));
          const room = 2 ** power;
          const demands = { cells, sides, vectors: batch % 2 === 0, room, taken: room / 8, batch, beside: 0 };
          const total = ({ engine, host }: { engine: number; host: number }) =>
            Math.max(engine, demands.taken) + host;
          let groups;
          try {
            groups = groupCells(demands);
          } catch (error) {
            expect(error).toBeInstanceOf(OptionError);
            const most = Math.max(...cells.map((_, c) => total(groupBytes(demands, [c], 1))));
            expect(most).toBeGreaterThan(room);
            return;
          }
          expect(groups.flatMap((group) => group.cells).sort((p, q) => p - q)).toEqual(
            cells.map((_, c) => c),
          );
          for (const group of groups) {
            expect(total(groupBytes(demands, group.cells, group.part))).toBeLessThanOrEqual(room);
          }
        },
      ),
    );
  });

  it('divides the thousands of cells of many models, too', () => {
    const [models, layers] = [40, 8];
    const cells = Array.from({ length: layers * models * models }, (_, i) => {
      const first = Math.floor(i / (models * models)) * models;
      return { a: first + (Math.floor(i / models) % models), b: first + (i % models) };
    }).filter(({ a, b }) => a < b);
    const side = {
      neurons: 200,
      width: 150,
      projected: true,
      decomposed: true,
      loaded: 240_000,
      perSample: 1,
    };
    const sides = new Array<CrossSide>(models * layers).fill(side);
    const demands = { cells, sides, vectors: false, room: 2e7, taken: 0, batch: 64, beside: 0 };
    const groups = groupCells(demands);
    expect(groups.flatMap((group) => group.cells)).toHaveLength(cells.length);
    expect(groups.length).toBeLessThan(cells.length / 5);
  }, 20_000);

  it('says which memory would do', () => {
    for (const bytes of [1e6, 3e7, 1e8, 1e9, 1e10])
      expect(usable(memoryFor(bytes))).toBeGreaterThanOrEqual(bytes - 1);
  });
});

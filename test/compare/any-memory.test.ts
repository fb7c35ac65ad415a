/** However little memory there is, with a spool or without, interrupted or not: the scores are those of plenty. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import fc from 'fast-check';
import type { ActivationSet } from '../../src/capture/activations.js';
import type * as Budget from '../../src/compare/budget.js';
import { usable } from '../../src/compare/budget.js';
import { compare } from '../../src/compare/compare.js';
import type { CompareOptions } from '../../src/compare/compare.js';
import type { Similarity } from '../../src/compare/similarity.js';
import { OptionError, SvccaError } from '../../src/errors.js';
import { checkpointInMemory, generated, spoolInMemory, watched } from './streams.js';
import { distance } from '../support.js';

/** How many times larger the layers are made out to be: those that fill the least memory would be slow. */
const scale = vi.hoisted(() => ({ times: 1 }));

vi.mock('../../src/compare/budget.js', async (importOriginal) => {
  const actual = await importOriginal<typeof Budget>();
  const bytes = ({ engine, host }: Budget.Bytes, times: number) => ({
    engine: engine * times,
    host: host * times,
  });
  const divide: typeof Budget.divide = (demands) => {
    const { times } = scale;
    const budget = actual.divide({
      ...demands,
      views: demands.views.map(({ collect, finish, hold }) => ({
        collect: collect * times,
        finish: bytes(finish, times),
        hold: hold * times,
      })),
      activations: demands.activations && demands.activations * times,
      pair: bytes(demands.pair, times),
      projected: demands.projected * times,
      blocks: demands.blocks * times,
    });
    const { groups, activations, work, aside, held, total } = budget;
    return {
      ...{ groups, activations: activations / times, work: work / times },
      ...{ aside: aside / times, held: held / times, total: total / times },
    };
  };
  return { ...actual, divide };
});

/** The layers of a stream on three positions a sample, some of which are padding. */
function masked({ set }: ReturnType<typeof generated>): ActivationSet {
  return {
    ...set,
    async *batches(range) {
      for await (const batch of set.batches(range)) {
        const samples = batch.samples;
        const mask = Uint8Array.from({ length: samples * 3 }, (_, i) => ((batch.start * 3 + i) % 7 ? 1 : 0));
        const layers = [...batch.layers].map(([name, block]) => {
          const { channels } = block;
          const data = new Float32Array(samples * 3 * channels);
          for (let r = 0; r < samples; r++) {
            const row = block.data.subarray(r * channels, (r + 1) * channels);
            for (let p = 0; p < 3; p++) {
              data.set(
                row.map((value, j) => value + Math.sin((batch.start + r) * (p + 1) * (j + 1))),
                (r * 3 + p) * channels,
              );
            }
          }
          return [name, { samples, grid: [3, 1] as const, channels, data, mask }] as const;
        });
        yield { ...batch, layers: new Map(layers) };
      }
    },
  };
}

const measures: CompareOptions[] = [
  ...['cca', 'svcca', 'cka', 'svcca,cka,procrustes', 'rsa,svcca', 'cka,rsa', 'pwcca'].map((measure) => ({
    measure,
  })),
  { measure: 'cka', estimator: 'debiased' },
  { measure: 'svcca', keep: { dims: 3 } },
  { measure: 'pwcca', variant: 'anatome' },
  { measure: 'cca', method: 'direct' },
];
// Mostly of about the same width, so that together they take more than the largest alone.
const width = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 10, max: 16 }) },
  fc.integer({ min: 1, max: 9 }),
);
const widths = fc.array(width, { minLength: 1, maxLength: 8 });

/** Layers l0, l1, … of the given widths. */
const layersOf = (sizes: readonly number[]) =>
  Object.fromEntries(sizes.map((width, i) => [`l${i}`, width] as const));

let watch: Awaited<ReturnType<typeof watched>>;
beforeAll(async () => {
  watch = await watched('wasm', 1);
});
afterAll(() => watch.close());

/** A comparison that is interrupted at one report after another, until it comes to its end; saved after every batch or pass. */
async function interrupted(
  run: (options: CompareOptions) => Promise<Similarity>,
  after: number,
  seconds: number,
) {
  const checkpoint = Object.assign(checkpointInMemory(), { seconds });
  for (let runs = 0; ; runs++) {
    let reports = 0;
    const onProgress = () => {
      if (++reports > after + runs) throw new Error('stop');
    };
    try {
      return { similarity: await run({ checkpoint, onProgress }), runs };
    } catch (error) {
      expect(error).toMatchObject({ message: 'stop' });
    }
  }
}

/** Layers that take several passes over both networks, and more to compare them. */
function severalPasses(spool: boolean) {
  const alike = new Array<number>(8).fill(16);
  const how = { fill: 0.6, known: true, padded: false, double: false, after: 3, seconds: 0, batch: 25 };
  const measure: CompareOptions = spool ? { measure: 'cca' } : { measure: 'svcca', keep: { dims: 3 } };
  return [alike, alike, measure, { ...how, spool }] as [
    number[],
    number[],
    CompareOptions,
    typeof how & { spool: boolean },
  ];
}

it('any layers, any measures, any memory', async () => {
  const seen = { compared: 0, passes: 0, crossings: 0, spooled: 0, interrupted: 0 };
  const circumstances = fc.record({
    fill: fc.double({ min: 0.1, max: 0.9, noNaN: true }),
    ...{ known: fc.boolean(), spool: fc.boolean(), padded: fc.boolean(), double: fc.boolean() },
    after: fc.integer({ min: 1, max: 15 }),
    seconds: fc.constantFrom(0, 1000),
    batch: fc.constantFrom(10, 25),
  });
  await fc.assert(
    fc.asyncProperty(widths, widths, fc.constantFrom(...measures), circumstances, async (x, y, own, how) => {
      const { fill, known, spool, padded, double, after, seconds, batch } = how;
      const network = (sizes: readonly number[], seed: number) =>
        generated(layersOf(sizes), { samples: 90, batch, seed, known, double: double && !padded });
      const made = [network(x, 1), network(y, 2)];
      const [a, b] = made.map((one) => (padded ? masked(one) : one.set));
      const few = (own.measure as string).includes('cca') && { allowFewSamples: true };
      const options: CompareOptions = { ...own, ...few, engine: watch.engine };
      scale.times = 1;
      const whole = await compare(a, b, undefined, options);
      // The largest layer takes that share of the memory to factor.
      scale.times = Math.max(1, (fill * usable(0)) / (11 * 8 * Math.max(...x, ...y) ** 2));
      const { open, count } = spoolInMemory();
      const run = (more: CompareOptions) =>
        compare(a, b, undefined, { ...options, memory: 0, ...(spool && { spool: open }), ...more });
      const stages = new Set<string>();
      let little: Similarity | undefined;
      try {
        little = await run({ onProgress: ({ stage }) => void stages.add(stage) });
      } catch (error) {
        expect(error).toBeInstanceOf('variant' in own && !spool ? SvccaError : OptionError);
      }
      if (little) {
        const all = [whole, ...whole.others];
        for (const [m, one] of [little, ...little.others].entries()) {
          expect(distance(one.scores, all[m].scores)).toBeLessThan(1e-12);
        }
        const { similarity, runs } = await interrupted(run, after, seconds);
        expect(JSON.stringify(similarity)).toBe(JSON.stringify(little));
        seen.compared++;
        seen.interrupted += runs;
        seen.passes += [...stages].some((stage) => stage.startsWith('moments (')) ? 1 : 0;
        seen.crossings += [...stages].some((stage) => stage.startsWith('cross (')) ? 1 : 0;
        seen.spooled += count.opened > 0 ? 1 : 0;
      }
      expect(watch.live.size).toBe(0);
      expect(count.open).toBe(0);
      expect(made.map((one) => one.count.open)).toEqual([0, 0]);
    }),
    { numRuns: Number(process.env['RUNS'] ?? 40), examples: [severalPasses(true), severalPasses(false)] },
  );
  if (process.env['SHOW']) console.log(seen);
  // Little memory it was.
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(0);
}, 60_000);

/** A study: every run once, whatever happens between. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.js';
import { readNpy } from '../../src/io/npy.js';
import { buildModel } from '../../src/transfer/models.js';
import type { StudyPlan } from '../../src/transfer/plan.js';
import { memoryStore } from '../../src/transfer/store.js';
import { loadStoredModel } from '../../src/transfer/stored-model.js';
import { runStudy, trainStudy } from '../../src/transfer/study.js';
import type { StudyOptions } from '../../src/transfer/study.js';
import type { StudyResult } from '../../src/transfer/study-result.js';
import { data, Killed, plan, watched } from './study-data.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** Which runs were trained, and which were there. */
function told() {
  const trained: string[] = [];
  const cached: string[] = [];
  const onRun: StudyOptions['onRun'] = (run, how) =>
    (how.cached ? cached : trained).push(`${run.model} ${run.condition} ${run.seed}`);
  return { trained, cached, onRun };
}

describe('runStudy', () => {
  const whole = watched();
  let result: StudyResult;
  let before = 0;
  const order = plan.seeds.flatMap((seed) => plan.conditions.map((condition) => `tiny ${condition} ${seed}`));
  beforeAll(async () => {
    await tf.ready();
    before = tf.memory().numTensors;
    const { trained, onRun } = told();
    result = await runStudy(plan, { data, store: whole.store, onRun });
    // Seed by seed, so that a study that is cut has comparable runs.
    expect(trained).toEqual(order);
  });

  it('lists its runs in the order of the plan, and leaks nothing', () => {
    expect(tf.memory().numTensors).toBe(before);
    const listed = result.runs.map(({ model, condition, seed }) => `${model} ${condition} ${seed}`);
    expect(listed).toEqual(plan.conditions.flatMap((c) => plan.seeds.map((seed) => `tiny ${c} ${seed}`)));
    expect(result).toMatchObject({
      format: 'svcca/study@1',
      backend: 'cpu',
      warnings: expect.any(Array) as [],
    });
    expect(result.plan.models['tiny']).toMatchObject({ inputShape: [8, 8, 1], pretrained: 'source' });
    expect(result.data.target).toMatchObject({ from: 'stripes', shape: [8, 8, 1], counts: { test: [8, 8] } });
    expect(result.models[0].pretrained).toMatchObject({ from: 'more stripes', training: { steps: 3 } });
    expect(result.models[0].stages.map(({ name }) => name)).toContain('block1');
    expect(result.performance.map(({ condition }) => condition)).toEqual(plan.conditions);
  });

  it('tells where the network is that was trained on the source data', async () => {
    const source = await loadStoredModel(whole.store, `runs/${result.models[0].pretrained!.key}/final`);
    expect(source.countParams()).toBeGreaterThan(0);
    source.dispose();
  });

  it('keeps of each run weights before and after, logits and record, and no checkpoint', async () => {
    for (const { key, test, training, parameters } of result.runs) {
      expect(training.steps).toBe(4);
      expect(await whole.store.read(`runs/${key}/checkpoint`)).toBeUndefined();
      const { shape, data: logits } = readNpy((await whole.store.read(`runs/${key}/test-logits.npy`))!);
      expect(shape).toEqual([16, 2]);
      // By counting pairs, without the ranks that the library uses.
      let pairs = 0;
      for (let i = 1; i < 16; i += 2) {
        for (let j = 0; j < 16; j += 2) {
          const [a, b] = [i, j].map((row) => logits[2 * row + 1] - logits[2 * row]) as [number, number];
          pairs += a > b ? 1 : a === b ? 0.5 : 0;
        }
      }
      expect(test.auc.value).toBeCloseTo(pairs / 64, 12);
      const [initial, final] = [
        await loadStoredModel(whole.store, `runs/${key}/initial`),
        await loadStoredModel(whole.store, `runs/${key}/final`),
      ];
      expect(final.countParams()).toBe(parameters);
      const [first, last] = [initial, final].map((model) => [...model.layers[1].getWeights()[0].dataSync()]);
      expect(last).not.toEqual(first);
      initial.dispose();
      final.dispose();
    }
    const keys = new Set(result.runs.map(({ key }) => key));
    expect(keys.size).toBe(10);
    const small = result.runs.find(({ condition }) => condition.startsWith('hybrid'))!;
    expect(small.parameters).toBeLessThan(result.models[0].parameters);
  });

  it('trains nothing twice, and writes the same to the byte', async () => {
    const again = watched(whole.store);
    const { trained, cached, onRun } = told();
    // Neither title nor similarity nor other conditions are of a run.
    const other = {
      ...plan,
      title: 'Another title',
      conditions: ['transfuse:block1', 'random'],
      seeds: [2],
      similarity: { measure: 'cka' },
    } as const;
    await trainStudy(other, { data, store: again.store, onRun });
    expect([trained, cached, again.written]).toEqual([[], ['tiny transfuse:block1 2', 'tiny random 2'], []]);
    const second = await runStudy(plan, { data, store: again.store });
    expect(JSON.stringify(second)).toBe(JSON.stringify(result));
    expect(again.written).toEqual([]);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('killed at any write goes on and ends with the same JSON', async () => {
    const small = { ...plan, conditions: ['random', 'pretrained'], seeds: [1] } as const;
    const expected = JSON.stringify(await trainStudy(small, { data, store: watched(whole.store).store }));
    const inner = memoryStore();
    let kills = 0;
    // Each life is one write longer than what the one before had done anew.
    for (let lives = 1; ; lives++) {
      const life = watched(inner, lives);
      try {
        expect(JSON.stringify(await trainStudy(small, { data, store: life.store }))).toBe(expected);
        break;
      } catch (error) {
        expect(error).toBeInstanceOf(Killed);
        kills++;
      }
    }
    expect(kills).toBeGreaterThan(3);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('stopped by its signal goes on where it was', async () => {
    const inner = memoryStore();
    const small = { ...plan, conditions: ['random'], seeds: [1] } as const;
    const expected = JSON.stringify(await trainStudy(small, { data, store: watched(whole.store).store }));
    const stop = new AbortController();
    const stopped = trainStudy(small, {
      data,
      store: inner,
      signal: stop.signal,
      onProgress: ({ stage, done }) => {
        if (stage.startsWith('tiny, random') && done === 3) stop.abort(new Error('enough'));
      },
    });
    await expect(stopped).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(before);
    const first: number[] = [];
    const onProgress: StudyOptions['onProgress'] = ({ done }) => first.push(done);
    expect(JSON.stringify(await trainStudy(small, { data, store: inner, onProgress }))).toBe(expected);
    expect(Math.min(...first)).toBeGreaterThanOrEqual(3);
  });

  it('begins no run when its time is spent, and names what it left out', async () => {
    const { store } = watched(whole.store);
    const more = { ...plan, seeds: [1, 3], conditions: ['random', 'pretrained'] } as const;
    const cut = await trainStudy(more, { data, store, minutes: 0 });
    expect(cut.runs.map(({ condition, seed }) => `${condition} ${seed}`)).toEqual([
      'random 1',
      'pretrained 1',
    ]);
    expect(cut.warnings[0]).toBe(
      'the budget of 0 minutes was spent before these runs: tiny, random, seed 3; tiny, pretrained, seed 3',
    );
    const none = await runStudy(more, { data, store: memoryStore(), minutes: 0 });
    expect(none.runs).toEqual([]);
    expect(none.performance).toEqual([]);
    expect(none.warnings.slice(0, 2)).toEqual([
      'the budget of 0 minutes was spent before these runs: tiny, random, seed 1; tiny, random, seed 3',
      'the budget of 0 minutes was spent before tiny was pretrained; left out: tiny, pretrained, seed 1; tiny, pretrained, seed 3',
    ]);
    const times = JSON.parse(new TextDecoder().decode(await whole.store.read('times.json'))) as Record<
      string,
      { run: string }
    >;
    expect(Object.keys(times)).toHaveLength(11);
  });
});

describe('a run that diverges', () => {
  it('is named, and the study goes on without it, also the second time', async () => {
    const store = memoryStore();
    const wild: StudyPlan = {
      ...plan,
      models: {
        wild: {
          ...plan.models.tiny,
          conditions: ['random'],
          training: { optimizer: 'sgd', learningRate: 1e30 },
        },
        tame: { ...plan.models.tiny, conditions: ['random'] },
      },
      seeds: [1],
    };
    const { trained, onRun } = told();
    const result = await trainStudy(wild, { data, store, onRun });
    expect(trained).toEqual(['tame random 1']);
    expect(result.warnings).toHaveLength(1);
    expect(result.warnings[0]).toMatch(/^wild, random, seed 1 has no result: .*diverged/);
    const again = watched(store);
    expect(JSON.stringify(await trainStudy(wild, { data, store: again.store }))).toBe(JSON.stringify(result));
    expect(again.written).toEqual([]);
  });
});

describe('a study that cannot run', () => {
  const bad: [string, Partial<StudyPlan>, Partial<StudyOptions>, RegExp][] = [
    [
      'a stage that the network has not',
      { conditions: ['random', 'transfuse:block9'] },
      {},
      /^models\.tiny\.conditions\[1\]: condition 'transfuse:block9' names a stage 'block9'.*block1, block2/,
    ],
    [
      'a frozen stage that the network has not',
      { training: { steps: 2, frozen: ['block1', 'stem'] } },
      {},
      /^models\.tiny\.training\.frozen\[1\] is 'stem', and the stages of the network are block1, block2/,
    ],
    [
      'a warm-up beyond the end',
      { training: { steps: 2, schedule: { warmup: 3 } } },
      {},
      /^models\.tiny\.training: /,
    ],
    [
      'no source data',
      {},
      { data: { target: data.target } },
      /^the plan trains on data\.source: give data\.source/,
    ],
    [
      'a pretrained network that was not given',
      { models: { tiny: { family: 'cbr-Tiny', pretrained: 'net/model.json' } } },
      {},
      /^models\.tiny\.pretrained is 'net\/model\.json': give that network as pretrained\['tiny'\]/,
    ],
    [
      'parts of different classes',
      {},
      { data: { ...data, target: { ...data.target, test: data.source.test } } },
      /^the test images of 'stripes' have the classes direction 0, direction 1, direction 2, the training images/,
    ],
  ];
  it.each(bad)('says so before it trains: %s', async (_, of, options, message) => {
    const { store, written } = watched();
    const before = tf.memory().numTensors;
    const run = runStudy({ ...plan, ...of }, { data, store, ...options });
    await expect(run).rejects.toThrow(OptionError);
    await expect(run).rejects.toThrow(message);
    expect(written).toEqual([]);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a pretrained network from elsewhere', () => {
  it('is taken, decides the keys, and stays as it is', async () => {
    const spec = { family: 'cbr-Tiny', inputShape: [8, 8, 3], classes: 5, width: 1 / 16 } as const;
    const own: StudyPlan = {
      ...plan,
      data: { target: { from: 'stripes' } },
      models: { tiny: { ...plan.models.tiny, pretrained: 'net/model.json' } },
      conditions: ['random', 'transfuse:block1'],
      seeds: [1],
    };
    const keys: string[][] = [];
    for (const seed of [1, 2]) {
      const net = await buildModel(spec, { seed });
      const bits = () => net.getWeights().map((weight) => [...weight.dataSync()]);
      const first = bits();
      const { runs, plan: resolved } = await trainStudy(own, {
        data,
        store: memoryStore(),
        pretrained: { tiny: net },
      });
      // In colour, as the network is.
      expect(resolved.models['tiny'].inputShape).toEqual([8, 8, 3]);
      keys.push(runs.map(({ key }) => key));
      expect(bits()).toEqual(first);
      net.dispose();
    }
    expect(keys[0][0]).toBe(keys[1][0]);
    expect(keys[0][1]).not.toBe(keys[1][1]);
  });
});

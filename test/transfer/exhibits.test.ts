/** The exhibits of small real networks against calculations of their own. */
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { svcca } from '../../src/measures/functions.js';
import { Random } from '../../src/random.js';
import { auc } from '../../src/transfer/auc.js';
import { delongTest } from '../../src/transfer/delong.js';
import { cbr } from '../../src/transfer/cbr.js';
import type { Condition } from '../../src/transfer/conditions.js';
import { exhibits } from '../../src/transfer/exhibits/exhibits.js';
import type { Exhibits, ExhibitsInput, Moment } from '../../src/transfer/exhibits/input.js';
import type { StudyRun } from '../../src/transfer/study-result.js';
import { stages } from '../../src/transfer/stages.js';

const IMAGES = 40;
const labels = Uint8Array.from({ length: IMAGES }, (_, i) => i % 2);
const classes = ['normal', 'ill'];
const WIDTHS = { net: [4, 5, 6, 8], light: [4, 5, 3, 4] };
const LAYERS = ['block1_pool', 'block2_pool', 'block3_pool', 'block4_pool'];

/** Smooth random images: neighbours are alike, as in a picture. */
const pixels = (() => {
  const random = new Random(11);
  const data = new Float32Array(IMAGES * 144);
  for (let n = 0; n < IMAGES; n++) {
    const waves = Array.from({ length: 6 }, () => [random.uniform(), random.uniform(), 6 * random.uniform()]);
    for (let p = 0; p < 144; p++) {
      const [y, x] = [Math.floor(p / 12), p % 12];
      data[n * 144 + p] = waves.reduce((sum, [a, b, c]) => sum + Math.cos(a * x + b * y + c), 0) / 6;
    }
  }
  return { shape: [IMAGES, 12, 12, 1], data };
})();

const specs: [Condition, number][] = [
  ['pretrained', 5],
  ['random', 5],
  ['random', 3],
  ['transfuse:block1', 3],
  ['random', 9],
  ['pretrained', 3],
  ['hybrid:block2:0.5', 3],
];
const initialSeed = ([condition, seed]: [Condition, number]) =>
  condition === 'random' || condition.startsWith('hybrid') ? seed : 77;

/** Weights at the beginning, and moved by a seeded step for what training would do; tested is what is made of them. */
async function network([condition, seed]: [Condition, number], moment: Moment): Promise<tf.LayersModel> {
  const model = await cbr('Tiny', {
    inputShape: [12, 12, 1],
    classes: 2,
    widths: condition.startsWith('hybrid') ? WIDTHS.light : WIDTHS.net,
    seed: initialSeed([condition, seed]),
  });
  if (moment === 'initial') return model;
  const random = new Random(seed, condition.length);
  const moved = tf.tidy(() =>
    model.getWeights().map((weight) => {
      const step = tf.tensor(Float32Array.from(random.normals(weight.size)), weight.shape).mul(0.12);
      return weight.shape.length > 1 ? weight.add(step) : weight.add(step.abs());
    }),
  );
  model.setWeights(moved);
  tf.dispose(moved);
  return model;
}

const specOf = (run: StudyRun) => specs.find(([c, s]) => c === run.condition && s === run.seed)!;
const history = (...aucs: number[]) => aucs.map((value, i) => ({ step: 10 * i, loss: 1, auc: value }));
const curves: Record<string, number[]> = {
  'random 3': [0.5, 0.6, 0.7, 0.8],
  'random 5': [0.5, 0.55, 0.6, 0.65],
  'random 9': [0.5, 0.72, 0.6, 0.9],
  'pretrained 3': [0.5, 0.75, 0.9, 0.9],
  'pretrained 5': [0.7, 0.8, 0.9, 0.9],
  'transfuse:block1 3': [0.5, 0.69, 0.71, 0.8],
  'hybrid:block2:0.5 3': [0.5, 0.6, 0.6, 0.6],
};

function logitsOf([condition, seed]: [Condition, number]): Float32Array {
  const random = new Random(seed, 100 + condition.length);
  return Float32Array.from({ length: 2 * IMAGES }, (_, i) =>
    i % 2 === 0 ? 0 : labels[i >> 1] * (condition === 'random' ? 1 : 1.5) + random.normal(),
  );
}

function scoresOf(spec: [Condition, number]): Float32Array {
  return logitsOf(spec).filter((_, i) => i % 2 === 1);
}

const runs = specs.map((spec): StudyRun => {
  const [condition, seed] = spec;
  const past = history(...curves[`${condition} ${seed}`]);
  return {
    model: 'net',
    condition,
    seed,
    key: `${condition}-${seed}`,
    parameters: condition.startsWith('hybrid') ? 50 : 100,
    training: { steps: 30, history: past, kept: past[3], stopped: 'done', warnings: [] },
    test: { loss: 1, auc: { value: auc(scoresOf(spec), labels), low: 0, high: 1 } },
  };
});

let input: ExhibitsInput;
let found: Exhibits;
let tensors: number;

beforeAll(async () => {
  await tf.setBackend('cpu');
  const model = await network(specs[0], 'initial');
  const named = stages(model);
  model.dispose();
  const conditions: Condition[] = ['random', 'transfuse:block1', 'pretrained', 'hybrid:block2:0.5'];
  input = {
    plan: {
      models: { net: { family: 'cbr-Tiny' } },
      conditions,
      seeds: [3, 5, 9],
      similarity: { positions: 1000 },
      targetAuc: 0.7,
    },
    models: [{ name: 'net', parameters: 100, stages: named }],
    runs,
    test: { labels, task: 'classes', classes },
    logits: (run) => Promise.resolve(logitsOf(specOf(run))),
    load: (run, moment) => network(specOf(run), moment),
    images: () => Promise.resolve(pixels),
    engine: 'ml-matrix',
  };
  const before = tf.memory().numTensors;
  found = await exhibits(input);
  tensors = tf.memory().numTensors - before;
}, 60_000);

/** Activations of the layers as `tf.model` gives them: every position of every image is a row. */
async function readRows(spec: [Condition, number], moment: Moment) {
  const model = await network(spec, moment);
  const outputs = LAYERS.map((layer) => model.getLayer(layer).output as tf.SymbolicTensor);
  const cut = tf.model({ inputs: model.inputs, outputs });
  const out = tf.tidy(() => {
    const whole = cut.predict(tf.tensor(pixels.data, pixels.shape)) as tf.Tensor[];
    return whole.map((one) => one.reshape([-1, one.shape.at(-1)!]));
  });
  const rows = out.map((one) => ({
    rows: one.shape[0],
    cols: one.shape[1]!,
    data: new Float32Array(one.dataSync()),
  }));
  tf.dispose(out);
  model.dispose();
  return rows;
}

const read = new Map<string, ReturnType<typeof readRows>>();

async function rowsOf(spec: [Condition, number], moment: Moment, layer: string) {
  const key = `${spec.join(' ')} ${moment}`;
  if (!read.has(key)) read.set(key, readRows(spec, moment));
  return (await read.get(key)!)[LAYERS.indexOf(layer)];
}

async function direct(a: [Condition, number], ma: Moment, b: [Condition, number], mb: Moment, layer: string) {
  return svcca(await rowsOf(a, ma, layer), await rowsOf(b, mb, layer), { engine: 'ml-matrix' });
}

const [P5, R5, R3, T3, R9, P3, H3] = specs;
const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 6));
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('(a) performance', () => {
  it('has a row per condition in the order of the plan, seeds in its order, gains paired by seed', () => {
    expect(found.performance.map(({ condition, seeds }) => [condition, seeds])).toEqual([
      ['random', [3, 5, 9]],
      ['transfuse:block1', [3]],
      ['pretrained', [3, 5]],
      ['hybrid:block2:0.5', [3]],
    ]);
    const [random, transfused, pretrained] = found.performance;
    const value = (spec: [Condition, number]) => auc(scoresOf(spec), labels);
    expect(random.mean.value).toBeCloseTo(mean([R3, R5, R9].map(value)), 12);
    expect(random.gain).toBeUndefined();
    expect(transfused.interval).toBe('test images');
    expect(transfused.gain).toMatchObject({ value: expect.closeTo(value(T3) - value(R3), 12), seeds: [3] });
    expect(pretrained.gain).toMatchObject({
      value: expect.closeTo(mean([value(P3) - value(R3), value(P5) - value(R5)]), 12),
      seeds: [3, 5],
      interval: 'seeds and test images',
    });
  });
});

describe('(b) representations', () => {
  it('has the scores of svcca called on activations from tf.model', async () => {
    const [exhibit] = found.representations;
    expect(exhibit.seeds).toEqual({ scratch: [3, 5, 9], pretrained: [3, 5] });
    expect(exhibit.layers.map(({ layer }) => layer)).toEqual(LAYERS);
    for (const at of exhibit.layers) {
      const one = (a: [Condition, number], b: [Condition, number]) =>
        direct(a, 'final', b, 'final', at.layer);
      const within = [await one(R3, R5), await one(R3, R9), await one(R5, R9)];
      const between = [];
      for (const a of [R3, R5, R9]) for (const b of [P3, P5]) between.push(await one(a, b));
      const both = await one(P3, P5);
      const score = ({ score: s }: { score: number }) => s;
      expect(at.scores.scratchScratch).toEqual(close(within.map(score)));
      expect(at.scores.scratchPretrained).toEqual(close(between.map(score)));
      expect(at.scores.pretrainedPretrained).toEqual(close([both.score]));
      expect(at.scratchScratch).toBeCloseTo(mean(within.map(score)), 6);
      const all = [...within, ...between, both];
      expect(at.samples).toBe(both.samples);
      expect(at.neurons).toBe(both.x.neurons);
      expect(at.chance).toBeCloseTo(mean(all.map(({ chance }) => chance!)), 9);
      expect(at.kept).toBe(Math.max(...all.flatMap(({ x, y }) => [x.kept!, y.kept!])));
    }
  });

  it('has a baseline in which each image meets another', () => {
    const [{ layers }] = found.representations;
    // Smooth images, few of them: neighbours make even the unmatched alike, and the less the more they are looked at.
    for (const { unmatched, scratchScratch } of layers) {
      expect(unmatched).toBeGreaterThan(0);
      expect(unmatched).toBeLessThan(scratchScratch);
    }
  });

  it('averages the last two stages, and counts every choice of who is called pretrained', () => {
    const [{ layers, top }] = found.representations;
    expect(top.layers).toEqual(['block3_pool', 'block4_pool']);
    // Nets 0 1 2 are from scratch, 3 4 pretrained.
    const places = [
      ['scratchScratch', 0, 1],
      ['scratchScratch', 0, 2],
      ['scratchScratch', 1, 2],
      ...[0, 1, 2].flatMap((a) => [3, 4].map((b) => ['scratchPretrained', a, b])),
      ['pretrainedPretrained', 3, 4],
    ] as const;
    const seen = { scratchScratch: 0, scratchPretrained: 0, pretrainedPretrained: 0 };
    const pairs = places.map(([kind, a, b]) => {
      const nth = seen[kind as keyof typeof seen]++;
      const value = mean(layers.slice(-2).map(({ scores }) => scores[kind as keyof typeof seen][nth]));
      return { a: a as number, b: b as number, value };
    });
    const differences = [];
    for (let x = 0; x < 5; x++) {
      for (let y = x + 1; y < 5; y++) {
        const called = (net: number) => net === x || net === y;
        const inside = pairs.filter(({ a, b }) => !called(a) && !called(b)).map(({ value }) => value);
        const across = pairs.filter(({ a, b }) => called(a) !== called(b)).map(({ value }) => value);
        differences.push(mean(inside) - mean(across));
      }
    }
    expect(differences).toHaveLength(10);
    const observed = differences[9];
    expect(top.difference).toBeCloseTo(observed, 12);
    expect(top.scratchScratch - top.scratchPretrained).toBeCloseTo(observed, 12);
    const p = differences.filter((one) => one >= observed - 1e-12).length / 10;
    expect(top).toMatchObject({ p: expect.closeTo(p, 12), labellings: 10, exact: true, smallestP: 0.1 });
    expect(found.warnings).toContain(
      'net: 10 labellings of so few networks give no p below 0.10; more seeds would.',
    );
  });

  it('is absent with a warning where there are too few runs', async () => {
    const few = await exhibits({ ...input, runs: runs.filter(({ seed }) => seed === 3) });
    expect(few.representations).toEqual([]);
    expect(few.warnings).toContain(
      'net: scratch–scratch and scratch–pretrained are not compared, which takes two random runs and a pretrained one; there are 1 ' +
        'and 1.',
    );
    expect(few.startAndEnd[0].points).toHaveLength(LAYERS.length);
    expect(few.movement).toHaveLength(4);
  });
});

describe('(c) movement', () => {
  it('has each trained network against its own beginning, of all conditions', async () => {
    expect(found.movement.map(({ condition, seeds }) => [condition, seeds])).toEqual(
      found.performance.map(({ condition, seeds }) => [condition, seeds]),
    );
    for (const [nth, own] of [[R3, R5, R9], [T3], [P3, P5], [H3]].entries()) {
      for (const at of found.movement[nth].layers) {
        const scores = [];
        for (const spec of own) scores.push((await direct(spec, 'initial', spec, 'final', at.layer)).score);
        expect(at.scores).toEqual(close(scores));
        expect(at.mean).toBeCloseTo(mean(scores), 6);
        expect(scores.every((score) => score < 0.9999)).toBe(true);
      }
      expect(found.movement[nth].layers.map(({ layer }) => layer)).toEqual(LAYERS);
    }
    expect(found.movement[3].layers.map(({ neurons }) => neurons)).toEqual(WIDTHS.light);
  });
});

describe('(d) start and end', () => {
  it('has every pair of random ones and of a random and a pretrained one', async () => {
    const [{ points, correlation, byLayer }] = found.startAndEnd;
    const pairs = [
      [R3, R5],
      [R3, R9],
      [R5, R9],
      ...[R3, R5, R9].flatMap((a) => [
        [a, P3],
        [a, P5],
      ]),
    ];
    expect(points).toHaveLength(pairs.length * LAYERS.length);
    for (const layer of ['block1_pool', 'block4_pool']) {
      const own = points.filter((point) => point.layer === layer);
      for (const [i, [a, b]] of pairs.entries()) {
        expect([own[i].a, own[i].b]).toEqual([a, b].map(([condition, seed]) => ({ condition, seed })));
        expect(own[i].initial).toBeCloseTo((await direct(a, 'initial', b, 'initial', layer)).score, 6);
        expect(own[i].trained).toBeCloseTo((await direct(a, 'final', b, 'final', layer)).score, 6);
      }
    }
    expect(correlation!.low).toBeLessThan(correlation!.value);
    expect(byLayer.map(({ stage }) => stage)).toEqual(['block1', 'block2', 'block3', 'block4']);
  });
});

describe('(e) filters', () => {
  it('shows the first seed of each condition, and how far each filter turned', async () => {
    expect(found.filters.map(({ condition, seed }) => [condition, seed])).toEqual([
      ['random', 3],
      ['transfuse:block1', 3],
      ['pretrained', 3],
      ['hybrid:block2:0.5', 3],
    ]);
    const [{ before, after, shape, unchanged, layer }] = found.filters;
    expect([layer, shape]).toEqual(['block1_conv', [5, 5, 1, 4]]);
    const kernels = [];
    for (const moment of ['initial', 'final'] as const) {
      const model = await network(R3, moment);
      const kernel = (await model.getLayer('block1_conv').getWeights()[0].array()) as number[][][][];
      kernels.push(kernel.flat(3));
      model.dispose();
    }
    for (const [shown, kernel] of [
      [before, kernels[0]],
      [after, kernels[1]],
    ]) {
      kernel.forEach((value, i) =>
        expect(Math.abs(shown[i] - value)).toBeLessThanOrEqual(5e-5 * Math.abs(value)),
      );
    }
    // Of two vectors, r = 1 − |u/|u| − v/|v||² / 2 about their means.
    for (let f = 0; f < 4; f++) {
      const [u, v] = kernels.map((kernel) => {
        const own = kernel.filter((_, i) => i % 4 === f);
        const centred = own.map((value) => value - mean(own));
        return centred.map((value) => value / Math.hypot(...centred));
      });
      expect(unchanged[f]).toBeCloseTo(1 - Math.hypot(...u.map((value, i) => value - v[i])) ** 2 / 2, 6);
    }
  });
});

describe('(f) convergence', () => {
  it('has the steps of a table worked by hand, never counted as later than all', () => {
    const [random, transfused, pretrained, hybrid] = found.convergence;
    expect(random).toMatchObject({
      target: 0.7,
      stepsToTarget: [20, null, 10],
      medianSteps: 20,
      steps: [30, 30, 30],
    });
    expect(random.marginal).toBeUndefined();
    expect(transfused).toMatchObject({ stepsToTarget: [20], medianSteps: 20 });
    expect(transfused.marginal).toMatchObject({ than: 'random', seeds: [3], steps: 0 });
    expect(pretrained).toMatchObject({ stepsToTarget: [10, 0], medianSteps: 5 });
    // Seed 3 alone is common with the transfused.
    const value = (spec: [Condition, number]) => auc(scoresOf(spec), labels);
    expect(pretrained.marginal).toEqual({
      than: 'transfuse:block1',
      seeds: [3],
      auc: expect.closeTo(value(P3) - value(T3), 12),
      steps: 10,
    });
    expect(hybrid).toMatchObject({ stepsToTarget: [null], medianSteps: null });
    expect(hybrid.marginal).toBeUndefined();
  });
});

describe('(g) the hybrid', () => {
  it('has AUC against parameters of what is compared by size', () => {
    expect(found.hybrid.map(({ condition, parameters }) => [condition, parameters])).toEqual([
      ['random', 100],
      ['pretrained', 100],
      ['hybrid:block2:0.5', 50],
    ]);
    expect(found.hybrid[1].auc).toEqual(found.performance[2].mean);
    expect(found.hybrid[1].toPretrained).toBeUndefined();
    const { difference, low, high, p } = delongTest(scoresOf(H3), scoresOf(P3), labels);
    expect(found.hybrid[2].toPretrained).toEqual({
      value: expect.closeTo(difference, 12),
      low: expect.closeTo(low, 12),
      high: expect.closeTo(high, 12),
      p: expect.closeTo(p, 12),
      seeds: [3],
      interval: 'test images',
    });
  });
});

describe('exhibits', () => {
  it('are those of compare with the plan’s positions, seed and measure', async () => {
    const similarity = { positions: 2, seed: 4, measure: 'pwcca' };
    const two = [R3, T3].map((spec) => runs[specs.indexOf(spec)]);
    const drawn = await exhibits({ ...input, runs: two, plan: { ...input.plan, similarity } });
    for (const [nth, spec] of [R3, T3].entries()) {
      const [a, b] = [await network(spec, 'initial'), await network(spec, 'final')];
      const options = { ...similarity, layers: ['block1_pool', 'block3_pool'], engine: 'ml-matrix' } as const;
      const [there, back] = [await compare(a, b, pixels, options), await compare(b, a, pixels, options)];
      for (const layer of options.layers) {
        const at = drawn.movement[nth].layers.find((one) => one.layer === layer)!;
        expect(at.samples).toBe(there.cell(layer, layer).samples);
        expect(at.scores[0]).toBeCloseTo((there.at(layer, layer) + back.at(layer, layer)) / 2, 6);
      }
      a.dispose();
      b.dispose();
    }
  });

  it('are the same whatever the order of the runs, and whenever they are made', async () => {
    const again = await exhibits({ ...input, runs: [...runs].reverse() });
    expect(JSON.stringify(again)).toBe(JSON.stringify(found));
  });

  it('leave no tensor, also where a network cannot be loaded or the work is stopped', async () => {
    expect(tensors).toBe(0);
    const before = tf.memory().numTensors;
    const load = (run: StudyRun, moment: Moment) =>
      run.condition === 'pretrained' ? Promise.reject(new Error('gone')) : input.load(run, moment);
    await expect(exhibits({ ...input, load })).rejects.toThrow('gone');
    const stop = new AbortController();
    const stopped = exhibits({
      ...input,
      signal: stop.signal,
      onProgress: ({ done }) => done === 3 && stop.abort(new Error('enough')),
    });
    await expect(stopped).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(before);
  });

  it('tell their progress network by network', async () => {
    const told: string[] = [];
    const one = runs.filter(({ seed }) => seed === 9);
    await exhibits({
      ...input,
      runs: one,
      onProgress: ({ stage, done, total }) => told.push(`${stage} ${done}/${total}`),
    });
    expect(told).toEqual(['exhibits 1/2', 'exhibits 2/2']);
  });

  it('leave out a layer with too few datapoints, and say so', async () => {
    const few = { shape: [5, 12, 12, 1], data: pixels.data.slice(0, 5 * 144) };
    const plan = { ...input.plan, similarity: { positions: 1, keep: { dims: 6 } } };
    const { representations, movement, warnings } = await exhibits({
      ...input,
      plan,
      images: () => Promise.resolve(few),
    });
    expect(warnings.filter((text) => text.includes('5 datapoints are too few')).length).toBeGreaterThan(0);
    for (const { layers } of movement)
      for (const { scores } of layers) expect(scores.every(Number.isFinite)).toBe(true);
    for (const { layers } of representations) expect(layers.length).toBeLessThan(4);
  });

  it('warn where scores are largely chance', async () => {
    const plan = { ...input.plan, similarity: { positions: 1, keep: 'all' as never } };
    const { warnings, representations } = await exhibits({
      ...input,
      plan,
      images: () => Promise.resolve({ shape: [20, 12, 12, 1], data: pixels.data.slice(0, 20 * 144) }),
    });
    const [last] = representations[0].layers.slice(-1);
    expect(last.chance).toBeGreaterThan(0.5);
    expect(
      warnings.some((text) => text.startsWith(`net: at layer '${last.layer}' unrelated networks score 0.`)),
    ).toBe(true);
  });

  it.each([
    [{ measure: 'svcca,cka' }, /names 2 measures/],
    [{ measure: 'procrustez' }, /procrustez/],
    [{ measure: 'cka', keep: { dims: 2 } }, /keep/],
  ])('refuse %j', async (similarity, message) => {
    await expect(exhibits({ ...input, plan: { ...input.plan, similarity } })).rejects.toThrow(message);
  });
});

afterAll(() => {
  tf.disposeVariables();
});

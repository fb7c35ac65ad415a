/** Exhibits of studies that are cut short, faultless, or have a network that died. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../src/random.js';
import { auc } from '../../src/transfer/auc.js';
import { cbr } from '../../src/transfer/cbr.js';
import type { Condition } from '../../src/transfer/conditions.js';
import { convergence } from '../../src/transfer/exhibits/convergence.js';
import { exhibits } from '../../src/transfer/exhibits/exhibits.js';
import { groupRuns } from '../../src/transfer/exhibits/groups.js';
import type { Moment } from '../../src/transfer/exhibits/input.js';
import { stages } from '../../src/transfer/stages.js';
import type { Stage } from '../../src/transfer/stages.js';
import type { StudyRun } from '../../src/transfer/study-result.js';

const IMAGES = 30;
const labels = Uint8Array.from({ length: IMAGES }, (_, i) => i % 2);
const pixels = {
  shape: [IMAGES, 12, 12, 1],
  data: Float32Array.from(new Random(11).normals(IMAGES * 144)),
};
const conditions: Condition[] = ['random', 'transfuse:block1', 'pretrained', 'gabor', 'hybrid:block2:0.5'];
let named: Stage[];

beforeAll(async () => {
  await tf.setBackend('cpu');
  const model = await network('random', 1, 'initial');
  named = stages(model);
  model.dispose();
});

/** After training everything is moved a little; a dead stage has a normalisation that leaves nothing above 0. */
async function network(condition: Condition, seed: number, moment: Moment, dead?: string) {
  const model = await cbr('Tiny', {
    inputShape: [12, 12, 1],
    classes: 2,
    widths: [4, 5, 6, 8],
    seed: condition === 'random' ? seed : 77,
  });
  if (moment === 'initial') return model;
  const random = new Random(seed);
  tf.tidy(() => {
    const step = ({ shape, size }: tf.Tensor) =>
      tf
        .tensor(Float32Array.from(random.normals(size)), shape)
        .mul(0.1)
        .abs();
    model.setWeights(model.getWeights().map((weight) => weight.add(step(weight))));
    if (dead === undefined) return;
    const layer = model.getLayer(`${dead}_bn`);
    const [gamma, beta, mean, variance] = layer.getWeights();
    layer.setWeights([gamma, tf.fill(beta.shape, -1000), mean, variance]);
  });
  return model;
}

/** Logits of a run; with `fault` 0 they part the classes. */
function logitsOf({ condition, seed }: StudyRun, fault: number): Float32Array {
  const noise = new Random(seed, condition.length).normals(IMAGES);
  return Float32Array.from({ length: 2 * IMAGES }, (_, i) =>
    i % 2 === 0 ? 0 : labels[i >> 1] + fault * noise[i >> 1],
  );
}

function runOf(condition: Condition, seed: number, fault = 1, steps = 10): StudyRun {
  const past = [
    { step: 0, loss: 1, auc: 0.5 },
    { step: steps, loss: 1, auc: 0.9 },
  ];
  const run = { model: 'net', condition, seed, key: `${condition}-${seed}`, parameters: 100 };
  const training = { steps: 30, history: past, kept: past[1], stopped: 'done' as const, warnings: [] };
  const scores = logitsOf(run as StudyRun, fault).filter((_, i) => i % 2 === 1);
  return {
    ...run,
    training,
    test: { loss: 1, auc: { value: auc(scores, labels), low: 0, high: 1 } },
  };
}

const plan = {
  models: { net: { family: 'cbr-Tiny' as const } },
  conditions,
  seeds: [1, 2, 3],
  similarity: { positions: 20 },
  targetAuc: 0.7,
};

async function exhibitsOf(
  runs: readonly StudyRun[],
  { fault = 1, dead }: { fault?: number; dead?: Record<string, string> } = {},
) {
  const before = tf.memory().numTensors;
  const found = await exhibits({
    plan,
    models: [{ name: 'net', parameters: 100, stages: named }],
    runs,
    test: { labels, task: 'classes', classes: ['normal', 'ill'] },
    logits: (run) => Promise.resolve(logitsOf(run, fault)),
    load: ({ condition, seed }, moment) => network(condition, seed, moment, dead?.[condition]),
    images: () => Promise.resolve(pixels),
    engine: 'ml-matrix',
  });
  expect(tf.memory().numTensors).toBe(before);
  // JSON would write either as null.
  const numbers: number[] = [];
  JSON.stringify(found, (_, value: unknown) => {
    if (typeof value === 'number') numbers.push(value);
    return value;
  });
  expect(numbers.every(Number.isFinite)).toBe(true);
  return found;
}

describe('exhibits of a study that was cut short', () => {
  it('are empty where no run has ended', async () => {
    const { performance, representations, movement, filters, hybrid, warnings } = await exhibitsOf([]);
    expect({ performance, representations, movement, filters, hybrid, warnings }).toEqual({
      ...{ performance: [], representations: [], movement: [], filters: [], hybrid: [], warnings: [] },
    });
  });

  it('take the seeds that two conditions have in common', async () => {
    const runs = [
      ...[runOf('random', 1), runOf('random', 2), runOf('pretrained', 2)],
      ...[runOf('transfuse:block1', 3), runOf('hybrid:block2:0.5', 1)],
    ];
    const { performance, hybrid, convergence: curves, representations } = await exhibitsOf(runs);
    const value = (condition: Condition, seed: number) => runOf(condition, seed).test.auc.value;
    expect(performance.map(({ condition, seeds }) => [condition, seeds])).toEqual([
      ['random', [1, 2]],
      ['transfuse:block1', [3]],
      ['pretrained', [2]],
      ['hybrid:block2:0.5', [1]],
    ]);
    const [, transfused, pretrained, lighter] = performance;
    expect(transfused.gain).toBeUndefined();
    expect(pretrained.gain).toMatchObject({
      value: expect.closeTo(value('pretrained', 2) - value('random', 2), 12),
      seeds: [2],
      interval: 'test images',
    });
    expect(lighter.gain!.seeds).toEqual([1]);
    // The pretrained run has another seed than the hybrid's.
    expect(hybrid.map(({ condition, toPretrained }) => [condition, toPretrained?.seeds])).toEqual([
      ['random', [2]],
      ['pretrained', undefined],
      ['hybrid:block2:0.5', undefined],
    ]);
    expect(curves.map(({ marginal }) => marginal)).toEqual([undefined, undefined, undefined, undefined]);
    // Of three networks, any may be the one that is called pretrained.
    expect(representations[0].top).toMatchObject({ labellings: 3, exact: true });
  });

  it.each([
    ['random', [runOf('random', 1)], 1, 0],
    ['pretrained', [runOf('pretrained', 1), runOf('gabor', 1)], 0, 1],
    ['gabor', [runOf('gabor', 1), runOf('gabor', 2)], 0, 0],
  ] as const)('say what is missing beside %s', async (_, runs, scratch, pretrained) => {
    const { representations, startAndEnd, warnings, movement } = await exhibitsOf(runs);
    expect([representations, startAndEnd]).toEqual([[], []]);
    expect(movement.flatMap(({ seeds }) => seeds)).toHaveLength(runs.length);
    expect(warnings).toEqual([expect.stringContaining(`there are ${scratch} and ${pretrained}.`)]);
  });
});

describe('exhibits of networks at an end', () => {
  it('say that an AUC of 1 has an interval of no width', async () => {
    const runs = [1, 2].flatMap((seed) => [runOf('random', seed, 0), runOf('pretrained', seed, 0)]);
    const { performance, warnings } = await exhibitsOf(runs, { fault: 0 });
    expect(performance[1].mean).toEqual({ value: 1, low: 1, high: 1 });
    expect(performance[1].gain).toMatchObject({ value: 0, low: 0, high: 0, p: 1 });
    expect(
      warnings.filter((text) => text.includes('AUC of 1 in every run, its interval has no width')),
    ).toEqual([expect.stringMatching(/^net, random: /), expect.stringMatching(/^net, pretrained: /)]);
  });

  it.each(['random', 'pretrained', 'gabor'] as const)('name a layer that died: %s', async (condition) => {
    const runs = [runOf('random', 1), runOf('random', 2), runOf('pretrained', 1), runOf('gabor', 1)];
    const { movement, warnings } = await exhibitsOf(runs, { dead: { [condition]: 'block2' } });
    const [first, second] = movement.find((one) => one.condition === condition)!.layers;
    expect(first.mean).toBeGreaterThan(0.1);
    expect(second.scores.every((score) => score === 0)).toBe(true);
    const told = warnings.filter((text) => text.includes('is the same for every image'));
    expect(told[0]).toBe(
      `net, ${condition}, seed 1: after training layer 'block2_pool' is the same for every image, so that its scores are 0.`,
    );
    // Everything behind it is still too, in every network of the condition; nothing is told twice.
    expect(told).toHaveLength(3 * runs.filter((run) => run.condition === condition).length);
    expect(new Set(told).size).toBe(told.length);
  });
});

describe('marginal gains', () => {
  it('are over the condition that reuses the next fewer stages, wherever it stands in the plan', () => {
    const order: Condition[] = ['pretrained', 'transfuse:head', 'transfuse:block4', 'gabor', 'random'];
    const runs = order.map((condition, i) => runOf(condition, 1, 1, 10 + i));
    const models = [{ name: 'net', parameters: 100, stages: named }];
    const own = { ...plan, conditions: order };
    const found = convergence(groupRuns({ plan: own, models, runs }), { plan: own, models });
    expect(found.map(({ condition, marginal }) => [condition, marginal?.than, marginal?.steps])).toEqual([
      // Full transfer is block4; with the classifier it is more than that.
      ['pretrained', 'random', 4],
      ['transfuse:head', 'transfuse:block4', 1],
      ['transfuse:block4', 'random', 2],
      ['gabor', undefined, undefined],
      ['random', undefined, undefined],
    ]);
  });
});

/** Plans: what is wrong is named by its place, and what is left open is filled in. */
import { describe, expect, it } from 'vitest';
import { OptionError } from '../../src/errors.js';
import { checkPlan } from '../../src/transfer/plan-check.js';
import type { StudyPlan } from '../../src/transfer/plan.js';

const plan = {
  data: { target: { from: 'x-rays.npz' }, source: { from: 'clothes.npz' } },
  models: { small: { family: 'cbr-Tiny', width: 0.25 } },
  conditions: ['random', 'pretrained', 'transfuse:block1'],
  seeds: [1, 2],
  training: { epochs: 3 },
} as const satisfies StudyPlan;

describe('checkPlan', () => {
  it('fills in every default, and changes nothing the second time', () => {
    const resolved = checkPlan(plan);
    const training = {
      epochs: 3,
      batchSize: 32,
      optimizer: 'adam',
      learningRate: 1e-3,
      schedule: { kind: 'cosine', warmup: 0 },
      augment: { flip: false, shift: 0 },
      pixels: { offset: 0, scale: 255 },
      keep: 'last',
      frozen: [],
    };
    expect(resolved).toEqual({
      format: 'svcca/plan@1',
      title: 'Transfer study',
      data: { target: { from: 'x-rays.npz', seed: 0 }, source: { from: 'clothes.npz', seed: 0 } },
      models: {
        small: {
          family: 'cbr-Tiny',
          width: 0.25,
          pretrained: 'source',
          conditions: ['random', 'pretrained', 'transfuse:block1'],
          training,
          pretraining: { ...training, seed: 0 },
        },
      },
      conditions: ['random', 'pretrained', 'transfuse:block1'],
      seeds: [1, 2],
      training: { epochs: 3 },
      similarity: { measure: 'svcca', seed: 0 },
    });
    expect(JSON.stringify(checkPlan(JSON.parse(JSON.stringify(resolved))))).toBe(JSON.stringify(resolved));
  });

  it('takes what a model says before what the plan says, and steps in the place of epochs', () => {
    const { models } = checkPlan({
      ...plan,
      models: {
        lite: {
          family: 'efficientNetLite0',
          inputShape: [64, 64, 3],
          pretrained: 'lite0/model.json',
          conditions: ['pretrained'],
          training: { steps: 7, learningRate: 0.01 },
        },
        small: {
          family: 'cbr-Tiny',
          training: { augment: { shift: 2 }, frozen: ['block1'] },
          pretraining: { batchSize: 8 },
        },
      },
      training: { epochs: 3, patience: 5 },
      pretraining: { epochs: 1, batchSize: 64, seed: 9 },
    });
    expect(models['lite'].training).toMatchObject({ steps: 7, learningRate: 0.01, patience: 5 });
    expect(models['lite'].training).not.toHaveProperty('epochs');
    // As the ImageNet weights of this family want the pixels.
    expect(models['lite'].training.pixels).toEqual({ offset: 127, scale: 128 });
    expect(models['lite']).not.toHaveProperty('pretraining');
    expect(models['small'].training.augment).toEqual({ flip: false, shift: 2 });
    expect(models['small'].training.frozen).toEqual(['block1']);
    expect(models['small'].pretraining).toMatchObject({ epochs: 1, batchSize: 8, seed: 9, frozen: [] });
  });

  it('needs no source data where nothing is pretrained', () => {
    const { models } = checkPlan({
      ...plan,
      data: { target: { from: 'mnist' } },
      conditions: ['random', 'gabor'],
    });
    expect(models['small']).not.toHaveProperty('pretrained');
    expect(models['small']).not.toHaveProperty('pretraining');
  });

  const one = (more: object) => ({ ...plan, models: { large: { family: 'cbr-LargeT', ...more } } });
  it.each<[string, unknown, RegExp]>([
    ['no object', [], /^the plan is \[\]: give an object/],
    ['nothing', null, /^the plan is null: give an object/],
    ['a missing part', { ...plan, seeds: undefined }, /^seeds is missing: the plan needs it/],
    [
      'a stranger',
      { ...plan, modles: {} },
      /^modles is not known: the plan takes format, title, data, models/,
    ],
    ['another format', { ...plan, format: 'svcca/plan@2' }, /^format is 'svcca\/plan@2': choose one of/],
    ['no models', { ...plan, models: {} }, /^models is empty: name at least one/],
    [
      'a name that is none',
      { ...plan, models: { 'a/b': { family: 'cbr-Tiny' } } },
      /^models has the name 'a\/b'/,
    ],
    ['no family', one({ family: undefined }), /^models\.large\.family is missing/],
    [
      'an unknown family',
      one({ family: 'vgg' }),
      /^models\.large\.family is 'vgg': choose one of 'cbr-LargeT'/,
    ],
    ['a width of 0', one({ width: 0 }), /^models\.large\.width is 0: give a number above 0/],
    [
      'two axes',
      one({ inputShape: [28, 28] }),
      /^models\.large\.inputShape is \[28,28\]: give \[height, width/,
    ],
    [
      'half a pixel',
      one({ inputShape: [28, 2.5, 1] }),
      /^models\.large\.inputShape\[1\] is 2\.5: give a whole/,
    ],
    [
      'no condition',
      one({ conditions: ['random', 'gabor', 'best'] }),
      /^models\.large\.conditions\[2\]: condition 'best' is none.*transfuse:STAGE/,
    ],
    ['a condition that is a number', { ...plan, conditions: [3] }, /^conditions\[0\]: condition 3 is none/],
    [
      'a factor above 1',
      { ...plan, conditions: ['hybrid:block1:2'] },
      /^conditions\[0\]: FACTOR of .* above 0/,
    ],
    [
      'a condition twice',
      { ...plan, conditions: ['random', 'random'] },
      /^conditions\[1\] is 'random' again/,
    ],
    ['no condition at all', { ...plan, conditions: [] }, /^conditions is empty: name at least 1/],
    [
      'a seed that is text',
      { ...plan, seeds: ['1'] },
      /^seeds\[0\] is '1': give a whole number of at least 0/,
    ],
    ['one seed for all', { ...plan, seeds: 3 }, /^seeds is 3: give a list/],
    ['a seed twice', { ...plan, seeds: [1, 2, 1] }, /^seeds\[2\] is 1 again/],
    ['neither steps nor epochs', { ...plan, training: {} }, /^training says neither steps nor epochs/],
    [
      'steps and epochs',
      { ...plan, training: { steps: 1, epochs: 1 } },
      /^training has both steps and epochs/,
    ],
    [
      'a misspelt option',
      { ...plan, training: { epoch: 1 } },
      /^training\.epoch is not known: training takes steps/,
    ],
    [
      'a kind of schedule',
      one({ training: { schedule: { kind: 'cos' } } }),
      /^models\.large\.training\.schedule\.kind is 'cos': choose one of 'constant'/,
    ],
    [
      'pixels without scale',
      one({ training: { pixels: { offset: 1 } } }),
      /training\.pixels\.scale is missing/,
    ],
    [
      'infinite pixels',
      one({ training: { pixels: { offset: Infinity, scale: 1 } } }),
      /offset is Infinity: give a n/,
    ],
    ['an empty path', { ...plan, data: { target: { from: ' ' } } }, /^data\.target\.from is ' ': give text/],
    [
      'one class',
      { ...plan, data: { target: { from: 'a', only: ['0'] } } },
      /^data\.target\.only is too short: name at least 2/,
    ],
    [
      'half an image',
      { ...plan, data: { target: { from: 'a', train: 0.5 } } },
      /^data\.target\.train is 0\.5: give a/,
    ],
    [
      'one side',
      { ...plan, data: { target: { from: 'a', size: [28] } } },
      /^data\.target\.size is \[28\]: give \[height/,
    ],
    [
      'nothing to start from',
      { ...plan, data: { target: { from: 'a' } } },
      /^conditions\[1\] is 'pretrained', and model 'small' has nothing to start from: give data\.source, or models\.small/,
    ],
    [
      'a source that is not there',
      {
        ...plan,
        data: { target: { from: 'a' } },
        conditions: ['random'],
        models: { x: { family: 'cbr-Tiny', pretrained: 'source' } },
      },
      /^models\.x\.pretrained is 'source', and the plan has no data\.source/,
    ],
    [
      'a measure',
      { ...plan, similarity: { measure: 'cosine' } },
      /^similarity\.measure is 'cosine': choose one of/,
    ],
    ['all directions', { ...plan, similarity: { keep: 'all' } }, /^similarity\.keep is 'all': give one of/],
    [
      'too much variance',
      { ...plan, similarity: { keep: { variance: 2 } } },
      /^similarity\.keep is {"variance":2}: /,
    ],
    ['a target of 1', { ...plan, targetAuc: 1 }, /^targetAuc is 1: give a number between 0 and 1/],
    ['no time', { ...plan, budget: { minutes: 0 } }, /^budget\.minutes is 0: give a number above 0/],
  ])('refuses %s', (_, json, message) => {
    expect(() => checkPlan(json)).toThrow(OptionError);
    expect(() => checkPlan(json)).toThrow(message);
  });
});

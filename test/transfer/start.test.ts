/** Conditions: their text, and what a network of each begins with. */
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OptionError, ShapeError } from '../../src/errors.js';
import { needsPretrained, parseCondition, type Condition } from '../../src/transfer/conditions.js';
import { buildModel } from '../../src/transfer/models.js';
import { startFrom, type StartOptions } from '../../src/transfer/start.js';
import { copied, residual, weightsOf, worn } from './start-models.js';
import { stages } from '../../src/transfer/stages.js';

describe('parseCondition', () => {
  it('takes conditions apart', () => {
    expect(parseCondition('random')).toEqual({ kind: 'random' });
    expect(parseCondition('meanVar', ['block1'])).toEqual({ kind: 'meanVar' });
    expect(parseCondition('transfuse:block2')).toEqual({ kind: 'transfuse', stage: 'block2' });
    expect(parseCondition('hybrid:block2:0.5', ['block2'])).toEqual({
      kind: 'hybrid',
      stage: 'block2',
      factor: 0.5,
    });
    expect(
      (['random', 'pretrained', 'meanVar', 'gabor', 'transfuse:a', 'hybrid:a:1'] as const).map(
        needsPretrained,
      ),
    ).toEqual([false, true, true, false, true, true]);
  });

  it.each([
    [
      'pretraind',
      /'pretraind' is none .*random, pretrained, meanVar, gabor, transfuse:STAGE or hybrid:STAGE:FACTOR/,
    ],
    ['transfuse', /'transfuse' is none/],
    ['transfuse:', /is none/],
    ['transfuse:a:b', /is none/],
    ['hybrid:block2', /is none/],
    ['random:block2', /is none/],
    ['hybrid:block2:2', /FACTOR of condition 'hybrid:block2:2' is '2'/],
    ['hybrid:block2:', /FACTOR .* is ''/],
    ['hybrid:block2:half', /is 'half': give a share/],
    [
      'transfuse:block9',
      /a stage 'block9' that the network does not have: the stages are block1, block2, head/,
    ],
    [undefined as unknown as string, /condition undefined is none/],
  ])('refuses %s', (text, message) => {
    expect(() => parseCondition(text, ['block1', 'block2', 'head'])).toThrow(OptionError);
    expect(() => parseCondition(text, ['block1', 'block2', 'head'])).toThrow(message);
  });
});

describe('startFrom', () => {
  const spec = { family: 'cbr-Tiny', inputShape: [12, 12, 1], classes: 2, width: 0.25 } as const;
  let pretrained: tf.LayersModel;
  let random: Record<string, Float32Array>;

  beforeAll(async () => {
    await tf.setBackend('cpu');
    pretrained = worn(await buildModel({ ...spec, classes: 10 }, { seed: 9 }));
    random = await weightsFrom('random', { seed: 5 });
  });
  afterAll(() => {
    pretrained.dispose();
  });

  /** Weights of a condition; it leaves the weights of the new model and nothing else. */
  async function weightsFrom(
    condition: Condition,
    options: StartOptions = {},
  ): Promise<Record<string, Float32Array>> {
    const before = tf.memory().numTensors;
    const model = await startFrom(condition, {
      build: () => buildModel(spec),
      pretrained,
      seed: 5,
      ...options,
    });
    expect(tf.memory().numTensors - before).toBe(model.weights.length);
    const weights = weightsOf(model);
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
    return weights;
  }

  const sources = (weights: Record<string, Float32Array>) => {
    const from = weightsOf(pretrained);
    const same = (a: Float32Array, b: Float32Array | undefined) =>
      b?.length === a.length && a.every((x, i) => x === b[i]);
    const found: Record<string, string> = {};
    for (const [name, values] of Object.entries(weights)) {
      found[name] = same(values, from[name]) ? 'pretrained' : same(values, random[name]) ? 'random' : 'other';
    }
    return found;
  };

  it('random: the seed alone decides', async () => {
    expect(await weightsFrom('random', { build: () => buildModel(spec, { seed: 77 }) })).toEqual(random);
    expect(await weightsFrom('random', { seed: 6 })).not.toEqual(random);
    const model = worn(await buildModel(spec));
    const kept = copied(model);
    const copy = await startFrom('random', { model, seed: 5 });
    expect(weightsOf(copy)).toEqual(random);
    expect(copied(model)).toEqual(kept);
    copy.dispose();
    model.dispose();
  });

  it('pretrained and transfuse: up to the stage, and the rest as random has it', async () => {
    const kept = copied(pretrained);
    for (const [condition, reused] of [
      ['pretrained', /^block/],
      ['transfuse:block1', /^block1/],
      ['transfuse:block3', /^block[123]/],
      ['transfuse:block4', /^block/],
    ] as const) {
      const found = sources(await weightsFrom(condition));
      expect(Object.keys(found)).toHaveLength(22);
      for (const [name, from] of Object.entries(found)) {
        expect(from, `${condition} ${name}`).toBe(reused.test(name) ? 'pretrained' : 'random');
      }
    }
    expect(copied(pretrained)).toEqual(kept);
    // The classifier is fresh also where it would fit.
    const same = await buildModel(spec, { seed: 3 });
    expect((await weightsFrom('pretrained', { pretrained: same }))['head_logits/kernel']).toEqual(
      random['head_logits/kernel'],
    );
    same.dispose();
  });

  it('meanVar: every weight tensor but the classifier and the statistics', async () => {
    const found = sources(await weightsFrom('meanVar'));
    for (const [name, from] of Object.entries(found)) {
      expect(from, name).toBe(/moving|head/.test(name) ? 'random' : 'other');
    }
  });

  it('gabor: conv1 alone', async () => {
    const weights = await weightsFrom('gabor', { pretrained: undefined as unknown as tf.LayersModel });
    for (const [name, from] of Object.entries(sources(weights))) {
      expect(from, name).toBe(name === 'block1_conv/kernel' ? 'other' : 'random');
    }
  });

  it('hybrid: the pretrained stages, and lighter ones after them', async () => {
    const weights = await weightsFrom('hybrid:block2:0.5');
    const found = sources(weights);
    for (const [name, from] of Object.entries(found)) {
      if (/^block[12]/.test(name)) expect(from, name).toBe('pretrained');
      if (name === 'block3_conv/kernel') expect(weights[name]).toHaveLength(random[name].length / 2);
      if (name === 'block4_conv/kernel') expect(weights[name]).toHaveLength(random[name].length / 4);
    }
    expect(weights['head_logits/bias']).toHaveLength(2);
    expect(await weightsFrom('hybrid:block2:0.5')).toEqual(weights);
  });

  it("starts users' own models in every condition", async () => {
    const own = worn(residual(4));
    const model = residual(2);
    const second = stages(model)[1].name;
    for (const condition of [
      'random',
      'pretrained',
      'meanVar',
      'gabor',
      `transfuse:${second}`,
      `hybrid:${second}:0.5`,
    ] as const) {
      const before = tf.memory().numTensors;
      const started = await startFrom(condition, { model, pretrained: own, seed: 1 });
      expect(tf.memory().numTensors - before, condition).toBe(started.weights.length);
      expect(
        copied(started)
          .flatMap((values) => Array.from(values))
          .every(Number.isFinite),
      ).toBe(true);
      started.dispose();
    }
    own.dispose();
    model.dispose();
  });

  it('keeps nothing but the model where layers are used twice', async () => {
    const { concatenate, conv2d, dense, globalAveragePooling2d } = tf.layers;
    const images = [0, 1].map(() => tf.input({ shape: [8, 8, 1] }));
    const conv = conv2d({ filters: 4, kernelSize: 3 });
    const tower = tf.sequential({
      layers: [conv2d({ inputShape: [6, 6, 4], filters: 4, kernelSize: 3 }), globalAveragePooling2d({})],
    });
    const both = images.map((image) => tower.apply(conv.apply(image)) as tf.SymbolicTensor);
    const hidden = dense({ units: 6 }).apply(concatenate().apply(both));
    const model = tf.model({
      inputs: images,
      outputs: dense({ units: 2 }).apply(hidden) as tf.SymbolicTensor,
    });
    const [first] = stages(model);
    for (const condition of ['random', 'gabor', 'meanVar', `hybrid:${first.name}:0.5`] as const) {
      const before = tf.memory().numTensors;
      const started = await startFrom(condition, { model, pretrained: model, seed: 1 });
      const own = new Set(started.weights.map((weight) => weight.read()));
      expect(tf.memory().numTensors - before, condition).toBe(own.size);
      tf.dispose([...own]);
      await expect(startFrom('transfuse:head', { model, pretrained, seed: 1 })).rejects.toThrow(ShapeError);
      expect(tf.memory().numTensors, condition).toBe(before);
    }
    tf.dispose(model.weights.map((weight) => weight.read()));
  });

  it('says what is wrong, and leaks nothing', async () => {
    const other = await buildModel({ ...spec, width: 0.125 });
    const before = tf.memory().numTensors;
    const build = () => buildModel(spec);
    await expect(startFrom('pretrained', { build })).rejects.toThrow(
      "starts from a pretrained network: give 'pretrained'",
    );
    await expect(startFrom('transfuse:block9', { build, pretrained })).rejects.toThrow(
      /'block9'.*block1, block2, .*head/,
    );
    await expect(startFrom('transfuse:head', { build, pretrained })).rejects.toThrow(ShapeError);
    await expect(startFrom('pretrained', { build, pretrained: other })).rejects.toThrow(
      /'block1_conv': kernel/,
    );
    await expect(startFrom('hybrid:block4:0.5', { build, pretrained })).rejects.toThrow(/no layer after it/);
    await expect(startFrom('rand' as 'random', { build })).rejects.toThrow(OptionError);
    await expect(startFrom('random', {})).rejects.toThrow("either 'build'");
    await expect(startFrom('random', { build, model: other })).rejects.toThrow("either 'build'");
    await expect(startFrom('random', { build, sed: 1 } as StartOptions)).rejects.toThrow("no option 'sed'");
    expect(tf.memory().numTensors).toBe(before);
    other.dispose();
  });
});

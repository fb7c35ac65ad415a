/** `transfuse`: what is reused is the same to the bit and to `compare`, all else as it was. */
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compare } from '../../src/compare/compare.js';
import { OptionError, ShapeError } from '../../src/errors.js';
import { cbr } from '../../src/transfer/cbr.js';
import { initialise } from '../../src/transfer/initialise.js';
import { stages } from '../../src/transfer/stages.js';
import { transfuse } from '../../src/transfer/transfuse.js';
import { withoutLeak } from '../capture/models.js';
import { copied, noise, residual, weightsOf, worn } from './start-models.js';

let source: tf.LayersModel;
let images: tf.Tensor4D;

beforeAll(async () => {
  await tf.setBackend('cpu');
  source = worn(await tiny(3, 1));
  images = noise(150, 12);
});
afterAll(() => {
  source.dispose();
  images.dispose();
});

const tiny = (classes: number, seed: number) =>
  cbr('Tiny', { inputShape: [12, 12, 1], classes, width: 0.125, seed });

/** Names of a model's layers whose output can be compared. */
const outputs = ['block1_relu', 'block1_pool', 'block2_conv', 'block2_relu', 'block2_pool'];
const fresh = ['block3_conv', 'block3_relu', 'block4_relu', 'head_logits'];

describe('transfuse', () => {
  it('makes the reused layers compare as 1 and no other', async () => {
    const target = await tiny(2, 2);
    const before = weightsOf(target);
    const { layers, parameters } = await withoutLeak(() => transfuse(source, target, { upTo: 'block2' }));
    expect(layers).toEqual(['block1_conv', 'block1_bn', 'block2_conv', 'block2_bn']);
    // 5 × 5 kernels of 1 → 4 → 8 channels, and four vectors of each normalisation.
    expect(parameters).toBe(25 * 4 + 4 * 4 + 25 * 4 * 8 + 4 * 8);

    for (const measure of ['svcca', 'cka'] as const) {
      const similarity = await compare(source, target, images, {
        measure,
        layers: [...outputs, ...fresh],
        positions: 4,
      });
      for (const layer of outputs)
        expect(Math.abs(similarity.at(layer, layer) - 1), layer).toBeLessThan(1e-6);
      for (const layer of fresh) expect(similarity.at(layer, layer), layer).toBeLessThan(0.99);
    }

    const [from, after] = [weightsOf(source), weightsOf(target)];
    for (const name of Object.keys(after)) {
      const reused = /^block[12]_/.test(name);
      expect(after[name], name).toEqual(reused ? from[name] : before[name]);
      if (reused) expect(after[name], name).not.toEqual(before[name]);
    }
    target.dispose();
  });

  it('leaves two models that share nothing', async () => {
    const donor = worn(await tiny(2, 4), 4);
    const target = await tiny(2, 5);
    const all = await transfuse(donor, target, { upTo: 'head' });
    expect(all.parameters).toBe(target.countParams());
    const kept = copied(donor);
    const few = images.slice(0, 16);
    const predict = (model: tf.LayersModel) =>
      tf.tidy(() => (model.predict(few) as tf.Tensor).dataSync().slice());
    const expected = predict(donor);
    expect(predict(target)).toEqual(expected);

    // Training the target does not reach the donor.
    target.compile({ optimizer: tf.train.sgd(0.1), loss: 'meanSquaredError' });
    const answers = tf.ones([16, 2]);
    await target.fit(few, answers, { epochs: 1, batchSize: 16 });
    expect(copied(donor)).toEqual(kept);
    expect(predict(donor)).toEqual(expected);
    expect(predict(target)).not.toEqual(expected);

    // Nor does the end of the donor reach the target.
    const trained = predict(target);
    donor.dispose();
    expect(predict(target)).toEqual(trained);
    target.dispose();
    answers.dispose();
    few.dispose();
  });

  it('takes a stage, a layer or the list of all layers', async () => {
    const written = async (upTo: string | string[]) => {
      const target = await tiny(2, 2);
      const { layers } = await transfuse(source, target, { upTo });
      const { length } = layers;
      target.dispose();
      return length;
    };
    expect(await written('block1')).toBe(2);
    expect(await written('block1_conv')).toBe(1);
    expect(await written('block1_relu')).toBe(2);
    expect(await written('block2_conv')).toBe(3);
    expect(await written(['block1_conv', 'block1_bn', 'block1_relu', 'block2_conv'])).toBe(3);
    // In any order, and whole stages.
    expect(await written(['block2_conv', 'block1'])).toBe(3);
    expect(await written('block4')).toBe(8);
  });

  it("works on users' own models, whose layers have other names in each", async () => {
    const a = worn(residual(3));
    const b = residual(5);
    expect(b.layers[1].name).not.toBe(a.layers[1].name);
    const names = stages(b).map(({ name }) => name);
    await withoutLeak(() => transfuse(a, b, { upTo: names.at(-2)! }));
    expect(copied(b).slice(0, -2)).toEqual(copied(a).slice(0, -2));
    a.dispose();
    b.dispose();
  });

  it('reaches into nested models, also from a flat one', async () => {
    const backbone = (name?: string) =>
      tf.sequential({
        ...(name !== undefined && { name }),
        layers: [
          tf.layers.conv2d({ name: 'c1', inputShape: [6, 6, 1], filters: 3, kernelSize: 3 }),
          tf.layers.batchNormalization({ name: 'n1' }),
          tf.layers.conv2d({ name: 'c2', filters: 4, kernelSize: 3 }),
        ],
      });
    const flat = worn(backbone());
    const nested = tf.sequential({
      layers: [backbone('body'), tf.layers.flatten(), tf.layers.dense({ name: 'out', units: 2 })],
    });
    const { layers } = await transfuse(flat, nested, { upTo: 'body/n1' });
    expect(layers).toEqual(['body/c1', 'body/n1']);
    expect(copied(nested).slice(0, 6)).toEqual(copied(flat).slice(0, 6));
    expect(copied(nested)[6]).not.toEqual(copied(flat)[6]);
    expect((await transfuse(flat, nested, { upTo: 'body' })).layers).toEqual([
      'body/c1',
      'body/n1',
      'body/c2',
    ]);
    expect(copied(nested).slice(0, 8)).toEqual(copied(flat));
    await expect(transfuse(flat, nested, { upTo: 'out' })).rejects.toThrow(
      /'out' has no partner: the source has 3 layers with weights/,
    );
    flat.dispose();
    nested.dispose();
  });

  it('copies frozen layers, and to frozen ones', async () => {
    const a = worn(await tiny(2, 1));
    const b = await tiny(2, 2);
    a.layers.forEach((layer) => {
      layer.trainable = false;
    });
    await transfuse(a, b, { upTo: 'head' });
    expect(weightsOf(b)).toEqual(weightsOf(a));
    await initialise(a, { seed: 9 });
    await transfuse(b, a, { upTo: 'head' });
    expect(weightsOf(a)).toEqual(weightsOf(b));
    a.dispose();
    b.dispose();
  });

  it('says what is wrong before it writes anything', async () => {
    const target = await tiny(2, 2);
    const wide = await cbr('Tiny', { inputShape: [12, 12, 1], classes: 3, widths: [4, 8, 16, 20] });
    const user = residual();
    const before = copied(target);
    const refused = async (
      from: tf.LayersModel,
      options: object,
      kind: typeof OptionError | typeof ShapeError,
      message: RegExp,
    ) => {
      const call = transfuse(from, target, options as { upTo: string });
      await expect(call).rejects.toThrow(kind);
      await expect(call).rejects.toThrow(message);
    };
    await withoutLeak(async () => {
      await refused(
        source,
        { upTo: 'head' },
        ShapeError,
        /'head_logits': kernel is \[32, 2\].* \[32, 3\].*classes/,
      );
      await refused(
        wide,
        { upTo: 'block4' },
        ShapeError,
        /'block4_conv': kernel is \[5, 5, 16, 32\].*\[5, 5, 16, 20\]/,
      );
      await refused(
        source,
        { upTo: 'block9' },
        OptionError,
        /'block9'.*the stages are block1, block2, .*head/,
      );
      const gap = ['block1', 'block3'];
      await refused(
        source,
        { upTo: gap },
        OptionError,
        /leaves out layer 'block2_conv', which comes before 'block3_bn'/,
      );
      await refused(source, { upTo: ['block1', 'nothing'] }, OptionError, /names 'nothing'/);
      await refused(source, { upTo: [] }, OptionError, /upTo is \[\]: give the name of a stage/);
      await refused(source, {}, OptionError, /upTo is undefined/);
      await refused(source, { upTo: 'block1', deep: true }, OptionError, /transfuse has no option 'deep'/);
      await refused(user, { upTo: 'block2' }, ShapeError, /'block1_conv' \(source: '.*'\)/);
      await refused({} as never, { upTo: 'block1' }, OptionError, /source is another object/);
    });
    expect(copied(target)).toEqual(before);
    tf.dispose([target, wide, user].flatMap((model) => model.weights.map((weight) => weight.read())));
  });
});

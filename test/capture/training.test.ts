/** Activations as in training, of models that do not change by it. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { capture } from '../../src/capture/capture.js';
import { listLayers } from '../../src/capture/probe.js';
import { distance } from '../support.js';
import { activations, images, names, nested, randomise, sequential, withoutLeak } from './models.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const training = (seed: number, start = 0) => ({ training: true, seed, start });
const weightsOf = (model: tf.LayersModel): number[][] => model.getWeights().map((w) => [...w.dataSync()]);

/** A layer that draws numbers and counts its calls in a variable. */
class Noise extends tf.layers.Layer {
  static className = 'Noise';
  readonly calls = tf.variable(tf.scalar(0), false);
  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    this.calls.assign(this.calls.add(1));
    const [x] = [inputs].flat();
    return x.add(tf.randomNormal(x.shape)).add(tf.truncatedNormal(x.shape)).add(tf.randomUniform(x.shape));
  }
}

/** Every layer of TensorFlow.js that draws numbers in training, and one of a user. */
function random(): tf.LayersModel {
  return randomise(
    tf.sequential({
      name: 'random',
      layers: [
        tf.layers.dense({ name: 'dense', units: 8, inputShape: [6, 4] }),
        tf.layers.dropout({ name: 'drop', rate: 0.4 }),
        tf.layers.dropout({ name: 'fixed', rate: 0.4, seed: 3 }),
        tf.layers.spatialDropout1d({ name: 'spatial', rate: 0.4 }),
        tf.layers.gaussianNoise({ name: 'noise', stddev: 0.5 }),
        tf.layers.gaussianDropout({ name: 'gauss', rate: 0.3 }),
        tf.layers.alphaDropout({ name: 'alpha', rate: 0.3 }),
        new Noise({ name: 'own' }),
        tf.layers.lstm({
          name: 'lstm',
          units: 3,
          returnSequences: true,
          dropout: 0.4,
          recurrentDropout: 0.4,
        }),
        tf.layers.bidirectional({
          name: 'both',
          layer: tf.layers.gru({ units: 2, dropout: 0.4 }),
          mergeMode: 'concat',
        }),
      ],
    }),
  );
}

describe('training mode', () => {
  it('turns dropout on, scaled, and takes the statistics of the batch', async () => {
    const model = sequential();
    const x = images(6);
    const raw = await withoutLeak(() => activations(model, ['conv1', 'norm', 'drop'], [x], training(1)));
    const conv = raw.get('conv1')!;
    const [gamma, beta] = model.getLayer('norm').getWeights();
    const input = tf.tensor(conv.data, [6, 4, 4, 3]);
    const { mean, variance } = tf.moments(input, [0, 1, 2]);
    const norm = input.sub(mean).div(variance.add(1e-3).sqrt()).mul(gamma).add(beta);
    expect(distance(raw.get('norm')!.data, norm.dataSync())).toBeLessThan(1e-5);
    const [before, after] = [raw.get('norm')!.data, raw.get('drop')!.data];
    let dropped = 0;
    for (let i = 0; i < after.length; i++) {
      if (after[i] === 0) dropped++;
      else expect(after[i]).toBeCloseTo(2 * before[i], 5);
    }
    // 288 values at rate 0.5: 144 ± 5 standard deviations.
    expect(Math.abs(dropped - 144)).toBeLessThan(43);
  });

  it.each([
    [false, true],
    [true, false],
    [false, false],
  ])('normalises by the batch without scale or centre too (scale %s, centre %s)', async (scale, center) => {
    const norm = tf.layers.batchNormalization({ name: 'norm', inputShape: [3], scale, center });
    const model = randomise(tf.sequential({ layers: [norm] }));
    const x = images(5, [3]);
    const raw = await withoutLeak(() => activations(model, ['norm'], [x], training(0)));
    const { mean, variance } = tf.moments(x, 0);
    const normed = x.sub(mean).div(variance.add(1e-3).sqrt());
    const [first] = norm.getWeights();
    const expected = scale ? normed.mul(first) : center ? normed.add(first) : normed;
    expect(distance(raw.get('norm')!.data, expected.dataSync())).toBeLessThan(1e-6);
    // tfjs itself cannot train such a layer; in inference nothing has changed.
    expect(() => model.apply(x, { training: true })).toThrow();
    expect((model.predict(x) as tf.Tensor).shape).toEqual([5, 3]);
  });

  it('equals a fit’s own forward pass where nothing is random', async () => {
    const model = randomise(
      tf.sequential({
        layers: [
          tf.layers.conv2d({ name: 'conv', inputShape: [6, 6, 2], filters: 3, kernelSize: 3 }),
          tf.layers.batchNormalization({ name: 'norm' }),
          tf.layers.flatten({ name: 'flat' }),
        ],
      }),
    );
    const x = images(4);
    const raw = await activations(model, ['flat'], [x], training(0));
    const before = weightsOf(model);
    const applied = model.apply(x, { training: true }) as tf.Tensor;
    expect(distance(raw.get('flat')!.data, applied.dataSync())).toBe(0);
    // The same call by the user does move the statistics.
    expect(weightsOf(model)).not.toEqual(before);
  });

  it('depends on the seed, the layer and the first sample of the batch, and on nothing else', async () => {
    const model = random();
    const layers = names(listLayers(model));
    const x = tf.ones([3, 6, 4]);
    const read = async (seed: number, start: number) => {
      const raw = await withoutLeak(() => activations(model, layers, [x], training(seed, start)));
      return new Map([...raw].map(([name, { data }]) => [name, Array.from(data, Number)]));
    };
    const first = await read(1, 0);
    Math.random();
    expect(await read(1, 0)).toEqual(first);
    // Another model of the same weights and names: nothing hangs on the instance.
    const twin = await activations(random(), layers, [x], training(1));
    for (const name of layers) expect(Array.from(twin.get(name)!.data, Number)).toEqual(first.get(name));
    const [seed, start] = [await read(2, 0), await read(1, 3)];
    for (const name of layers.slice(layers.indexOf('drop'))) {
      expect(seed.get(name), `${name} by seed`).not.toEqual(first.get(name));
      expect(start.get(name), `${name} by start`).not.toEqual(first.get(name));
    }
    // A layer's numbers do not depend on which others run, but for what they hand on.
    const alone = await activations(model, ['drop'], [x], training(1));
    expect(Array.from(alone.get('drop')!.data, Number)).toEqual(first.get('drop'));
  });

  it('draws different numbers in two layers of one kind', async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dropout({ name: 'one', rate: 0.5, inputShape: [200] }),
        tf.layers.dropout({ name: 'two', rate: 0.5 }),
      ],
    });
    const raw = await activations(model, ['one', 'two'], [tf.ones([1, 200])], training(4));
    const dropped = (name: string) => Array.from(raw.get(name)!.data, (value) => value === 0);
    // Of those that the first keeps, the second drops about half.
    const kept = dropped('one').filter((drop) => !drop).length;
    const left = dropped('two').filter((drop) => !drop).length;
    expect(left).toBeGreaterThan(kept / 4);
    expect(left).toBeLessThan((3 * kept) / 4);
  });

  it('leaves weights, statistics, variables, seeds and Math.random as they were, on success and on error', async () => {
    const model = random();
    const { model: transfer } = nested();
    const normed = sequential();
    const own = model.getLayer('own') as unknown as { readonly calls: tf.Variable };
    const math = Math.random;
    const before = [weightsOf(model), weightsOf(normed)];
    const shapes = { json: model.toJSON(undefined, false), own: Object.keys(model.getLayer('drop')) };
    const x = tf.ones([2, 6, 4]);
    const unchanged = (): void => {
      expect([weightsOf(model), weightsOf(normed)]).toEqual(before);
      expect({ json: model.toJSON(undefined, false), own: Object.keys(model.getLayer('drop')) }).toEqual(
        shapes,
      );
      expect(own.calls.dataSync()[0]).toBe(0);
      expect((model.getLayer('fixed') as tf.layers.Layer & { seed: number }).seed).toBe(3);
      expect(Math.random).toBe(math);
    };
    await withoutLeak(() => activations(model, ['both'], [x], training(1)));
    await activations(normed, ['logits'], [images(3)], training(1));
    await activations(transfer, ['head'], [images(3)], training(1));
    unchanged();
    normed.getLayer('pool').setCallHook(() => {
      throw new Error('stop here');
    });
    const data = images(3);
    await withoutLeak(async () => {
      await expect(activations(normed, ['logits'], [data], training(1))).rejects.toThrow('stop here');
    });
    unchanged();
  });

  it('gives the same set again when its batches are the same, in two passes and from a later batch on', async () => {
    const model = sequential();
    const data = images(10);
    const set = await capture(model, data, { layers: ['drop'], training: true, seed: 5, batchSize: 4 });
    const [once, again] = [await set.matrices(), await set.matrices()];
    expect([...again['drop'].data]).toEqual([...once['drop'].data]);
    const plain = await (await capture(model, data, { layers: ['drop'], batchSize: 4 })).matrices();
    expect(distance(plain['drop'].data, once['drop'].data)).toBeGreaterThan(0.1);
    for await (const { start, layers } of set.batches({ from: 4, to: 8 })) {
      if (start !== 4) continue;
      expect([...layers.get('drop')!.data]).toEqual([...once['drop'].data.subarray(4 * 48, 8 * 48)]);
    }
  });
});

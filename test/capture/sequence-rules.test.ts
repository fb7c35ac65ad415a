/** Spatial rules of sequences with masks, and of volumes. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { capture } from '../../src/capture/capture.js';
import { DataError, ShapeError } from '../../src/errors.js';
import { distance } from '../support.js';
import { encoder, images, outputsOf, predict, randomise, tokens, unpadded, withoutLeak } from './models.js';

let ids: tf.Tensor2D;
let model: tf.LayersModel;

beforeAll(async () => {
  await tf.setBackend('cpu');
  ids = tokens();
  model = encoder();
});

describe('spatial rules of sequences', () => {
  const rowsOf = async (name: string, spatial: 'positions' | 'mean' | 'last' | 'flatten') => {
    const set = await capture(model, ids, { layers: [name], spatial, batchSize: 2 });
    return (await withoutLeak(() => set.matrices()))[name];
  };

  it('take the unmasked steps, their mean, the last of them, or all with the masked at 0', async () => {
    const [steps, last] = predict(model, outputsOf(model, ['steps', 'last']), ids);
    const values = (await steps.array()) as number[][][];
    const mask = unpadded(ids);
    const kept = values.map((sample, n) => sample.filter((_, t) => mask[n * 5 + t] === 1));
    const positions = await rowsOf('steps', 'positions');
    expect([...positions.data]).toEqual(kept.flat(2));
    expect(positions.rows).toBe(mask.filter((one) => one === 1).length);
    const mean = await rowsOf('steps', 'mean');
    // tf's own average over the kept steps, sample by sample.
    const averaged = kept.flatMap((sample) => [...tf.tensor2d(sample).mean(0).dataSync()]);
    expect(distance(mean.data, averaged)).toBeLessThan(1e-6);
    const final = await rowsOf('steps', 'last');
    expect([...final.data]).toEqual(kept.flatMap((sample) => sample.at(-1)!));
    const flat = await rowsOf('steps', 'flatten');
    expect([...flat.data]).toEqual(
      values.flatMap((s, n) => s.flatMap((step, t) => step.map((v) => (mask[n * 5 + t] === 1 ? v : 0)))),
    );
    // A layer with no steps is its own last.
    expect([...(await rowsOf('last', 'last')).data]).toEqual([...last.dataSync()]);
  });

  it('average the unmasked as a model that ends with such an average does', async () => {
    // Average of the unmasked, written with layers: a sum over the steps of an embedding that is 0 for token 0, divided.
    const x = tf.input({ shape: [5], name: 'tokens', dtype: 'int32' });
    const embed = tf.layers.embedding({ name: 'embed', inputDim: 6, outputDim: 3, maskZero: true });
    const pooled = tf.layers.globalAveragePooling1d({ name: 'pool' }).apply(embed.apply(x));
    const model = randomise(tf.model({ inputs: x, outputs: pooled as tf.SymbolicTensor, name: 'pooling' }));
    const table = embed.getWeights()[0].arraySync() as number[][];
    embed.setWeights([tf.tensor2d([[0, 0, 0], ...table.slice(1)])]);
    const average = (await (model.predict(ids) as tf.Tensor).array()) as number[][];
    const mask = unpadded(ids);
    const expected = average.flatMap((row, n) => {
      const unmasked = mask.slice(n * 5, n * 5 + 5).reduce((sum, one) => sum + one, 0);
      return row.map((value) => (value * 5) / unmasked);
    });
    const set = await capture(model, ids, { layers: ['embed'], spatial: 'mean' });
    expect(distance((await set.matrices())['embed'].data, expected)).toBeLessThan(1e-6);
  });

  it('have no datapoint of a sample that is all padding, and refuse its mean and its last step by name', async () => {
    const padded = tf.tensor2d([1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 4, 0, 5, 0, 0], [3, 5], 'int32');
    const read = async (spatial: 'positions' | 'mean' | 'last' | 'flatten') =>
      (await capture(model, padded, { layers: ['steps'], spatial, batchSize: 1 })).matrices();
    expect((await read('positions'))['steps'].rows).toBe(5);
    expect((await read('flatten'))['steps'].rows).toBe(3);
    for (const spatial of ['mean', 'last'] as const) {
      const reading = withoutLeak(() => read(spatial).then(undefined, (error: unknown) => error));
      const error = await reading;
      expect(error).toBeInstanceOf(DataError);
      expect((error as Error).message).toMatch(
        /^layer 'steps' of model 'encoder' masks every position of sample 1, /,
      );
    }
  });

  it('take the same steps of every layer on one grid', async () => {
    const set = await capture(model, ids, { layers: ['embed', 'conv', 'more'], batchSize: 2 });
    const all = await set.matrices();
    const unmasked = unpadded(ids).reduce((sum, one) => sum + one, 0);
    expect(Object.values(all).map(({ rows }) => rows)).toEqual([unmasked, unmasked, unmasked]);
    const [conv] = predict(model, outputsOf(model, ['conv']), ids);
    const values = ((await conv.array()) as number[][][]).flat();
    expect([...all['conv'].data]).toEqual(values.filter((_, i) => unpadded(ids)[i] === 1).flat());
  });

  it("refuse the last of an image, and 'positions' of a volume with the way out", async () => {
    const image = tf.sequential({
      layers: [tf.layers.conv2d({ name: 'conv', inputShape: [4, 4, 1], filters: 2, kernelSize: 2 })],
    });
    const last = (await capture(image, images(2, [4, 4, 1]), { spatial: 'last' })).matrices();
    await expect(last).rejects.toThrow(
      /layer 'conv' of model '.*' has a grid of 3 × 3: choose other layers, or 'mean'/,
    );
    const volume = tf.sequential({
      layers: [tf.layers.conv3d({ name: 'conv', inputShape: [4, 5, 6, 1], filters: 2, kernelSize: 2 })],
    });
    const data = images(2, [4, 5, 6, 1]);
    await withoutLeak(async () => {
      const set = await capture(volume, data);
      await expect(set.matrices()).rejects.toThrow(ShapeError);
      await expect(set.matrices()).rejects.toThrow(
        /volume of 3 × 4 × 5 positions, .* 'positions' does not read: choose 'mean' or 'flatten'/,
      );
    });
    const [mean, flat] = await Promise.all(
      (['mean', 'flatten'] as const).map(async (spatial) =>
        (await capture(volume, data, { spatial })).matrices(),
      ),
    );
    const out = volume.predict(data) as tf.Tensor;
    expect([mean['conv'].rows, mean['conv'].cols]).toEqual([2, 2]);
    expect(distance(mean['conv'].data, out.mean([1, 2, 3]).dataSync())).toBeLessThan(1e-6);
    expect([flat['conv'].rows, flat['conv'].cols]).toEqual([2, 120]);
    expect([...flat['conv'].data]).toEqual([...out.dataSync()]);
  });
});

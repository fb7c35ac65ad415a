import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { capture, openTogether } from '../../src/capture/capture.js';
import { branched, images, nested, sequential, withoutLeak } from './models.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

describe('capture', () => {
  it('gives lazily what predict gives, batch by batch and whole', async () => {
    const model = sequential();
    const x = images(10);
    await withoutLeak(async () => {
      const set = await capture(model, x, { batchSize: 4, layers: 'conv1,logits' });
      expect(set.layers.map(({ name }) => name)).toEqual(['conv1', 'logits']);
      expect([set.samples, set.spatial]).toEqual([10, 'positions']);
      const starts = [];
      for await (const { start, samples, layers } of set.batches()) {
        starts.push([start, samples]);
        expect(layers.get('conv1')).toMatchObject({ samples, grid: [4, 4], channels: 3 });
        expect(layers.get('logits')).toMatchObject({ samples, grid: [1, 1], channels: 4 });
      }
      expect(starts).toEqual([
        [0, 4],
        [4, 4],
        [8, 2],
      ]);
      const { conv1, logits } = await set.matrices();
      expect([conv1.rows, conv1.cols, logits.rows, logits.cols]).toEqual([160, 3, 10, 4]);
      expect(conv1.data).toBeInstanceOf(Float32Array);
      const expected = tf.tidy(() => (model.predict(x) as tf.Tensor).dataSync());
      expect(Array.from(logits.data)).toEqual(Array.from(expected));
    });
  });

  it('takes all layers but inputs and nested models by default', async () => {
    const set = await capture(nested().model, images(2));
    expect(set.layers.map(({ name }) => name)).toEqual([
      'stem',
      'backbone/block/conv',
      'backbone/block/relu',
      'backbone/pool',
      'flat',
      'head',
    ]);
  });

  it('applies the spatial rule', async () => {
    const [model, x] = [sequential(), images(5)];
    const [positions, mean, flat] = await Promise.all(
      (['positions', 'mean', 'flatten'] as const).map(async (spatial) =>
        (await capture(model, x, { spatial, layers: 'conv1' })).matrices(),
      ),
    );
    expect([positions.conv1.rows, positions.conv1.cols]).toEqual([80, 3]);
    expect([mean.conv1.rows, mean.conv1.cols]).toEqual([5, 3]);
    expect([flat.conv1.rows, flat.conv1.cols]).toEqual([5, 48]);
    expect(flat.conv1.data).toEqual(positions.conv1.data);
    const sum = Array.from({ length: 16 }, (_, i) => positions.conv1.data[i * 3]).reduce((a, b) => a + b);
    expect(mean.conv1.data[0]).toBeCloseTo(sum / 16, 6);
  });

  it('does not depend on the batch size, also with drawn positions', async () => {
    const [model, x] = [branched(), images(9)];
    const read = async (batchSize: number) =>
      (await capture(model, x, { batchSize, positions: 5, seed: 3, layers: 'sum' })).matrices();
    const whole = await read(64);
    expect(whole.sum.rows).toBe(45);
    expect(await read(4)).toEqual(whole);
    expect(await read(1)).toEqual(whole);
  });

  it('runs as many at a time as a model takes that is bound to a number', async () => {
    const bound = tf.sequential({
      layers: [tf.layers.activation({ name: 'same', activation: 'linear', batchInputShape: [10, 3] })],
    });
    const counts: number[] = [];
    for await (const { samples } of (await capture(bound, tf.ones([70, 3]))).batches()) counts.push(samples);
    expect(counts).toEqual([60, 10]);
  });

  it('learns the number of samples of a stream from the first pass', async () => {
    const set = await capture(sequential(), () => [images(3), images(4)], { layers: 'logits' });
    expect(set.samples).toBeUndefined();
    expect((await set.matrices()).logits.rows).toBe(7);
    expect(set.samples).toBe(7);
  });

  it('reports progress', async () => {
    const reports: unknown[] = [];
    const set = await capture(sequential(), images(5), { batchSize: 4, onProgress: (p) => reports.push(p) });
    await set.matrices();
    expect(reports).toEqual([
      { stage: 'capture', done: 4, total: 5 },
      { stage: 'capture', done: 5, total: 5 },
    ]);
  });
});

describe('lockstep', () => {
  it('runs every model on the very same batch, whatever their input types', async () => {
    const seen: number[][] = [];
    const spy = (dtype: 'float32' | 'int32'): tf.LayersModel => {
      const x = tf.input({ shape: [1], name: 'x', dtype });
      const layer = tf.layers.activation({ name: 'same', activation: 'linear' });
      return tf.model({ inputs: x, outputs: layer.apply(x) as tf.SymbolicTensor, name: dtype });
    };
    let drawn = 0;
    // A source that never repeats itself: only lockstep can show both models the same values.
    function* batches() {
      for (let i = 0; i < 3; i++) yield tf.fill([2, 1], drawn++);
    }
    await withoutLeak(async () => {
      const together = await openTogether([{ model: spy('float32') }, { model: spy('int32') }], batches);
      for await (const pair of together.batches()) {
        expect(pair.map(({ start, samples }) => [start, samples])).toEqual([
          [pair[0].start, 2],
          [pair[0].start, 2],
        ]);
        seen.push(pair.map(({ layers }) => layers.get('same')!.data[1]));
      }
    });
    expect(seen).toEqual([
      [0, 0],
      [1, 1],
      [2, 2],
    ]);
  });

  it('selects layers for each side, and names the side in errors', async () => {
    const sides = [
      { model: sequential(), layers: 'conv*', label: 'a' },
      { model: branched(), layers: ['short', 'sum'], label: 'b' },
    ];
    const together = await openTogether(sides, images(3));
    expect(together.sides.map(({ layers }) => layers.map(({ name }) => name))).toEqual([
      ['conv1'],
      ['short', 'sum'],
    ]);
    const wrong = [sides[0], { ...sides[1], layers: 'conv*' }];
    await expect(openTogether(wrong, images(3))).rejects.toThrow(
      /^layers of model 'b': no layer matches 'conv\*'/,
    );
  });

  it('may be given the same model twice', async () => {
    const model = sequential();
    const together = await openTogether([{ model }, { model }], images(3));
    for await (const [a, b] of together.batches()) expect(a).toEqual(b);
  });
});

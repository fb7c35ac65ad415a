/** Runs of recurrent layers: what they keep beyond a run, and states. */
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { capture } from '../../src/capture/capture.js';
import { listLayers, openProbe } from '../../src/capture/probe.js';
import {
  activations,
  expectSame,
  images,
  names,
  outputsOf,
  predict,
  randomise,
  tokens,
  withoutLeak,
} from './models.js';

let ids: tf.Tensor2D;

beforeAll(async () => {
  await tf.setBackend('cpu');
  ids = tokens();
});

describe('runs', () => {
  it('leave no tensor when a batch fails or is given up, and none of the masks that recurrent dropout keeps', async () => {
    const model = tf.sequential({
      name: 'recurrent',
      layers: [
        tf.layers.embedding({ name: 'embed', inputDim: 6, outputDim: 3, maskZero: true, inputShape: [5] }),
        tf.layers.lstm({
          name: 'lstm',
          units: 2,
          returnSequences: true,
          dropout: 0.3,
          recurrentDropout: 0.3,
        }),
        tf.layers.activation({ name: 'last', activation: 'linear' }),
      ],
    });
    const data = ids;
    await withoutLeak(() => activations(model, ['embed', 'lstm', 'last'], [data]));
    let left = 2;
    const linear = model.getLayer('last');
    linear.setCallHook(() => {
      if (left-- === 0) throw new Error('batch k');
    });
    await withoutLeak(async () => {
      const set = await capture(model, data, { batchSize: 1 });
      await expect(set.matrices()).rejects.toThrow('batch k');
    });
    linear.clearCallHook();
    await withoutLeak(async () => {
      const controller = new AbortController();
      const options = {
        batchSize: 1,
        signal: controller.signal,
        onProgress: () => controller.abort(new Error('enough')),
      };
      await expect((await capture(model, data, options)).matrices()).rejects.toThrow('enough');
    });
    // The user's own masks, kept by a predict, are still there.
    model.predict(data);
    const { cell } = model.getLayer('lstm') as tf.layers.Layer & { cell: { dropoutMask: tf.Tensor[] } };
    const kept = cell.dropoutMask;
    await withoutLeak(() => activations(model, ['lstm'], [data]));
    expect(cell.dropoutMask).toBe(kept);
    expect(kept[0].isDisposed).toBe(false);
  });

  it('take a stateful layer as if it were not: each sample from the state zero, its own states untouched', async () => {
    const build = (stateful: boolean) =>
      randomise(
        tf.sequential({
          layers: [
            tf.layers.lstm({
              name: 'one',
              units: 3,
              returnSequences: true,
              stateful,
              batchInputShape: [stateful ? 2 : null, 4, 2] as never,
            }),
            tf.layers.bidirectional({
              name: 'two',
              layer: tf.layers.gru({ units: 2, stateful }),
              mergeMode: 'concat',
            }),
          ],
        }),
      );
    const [stateful, plain] = [build(true), build(false)];
    const x = images(2, [4, 2]);
    stateful.predict(x);
    const { states } = stateful.getLayer('one') as unknown as { states: tf.Tensor[] };
    const before = states.map((state) => [...state.dataSync()]);
    expect(before.flat().some((value) => value !== 0)).toBe(true);
    // Any size of batch, also another than the states were made for.
    const data = images(5, [4, 2], 3);
    const raw = await withoutLeak(() => activations(stateful, ['one', 'two'], [data]));
    const layers = ['one', 'two'];
    predict(plain, outputsOf(plain, layers), data).forEach((tensor, i) =>
      expectSame(raw.get(layers[i]), tensor),
    );
    expect(
      (stateful.getLayer('one') as unknown as { states: tf.Tensor[] }).states.map((s) => [...s.dataSync()]),
    ).toEqual(before);
    expect(stateful.getLayer('one').stateful).toBe(true);
    expect((stateful.predict(x) as tf.Tensor).shape).toEqual([2, 4]);
  });

  it('refuse what is stateful in a way of its own, and images of random width, by name', async () => {
    class Counter extends tf.layers.Layer {
      static className = 'Counter';
      override get stateful(): boolean {
        return true;
      }
      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
        return [inputs].flat()[0].add(1);
      }
      override computeOutputShape(shape: tf.Shape): tf.Shape {
        return shape;
      }
    }
    const x = tf.input({ shape: [3] });
    const counter = new Counter({ name: 'counter' });
    const model = tf.model({ inputs: x, outputs: counter.apply(x) as tf.SymbolicTensor });
    expect(names(listLayers(model))).toContain('counter');
    await expect(openProbe(model, [{ name: 'counter' }])).rejects.toThrow(
      /layer 'counter' is stateful.*a Counter has no/,
    );
    class Augment extends tf.layers.Layer {
      static className = 'Augment';
      readonly widths = tf.layers.randomWidth({ name: 'widths', factor: 0.5 });
      override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
        return this.widths.apply([inputs].flat()[0]) as tf.Tensor;
      }
    }
    const image = tf.input({ shape: [4, 6, 1] });
    const augmented = new Augment({ name: 'augment' }).apply(image) as tf.SymbolicTensor;
    const random = tf.model({ inputs: image, outputs: augmented });
    await expect(openProbe(random, [{ name: 'augment' }])).rejects.toThrow(
      /layer 'widths' draws the width of its images anew in every run/,
    );
  });
});

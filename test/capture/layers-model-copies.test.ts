/** Models that another copy of TensorFlow.js made: nothing is told by its class. */
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { listLayers } from '../../src/capture/probe.js';
import { distance } from '../support.js';
import { activations, names, tokens, withoutLeak } from './models.js';

let other: typeof tf;

beforeAll(async () => {
  await tf.setBackend('cpu');
  // It tells that the backends are there already.
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  other = createRequire(import.meta.url)('@tensorflow/tfjs/dist/tf.min.js') as typeof tf;
  warn.mockRestore();
});

describe('a model of another copy', () => {
  it('is listed and captured, in inference and in training', async () => {
    expect(other.layers.Layer).not.toBe(tf.layers.Layer);
    class Block extends other.layers.Layer {
      static className = 'Block';
      readonly dense = other.layers.dense({ name: 'dense', units: 2 });
      override call(x: tf.Tensor | tf.Tensor[]): tf.Tensor {
        return this.dense.apply([x].flat()[0]) as tf.Tensor;
      }
      override computeOutputShape([n, t]: tf.Shape): tf.Shape {
        return [n, t, 2];
      }
    }
    const model = other.sequential({
      layers: [
        other.layers.embedding({ name: 'embed', inputDim: 6, outputDim: 3, maskZero: true, inputShape: [5] }),
        other.layers.lstm({ name: 'lstm', units: 2, returnSequences: true, dropout: 0.5 }),
        new Block({ name: 'block' }),
      ],
    });
    expect(names(listLayers(model))).toEqual(['embed', 'lstm', 'block/dense', 'block']);
    const ids = tokens();
    model.predict(ids);
    const layers = names(listLayers(model));
    const raw = await withoutLeak(() => activations(model, layers, [ids]));
    expect(distance(raw.get('block')!.data, (model.predict(ids) as tf.Tensor).dataSync())).toBe(0);
    expect(raw.get('block/dense')!.mask).toEqual(raw.get('lstm')!.mask);
    await withoutLeak(() => activations(model, layers, [ids], { training: true }));
  });
});

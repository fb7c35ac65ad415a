import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { capture } from '../../src/capture/capture.js';
import type { CaptureData } from '../../src/capture/capture.js';
import { DataError, OptionError, ShapeError } from '../../src/errors.js';
import { images, randomise, sequential, withoutLeak } from './models.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** A model that gives back its input and then its reciprocal, which is infinite at 0. */
function reciprocal(): tf.LayersModel {
  const x = tf.input({ shape: [2, 2, 3], name: 'x' });
  const same = tf.layers.activation({ name: 'same', activation: 'linear' }).apply(x);
  class Inverse extends tf.layers.Layer {
    static className = 'Inverse';
    override call(input: tf.Tensor | tf.Tensor[]): tf.Tensor {
      return tf.tidy(() => tf.reciprocal(Array.isArray(input) ? input[0] : input));
    }
    override computeOutputShape(shape: tf.Shape): tf.Shape {
      return shape;
    }
  }
  const inverse = new Inverse({ name: 'inverse' }).apply(same) as tf.SymbolicTensor;
  return tf.model({ inputs: x, outputs: inverse, name: 'reciprocal' });
}

describe('errors', () => {
  it('names layer, sample, position and channel of a value that is not finite, and frees everything', async () => {
    const data = tf.tidy(() => {
      const buffer = tf.buffer([7, 2, 2, 3], 'float32', new Float32Array(84).fill(1));
      buffer.set(0, 5, 1, 0, 2);
      return buffer.toTensor();
    });
    const model = reciprocal();
    await withoutLeak(async () => {
      const set = await capture(model, data, { batchSize: 2 });
      await expect(set.matrices()).rejects.toThrow(DataError);
      await expect(set.matrices()).rejects.toThrow(
        "layer 'inverse' of model 'reciprocal' is Infinity at sample 5, position (1, 0), channel 2",
      );
    });
  });

  it('leaks nothing when a layer fails in a later batch, and the next pass works', async () => {
    const model = sequential();
    const layer = model.getLayer('logits');
    let calls = 0;
    layer.setCallHook(() => {
      if (++calls === 2) throw new Error('batch 2');
    });
    const x = images(10);
    await withoutLeak(async () => {
      const set = await capture(model, x, { batchSize: 4 });
      await expect(set.matrices()).rejects.toThrow('batch 2');
      expect((await set.matrices()).logits.rows).toBe(10);
    });
  });

  it('stops at once on abort, with the reason, and leaks nothing', async () => {
    const [model, x] = [sequential(), images(10)];
    function* stream() {
      for (let i = 0; i < 5; i++) yield images(4);
    }
    await withoutLeak(async () => {
      for (const data of [x, stream] as CaptureData[]) {
        const control = new AbortController();
        const reason = new Error('enough');
        let batches = 0;
        const onProgress = () => {
          if (++batches === 2) control.abort(reason);
        };
        const set = await capture(model, data, { batchSize: 4, signal: control.signal, onProgress });
        await expect(set.matrices()).rejects.toBe(reason);
        expect(batches).toBe(2);
        await expect(set.matrices()).rejects.toBe(reason);
      }
      await expect(capture(model, x, { signal: AbortSignal.abort() })).rejects.toThrow(/aborted/);
    });
  });

  it('leaks nothing when the reader leaves early', async () => {
    const model = sequential();
    const x = images(10);
    await withoutLeak(async () => {
      const set = await capture(model, x, { batchSize: 4 });
      for await (const { start } of set.batches()) if (start >= 4) break;
    });
  });

  it('says which shapes do not fit', async () => {
    const set = await capture(sequential(), images(3, [6, 6, 3]));
    await expect(set.matrices()).rejects.toThrow(ShapeError);
    await expect(set.matrices()).rejects.toThrow(
      /\[3, 6, 6, 3\].*'conv1_input' of model 'plain' takes \[null, 6, 6, 2\]/,
    );
    const unbatched = tf.data.array([tf.zeros([6, 6, 2])]);
    await expect((await capture(sequential(), unbatched)).matrices()).rejects.toThrow(/batch\(\)/);
  });

  it('refuses layers whose first axis is not samples, or of a rank that is not understood', async () => {
    const x = tf.input({ shape: [2, 2, 2, 1], name: 'x' });
    const volume = tf.layers
      .conv3d({ name: 'volume', filters: 1, kernelSize: 1 })
      .apply(x) as tf.SymbolicTensor;
    const model = randomise(tf.model({ inputs: x, outputs: volume, name: 'volumes' }));
    const set = await capture(model, images(2, [2, 2, 2, 1]));
    await expect(set.matrices()).rejects.toThrow(
      /layer 'volume' of model 'volumes' gives a volume of 2 × 2 × 2 positions/,
    );
  });

  it('refuses unknown options, bad values and what is no model', async () => {
    const [model, x] = [sequential(), images(2)];
    await expect(capture(model, x, { layer: 'conv1' } as never)).rejects.toThrow(/no option 'layer'/);
    await expect(capture(model, x, { spatial: 'max' as never })).rejects.toThrow(OptionError);
    await expect(capture(model, x, { positions: 0 })).rejects.toThrow(OptionError);
    await expect(capture(model, x, { batchSize: 1.5 })).rejects.toThrow(/batchSize is 1.5/);
    await expect(capture(model, x, { layers: 'convv1' })).rejects.toThrow("did you mean 'conv1'");
    await expect(capture({ modelUrl: '', executor: {} } as never, x)).rejects.toThrow(/not loaded/);
    await expect(capture('model.json' as never, x)).rejects.toThrow(/'model.json' is not a model/);
  });
});

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, it } from 'vitest';
import { FormatError, OptionError } from '../../src/errors.js';
import { memoryStore, type Store } from '../../src/transfer/store.js';
import { train } from '../../src/transfer/train.js';
import type { TrainOptions } from '../../src/transfer/training.js';
import { bits, brightness, tinyModel } from './train-data.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const data = { train: brightness(20, 1), validation: brightness(12, 2) };
const spec: TrainOptions = {
  ...{ steps: 6, batchSize: 8, learningRate: 0.01, evaluateEvery: 2, seed: 5 },
  ...{ augment: { flip: true, shift: 1 }, keep: 'best', schedule: { warmup: 2 } },
};

/** Keeps every checkpoint that was ever written. */
function recording(): { store: Store; written: Uint8Array[] } {
  const inner = memoryStore();
  const written: Uint8Array[] = [];
  const write = (name: string, bytes: Uint8Array) => {
    written.push(bytes.slice());
    return inner.write(name, bytes);
  };
  return { store: { ...inner, write }, written };
}

async function fresh(options: TrainOptions) {
  const model = tinyModel({ dropout: 0.3 });
  try {
    const result = await train(model, data, options);
    return { result, weights: bits(model) };
  } finally {
    model.dispose();
  }
}

describe('a training that goes on from a checkpoint', () => {
  for (const optimizer of ['adam', 'sgd', 'momentum'] as const) {
    it(`ends with the same bits from every checkpoint, with ${optimizer}`, async () => {
      const whole = await fresh({ ...spec, optimizer });
      const { store, written } = recording();
      const checkpoint = { store, name: 'at', every: 1 };
      expect(await fresh({ ...spec, optimizer, checkpoint })).toEqual(whole);
      // Steps 1 to 5, and the end.
      expect(written).toHaveLength(6);
      for (const bytes of written) {
        const later = memoryStore();
        await later.write('at', bytes);
        expect(await fresh({ ...spec, optimizer, checkpoint: { ...checkpoint, store: later } })).toEqual(
          whole,
        );
      }
    });
  }

  it('ends with the same bits when it is stopped by the signal at any step', async () => {
    const whole = await fresh(spec);
    for (let at = 0; at < 6; at++) {
      const store = memoryStore();
      const checkpoint = { store, name: 'at', every: 100 };
      const controller = new AbortController();
      const onProgress = ({ done }: { done: number }) => {
        if (done === at) controller.abort(new Error('enough'));
      };
      await expect(fresh({ ...spec, checkpoint, signal: controller.signal, onProgress })).rejects.toThrow(
        'enough',
      );
      // Where nothing was done, there is nothing to keep.
      expect((await store.read('at')) === undefined).toBe(at === 0);
      const done: number[] = [];
      const resumed = await fresh({
        ...spec,
        checkpoint,
        onProgress: (progress) => done.push(progress.done),
      });
      expect(resumed).toEqual(whole);
      expect(done[0]).toBe(at);
    }
  });

  it('has come to its end where it is stopped after the last step, with the weights that it was to keep', async () => {
    // The best step is not the last, which overshoots.
    const wild: TrainOptions = { ...spec, steps: 8, learningRate: 0.5, evaluateEvery: 1 };
    const whole = await fresh(wild);
    expect(whole.result.kept.step).toBeLessThan(8);
    const checkpoint = { store: memoryStore(), name: 'at' };
    const controller = new AbortController();
    const onProgress = ({ done }: { done: number }) => {
      if (done === 8) controller.abort(new Error('enough'));
    };
    expect(await fresh({ ...wild, checkpoint, signal: controller.signal, onProgress })).toEqual(whole);
    expect(await fresh({ ...wild, checkpoint })).toEqual(whole);
  });

  it('does nothing again after its end', async () => {
    const checkpoint = { store: memoryStore(), name: 'at' };
    const whole = await fresh({ ...spec, checkpoint });
    const steps: number[] = [];
    expect(await fresh({ ...spec, checkpoint, onProgress: ({ done }) => steps.push(done) })).toEqual(whole);
    expect(steps).toEqual([]);
  });

  it('goes on waiting where patience had begun to', async () => {
    const patient: TrainOptions = { ...spec, evaluateEvery: 1, patience: 3, learningRate: 1e-9, steps: 12 };
    const whole = await fresh(patient);
    expect(whole.result.stopped).toBe('patience');
    const { store, written } = recording();
    await fresh({ ...patient, checkpoint: { store, name: 'at', every: 1 } });
    expect(written.length).toBeGreaterThan(2);
    for (const bytes of written) {
      const later = memoryStore();
      await later.write('at', bytes);
      expect(await fresh({ ...patient, checkpoint: { store: later, name: 'at', every: 1 } })).toEqual(whole);
    }
  });

  it('is refused where the checkpoint is of another training', async () => {
    const checkpoint = { store: memoryStore(), name: 'runs/a' };
    await fresh({ ...spec, checkpoint });
    await expect(fresh({ ...spec, learningRate: 0.02, seed: 6, checkpoint })).rejects.toThrow(
      new OptionError(
        "checkpoint 'runs/a' is of another training, it differs in learningRate (0.01 there, 0.02 here), seed (5 there, " +
          '6 here): give it another name, or remove it',
      ),
    );
    const other = { ...data, train: brightness(20, 3) };
    const model = tinyModel({ dropout: 0.3 });
    await expect(train(model, other, { ...spec, checkpoint })).rejects.toThrow(
      'it differs in training images (others there, others here)',
    );
    model.dispose();
  });

  it('is refused where the checkpoint is damaged', async () => {
    const { store, written } = recording();
    await fresh({ ...spec, checkpoint: { store, name: 'at' } });
    const [bytes] = written;
    for (const [damaged, message] of [
      [bytes.slice(0, -5), 'a checkpoint ends too early'],
      [bytes.map((byte, i) => (i === bytes.length - 200 ? byte ^ 1 : byte)), 'a checkpoint is damaged'],
      [new Uint8Array(100), 'a checkpoint does not begin as one of this version'],
    ] as const) {
      await store.write('at', damaged);
      const error: unknown = await fresh({ ...spec, checkpoint: { store, name: 'at' } }).catch(
        (e: unknown) => e,
      );
      expect(error).toBeInstanceOf(FormatError);
      expect((error as Error).message).toContain(`checkpoint 'at' cannot be read (${message}`);
      expect((error as Error).message).toContain('remove it to begin anew');
    }
  });
});

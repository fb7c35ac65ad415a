import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NumericalError, UnsupportedError } from '../../src/errors.js';
import { evaluate } from '../../src/transfer/evaluate.js';
import { predict } from '../../src/transfer/predict.js';
import { memoryStore } from '../../src/transfer/store.js';
import { loadStoredModel, saveModel } from '../../src/transfer/stored-model.js';
import { train } from '../../src/transfer/train.js';
import type { TrainOptions } from '../../src/transfer/training.js';
import { bits, brightness, halves, linearModel, tinyModel } from './train-data.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

const data = { train: brightness(20, 1), validation: brightness(12, 2) };
let model: tf.LayersModel;
beforeEach(() => {
  model = tinyModel({ dropout: 0.2 });
});
afterEach(() => {
  model.dispose();
});

const failure = (options: TrainOptions, given: typeof data = data, of = model) =>
  train(of, given, options).then(
    () => 'nothing was thrown',
    (error: unknown) => (error as Error).message,
  );

describe('where a training ends', () => {
  it('stops when the validation AUC has not risen for so many evaluations', async () => {
    const { history, steps, stopped, kept } = await train(model, data, {
      ...{ steps: 50, batchSize: 8, evaluateEvery: 2, patience: 3, learningRate: 0.01 },
    });
    expect(stopped).toBe('patience');
    expect(history.at(-1)!.step).toBe(steps);
    const best = history.findIndex(({ auc }) => auc === Math.max(...history.map((one) => one.auc)));
    expect(history.length - 1 - best).toBe(3);
    expect(kept).toBe(history.at(-1));
  });

  it('keeps the best weights where it is asked to', async () => {
    const options = { steps: 8, batchSize: 8, evaluateEvery: 1, learningRate: 0.3, keep: 'best' } as const;
    const { history, kept, steps } = await train(model, data, options);
    expect(steps).toBe(8);
    expect(kept.auc).toBe(Math.max(...history.map(({ auc }) => auc)));
    expect(kept.step).toBe(history.find(({ auc }) => auc === kept.auc)!.step);
    const { loss, auc } = await evaluate(model, data.validation, { batchSize: 8 });
    expect({ loss, auc }).toEqual({ loss: kept.loss, auc: kept.auc });
  });

  it('tells loss and AUC as it goes, every step once', async () => {
    const seen: { done: number; loss?: number; auc?: number; stage: string; total: number | undefined }[] =
      [];
    const { history } = await train(model, data, {
      ...{ steps: 5, batchSize: 8, evaluateEvery: 2 },
      onProgress: (progress) => seen.push(progress),
    });
    expect(seen.map(({ done }) => done)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(history.map(({ step }) => step)).toEqual([0, 2, 4, 5]);
    expect(seen.map(({ loss }) => loss === undefined)).toEqual([true, ...Array<boolean>(5).fill(false)]);
    expect(seen.map(({ auc }) => auc)).toEqual([0, 0, 1, 1, 2, 3].map((i) => history[i].auc));
    expect(seen[3]).toMatchObject({ stage: 'training', total: 5 });
    // The training loss is that of the steps since the evaluation before; batches are 8, 8 and 4 images.
    const mean = (8 * seen[1].loss! + 8 * seen[2].loss!) / 16;
    expect(history[1].trainLoss).toBeCloseTo(mean, 12);
    expect(history[2].trainLoss).toBeCloseTo((4 * seen[3].loss! + 8 * seen[4].loss!) / 12, 12);
  });

  it('says at which step the loss was no longer finite, and the way out', async () => {
    const error: unknown = await train(model, data, {
      ...{ steps: 40, batchSize: 8, optimizer: 'sgd', learningRate: 1e38, evaluateEvery: 100 },
    }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(NumericalError);
    expect((error as Error).message).toMatch(
      /^training diverged at step [2-5]: .*; give a lower learningRate than 1e\+38, or a warm-up \(schedule: \{ warmup \}\)$/,
    );
  });

  it('says before it starts that a backend has no gradients for a layer', async () => {
    const depthwise = tf.sequential({
      layers: [
        tf.layers.conv2d({ inputShape: [6, 6, 1], filters: 2, kernelSize: 3 }),
        tf.layers.depthwiseConv2d({ name: 'deep', kernelSize: 3 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 2 }),
      ],
    });
    await tf.setBackend('wasm');
    try {
      const seen: unknown[] = [];
      const error: unknown = await train(depthwise, data, {
        steps: 1,
        onProgress: (progress) => seen.push(progress),
      }).catch((e: unknown) => e);
      expect(error).toBeInstanceOf(UnsupportedError);
      expect((error as Error).message).toBe(
        "the backend 'wasm' of TensorFlow.js cannot train this model: it has no kernel " +
          "'DepthwiseConv2dNativeBackpropFilter' that layer 'deep' needs; train with @tensorflow/tfjs-node (in Node), 'webgl' " +
          "(in a browser) or 'cpu' (anywhere, slow)",
      );
      expect(seen).toEqual([]);
    } finally {
      await tf.setBackend('cpu');
    }
  });

  it('leaks nothing, whether it ends well, by an error, or by the signal', async () => {
    // Functions of TensorFlow.js that keep something when they are first used have kept it then.
    await train(model, data, { steps: 2, batchSize: 8, optimizer: 'adam' });
    const before = tf.memory().numTensors;
    for (const optimizer of ['adam', 'sgd', 'momentum'] as const) {
      const checkpoint = { store: memoryStore(), name: 'at', every: 1 };
      const options: TrainOptions = {
        steps: 3,
        batchSize: 8,
        optimizer,
        keep: 'best',
        checkpoint,
        frozen: ['block1'],
      };
      await train(model, data, options);
      await train(model, data, options);
      expect(tf.memory().numTensors).toBe(before);
    }
    for (const at of [0, 1, 2]) {
      const controller = new AbortController();
      const onProgress = ({ done }: { done: number }) => {
        if (done === at) controller.abort();
      };
      await expect(
        train(model, data, { steps: 3, batchSize: 8, signal: controller.signal, onProgress }),
      ).rejects.toThrow('aborted');
      expect(tf.memory().numTensors).toBe(before);
    }
    const thrown = () => {
      throw new Error('mine');
    };
    expect(await failure({ steps: 3, onProgress: thrown })).toBe('mine');
    const full = { ...memoryStore(), write: () => Promise.reject(new Error('disk full')) };
    expect(await failure({ steps: 3, batchSize: 8, checkpoint: { store: full, name: 'at' } })).toBe(
      'disk full',
    );
    await failure({ steps: 9, batchSize: 8, optimizer: 'sgd', learningRate: 1e38 });
    expect(tf.memory().numTensors).toBe(before);
    await expect(predict(model, data.train)).rejects.toThrow('the network gives NaN for image 0');
    expect(tf.memory().numTensors).toBe(before);
  });

  it('names options, images and labels that do not fit', async () => {
    expect(await failure({})).toBe('train needs to know how long: give steps or epochs');
    expect(await failure({ steps: 1, epochs: 1 })).toBe(
      'train takes either steps or epochs, and both are given',
    );
    expect(await failure({ steps: 0 })).toBe('steps is 0: give a whole number of at least 1');
    expect(await failure({ epochs: 1.5 })).toBe('epochs is 1.5: give a whole number of at least 1');
    expect(await failure({ steps: 1, learningRate: 0 })).toBe('learningRate is 0: give a number above 0');
    expect(await failure({ steps: 1, optimizer: 'rmsprop' as 'sgd' })).toBe(
      "optimizer is 'rmsprop': choose one of 'adam', 'sgd', 'momentum'",
    );
    expect(await failure({ steps: 1, keep: 'all' as 'last' })).toContain("keep is 'all'");
    expect(await failure({ steps: 1, patience: 0 })).toContain('patience is 0');
    expect(await failure({ steps: 1, seed: 0.5 })).toBe('seed is 0.5: give a whole number');
    expect(await failure({ steps: 1, batchsize: 3 } as TrainOptions)).toContain("no option 'batchsize'");
    expect(await failure({ steps: 1, pixels: { offset: 0, scale: 0 } })).toContain('a scale that is not 0');
    expect(await failure({ steps: 1, frozen: 'block1' as never })).toContain("frozen is 'block1'");
    expect(await failure({ steps: 1, checkpoint: { store: memoryStore(), name: 'a', every: 0 } })).toContain(
      'checkpoint.every is 0',
    );
    expect(await failure({ steps: 1 }, { ...data, train: brightness(8, 1, { size: 5 }) })).toBe(
      'the model takes images [6, 6, 1], these are [5, 5, 1]: resizeImages and toChannels give them the size of the model',
    );
    const three = linearModel({ classes: 3 });
    expect(await failure({ steps: 1 }, data, three)).toBe(
      'the model has 3 outputs, the training data have 2 classes: dark, bright',
    );
    three.dispose();
    const wrong = { ...data.train, labels: Uint8Array.from(data.train.labels, (label) => label + 1) };
    expect(await failure({ steps: 1 }, { ...data, train: wrong })).toBe(
      'the training data: image 1 has the label 2: it must be 0 to 1',
    );
    const few = { ...data.validation, labels: data.validation.labels.slice(1) };
    expect(await failure({ steps: 1 }, { ...data, validation: few })).toBe(
      'the validation data have 11 labels, and 12 images need 12',
    );
    const none = {
      ...data.train,
      images: new Uint8Array(0),
      labels: new Uint8Array(0),
      shape: [0, 6, 6, 1] as const,
    };
    expect(await failure({ steps: 1 }, { ...data, train: none })).toBe(
      'the training data have the shape [0, 6, 6, 1]: [count, height, width, channels] is needed, each at least 1',
    );
    const alike = { ...data.validation, labels: new Uint8Array(12) };
    expect(await failure({ steps: 1 }, { ...data, validation: alike })).toContain('there is no AUC');
    const image = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
    expect(await failure({ steps: 1 }, data, image)).toBe(
      'the model takes [3] and gives [2]: a classifier of images takes [height, width, channels] and gives [classes]',
    );
    image.dispose();
  });
});

describe('predict and evaluate', () => {
  it('give the same whatever the batch, in the order of the images', async () => {
    const all = await predict(model, data.train, { batchSize: 20 });
    const parts = await predict(model, data.train, { batchSize: 7 });
    expect(all).toHaveLength(40);
    all.forEach((value, i) => {
      expect(parts[i]).toBeCloseTo(value, 5);
    });
    const one = { images: data.train.images.subarray(36 * 5, 36 * 6), shape: [1, 6, 6, 1] as const };
    expect((await predict(model, one))[0]).toBeCloseTo(all[10], 5);
  });

  it('give the losses of TensorFlow.js', async () => {
    for (const [labelled, net] of [
      [data.train, linearModel()],
      [halves(16, 1), linearModel({ seed: 2 })],
    ] as const) {
      const { loss, logits } = await evaluate(net, labelled);
      const rows = labelled.shape[0];
      const expected = tf.tidy(() => {
        const scores = tf.tensor2d(logits, [rows, 2]);
        const labels =
          labelled.task === 'labels'
            ? tf.tensor2d(Float32Array.from(labelled.labels), [rows, 2])
            : (tf.oneHot(tf.tensor1d(Int32Array.from(labelled.labels), 'int32'), 2) as tf.Tensor2D);
        const theirs =
          labelled.task === 'labels' ? tf.losses.sigmoidCrossEntropy : tf.losses.softmaxCrossEntropy;
        return theirs(labels, scores).dataSync()[0];
      });
      expect(loss).toBeCloseTo(expected, 5);
      net.dispose();
    }
  });

  it('stop at the signal', async () => {
    const signal = AbortSignal.abort(new Error('no more'));
    await expect(predict(model, data.train, { signal })).rejects.toThrow('no more');
    expect(await failure({ steps: 1, signal })).toBe('no more');
  });
});

describe('stored models', () => {
  it('come back with the same weights and names', async () => {
    const store = memoryStore();
    const before = tf.memory().numTensors;
    await saveModel(model, store, 'runs/a/final');
    expect(tf.memory().numTensors).toBe(before);
    const again = await loadStoredModel(store, 'runs/a/final');
    expect(bits(again)).toEqual(bits(model));
    expect(again.layers.map(({ name }) => name)).toEqual(model.layers.map(({ name }) => name));
    expect(await predict(again, data.train)).toEqual(await predict(model, data.train));
    again.dispose();
    expect(tf.memory().numTensors).toBe(before);
    const json = JSON.parse(new TextDecoder().decode(await store.read('runs/a/final/model.json'))) as object;
    expect(json).toMatchObject({ format: 'layers-model', weightsManifest: [{ paths: ['weights.bin'] }] });
  });

  it('are refused where they are not whole', async () => {
    const store = memoryStore();
    await expect(loadStoredModel(store, 'a')).rejects.toThrow(
      "the store has no model 'a': saveModel writes one",
    );
    await saveModel(model, store, 'a');
    const weights = (await store.read('a/weights.bin'))!;
    const before = tf.memory().numTensors;
    for (const bytes of [weights.slice(4), new Uint8Array([...weights, 0, 0, 0, 0])]) {
      await store.write('a/weights.bin', bytes);
      await expect(loadStoredModel(store, 'a')).rejects.toThrow(
        `weights of model 'a' need ${weights.length} bytes, there are ${bytes.length}`,
      );
    }
    await store.remove('a/weights.bin');
    await expect(loadStoredModel(store, 'a')).rejects.toThrow("model 'a' of the store has no weights.bin");
    await store.write('a/weights.bin', weights);
    await store.write('a/model.json', new TextEncoder().encode('{"format"'));
    await expect(loadStoredModel(store, 'a')).rejects.toThrow(
      "model.json of 'a' in the store is not that of a model",
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});

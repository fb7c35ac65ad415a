/** Small models and data that the tests of capture share. */
import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import type { LayerInfo } from '../../src/capture/activations.js';
import { openProbe, type ProbeOptions, type RawActivation } from '../../src/capture/probe.js';

/** Runs `body` and fails if it leaves more or fewer tensors than it found. */
export async function withoutLeak<T>(body: () => Promise<T>): Promise<T> {
  const before = tf.memory().numTensors;
  const result = await body();
  expect(tf.memory().numTensors, 'tensors after and before').toBe(before);
  return result;
}

/** Uniform values, the same for the same seed. */
export function images(samples: number, shape: number[] = [6, 6, 2], seed = 1): tf.Tensor {
  return tf.randomUniform([samples, ...shape], -1, 1, 'float32', seed);
}

/** Fills every weight with seeded values, batch norm's statistics included, so that no layer is trivial. */
export function randomise<M extends tf.LayersModel>(model: M, seed = 7): M {
  const weights = model
    .getWeights()
    .map((weight, i) => tf.randomUniform(weight.shape, 0.1, 0.9, 'float32', seed + i));
  model.setWeights(weights);
  tf.dispose(weights);
  return model;
}

/** conv → batch norm → dropout → pool → flatten → dense. */
export function sequential(seed = 7): tf.Sequential {
  return randomise(
    tf.sequential({
      name: 'plain',
      layers: [
        tf.layers.conv2d({
          name: 'conv1',
          inputShape: [6, 6, 2],
          filters: 3,
          kernelSize: 3,
          activation: 'tanh',
        }),
        tf.layers.batchNormalization({ name: 'norm' }),
        tf.layers.dropout({ name: 'drop', rate: 0.5 }),
        tf.layers.maxPooling2d({ name: 'pool', poolSize: 2 }),
        tf.layers.flatten({ name: 'flat' }),
        tf.layers.dense({ name: 'logits', units: 4 }),
      ],
    }),
    seed,
  );
}

/** A functional model with two branches that are added. */
export function branched(): tf.LayersModel {
  const x = tf.input({ shape: [6, 6, 2], name: 'image' });
  const long = tf.layers
    .conv2d({ name: 'long2', filters: 3, kernelSize: 1 })
    .apply(
      tf.layers
        .conv2d({ name: 'long1', filters: 2, kernelSize: 3, padding: 'same', activation: 'relu' })
        .apply(x),
    );
  const short = tf.layers.conv2d({ name: 'short', filters: 3, kernelSize: 1 }).apply(x);
  const sum = tf.layers.add({ name: 'sum' }).apply([long, short] as tf.SymbolicTensor[]);
  return randomise(tf.model({ inputs: x, outputs: sum as tf.SymbolicTensor, name: 'branched' }));
}

/** stem → backbone(block(conv, relu), pool) → head: nested two levels deep. */
export function nested(): { model: tf.LayersModel; backbone: tf.LayersModel; block: tf.Sequential } {
  const block = tf.sequential({
    name: 'block',
    layers: [
      tf.layers.conv2d({ name: 'conv', inputShape: [6, 6, 3], filters: 4, kernelSize: 3 }),
      tf.layers.activation({ name: 'relu', activation: 'relu' }),
    ],
  });
  const inner = tf.input({ shape: [6, 6, 3], name: 'inner' });
  const pooled = tf.layers.averagePooling2d({ name: 'pool', poolSize: 2 }).apply(block.apply(inner));
  const backbone = tf.model({ inputs: inner, outputs: pooled as tf.SymbolicTensor, name: 'backbone' });
  const x = tf.input({ shape: [6, 6, 2], name: 'outer' });
  const stem = tf.layers.conv2d({ name: 'stem', filters: 3, kernelSize: 1 }).apply(x);
  const features = tf.layers.flatten({ name: 'flat' }).apply(backbone.apply(stem));
  const y = tf.layers.dense({ name: 'head', units: 2 }).apply(features);
  const model = randomise(tf.model({ inputs: x, outputs: y as tf.SymbolicTensor, name: 'transfer' }));
  return { model, backbone, block };
}

/** A model of one layer `all` that gives what it gets. */
export function echo(shape: number[], name = 'echo'): tf.LayersModel {
  const layer = tf.layers.activation({ name: 'all', activation: 'linear', inputShape: shape });
  return tf.sequential({ layers: [layer], name });
}

/** Names of layers. */
export const names = (layers: readonly LayerInfo[]): string[] => layers.map((layer) => layer.name);

/** What tfjs itself computes for some of the model's own symbolic tensors. */
export function predict(
  model: tf.LayersModel,
  outputs: tf.SymbolicTensor[],
  x: tf.Tensor | tf.Tensor[],
): tf.Tensor[] {
  const sub = tf.model({ inputs: model.inputs, outputs });
  const result = sub.predict(x);
  return Array.isArray(result) ? result : [result];
}

/** What a probe captures of some layers. */
export async function activations(
  model: tf.LayersModel,
  layers: readonly string[],
  x: readonly tf.Tensor[],
  options?: ProbeOptions & { readonly start?: number },
): Promise<Map<string, RawActivation>> {
  const { start, ...probeOptions } = options ?? {};
  const probe = await openProbe(
    model,
    layers.map((name) => ({ name })),
    probeOptions,
  );
  try {
    return await probe.run(x, start);
  } finally {
    probe.dispose();
  }
}

/** Fails unless an activation is a tensor, bit by bit. */
export function expectSame(
  raw: { shape: readonly number[]; data: ArrayLike<number> } | undefined,
  tensor: tf.Tensor,
): void {
  expect(raw?.shape).toEqual(tensor.shape);
  expect(Array.from(raw!.data)).toEqual(Array.from(tensor.dataSync()));
}

/** Three sequences of five tokens, 0 for padding, which is not at the end alone. */
export function tokens(): tf.Tensor2D {
  return tf.tensor2d([1, 2, 0, 3, 0, 5, 4, 3, 0, 0, 2, 2, 1, 4, 5], [3, 5], 'int32');
}

/** embedding with masks → lstm → dropout → convolution (which drops the mask) → lstm → lstm → dense. */
export function encoder(seed = 7): tf.LayersModel {
  const init = (k: number) => tf.initializers.randomNormal({ stddev: 0.6, seed: seed * 20 + k });
  const recurrent = (k: number) => ({ kernelInitializer: init(k), recurrentInitializer: init(k + 1) });
  return tf.sequential({
    name: 'encoder',
    layers: [
      tf.layers.embedding({
        name: 'embed',
        inputDim: 6,
        outputDim: 3,
        maskZero: true,
        inputShape: [5],
        embeddingsInitializer: init(0),
      }),
      tf.layers.lstm({ name: 'steps', units: 4, returnSequences: true, ...recurrent(1) }),
      tf.layers.dropout({ name: 'drop', rate: 0.5 }),
      tf.layers.conv1d({
        name: 'conv',
        filters: 3,
        kernelSize: 3,
        padding: 'same',
        kernelInitializer: init(3),
      }),
      tf.layers.simpleRNN({ name: 'more', units: 3, returnSequences: true, ...recurrent(4) }),
      tf.layers.gru({ name: 'last', units: 2, ...recurrent(6) }),
      tf.layers.dense({ name: 'out', units: 2, kernelInitializer: init(8) }),
    ],
  });
}

/** Symbolic outputs of layers. */
export const outputsOf = (model: tf.LayersModel, layers: string[]): tf.SymbolicTensor[] =>
  layers.map((name) => model.getLayer(name).output as tf.SymbolicTensor);

/** 1 for each step that is no padding, by hand. */
export const unpadded = (ids: tf.Tensor2D): number[] =>
  Array.from(ids.dataSync(), (token) => (token === 0 ? 0 : 1));

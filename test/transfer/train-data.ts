/** Small networks and images for the tests of training. */
import * as tf from '@tensorflow/tfjs';
import { Random } from '../../src/random.js';
import type { LabelledImages } from '../../src/transfer/labelled-images.js';

/** Bright images against dark ones, with noise: anything that learns tells them apart. */
export function brightness(count: number, seed: number, { size = 6, channels = 1 } = {}): LabelledImages {
  const random = new Random(seed);
  const labels = Uint8Array.from({ length: count }, (_, i) => i % 2);
  const images = new Uint8Array(count * size * size * channels);
  labels.forEach((label, i) => {
    for (let p = 0; p < size * size * channels; p++) {
      images[i * size * size * channels + p] = Math.floor(80 + 40 * label + 60 * random.uniform());
    }
  });
  return {
    images,
    shape: [count, size, size, channels],
    labels,
    task: 'classes',
    classes: ['dark', 'bright'],
  };
}

/** The left half is bright or not, and so is the lower half: two labels of an image that have nothing to do with each other. */
export function halves(count: number, seed: number, size = 6): LabelledImages {
  const random = new Random(seed);
  const labels = Uint8Array.from({ length: 2 * count }, (_, i) =>
    i % 2 === 0 ? (i >> 1) & 1 : (i >> 2) & 1,
  );
  const images = new Uint8Array(count * size * size);
  for (let i = 0; i < count; i++) {
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const left = x < size / 2 ? labels[2 * i] : 0;
        const lower = y >= size / 2 ? labels[2 * i + 1] : 0;
        images[(i * size + y) * size + x] = Math.floor(60 * (left + lower) + 100 * random.uniform());
      }
    }
  }
  return { images, shape: [count, size, size, 1], labels, task: 'labels', classes: ['left', 'lower'] };
}

/** Convolution, batch norm, ReLU, max-pool, dropout and classifier, each weight from the seed. */
export function tinyModel({
  seed = 1,
  size = 6,
  channels = 1,
  dropout = 0,
  classes = 2,
} = {}): tf.LayersModel {
  const glorot = (s: number) => tf.initializers.glorotUniform({ seed: s });
  const input = tf.input({ shape: [size, size, channels] });
  const conv = (name: string, x: tf.SymbolicTensor, filters: number, s: number) => {
    let y = tf.layers
      .conv2d({
        name: `${name}_conv`,
        filters,
        kernelSize: 3,
        padding: 'same',
        useBias: false,
        kernelInitializer: glorot(s),
      })
      .apply(x);
    y = tf.layers.batchNormalization({ name: `${name}_bn`, momentum: 0.9 }).apply(y);
    y = tf.layers.reLU({ name: `${name}_relu` }).apply(y);
    return tf.layers
      .maxPooling2d({ name: `${name}_pool`, poolSize: 3, strides: 2, padding: 'same' })
      .apply(y) as tf.SymbolicTensor;
  };
  let x = conv('block1', input, 4, seed);
  x = conv('block2', x, 6, seed + 100);
  x = tf.layers.globalAveragePooling2d({ name: 'head_gap' }).apply(x) as tf.SymbolicTensor;
  if (dropout > 0) x = tf.layers.dropout({ name: 'head_drop', rate: dropout }).apply(x) as tf.SymbolicTensor;
  const logits = tf.layers
    .dense({ name: 'head_logits', units: classes, kernelInitializer: glorot(seed + 200) })
    .apply(x) as tf.SymbolicTensor;
  return tf.model({ inputs: input, outputs: logits, name: 'tiny' });
}

/** A linear classifier of the pixels. */
export function linearModel({ size = 6, classes = 2, seed = 1 } = {}): tf.LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [size, size, 1] }),
      tf.layers.dense({ units: classes, kernelInitializer: tf.initializers.glorotUniform({ seed }) }),
    ],
  });
}

/** Every weight, bit by bit. */
export function bits(model: tf.LayersModel): number[][] {
  return model.layers.flatMap(({ weights }) => weights.map((weight) => [...weight.read().dataSync()]));
}

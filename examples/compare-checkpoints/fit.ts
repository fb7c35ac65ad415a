/** Training and testing with every order and rate fixed by the seed. */
import * as tf from '@tensorflow/tfjs';
import { Random } from '../../src/random.js';
import { CLASSES, type LabelledImages, PIXELS, SIDE } from './mnist.js';

export interface Schedule {
  epochs: number;
  batchSize: number;
  /** Adam's rate at the first step; it falls linearly to zero. */
  learningRate: number;
}

/** Trains in place and returns the mean loss of each epoch. */
export async function fit(
  model: tf.LayersModel,
  data: LabelledImages,
  schedule: Schedule,
  seed: number,
  log: (line: string) => void,
): Promise<number[]> {
  const { epochs, batchSize, learningRate } = schedule;
  const optimizer = tf.train.adam(learningRate);
  model.compile({ optimizer, loss: (labels, logits) => tf.losses.softmaxCrossEntropy(labels, logits) });
  const batches = Math.floor(data.count / batchSize);
  const losses: number[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    const started = performance.now();
    const order = new Random(seed, epoch).permutation(data.count);
    let total = 0;
    for (let b = 0; b < batches; b++) {
      setLearningRate(optimizer, learningRate * (1 - (epoch * batches + b) / (epochs * batches)));
      const rows = order.subarray(b * batchSize, (b + 1) * batchSize);
      const images = tf.tensor4d(gather(data, rows), [batchSize, SIDE, SIDE, 1]);
      const labels = tf.tidy(() => tf.oneHot(tf.tensor1d(rowsOf(data.labels, rows), 'int32'), CLASSES));
      total += (await model.trainOnBatch(images, labels)) as number;
      tf.dispose([images, labels]);
    }
    losses.push(total / batches);
    const rate = (batches * batchSize) / ((performance.now() - started) / 1000);
    log(`epoch ${epoch + 1}/${epochs}: loss ${(total / batches).toFixed(4)}, ${rate.toFixed(0)} images/s`);
  }
  optimizer.dispose();
  return losses;
}

/** Share of images whose largest logit is their label's. */
export function accuracy(model: tf.LayersModel, data: LabelledImages, batchSize = 500): number {
  let right = 0;
  for (let start = 0; start < data.count; start += batchSize) {
    const count = Math.min(batchSize, data.count - start);
    const pixels = data.images.subarray(start * PIXELS, (start + count) * PIXELS);
    const guesses = tf.tidy(() => {
      const images = tf.tensor4d(pixels, [count, SIDE, SIDE, 1]);
      return (model.predict(images) as tf.Tensor).argMax(1).dataSync();
    });
    for (let i = 0; i < count; i++) if (guesses[i] === data.labels[start + i]) right++;
  }
  return right / data.count;
}

/** tfjs gives no public way to change the rate of a running Adam without losing its moments. */
function setLearningRate(optimizer: tf.Optimizer, rate: number): void {
  (optimizer as unknown as { learningRate: number }).learningRate = rate;
}

function gather(data: LabelledImages, rows: Uint32Array): Float32Array {
  const pixels = new Float32Array(rows.length * PIXELS);
  rows.forEach((row, i) => pixels.set(data.images.subarray(row * PIXELS, (row + 1) * PIXELS), i * PIXELS));
  return pixels;
}

function rowsOf(labels: Uint8Array, rows: Uint32Array): Int32Array {
  return Int32Array.from(rows, (row) => labels[row]);
}

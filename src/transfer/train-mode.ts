/**
 * A network as it is for the time of a training: stages frozen, random numbers by the seed.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { withParts, type Layer } from '../capture/layer-parts.js';
import { Overrides } from '../capture/overrides.js';
import type { Tfjs } from '../capture/tfjs.js';
import { completeNorms, seedRandomness } from '../capture/training.js';
import { OptionError } from '../errors.js';
import { show } from '../options.js';
import { stages } from './stages.js';

/**
 * The layers of the frozen stages.
 *
 * @throws OptionError for a stage that there is not.
 */
export function frozenLayers(model: tf.LayersModel, frozen: readonly string[]): Layer[] {
  const all = stages(model);
  return frozen.flatMap((name) => {
    const stage = all.find((one) => one.name === name);
    if (stage !== undefined) return stage.layers.map((layer) => model.getLayer(layer));
    const names = all.map((one) => one.name).join(', ');
    throw new OptionError(`frozen names ${show(name)}: the stages of the model are ${names}`);
  });
}

/**
 * Freezes layers and makes what TensorFlow.js leaves open in training definite, until it is undone:
 *
 * - Batch norms that are not trainable, in frozen stages or by the model's own flags, use their running statistics and leave them
 *   as they are, as in Keras; TensorFlow.js itself goes on with those of the batch, and moves the running ones.
 * - Batch norms without scale or centre can be trained.
 *
 * @returns undoes it.
 * @throws OptionError where nothing is left to train.
 */
export function enterTraining(tf: Tfjs, model: tf.LayersModel, frozen: readonly Layer[]): () => void {
  const overrides = new Overrides();
  const before = frozen.map((layer) => {
    const weights = layer.weights.map((weight) => ({ weight, trainable: weight.trainable }));
    return { layer, trainable: layer.trainable, weights };
  });
  const undo = (): void => {
    overrides.restore();
    for (const { layer, trainable, weights } of before) {
      layer.trainable = trainable;
      for (const one of weights) one.weight.trainable = one.trainable;
    }
  };
  for (const layer of frozen) layer.trainable = false;
  if (!model.layers.some((layer) => layer.trainableWeights.length > 0)) {
    undo();
    throw new OptionError('nothing is left to train: every layer with weights is frozen');
  }
  const parts = withParts(model);
  completeNorms(parts, tf, overrides);
  for (const layer of [...parts].filter(isStill).flatMap((still) => [...withParts(still)])) {
    if (!('movingMean' in layer)) continue;
    const call = layer.call.bind(layer);
    overrides.set(layer, 'call', (inputs: tf.Tensor[], kwargs: Record<string, unknown>) =>
      call(inputs, { ...kwargs, training: false }),
    );
  }
  return undo;
}

/** Whether a layer has weights to train and may not. */
function isStill(layer: Layer): boolean {
  if (!layer.trainable) return true;
  return 'movingMean' in layer && layer.weights.length > 2 && layer.trainableWeights.length === 0;
}

/** Runs one step, synchronously, with random numbers (dropout, noise) that depend on the seed and the step alone. */
export function seededStep<T>(model: tf.LayersModel, seed: number, step: number, run: () => T): T {
  const overrides = new Overrides();
  try {
    seedRandomness(withParts(model), { seed, start: step }, overrides)('step');
    return run();
  } finally {
    overrides.restore();
  }
}

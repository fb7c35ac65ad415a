/**
 * The weights of a network in memory.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { withParts } from '../capture/layer-parts.js';
import { isLayersModel } from '../capture/recognise.js';
import type { Tfjs } from '../capture/tfjs.js';

/** Values of each weight in the order of {@link variablesOf}; float64 where the weight is not float32. */
export type Weights = readonly (Float32Array | Float64Array)[];

/** What weights are kept in. */
export type Variable = tf.layers.Layer['weights'][number];

/** Every weight of a model once, in an order that does not depend on which are trainable. */
export function variablesOf(model: tf.LayersModel): Variable[] {
  const own = [...withParts(model)].filter((layer) => !isLayersModel(layer));
  const all = new Set(own.flatMap((layer) => layer.weights));
  return [...all];
}

/** Reads weights. */
export async function readWeights(variables: readonly Variable[]): Promise<Weights> {
  const weights: (Float32Array | Float64Array)[] = [];
  for (const variable of variables) {
    const values = await variable.read().data();
    weights.push(values instanceof Float32Array ? values.slice() : Float64Array.from(values));
  }
  return weights;
}

/** Writes weights that {@link readWeights} read. */
export function writeWeights(tf: Tfjs, variables: readonly Variable[], weights: Weights): void {
  tf.tidy(() => {
    variables.forEach((variable, i) => {
      variable.write(tf.tensor(weights[i], variable.shape as number[], variable.dtype));
    });
  });
}

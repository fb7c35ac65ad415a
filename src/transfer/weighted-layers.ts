/**
 * The weights of a model layer by layer, those of nested models too.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { classOf, type Layer } from '../capture/layer-parts.js';
import { isLayersModel } from '../capture/recognise.js';
import { OptionError } from '../errors.js';
import { show } from '../options.js';

/** What is needed of a `tf.Variable` of any copy of TensorFlow.js. */
export type Variable = tf.Tensor & Pick<tf.Variable, 'assign'>;

/** One tensor of a layer. */
export interface Weight {
  /** Without the layer's name: `kernel`, `gamma`, `moving_variance`. */
  readonly name: string;
  readonly shape: readonly number[];
  /** Whether it is a running statistic of batch normalisation, which training estimates and no gradient moves. */
  readonly statistic: boolean;
  readonly variable: Variable;
}

/** A layer that has weights. */
export interface WeightedLayer {
  /** Its name; in a nested model with the path, `backbone/conv1`. */
  readonly name: string;
  /** Name of the layer of the outermost model that it belongs to. */
  readonly top: string;
  /** Name of its class. */
  readonly kind: string;
  readonly layer: Layer;
  readonly weights: readonly Weight[];
}

/**
 * The layers of a model that have weights, in order of execution, each once. Their weights come in the order of the layer, which
 * does not depend on whether it is frozen.
 */
export function weightedLayers(model: tf.LayersModel): WeightedLayer[] {
  return collect(model, '', undefined, new Set());
}

function collect(
  model: tf.LayersModel,
  path: string,
  top: string | undefined,
  seen: Set<Layer>,
): WeightedLayer[] {
  return model.layers.flatMap((layer) => {
    if (seen.has(layer)) return [];
    seen.add(layer);
    const name = path + layer.name;
    if (isLayersModel(layer)) return collect(layer, `${name}/`, top ?? layer.name, seen);
    if (layer.weights.length === 0) return [];
    const weights = layer.weights.map((weight) => weightOf(layer, weight));
    return [{ name, top: top ?? layer.name, kind: classOf(layer), layer, weights }];
  });
}

function weightOf(layer: Layer, weight: Layer['weights'][number]): Weight {
  const { movingMean, movingVariance } = layer as { movingMean?: unknown; movingVariance?: unknown };
  const name = weight.originalName.slice(weight.originalName.lastIndexOf('/') + 1);
  return {
    name,
    shape: weight.shape as number[],
    statistic: weight === movingMean || weight === movingVariance || /^(moving|running)_/.test(name),
    variable: weight.read() as Variable,
  };
}

/** Number of values in tensors. */
export function countOf(weights: Iterable<Pick<Weight, 'shape'>>): number {
  let sum = 0;
  for (const { shape } of weights) sum += shape.reduce((size, n) => size * n, 1);
  return sum;
}

/** Returns `model` if it is a LayersModel whose weights exist, else throws an {@link OptionError}. */
export function checkModel(name: string, model: unknown): tf.LayersModel {
  if (!isLayersModel(model)) {
    const given = typeof model === 'object' && model !== null ? 'another object' : show(model);
    throw new OptionError(`${name} is ${given}: give a tf.LayersModel`);
  }
  if (model.inputs.length === 0) {
    throw new OptionError(`${name} has no weights yet: give its first layer an inputShape, or call build`);
  }
  return model;
}

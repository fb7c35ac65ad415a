/**
 * Weights of two models that belong together.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { ShapeError } from '../errors.js';
import { weightedLayers, type Weight, type WeightedLayer } from './weighted-layers.js';

/** A weight of the target and the one of the source that goes there. */
export interface WeightPair {
  readonly from: Weight;
  readonly to: Weight;
}

/** A layer of the target with its weights' partners. */
export interface LayerPair {
  readonly name: string;
  readonly pairs: readonly WeightPair[];
}

/**
 * Pairs each of the target's first layers with the layer of the source at the same place among the layers with weights. Names
 * need not agree, as TensorFlow.js numbers layers without one anew for every model.
 *
 * @throws ShapeError that names the first layer that differs in class, number, type or shape of its weights.
 */
export function matchWeights(source: tf.LayersModel, prefix: readonly WeightedLayer[]): LayerPair[] {
  const from = weightedLayers(source);
  return prefix.map((layer, i): LayerPair => {
    if (i >= from.length) {
      throw new ShapeError(
        `target's layer '${layer.name}' has no partner: the source has ${from.length} layers with weights, fewer than the ` +
          `${prefix.length} to be reused; give an earlier stage`,
      );
    }
    return { name: layer.name, pairs: pairLayers(from[i], layer) };
  });
}

/** @throws ShapeError where the layers differ in class, or in number, type or shape of their weights. */
export function pairLayers(from: WeightedLayer, to: WeightedLayer): WeightPair[] {
  const where = from.name === to.name ? `layer '${to.name}'` : `layer '${to.name}' (source: '${from.name}')`;
  if (from.kind !== to.kind) {
    throw new ShapeError(
      `${where} is a ${to.kind} in the target and a ${from.kind} in the source: the models must have the same ` +
        'architecture up to the last layer that is reused',
    );
  }
  if (from.weights.length !== to.weights.length) {
    const tell = (weights: readonly Weight[]) => weights.map(({ name }) => name).join(', ');
    throw new ShapeError(
      `${where} has the weights ${tell(to.weights)} in the target and ${tell(from.weights)} in the source: ` +
        'build both with the same options',
    );
  }
  return to.weights.map((weight, i) => {
    const other = from.weights[i];
    if (!sameShape(other, weight)) {
      throw new ShapeError(
        `${where}: ${weight.name} is ${tellShape(weight)} in the target and ${tellShape(other)} in the source; ` +
          'reuse layers up to an earlier stage (a classifier of other classes stays fresh), or build both alike',
      );
    }
    return { from: other, to: weight };
  });
}

/** Whether a weight could take the place of another. */
export function sameShape(a: Weight, b: Weight): boolean {
  return a.shape.join() === b.shape.join() && a.variable.dtype === b.variable.dtype;
}

function tellShape({ shape, variable: { dtype } }: Weight): string {
  return `[${shape.join(', ')}]${dtype === 'float32' ? '' : ` of ${dtype}`}`;
}

/**
 * What a value is, by its shape alone: there may be several copies of TensorFlow.js, so `instanceof` would not do.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import type { ActivationSet } from './activations.js';

type Fields = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null;
}

/** Whether `value` is a TensorFlow.js tensor. */
export function isTensor(value: unknown): value is tf.Tensor {
  return (
    isObject(value) &&
    Array.isArray(value['shape']) &&
    typeof value['dtype'] === 'string' &&
    typeof value['dispose'] === 'function' &&
    typeof value['data'] === 'function'
  );
}

/** Whether `value` is built like a `tf.LayersModel` or `tf.Sequential`. */
export function isLayersModel(value: unknown): value is tf.LayersModel {
  return (
    isObject(value) &&
    Array.isArray(value['layers']) &&
    Array.isArray(value['inputs']) &&
    typeof value['predict'] === 'function'
  );
}

/** Whether `value` is built like a `tf.GraphModel`. */
export function isGraphModel(value: unknown): value is tf.GraphModel {
  return (
    isObject(value) &&
    !Array.isArray(value['layers']) &&
    (value['executor'] !== undefined || ('modelUrl' in value && typeof value['execute'] === 'function'))
  );
}

/** Whether `value` is a model of any kind, also of a kind that cannot be captured. */
export function isModel(value: unknown): value is tf.LayersModel | tf.GraphModel {
  return isLayersModel(value) || isGraphModel(value);
}

/** Whether `value` is an {@link ActivationSet}. */
export function isActivationSet(value: unknown): value is ActivationSet {
  return isObject(value) && Array.isArray(value['layers']) && typeof value['batches'] === 'function';
}

/** Whether `value` is a `tf.data.Dataset`. */
export function isDataset(
  value: unknown,
): value is { iterator(): Promise<{ next(): Promise<IteratorResult<unknown>> }> } {
  return isObject(value) && typeof value['iterator'] === 'function';
}

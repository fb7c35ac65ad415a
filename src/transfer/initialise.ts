/**
 * Fresh weights from a seed, each from its layer's own initializer.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';

/** What was written into a model. */
export interface Written {
  /** Names of the layers, in order of execution; of layers in nested models by path (`backbone/conv1`). */
  readonly layers: readonly string[];
  /** Number of weights, statistics of batch normalisation included. */
  readonly parameters: number;
}

/** Options of {@link initialise}. */
export interface InitialiseOptions {
  /** @defaultValue 0 */
  readonly seed?: number;
}

/** Redraws every weight of a model in place. */
export async function initialise(_model: tf.LayersModel, _options: InitialiseOptions = {}): Promise<Written> {
  return Promise.reject(new Error('not yet'));
}

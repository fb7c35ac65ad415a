/**
 * A network in one of the conditions of a study.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import type { Condition } from './conditions.js';

/** Options of {@link startFrom}. */
export interface StartOptions {
  /** Builds the network; its weights do not matter. It, or `model`. */
  readonly build?: () => tf.LayersModel | Promise<tf.LayersModel>;
  /** A network of the architecture, which stays as it is. */
  readonly model?: tf.LayersModel;
  /** The pretrained network, which stays as it is; `random` and `gabor` need none. */
  readonly pretrained?: tf.LayersModel;
  /** @defaultValue 0 */
  readonly seed?: number;
}

/** A new network in the given condition; dispose of it after use. */
export async function startFrom(_condition: Condition, _options: StartOptions): Promise<tf.LayersModel> {
  return Promise.reject(new Error('not yet'));
}

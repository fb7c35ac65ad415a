/**
 * Weight transfusion: the first layers of a trained network in another.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import type { Written } from './initialise.js';

/** Options of {@link transfuse}. */
export interface TransfuseOptions {
  /** The last stage (or layer) that is reused, with everything before it; or the names of all layers that are. */
  readonly upTo: string | readonly string[];
}

/** Copies a contiguous prefix of the layers of `source` into `target`. */
export async function transfuse(
  _source: tf.LayersModel,
  _target: tf.LayersModel,
  _options: TransfuseOptions,
): Promise<Written> {
  return Promise.reject(new Error('not yet'));
}

/**
 * Mean-Var initialisation: the scale of pretrained weights without their features.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import type { Written } from './initialise.js';

/** Options of {@link meanVar}. */
export interface MeanVarOptions {
  /** @defaultValue 0 */
  readonly seed?: number;
  /** The last stage (or layer) that is drawn, or the names of all. @defaultValue every layer but a classifier of another shape */
  readonly upTo?: string | readonly string[];
  /** Running statistics of batch normalisation: back to 0 and 1, or those of the source. @defaultValue `'reset'` */
  readonly statistics?: 'reset' | 'copy';
}

/** Draws each weight tensor of `target` i.i.d. N(μ, σ²) with mean and variance of the tensor of `source`. */
export async function meanVar(
  _source: tf.LayersModel,
  _target: tf.LayersModel,
  _options: MeanVarOptions = {},
): Promise<Written> {
  return Promise.reject(new Error('not yet'));
}

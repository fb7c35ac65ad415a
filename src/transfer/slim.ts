/**
 * The hybrid's lighter half: the later stages of a network with fewer channels.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';

/** Options of {@link slim}. */
export interface SlimOptions {
  /** The last stage (or layer) that stays as it is; everything after it becomes lighter. */
  readonly from: string;
  /** Share of the channels that is left, above 0 and at most 1. @defaultValue 0.5 */
  readonly factor?: number;
  /** Of the fresh weights. @defaultValue 0 */
  readonly seed?: number;
}

/** A new model with the same layers, of which those after `from` have fewer channels; every weight is fresh. */
export async function slim(_model: tf.LayersModel, _options: SlimOptions): Promise<tf.LayersModel> {
  return Promise.reject(new Error('not yet'));
}

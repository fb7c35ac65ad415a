/**
 * A first convolution of synthetic Gabor filters.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';

/** Options of {@link gabor}; the defaults are the paper's. */
export interface GaborOptions {
  /** Which filters are taken where there are fewer than made, and the fresh ones where there are more. @defaultValue 0 */
  readonly seed?: number;
  /** Number of orientations, spread evenly over half a turn. @defaultValue 16 */
  readonly orientations?: number;
  /** Cycles per pixel. @defaultValue `[0.08, 0.16, 0.25, 0.32]` */
  readonly frequencies?: readonly number[];
  /** Standard deviation of the envelope in pixels. @defaultValue 2 */
  readonly sigma?: number;
  /** Name of the convolution. @defaultValue the model's first */
  readonly layer?: string;
}

/** One synthetic filter. */
export interface GaborFilter {
  /** Radians. */
  readonly orientation: number;
  /** Cycles per pixel. */
  readonly frequency: number;
}

/** What {@link gabor} wrote. */
export interface GaborResult {
  /** Name of the layer. */
  readonly layer: string;
  /** What each of its first filters is; those after them are fresh. */
  readonly filters: readonly GaborFilter[];
}

/** Fills the first convolution of a model with Gabor filters, in place. */
export async function gabor(_model: tf.LayersModel, _options: GaborOptions = {}): Promise<GaborResult> {
  return Promise.reject(new Error('not yet'));
}

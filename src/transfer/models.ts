/**
 * The architectures of a study by name.
 *
 * @module
 */

/** Families that {@link ModelSpec} can name. */
export type Family =
  'cbr-LargeT' | 'cbr-LargeW' | 'cbr-Small' | 'cbr-Tiny' | 'efficientNetLite0' | 'resNet50';

/** A network without weights, as JSON can say it. */
export interface ModelSpec {
  readonly family: Family;
  /** `[height, width, channels]` */
  readonly inputShape: readonly [height: number, width: number, channels: number];
  /** Outputs of the classifier. */
  readonly classes: number;
  /** Multiplies the number of filters of every block. @defaultValue 1 */
  readonly width?: number;
  /** Momentum of the running statistics of batch normalisation. @defaultValue the family's */
  readonly momentum?: number;
}

/**
 * What each kind of labelled data gives: labels at once, images when it is known which are wanted.
 *
 * @module
 */
import type { Progress } from '../options.js';
import type { LabelledImages } from '../transfer/labelled-images.js';
import type { PartLabels, PartName } from '../transfer/labelled-splits.js';

/** While images are read. */
export interface Reading {
  /** Images that are decoded one by one are brought to this size at once. */
  readonly size?: readonly [height: number, width: number];
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** Images in memory without their labels. */
export type ImagesOnly = Pick<LabelledImages, 'images' | 'shape'>;

/** Labelled data that were opened. */
export interface LabelledSource {
  readonly parts: PartLabels;
  readonly warnings: readonly string[];
  /** Reads the images at these places of one part. */
  read(part: PartName, places: Uint32Array, reading: Reading): Promise<ImagesOnly>;
}

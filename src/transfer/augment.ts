/**
 * Random changes of training images: mirrored left to right, shifted with the edges repeated.
 *
 * @module
 */
import { OptionError } from '../errors.js';
import { flag, knownKeys, show, wholeNumber } from '../options.js';
import type { Random } from '../random.js';
import type { Augmentation } from './training.js';

/** One image's change. */
export interface Change {
  readonly flip: boolean;
  /** Pixels by which the image moves down and to the right. */
  readonly down: number;
  readonly right: number;
}

/** Checks what is asked; nothing where no image would change. @throws OptionError */
export function augmentation(
  given: Augmentation = {},
  [height, width]: readonly [height: number, width: number],
): Required<Augmentation> | undefined {
  knownKeys('augment', given, ['flip', 'shift']);
  const flip = flag('augment.flip', given.flip ?? false);
  const shift = wholeNumber('augment.shift', given.shift ?? 0, 0);
  if (shift >= Math.min(height, width)) {
    throw new OptionError(
      `augment.shift is ${show(shift)}: images of ${height}×${width} would be shifted out of the picture`,
    );
  }
  return flip || shift > 0 ? { flip, shift } : undefined;
}

/** Draws one image's change. Three numbers whatever is asked, so that flips are the same with and without shifts. */
export function drawChange(random: Random, { flip, shift }: Required<Augmentation>): Change {
  const mirrored = random.uniform() < 0.5;
  const down = random.integer(2 * shift + 1) - shift;
  const right = random.integer(2 * shift + 1) - shift;
  return { flip: flip && mirrored, down, right };
}

/**
 * Where each pixel of a changed axis comes from: mirrored first, then moved, edges repeated.
 *
 * @returns positions in the image as it was, one of each of the new one's.
 */
export function axisSources(length: number, move: number, mirrored: boolean): Int32Array {
  return Int32Array.from({ length }, (_, at) => {
    const from = Math.min(length - 1, Math.max(0, at - move));
    return mirrored ? length - 1 - from : from;
  });
}

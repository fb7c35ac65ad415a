/**
 * From the values of files to those that a network sees.
 *
 * @module
 */
import { OptionError } from '../errors.js';
import { knownKeys, show } from '../options.js';
import type { PixelScale } from './training.js';

/** What is given, or bytes to 0 … 1. @throws OptionError */
export function pixelScale(given: PixelScale = { offset: 0, scale: 255 }): PixelScale {
  knownKeys('pixels', given, ['offset', 'scale']);
  const { offset, scale } = given;
  if (!Number.isFinite(offset) || !Number.isFinite(scale) || scale === 0) {
    throw new OptionError(
      `pixels are ${show(given)}: give an offset and a scale that is not 0, (value − offset) / scale`,
    );
  }
  return { offset, scale };
}

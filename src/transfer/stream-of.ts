/**
 * Streams of random numbers by name.
 *
 * @module
 */
import { wholeNumber } from '../options.js';

/** The stream of `Random` that belongs to a text: a number of 32 bits (FNV-1a). */
export function streamOf(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value;
}

/** Returns `seed`, 0 where it is left out, if it is a whole number of at least 0, else throws. */
export function seedOf(seed: unknown): number {
  return wholeNumber('seed', seed ?? 0, 0);
}

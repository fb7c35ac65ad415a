/**
 * The jackknife over blocks of drawn positions: what drawing fewer than all of them does to a score.
 *
 * @module
 */
import { Random } from '../random.js';

/**
 * Deals the drawn positions of each sample to blocks, at random: each block then is itself a draw from every sample. Where their
 * number is not a multiple of the blocks, samples begin with different ones, so that all blocks come out alike.
 *
 * @param taken - datapoints of each sample, which lie one after another.
 * @param start - global number of the first.
 * @returns the block of each datapoint.
 */
export function dealt(taken: Uint32Array, start: number, blocks: number, seed: number): Uint32Array {
  const out = new Uint32Array(taken.reduce((sum, count) => sum + count, 0));
  let at = 0;
  for (const [n, count] of taken.entries()) {
    // Another stream than that of the draw, whose positions are in order: neighbours must not go to different blocks by rule.
    const order = new Random(~seed, start + n).permutation(count);
    for (const place of order) out[at++] = (place + start + n) % blocks;
  }
  return out;
}

/**
 * How far a score of drawn positions is from that of all, as the root of its expected square: the standard error of the draw with the
 * bias that fewer datapoints bring (chance alone raises correlations), both by the delete-block jackknife (Künsch 1989; Shao and Tu
 * 1995, §2.3) and with the correction for a finite number of positions: where most are drawn, little is left to chance.
 *
 * @param score - of all drawn positions.
 * @param without - the score without each block.
 * @param share - drawn positions of all.
 */
export function jackknifeError(score: number, without: readonly number[], share: number): number {
  const blocks = without.length;
  const mean = without.reduce((sum, value) => sum + value, 0) / blocks;
  const squares = without.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const left = Math.max(0, 1 - share);
  const variance = (left * (blocks - 1) * squares) / blocks;
  const bias = left * (blocks - 1) * (mean - score);
  return Math.sqrt(variance + bias * bias);
}

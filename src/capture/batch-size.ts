/**
 * How many samples are run at a time.
 *
 * @module
 */
import type { InputInfo } from './probe.js';

/** Samples in a batch, where nothing speaks against it. */
export const USUAL_BATCH = 64;

/**
 * So many samples, or a few less, as models take that are bound to batches of some number, as many exported graphs are.
 *
 * @param inputs - those of every model.
 */
export function wholeBatch(samples: number, inputs: readonly (readonly InputInfo[])[]): number {
  const bound = inputs.flat().map(({ shape }) => shape[0] ?? 1);
  const step = bound.reduce((all, one) => (all % one === 0 ? all : all * one), 1);
  return Math.max(step, samples - (samples % step));
}

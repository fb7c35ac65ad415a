/**
 * Some of the samples of a stream.
 *
 * @module
 */
import type { ActivationBatch, SampleRange } from './activations.js';
import { sliceBatch } from './arrays.js';

/** Cuts a stream of batches, in order, to the samples asked for; it is closed once they have been read. */
export async function* inRange(
  batches: AsyncIterable<ActivationBatch>,
  { from = 0, to = Infinity }: SampleRange,
): AsyncGenerator<ActivationBatch> {
  for await (const batch of batches) {
    if (batch.start >= to) return;
    const low = Math.max(from - batch.start, 0);
    const high = Math.min(to - batch.start, batch.samples);
    if (low < high) yield sliceBatch(batch, low, high);
    if (batch.start + batch.samples >= to) return;
  }
}

/**
 * Two streams of activations over the same samples, cut to the same batches.
 *
 * @module
 */
import { ShapeError } from '../errors.js';
import type { ActivationBatch } from './activations.js';
import { sliceBatch } from './arrays.js';

/**
 * Reads two streams side by side: pairs of batches with the same start and number of samples, cut wherever either
 * stream has a boundary. Both streams are closed when the reading ends, early or not.
 *
 * @throws ShapeError when one stream has more samples than the other, naming both totals.
 */
export async function* zipBatches(
  a: AsyncIterable<ActivationBatch>,
  b: AsyncIterable<ActivationBatch>,
): AsyncGenerator<readonly [a: ActivationBatch, b: ActivationBatch]> {
  const left = new Reader(a);
  const right = new Reader(b);
  try {
    for (;;) {
      const [more, moreRight] = [await left.fill(), await right.fill()];
      if (!more && !moreRight) return;
      if (!more || !moreRight) {
        const totals = [await left.drain(), await right.drain()];
        throw new ShapeError(
          `the two sides have ${totals[0]} and ${totals[1]} samples: both need activations of the same samples`,
        );
      }
      const samples = Math.min(left.available, right.available);
      yield [left.take(samples), right.take(samples)];
    }
  } finally {
    await left.close();
    await right.close();
  }
}

/** A stream read in pieces smaller than its batches. */
class Reader {
  private readonly iterator: AsyncIterator<ActivationBatch>;
  private batch: ActivationBatch | undefined;
  private used = 0;
  private total = 0;

  constructor(stream: AsyncIterable<ActivationBatch>) {
    this.iterator = stream[Symbol.asyncIterator]();
  }

  get available(): number {
    return this.batch === undefined ? 0 : this.batch.samples - this.used;
  }

  /** Makes sure that samples are at hand. @returns false at the end of the stream */
  async fill(): Promise<boolean> {
    while (this.available === 0) {
      const next = await this.iterator.next();
      if (next.done === true) return false;
      this.batch = next.value;
      this.used = 0;
      this.total += next.value.samples;
    }
    return true;
  }

  take(samples: number): ActivationBatch {
    const from = this.used;
    this.used += samples;
    return sliceBatch(this.batch!, from, from + samples);
  }

  /** Reads to the end and counts. */
  async drain(): Promise<number> {
    while (await this.fill()) this.used = this.batch!.samples;
    return this.total;
  }

  async close(): Promise<void> {
    await this.iterator.return?.();
  }
}

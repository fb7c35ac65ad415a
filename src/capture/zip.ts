/**
 * Streams of activations over the same samples, cut to the same batches.
 *
 * @module
 */
import { ShapeError } from '../errors.js';
import type { ActivationBatch } from './activations.js';
import { sliceBatch } from './arrays.js';

/**
 * Reads streams side by side: batches with the same start and number of samples, in the order of the streams, cut wherever
 * any of them has a boundary. All streams are closed when the reading ends, early or not.
 *
 * @throws ShapeError when one stream has more samples than another, naming all totals.
 */
export async function* zipBatches(
  ...streams: readonly AsyncIterable<ActivationBatch>[]
): AsyncGenerator<readonly ActivationBatch[]> {
  const readers = streams.map((stream) => new Reader(stream));
  try {
    for (;;) {
      const more: boolean[] = [];
      for (const reader of readers) more.push(await reader.fill());
      if (!more.includes(true)) return;
      if (more.includes(false)) {
        const totals: number[] = [];
        for (const reader of readers) totals.push(await reader.drain());
        throw new ShapeError(
          `the ${totals.length === 2 ? 'two' : totals.length} sides have ${listed(totals)} samples: ` +
            `${totals.length === 2 ? 'both' : 'all'} need activations of the same samples`,
        );
      }
      const samples = Math.min(...readers.map(({ available }) => available));
      yield readers.map((reader) => reader.take(samples));
    }
  } finally {
    for (const reader of readers) await reader.close();
  }
}

function listed(totals: readonly number[]): string {
  return `${totals.slice(0, -1).join(', ')} and ${totals[totals.length - 1]}`;
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

/**
 * The lockstep stream of the networks' activations, read twice: from memory where it fits, else by running again.
 *
 * @module
 */
import type { ActivationBatch, SampleRange } from '../capture/activations.js';
import { onDevice, release, retain } from '../capture/device.js';
import type { DeviceBatch } from '../capture/device.js';

/** A batch in host memory or on the device where the models run. */
export type Batch = ActivationBatch | DeviceBatch;

/** The same samples of every side. */
export type Batches = readonly Batch[];

/** A stream that can be read again. */
export interface LockstepStream {
  /** A new pass, always in the same order, over all samples or those of a range. */
  read(range?: SampleRange): AsyncIterable<Batches>;
  /** Whether a whole pass is held in memory. */
  held(): boolean;
  /** Frees what is held. */
  close(): void;
}

/**
 * Holds the batches of the first complete pass, as long as they take no more than `memory` bytes; none from the start where
 * the number of `samples` is known and says that they will not fit.
 */
export function heldInMemory(
  source: (range?: SampleRange) => AsyncIterable<Batches>,
  memory: number,
  samples?: number,
): LockstepStream {
  let held: Batches[] | undefined;
  let holding: Batches[] = [];

  const drop = (): void => {
    for (const batches of holding) batches.forEach(release);
    holding = [];
  };

  async function* read(): AsyncGenerator<Batches> {
    if (held) {
      yield* held;
      return;
    }
    drop();
    let bytes = 0;
    for await (const batches of source()) {
      const ahead = samples === undefined || bytes > 0 ? 1 : samples / batches[0].samples;
      bytes += bytesOf(batches);
      if (bytes * ahead > memory) bytes = Infinity;
      if (bytes > memory) drop();
      else holding.push(batches.map(retain));
      yield batches;
    }
    if (bytes <= memory) held = holding;
  }

  return { read, held: () => held !== undefined, close: drop };
}

function bytesOf(batches: Batches): number {
  let bytes = 0;
  for (const { layers } of batches) {
    for (const block of layers.values()) {
      bytes += onDevice(block) ? block.tensor.size * 4 : block.data.byteLength;
    }
  }
  return bytes;
}

/**
 * The lockstep stream of two networks' activations, read twice: from memory where it fits, else by running again.
 *
 * @module
 */
import type { ActivationBatch } from '../capture/activations.js';
import { onDevice, release, retain } from '../capture/device.js';
import type { DeviceBatch } from '../capture/device.js';

/** A batch in host memory or on the device where the models run. */
export type Batch = ActivationBatch | DeviceBatch;

/** The same samples of both sides. */
export type BatchPair = readonly [a: Batch, b: Batch];

/** A stream that can be read again. */
export interface PairStream {
  /** A new pass, always in the same order. */
  read(): AsyncIterable<BatchPair>;
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
  source: () => AsyncIterable<BatchPair>,
  memory: number,
  samples?: number,
): PairStream {
  let batches: BatchPair[] | undefined;
  let holding: BatchPair[] = [];

  const drop = (): void => {
    for (const pair of holding) pair.forEach(release);
    holding = [];
  };

  async function* read(): AsyncGenerator<BatchPair> {
    if (batches) {
      yield* batches;
      return;
    }
    drop();
    let bytes = 0;
    for await (const pair of source()) {
      const ahead = samples === undefined || bytes > 0 ? 1 : samples / pair[0].samples;
      bytes += bytesOf(pair);
      if (bytes * ahead > memory) bytes = Infinity;
      if (bytes > memory) drop();
      else holding.push([retain(pair[0]), retain(pair[1])]);
      yield pair;
    }
    if (bytes <= memory) batches = holding;
  }

  return { read, held: () => batches !== undefined, close: drop };
}

function bytesOf(pair: BatchPair): number {
  let bytes = 0;
  for (const { layers } of pair) {
    for (const block of layers.values()) {
      bytes += onDevice(block) ? block.tensor.size * 4 : block.data.byteLength;
    }
  }
  return bytes;
}

/**
 * The lockstep stream of two networks' activations, read twice: from memory where it fits, else by running again.
 *
 * @module
 */
import type { ActivationBatch } from '../capture/activations.js';

/** The same samples of both sides. */
export type BatchPair = readonly [a: ActivationBatch, b: ActivationBatch];

/** A stream that can be read again. */
export interface PairStream {
  /** A new pass, always in the same order. */
  read(): AsyncIterable<BatchPair>;
  /** Whether a whole pass is held in memory. */
  held(): boolean;
}

/** Holds the batches of the first complete pass, as long as they take no more than `memory` bytes. */
export function heldInMemory(source: () => AsyncIterable<BatchPair>, memory: number): PairStream {
  let batches: BatchPair[] | undefined;

  async function* read(): AsyncGenerator<BatchPair> {
    if (batches) {
      yield* batches;
      return;
    }
    let holding: BatchPair[] | undefined = [];
    let bytes = 0;
    for await (const pair of source()) {
      bytes += bytesOf(pair);
      if (bytes > memory) holding = undefined;
      holding?.push(pair);
      yield pair;
    }
    batches = holding;
  }

  return { read, held: () => batches !== undefined };
}

function bytesOf(pair: BatchPair): number {
  let bytes = 0;
  for (const { layers } of pair) for (const { data } of layers.values()) bytes += data.byteLength;
  return bytes;
}

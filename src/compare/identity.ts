/**
 * What tells one comparison from another, so that it goes on from its own checkpoint and from no other.
 *
 * @module
 */
import { onDevice, toHost } from '../capture/device.js';
import { crc32 } from '../io/crc32.js';
import type { Asked } from './asked.js';
import type { LayerPair } from './plan.js';
import type { ReadingOptions } from './reading-options.js';
import { recordedPreprocess } from './recorded.js';
import type { SideInput, Sources } from './sources.js';
import type { Identity } from './state.js';
import type { Batches } from './stream.js';

/** What is compared. */
interface Compared {
  readonly inputs: readonly SideInput[];
  readonly sources: Sources;
  readonly pairs: readonly LayerPair[];
  readonly asked: readonly Asked[];
}

/** Everything that decides the numbers, the data by the activations of the first batch. */
export async function identityOf(
  { inputs, sources, pairs, asked }: Compared,
  options: ReadingOptions & { readonly fingerprints?: unknown },
  engine: string,
  first: Batches,
): Promise<Identity> {
  const { positions, seed, training, batchSize, method, memory, fingerprints } = options;
  return {
    layers: sources.sides.map((layers) => layers.map(({ name, kind, shape }) => ({ name, kind, shape }))),
    pairs: pairs.length,
    measures: asked.map(({ label, measure, options: resolved }) => [label, measure.name, resolved]),
    reading: {
      spatial: sources.spatial,
      positions,
      seed,
      training,
      batchSize,
      method,
      ...recordedPreprocess(inputs),
    },
    memory: memory ?? null,
    engine,
    samples: sources.samples() ?? null,
    fingerprints: fingerprints ?? null,
    activations: await printOf(first),
  };
}

/** A checksum of the activations of a batch, and of which of them are padding. */
async function printOf(batches: Batches): Promise<number> {
  let crc = 0;
  for (const { layers } of batches) {
    for (const block of layers.values()) {
      const { buffer, byteOffset, byteLength } = (onDevice(block) ? await toHost(block) : block).data;
      crc = crc32(new Uint8Array(buffer, byteOffset, byteLength), crc);
      if (block.mask) crc = crc32(block.mask, crc);
    }
  }
  return crc;
}

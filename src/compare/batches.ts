/**
 * Batches of all sides: their size, and their parts.
 *
 * @module
 */
import { sliceBatch } from '../capture/arrays.js';
import { onDevice, release } from '../capture/device.js';
import type { DeviceBatch, DeviceBlock } from '../capture/device.js';
import type { Batch, Batches } from './stream.js';

/** Bytes of the activations of a batch. */
export function bytesOf(batches: Batches): number {
  let bytes = 0;
  for (const { layers } of batches) {
    for (const block of layers.values()) {
      bytes += onDevice(block) ? block.tensor.size * 4 : block.data.byteLength;
      bytes += block.mask?.byteLength ?? 0;
    }
  }
  return bytes;
}

/** A batch in parts of at most `samples`; each is freed when the next is asked for. */
export function* inParts(batches: Batches, samples: number): Generator<Batches> {
  const whole = batches[0].samples;
  if (samples >= whole) {
    yield batches;
    return;
  }
  for (let from = 0; from < whole; from += samples) {
    const part = batches.map((batch) => partOf(batch, from, Math.min(from + samples, whole)));
    try {
      yield part;
    } finally {
      part.forEach(release);
    }
  }
}

function partOf(batch: Batch, from: number, to: number): Batch {
  if (!isOnDevice(batch)) return sliceBatch(batch, from, to);
  const layers = new Map<string, DeviceBlock>();
  for (const [name, block] of batch.layers) {
    const tensor = block.tensor.slice([from, 0, 0, 0], [to - from, -1, -1, -1]);
    const size = block.grid[0] * block.grid[1];
    const mask = block.mask && { mask: block.mask.subarray(from * size, to * size) };
    layers.set(name, { ...block, samples: to - from, tensor, ...mask });
  }
  return { start: batch.start + from, samples: to - from, layers };
}

function isOnDevice(batch: Batch): batch is DeviceBatch {
  return [...batch.layers.values()].some(onDevice);
}

/**
 * Batches of activations in a spool: numbers outside memory, and in memory where they are.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import type { ActivationBlock } from '../capture/activations.js';
import { onDevice, release, toHost } from '../capture/device.js';
import type { DeviceBlock } from '../capture/device.js';
import type { Spool } from '../capture/spool.js';
import { loadTfjs } from '../capture/tfjs.js';
import type { FloatArray } from '../matrix.js';
import type { Batch, Batches, Wanted } from './stream.js';

/** A block but for its numbers. */
interface Entry extends Omit<ActivationBlock, 'data' | 'mask'>, Place {
  /** Whether it was on the device, and is to be there again: sums there are other sums. */
  readonly device: boolean;
  readonly maskStart?: number;
}

interface BatchEntry {
  readonly start: number;
  readonly samples: number;
  readonly layers: ReadonlyMap<string, Entry>;
}

/** Batches of all sides, written once and read often. */
export class SpooledBatches {
  private readonly entries: (readonly BatchEntry[])[] = [];

  constructor(private readonly spool: Spool) {}

  /** Writes a batch, which stays the caller's. */
  async add(batches: Batches): Promise<void> {
    const written: BatchEntry[] = [];
    for (const { start, samples, layers } of batches) {
      const entries = new Map<string, Entry>();
      for (const [name, block] of layers) entries.set(name, await this.write(block));
      written.push({ start, samples, layers: entries });
    }
    this.entries.push(written);
  }

  /** The batches from a sample on, with the layers that are wanted; tensors are freed when the next is asked for. */
  async *read(from: number, wanted: Wanted = () => true): AsyncGenerator<Batches> {
    for (const sides of this.entries) {
      if (sides[0].start < from) continue;
      const batches: Batch[] = [];
      try {
        for (const [side, { start, samples, layers }] of sides.entries()) {
          const blocks = new Map<string, ActivationBlock | DeviceBlock>();
          batches.push({ start, samples, layers: blocks } as Batch);
          for (const [name, entry] of layers) {
            // The mask of any layer counts for all of them.
            if (!wanted(side, name) && entry.maskStart === undefined) continue;
            blocks.set(name, await this.block(entry));
          }
        }
        yield batches;
      } finally {
        batches.forEach(release);
      }
    }
  }

  close(): Promise<void> {
    return this.spool.close();
  }

  private async write(block: ActivationBlock | DeviceBlock): Promise<Entry> {
    const device = onDevice(block);
    const { samples, grid, channels, mask } = block;
    const place = await writeNumbers(this.spool, (device ? await toHost(block) : block).data);
    const maskStart = mask && { maskStart: await this.spool.append(mask) };
    return { samples, grid, channels, ...place, device, ...maskStart };
  }

  private async block(entry: Entry): Promise<ActivationBlock | DeviceBlock> {
    const { samples, grid, channels, maskStart } = entry;
    const data = await readNumbers(this.spool, entry);
    const mask =
      maskStart === undefined ? {} : { mask: await this.spool.read(maskStart, samples * grid[0] * grid[1]) };
    if (!entry.device) return { samples, grid, channels, data, ...mask };
    const { tensor4d } = await loadTfjs();
    const tensor: tf.Tensor4D = tensor4d(data as Float32Array, [samples, ...grid, channels]);
    return { samples, grid, channels, tensor, ...mask };
  }
}

/** Where numbers lie in a spool. */
export interface Place {
  readonly start: number;
  /** Number of elements. */
  readonly length: number;
  readonly double: boolean;
}

/** Puts numbers into a spool. */
export async function writeNumbers(spool: Spool, data: FloatArray): Promise<Place> {
  return {
    start: await spool.append(asBytes(data)),
    length: data.length,
    double: data instanceof Float64Array,
  };
}

/** Numbers that were put there. */
export async function readNumbers(
  spool: Spool,
  { start, length, double }: Place,
): Promise<Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>> {
  const bytes = await spool.read(start, length * (double ? 8 : 4));
  const at = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  return double
    ? new Float64Array(at.buffer, at.byteOffset, length)
    : new Float32Array(at.buffer, at.byteOffset, length);
}

function asBytes({ buffer, byteOffset, byteLength }: FloatArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

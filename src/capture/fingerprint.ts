/**
 * Whether a source gives the same samples each time it is read.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { DataError } from '../errors.js';
import type { DecodedImage } from './images.js';
import type { Tfjs } from './tfjs.js';

/** About as many values as are hashed of each tensor, spread over the whole of it. */
const HASHED = 4096;

/** A 32-bit hash (FNV-1a) of the shapes of a batch's tensors and images, and of values spread evenly over each. */
export class Print {
  private hash = 0x811c9dc5;

  /** The hash of what was added so far. */
  get value(): number {
    return this.hash >>> 0;
  }

  /** Adds a tensor; the device sends only what is hashed. */
  async tensor(tf: Tfjs, tensor: tf.Tensor): Promise<void> {
    tensor.shape.forEach((axis) => {
      this.add(axis);
    });
    const picked = tf.tidy(() => {
      const flat = tensor.reshape([-1]);
      const step = stepOf(flat.size);
      return step === 1 ? flat : flat.stridedSlice([0], [flat.size], [step]);
    });
    try {
      for (const word of new Int32Array(Float32Array.from(await picked.data()).buffer)) this.add(word);
    } finally {
      picked.dispose();
    }
  }

  /** Adds an image. */
  image({ height, width, channels, data }: DecodedImage): void {
    for (const axis of [height, width, channels]) this.add(axis);
    const step = stepOf(data.length);
    for (let i = 0; i < data.length; i += step) this.add(data[i]);
  }

  private add(word: number): void {
    this.hash = Math.imul(this.hash ^ word, 0x01000193);
  }
}

/** An odd step does not fall on the same pixel of every image. */
function stepOf(size: number): number {
  return Math.floor(size / HASHED) | 1;
}

/** Holds what is read to what was read before. */
export interface ReadRecord {
  /** @throws DataError when the samples from `start` on are not what they were. */
  check(start: number, samples: number, print: number): void;
}

/** Compares every pass over a stream with the first, as far as that went. */
export class PassRecord implements ReadRecord {
  private readonly batches = new Map<number, { readonly samples: number; readonly print: number }>();
  private reach = 0;
  private total: number | undefined;

  /** Whether anything was read before. */
  get begun(): boolean {
    return this.reach > 0;
  }

  /** Number of samples, once a pass has come to its end. */
  get samples(): number | undefined {
    return this.total;
  }

  check(start: number, samples: number, print: number): void {
    const known = this.batches.get(start);
    if (known === undefined && this.total !== undefined && start >= this.total) {
      throw changed(`has more than the ${this.total} samples of the first pass`);
    }
    if (known === undefined ? start < this.reach : known.samples !== samples || known.print !== print) {
      throw changed(`gave other values from sample ${start} on than in the first pass`);
    }
    this.batches.set(start, { samples, print });
    this.reach = Math.max(this.reach, start + samples);
  }

  /** @throws DataError when a pass ends after another number of samples than the first. */
  end(samples: number): void {
    if (samples < this.reach) {
      throw changed(`ended after ${samples} samples, which the first pass went beyond`);
    }
    this.total = samples;
  }
}

/** Compares any run of samples with what the same run was before. */
class RunRecord implements ReadRecord {
  private readonly runs = new Map<string, number>();

  constructor(private readonly fault: (run: string) => DataError) {}

  check(start: number, samples: number, print: number): void {
    const run = `${start}+${samples}`;
    if (this.runs.has(run) && this.runs.get(run) !== print) {
      throw this.fault(`samples ${start} to ${start + samples - 1}`);
    }
    this.runs.set(run, print);
  }
}

/** Compares samples that can be fetched in any order. */
export function dataRecord(): ReadRecord {
  return new RunRecord((run) => changed(`gave other values for ${run} than before`));
}

/** Compares what functions of preprocessing make of the samples. */
export function outcomeRecord(): ReadRecord {
  return new RunRecord(
    (run) =>
      new DataError(
        `preprocess made other values of ${run} than before: every pass must read the same, so a function must not draw at random`,
      ),
  );
}

function changed(what: string): DataError {
  return new DataError(
    `the data ${what}: both passes must read the same samples in the same order; switch shuffling and random ` +
      'augmentation off, or collect the data into one tensor',
  );
}

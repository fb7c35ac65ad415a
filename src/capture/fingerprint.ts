/**
 * Whether a source gives the same samples each time it is read.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { DataError } from '../errors.js';
import type { Tfjs } from './tfjs.js';

/** About as many values as are hashed of each tensor, spread over the whole of it. */
const HASHED = 4096;

/** A 32-bit hash (FNV-1a) of the tensors' shapes and of values spread evenly over them. */
export async function fingerprint(tf: Tfjs, tensors: readonly tf.Tensor[]): Promise<number> {
  let hash = 0x811c9dc5;
  const add = (word: number): void => {
    hash = Math.imul(hash ^ word, 0x01000193);
  };
  for (const tensor of tensors) {
    tensor.shape.forEach(add);
    const picked = tf.tidy(() => {
      const flat = tensor.reshape([-1]);
      // An odd step does not fall on the same pixel of every image; the device sends only what is hashed.
      const step = Math.floor(flat.size / HASHED) | 1;
      return step === 1 ? flat : flat.stridedSlice([0], [flat.size], [step]);
    });
    try {
      new Int32Array(Float32Array.from(await picked.data()).buffer).forEach(add);
    } finally {
      picked.dispose();
    }
  }
  return hash >>> 0;
}

/** Compares every pass over a source with the first. */
export class PassRecord {
  private readonly prints: number[] = [];
  private readonly starts: number[] = [];
  private total: number | undefined;

  /** Number of samples, once a pass has come to its end. */
  get samples(): number | undefined {
    return this.total;
  }

  /** @throws DataError when batch `index`, which begins at sample `start`, is not what it was in the first pass. */
  check(index: number, start: number, print: number): void {
    if (this.total !== undefined && index >= this.prints.length) {
      throw changed(`has more than the ${this.total} samples of the first pass`);
    }
    if (index < this.prints.length && (this.prints[index] !== print || this.starts[index] !== start)) {
      throw changed(`gave other values from sample ${start} on than in the first pass`);
    }
    this.prints[index] = print;
    this.starts[index] = start;
  }

  /** @throws DataError when a pass ends after another number of samples than the first. */
  end(batches: number, samples: number): void {
    if (batches < this.prints.length) {
      throw changed(`ended after ${samples} samples, which the first pass went beyond`);
    }
    this.total = samples;
  }
}

function changed(what: string): DataError {
  return new DataError(
    `the data ${what}: both passes must read the same samples in the same order; switch shuffling and random ` +
      'augmentation off, or collect the data into one tensor',
  );
}

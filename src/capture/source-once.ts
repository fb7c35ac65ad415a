/**
 * Data that can be read only once, kept in a spool as they come.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { DataError } from '../errors.js';
import type { DecodedImage, ImageReader } from './images.js';
import { readSamples } from './input-array.js';
import type { Cut } from './prepare.js';
import { isTensor } from './recognise.js';
import { countSamples, cutBatches, disposeAll, inputsOf, ready, type RawBatch } from './source-cuts.js';
import type { OnceStream, Reading } from './source-stream.js';
import type { Source } from './source.js';
import type { OpenSpool, Spool } from './spool.js';
import type { Tfjs } from './tfjs.js';

/** An iterator as a source: what it gives is written down when a pass first needs it, and every pass reads that. */
export function fromOnce(stream: OnceStream, reading: Reading, open: OpenSpool): Source {
  const kept = new Kept(stream, reading, open);
  return {
    get samples() {
      return kept.samples;
    },
    async *batches({ from = 0, to = Infinity } = {}) {
      for (let i = 0; ; i++) {
        const raw = await kept.batch(i, from, to);
        if (raw === undefined) return;
        try {
          yield* ready(raw, { ...reading, range: { from, to } });
        } finally {
          for (const cut of raw.cuts) if (isTensor(cut)) cut.dispose();
        }
      }
    },
    close: () => kept.close(),
  };
}

/** Where the values of one input's samples lie in the spool. */
type Entry =
  | { readonly kind: 'tensor'; readonly shape: readonly number[]; readonly dtype: Dtype; readonly at: number }
  | { readonly kind: 'images'; readonly images: readonly ImageEntry[] };

type ImageEntry = Omit<DecodedImage, 'data'> & { readonly at: number };
type Dtype = 'float32' | 'int32' | 'bool';

interface KeptBatch {
  readonly start: number;
  readonly samples: number;
  readonly entries: readonly Entry[];
}

class Kept {
  private readonly batches: KeptBatch[] = [];
  private readonly iterator: Iterator<unknown> | AsyncIterator<unknown>;
  private spool: Spool | undefined;
  private reach = 0;
  private ended = false;
  private closed = false;
  /** The last step of reading on: passes that run side by side take turns, and what was lost with an error is lost for all. */
  private turn: Promise<void> = Promise.resolve();

  constructor(
    stream: OnceStream,
    private readonly reading: Pick<Reading, 'tf' | 'names' | 'batchSize'>,
    private readonly open: OpenSpool,
  ) {
    this.iterator =
      Symbol.asyncIterator in stream ? stream[Symbol.asyncIterator]() : stream[Symbol.iterator]();
  }

  get samples(): number | undefined {
    return this.ended ? this.reach : undefined;
  }

  /** Batch `i` from the spool, without values where it lies before `from`; nothing at the end, or from `to` on. */
  async batch(i: number, from: number, to: number): Promise<RawBatch | undefined> {
    while (i >= this.batches.length) {
      if (this.ended || this.reach >= to) return undefined;
      this.turn = this.turn.then(() => (i < this.batches.length ? undefined : this.advance()));
      await this.turn;
    }
    const { start, samples, entries } = this.batches[i];
    if (start >= to) return undefined;
    if (start + samples <= from) return { start, samples, cuts: [] };
    const cuts: Cut[] = [];
    try {
      for (const entry of entries) cuts.push(await this.cut(entry));
    } catch (error) {
      disposeAll(cuts);
      throw error;
    }
    return { start, samples, cuts };
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.turn.catch(() => undefined);
    try {
      if (!this.ended) await this.iterator.return?.();
    } finally {
      await this.spool?.close();
    }
  }

  /** Reads one element and writes it down. */
  private async advance(): Promise<void> {
    if (this.closed) throw new DataError('the data cannot be read any more: they are closed');
    if (this.ended) return;
    const next = await this.iterator.next();
    if (next.done === true) {
      if (this.reach === 0) throw new DataError('the data holds no samples');
      this.ended = true;
      return;
    }
    await this.keep(next.value);
  }

  private async keep(element: unknown): Promise<void> {
    const { tf, names, batchSize } = this.reading;
    try {
      const part = inputsOf(element, names).map((value) => readSamples(tf, value));
      const samples = countSamples(part, names);
      const made: KeptBatch[] = [];
      for (const raw of cutBatches(part, this.reach, batchSize)) {
        const entries: Entry[] = [];
        for (const cut of raw.cuts) entries.push(await this.write(cut));
        made.push({ start: raw.start, samples: raw.samples, entries });
      }
      this.batches.push(...made);
      this.reach += samples;
    } finally {
      disposeAll(element);
    }
  }

  private async write(cut: Cut): Promise<Entry> {
    this.spool ??= await this.open();
    if (isTensor(cut)) {
      const values = await cut.data();
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      return {
        kind: 'tensor',
        shape: [...cut.shape],
        dtype: cut.dtype as Dtype,
        at: await this.spool.append(bytes),
      };
    }
    const images: ImageEntry[] = [];
    for (const image of cut.images) {
      const { data, ...rest } = typeof image === 'function' ? await image() : image;
      images.push({ ...rest, at: await this.spool.append(data) });
    }
    return { kind: 'images', images };
  }

  private async cut(entry: Entry): Promise<Cut> {
    const spool = this.spool!;
    if (entry.kind === 'tensor') return readTensor(this.reading.tf, spool, entry);
    const images = entry.images.map(({ at, ...rest }): ImageReader => async () => ({
      ...rest,
      data: await spool.read(at, rest.height * rest.width * rest.channels),
    }));
    return { images };
  }
}

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array } as const;

async function readTensor(
  tf: Tfjs,
  spool: Spool,
  { shape, dtype, at }: Extract<Entry, { kind: 'tensor' }>,
): Promise<tf.Tensor> {
  const size = shape.reduce((product, axis) => product * axis, 1);
  const Values = ARRAYS[dtype];
  const bytes = await spool.read(at, size * Values.BYTES_PER_ELEMENT);
  return tf.tensor(new Values(bytes.buffer), [...shape], dtype);
}

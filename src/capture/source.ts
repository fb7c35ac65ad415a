/**
 * The data that models are run on, read in batches as often as needed and always the same.
 *
 * @module
 */
import { DataError, OptionError, ShapeError } from '../errors.js';
import { show, wholeNumber } from '../options.js';
import type { SampleRange } from './activations.js';
import { USUAL_BATCH } from './batch-size.js';
import { dataRecord, outcomeRecord } from './fingerprint.js';
import type { ImageBatch } from './images.js';
import { isInputArray, readSamples, type InputArray, type Samples } from './input-array.js';
import { inLockstep, type Preparation } from './prepare.js';
import { countSamples, cutBatches, disposeAll, inputsOf, ready, type SourceBatch } from './source-cuts.js';
import { fromOnce } from './source-once.js';
import { fromStream, isOnce, isStream } from './source-stream.js';
import type { BatchStream, Reading, StreamElement } from './source-stream.js';
import type { OpenSpool } from './spool.js';
import { loadTfjs } from './tfjs.js';

export type { BatchStream, StreamElement };

/**
 * Samples that are fetched when they are needed, any run of them: a folder of images, a file larger than memory. Each reading
 * begins anew, and gives what it held back when it is left.
 *
 * @example
 * ```ts
 * const data: LazySamples = {
 *   samples: rows.length,
 *   async *read({ from, to }, batchSize) {
 *     for (let at = from; at < to; at += batchSize) yield await fetchRows(at, Math.min(at + batchSize, to));
 *   },
 * };
 * ```
 */
export interface LazySamples {
  readonly samples: number;
  /**
   * Samples `from … to − 1` in order, as elements of a stream; their tensors are disposed of after use.
   *
   * @param batchSize - samples that are run at a time: larger elements are split.
   */
  read(range: Required<SampleRange>, batchSize: number): AsyncIterable<StreamElement>;
}

/**
 * Data to run models on; the first axis of every array is samples.
 *
 * - A tensor, `{ shape, data }` or nested arrays of numbers: cut into batches. The user's tensors are never disposed.
 * - An array of these: one per input where the model has several inputs, else consecutive runs of samples. A second model with
 *   inputs of the same names in another order gets them by name, any other in order.
 * - Decoded images `{ images }`, of one size or several; `imageFolder` of `svcca/node` and anything else that gives any run of
 *   samples when asked.
 * - A `tf.data.Dataset` of batches (call `.batch(64)` on one of single samples), or an iterable or async iterable of
 *   batches. The tensors it gives are disposed after use, as `fitDataset` does: yield `tensor.clone()` to keep one.
 * - A function that returns any of these streams anew. An iterator, such as what a generator function returns, can be read only
 *   once: with the option `spool` what it gives is kept for later passes.
 */
export type CaptureData =
  | InputArray
  | readonly InputArray[]
  | ImageBatch
  | LazySamples
  | BatchStream
  | (() => BatchStream | Promise<BatchStream>);

/** Data that can be read in batches, again and again. */
export interface Source {
  /** Number of samples: at once for arrays, after the first complete pass for streams. */
  readonly samples: number | undefined;
  /** A new pass, over all samples or some of them. Leaving it early frees what it holds. */
  batches(range?: SampleRange): AsyncIterable<SourceBatch>;
  /** Gives up what is held between passes. */
  close(): Promise<void>;
}

/** How {@link openSource} cuts and prepares. */
export interface SourceOptions {
  /** Samples in a batch, at most; the batches of a stream are split but not joined. @defaultValue `64` */
  readonly batchSize?: number;
  /** What the models take, and what is done to the data first. @defaultValue one model with one input */
  readonly preparations?: readonly Preparation[];
  /** Where data that can be read only once are kept for the next pass. @defaultValue they are refused then */
  readonly spool?: OpenSpool;
  /** Heard between the images of a batch; other data are cut at once. */
  readonly signal?: AbortSignal;
}

/** One model that takes what comes. */
const PLAIN: Preparation = {
  preprocess: undefined,
  inputs: [{ name: 'input', shape: [], dtype: 'float32' }],
};

/**
 * Opens data for reading.
 *
 * Streams are compared with their first pass by count and by a fingerprint of each batch.
 *
 * @throws OptionError for data of no known kind; ShapeError when inputs differ in samples; DataError for no samples.
 * While reading: DataError when a stream changes between passes (it shuffles) or can be read only once.
 */
export async function openSource(data: CaptureData, options: SourceOptions = {}): Promise<Source> {
  const batchSize = wholeNumber('batchSize', options.batchSize ?? USUAL_BATCH);
  const preparations = inLockstep(options.preparations ?? [PLAIN]);
  const names = preparations[0].inputs.map(({ name }) => name);
  const tf = await loadTfjs();
  const { signal } = options;
  const outcome = outcomeRecord();
  const reading: Reading = { tf, preparations, names, batchSize, outcome, ...(signal && { signal }) };
  const several = names.length > 1;
  if (Array.isArray(data) && (several || !isInputArray(data))) {
    const parts = data.map((part) => readSamples(tf, part));
    return fromArrays(several ? [parts] : parts.map((part) => [part]), reading);
  }
  if (isInputArray(data)) return fromArrays([[readSamples(tf, data)]], reading);
  if (isLazy(data)) return fromLazy(data, reading);
  if (typeof data === 'function' || isStream(data)) {
    const stream = data as BatchStream | (() => BatchStream);
    if (options.spool === undefined || !isOnce(stream)) return fromStream(stream, reading);
    return fromOnce(stream, reading, options.spool);
  }
  throw new OptionError(
    `data is ${typeof data === 'object' ? 'an object of no known kind' : show(data)}: give a tensor, { shape, data }, ` +
      'nested arrays, an array of tensors, a tf.data.Dataset, an (async) iterable of batches or a function returning one',
  );
}

function isLazy(data: unknown): data is LazySamples {
  const { samples, read } = (data ?? {}) as Partial<LazySamples>;
  return Number.isInteger(samples) && typeof read === 'function';
}

function fromArrays(parts: Samples[][], reading: Reading): Source {
  const { names, batchSize } = reading;
  const samples = parts.reduce((sum, part) => sum + countSamples(part, names), 0);
  if (samples === 0) throw new DataError('the data holds no samples');
  return {
    samples,
    async *batches({ from = 0, to = samples } = {}) {
      const range = { from, to };
      let start = 0;
      for (const part of parts) {
        for (const raw of cutBatches(part, start, batchSize, range)) {
          yield* ready(raw, { ...reading, range });
        }
        start += part[0].samples;
      }
    },
    close: () => Promise.resolve(),
  };
}

function fromLazy(data: LazySamples, reading: Reading): Source {
  const { tf, names, batchSize } = reading;
  const { samples } = data;
  if (samples === 0) throw new DataError('the data holds no samples');
  const record = dataRecord();
  return {
    samples,
    async *batches({ from = 0, to = samples } = {}) {
      const range = { from, to: Math.min(to, samples) };
      if (range.from >= range.to) return;
      let start = from;
      for await (const element of data.read(range, batchSize) as AsyncIterable<unknown>) {
        try {
          const part = inputsOf(element, names).map((value) => readSamples(tf, value));
          const count = countSamples(part, names);
          if (start + count > range.to) throw wrongCount(range, start + count - from);
          for (const raw of cutBatches(part, start, batchSize)) {
            yield* ready(raw, { ...reading, record, range });
          }
          start += count;
        } finally {
          disposeAll(element);
        }
      }
      if (start < range.to) throw wrongCount(range, start - from);
    },
    close: () => Promise.resolve(),
  };
}

function wrongCount({ from, to }: Required<SampleRange>, given: number): ShapeError {
  return new ShapeError(`the data gave ${given} samples when those from ${from} to ${to - 1} were asked for`);
}

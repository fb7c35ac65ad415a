/**
 * Data that come batch by batch: datasets, iterables, and functions that return them.
 *
 * @module
 */
import { DataError, OptionError } from '../errors.js';
import { PassRecord, type ReadRecord } from './fingerprint.js';
import type { ImageBatch } from './images.js';
import { readSamples, type InputArray } from './input-array.js';
import type { Preparation } from './prepare.js';
import { isDataset, isTensor } from './recognise.js';
import { countSamples, cutBatches, disposeAll, inputsOf, ready } from './source-cuts.js';
import type { Source } from './source.js';
import type { Tfjs } from './tfjs.js';

/**
 * One element of a stream: samples of one input, or of each input (in the model's order, or by name), alone or as
 * `{ xs }` beside labels that are not used.
 */
export type StreamElement =
  | InputArray
  | ImageBatch
  | readonly InputArray[]
  | Readonly<Record<string, unknown>>
  | { readonly xs: StreamElement };

/** A `tf.data.Dataset`, or anything that gives batches one after another. */
export type BatchStream =
  { iterator(): Promise<unknown> } | AsyncIterable<StreamElement> | Iterable<StreamElement>;

/** How a source is read. */
export interface Reading {
  readonly tf: Tfjs;
  readonly preparations: readonly Preparation[];
  /** Names of the inputs. */
  readonly names: readonly string[];
  readonly batchSize: number;
  /** What functions of preprocessing made of the data before. */
  readonly outcome: ReadRecord;
  readonly signal?: AbortSignal;
}

/** Whether `value` gives batches one after another. */
export function isStream(value: unknown): value is BatchStream {
  if (typeof value !== 'object' || value === null || isTensor(value)) return false;
  return isDataset(value) || Symbol.asyncIterator in value || Symbol.iterator in value;
}

/** An iterator, which is used up by reading it, or what else is. */
export type OnceStream = AsyncIterable<unknown> | Iterable<unknown>;

/** Whether a stream is known to be read only once: an iterator, a `ReadableStream`, a stream of Node. */
export function isOnce(stream: unknown): stream is OnceStream {
  if (!isStream(stream) || isDataset(stream)) return false;
  return ['next', 'getReader', 'pipe'].some((method) => method in stream);
}

/** A stream that is read anew in each pass, from its start, and compared with the first. */
export function fromStream(
  data: BatchStream | (() => BatchStream | Promise<BatchStream>),
  reading: Reading,
): Source {
  const { tf, names, batchSize } = reading;
  const record = new PassRecord();
  const passes = new WeakSet<object>();
  return {
    get samples() {
      return record.samples;
    },
    async *batches({ from = 0, to = Infinity } = {}) {
      const stream = typeof data === 'function' ? await data() : data;
      if (!isStream(stream)) {
        throw new OptionError(
          'data: the function must return a tf.data.Dataset, an iterable or an async iterable',
        );
      }
      let start = 0;
      for await (const element of elementsOf(stream, passes)) {
        try {
          const part = inputsOf(element, names).map((value) => readSamples(tf, value));
          const samples = countSamples(part, names);
          // Read from the start, whatever is asked for: a stream cannot be entered in the middle.
          for (const raw of cutBatches(part, start, batchSize)) {
            yield* ready(raw, { ...reading, record, range: { from, to } });
          }
          start += samples;
          if (start >= to) return;
        } finally {
          disposeAll(element);
        }
      }
      if (start === 0 && record.begun) throw usedUp();
      record.end(start);
      if (start === 0) throw new DataError('the data holds no samples');
    },
    close: () => Promise.resolve(),
  };
}

async function* elementsOf(stream: BatchStream, passes: WeakSet<object>): AsyncGenerator {
  if (isDataset(stream)) {
    const iterator = await stream.iterator();
    for (;;) {
      const next = await iterator.next();
      if (next.done === true) return;
      yield next.value;
    }
  }
  if (isOnce(stream)) {
    if (passes.has(stream)) throw usedUp();
    passes.add(stream);
  }
  for await (const element of stream as AsyncIterable<unknown> | Iterable<unknown>) yield element;
}

function usedUp(): DataError {
  return new DataError(
    'the data is an iterator that can be read only once, and a second pass is needed: pass a tensor or an array, ' +
      "a function that returns a new iterator (for example the generator function itself), or the option 'spool', " +
      'which keeps what it gives (spoolTo of svcca/node)',
  );
}

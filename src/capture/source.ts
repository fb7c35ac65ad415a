/**
 * The data that models are run on, read in batches as often as needed and always the same.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { DataError, OptionError, ShapeError } from '../errors.js';
import { show, wholeNumber } from '../options.js';
import type { SampleRange } from './activations.js';
import { PassRecord, fingerprint } from './fingerprint.js';
import { isInputArray, readSamples, type InputArray, type Samples } from './input-array.js';
import { isDataset, isTensor } from './recognise.js';
import { loadTfjs, type Tfjs } from './tfjs.js';

/**
 * One element of a stream: samples of one input, or of each input (in the model's order, or by name), alone or as
 * `{ xs }` beside labels that are not used.
 */
export type StreamElement =
  InputArray | readonly InputArray[] | Readonly<Record<string, unknown>> | { readonly xs: StreamElement };

/** A `tf.data.Dataset`, or anything that gives batches one after another. */
export type BatchStream =
  { iterator(): Promise<unknown> } | AsyncIterable<StreamElement> | Iterable<StreamElement>;

/**
 * Data to run models on; the first axis of every array is samples.
 *
 * - A tensor, `{ shape, data }` or nested arrays of numbers: cut into batches. The user's tensors are never disposed.
 * - An array of these: one per input where the model has several inputs, else consecutive runs of samples.
 * - A `tf.data.Dataset` of batches (call `.batch(64)` on one of single samples), or an iterable or async iterable of
 *   batches. The tensors it gives are disposed after use, as `fitDataset` does: yield `tensor.clone()` to keep one.
 * - A function that returns any of these streams anew: needed for generators, which can be read only once.
 */
export type CaptureData =
  InputArray | readonly InputArray[] | BatchStream | (() => BatchStream | Promise<BatchStream>);

/** A run of samples on its way into the models. */
export interface SourceBatch {
  /** Global number of the first sample. */
  readonly start: number;
  readonly samples: number;
  /** One tensor per model input, disposed when the next batch is asked for. */
  readonly inputs: readonly tf.Tensor[];
}

/** Data that can be read in batches, again and again. */
export interface Source {
  /** Number of samples: at once for arrays, after the first complete pass for streams. */
  readonly samples: number | undefined;
  /** A new pass, over all samples or some of them. Leaving it early frees what it holds. */
  batches(range?: SampleRange): AsyncIterable<SourceBatch>;
}

/** How {@link openSource} cuts. */
export interface SourceOptions {
  /** Samples in a batch, at most; the batches of a stream are split but not joined. @defaultValue `64` */
  readonly batchSize?: number;
  /** Names of the model's inputs. @defaultValue one input */
  readonly inputs?: readonly string[];
}

/**
 * Opens data for reading.
 *
 * Streams are compared with their first pass by count and by a fingerprint of each batch.
 *
 * @throws OptionError for data of no known kind; ShapeError when inputs differ in samples; DataError for no samples.
 * While reading: DataError when a stream changes between passes (it shuffles) or can be read only once.
 */
export async function openSource(data: CaptureData, options: SourceOptions = {}): Promise<Source> {
  const batchSize = wholeNumber('batchSize', options.batchSize ?? 64);
  const inputs = options.inputs ?? ['input'];
  const tf = await loadTfjs();
  if (isInputArray(data)) return fromArrays([[readSamples(tf, data)]], inputs, batchSize);
  if (Array.isArray(data)) {
    const parts = data.map((part) => readSamples(tf, part));
    return fromArrays(inputs.length > 1 ? [parts] : parts.map((part) => [part]), inputs, batchSize);
  }
  if (typeof data === 'function' || isStream(data)) {
    return fromStream(tf, data as BatchStream | (() => BatchStream), inputs, batchSize);
  }
  throw new OptionError(
    `data is ${typeof data === 'object' ? 'an object of no known kind' : show(data)}: give a tensor, { shape, data }, ` +
      'nested arrays, an array of tensors, a tf.data.Dataset, an (async) iterable of batches or a function returning one',
  );
}

function fromArrays(parts: Samples[][], inputs: readonly string[], batchSize: number): Source {
  const samples = parts.reduce((sum, part) => sum + countSamples(part, inputs), 0);
  if (samples === 0) throw new DataError('the data holds no samples');
  return {
    samples,
    async *batches({ from = 0, to = samples } = {}) {
      let start = 0;
      for (const part of parts) {
        yield* cutBatches(part, start, batchSize, { from, to });
        start += part[0].samples;
      }
    },
  };
}

function fromStream(
  tf: Tfjs,
  data: BatchStream | (() => BatchStream | Promise<BatchStream>),
  inputs: readonly string[],
  batchSize: number,
): Source {
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
      let [index, start] = [0, 0];
      for await (const element of elementsOf(stream, passes)) {
        try {
          const part = inputsOf(element, inputs).map((value) => readSamples(tf, value));
          const samples = countSamples(part, inputs);
          // Read from the start, whatever is asked for: a stream cannot be entered in the middle.
          for await (const batch of cutBatches(part, start, batchSize)) {
            record.check(index++, batch.start, await fingerprint(tf, batch.inputs));
            yield* trimmed(batch, from, to);
          }
          start += samples;
          if (start >= to) return;
        } finally {
          disposeAll(element);
        }
      }
      record.end(index, start);
      if (start === 0) throw new DataError('the data holds no samples');
    },
  };
}

async function* cutBatches(
  part: readonly Samples[],
  start: number,
  batchSize: number,
  range: Required<SampleRange> = { from: 0, to: Infinity },
): AsyncGenerator<SourceBatch> {
  const { samples } = part[0];
  const end = Math.min(samples, range.to - start);
  for (let from = Math.max(0, range.from - start); from < end; from += batchSize) {
    const to = Math.min(from + batchSize, end);
    const inputs: tf.Tensor[] = [];
    try {
      for (const input of part) inputs.push(input.cut(from, to));
      yield { start: start + from, samples: to - from, inputs };
    } finally {
      for (const tensor of inputs) tensor.dispose();
    }
  }
}

/** The samples of a batch that lie within `from … to − 1`, if any; the batch stays the caller's. */
async function* trimmed(batch: SourceBatch, from: number, to: number): AsyncGenerator<SourceBatch> {
  const { start, samples, inputs } = batch;
  const low = Math.max(from - start, 0);
  const high = Math.min(to - start, samples);
  if (low >= high) return;
  if (low === 0 && high === samples) {
    yield batch;
    return;
  }
  const cut = inputs.map((tensor) => tensor.slice([low], [high - low]));
  try {
    yield { start: start + low, samples: high - low, inputs: cut };
  } finally {
    for (const tensor of cut) tensor.dispose();
  }
}

function countSamples(part: readonly Samples[], inputs: readonly string[]): number {
  if (part.length !== inputs.length) {
    throw new ShapeError(
      `the data has ${part.length} arrays for a model of ${inputs.length} inputs (${inputs.join(', ')})`,
    );
  }
  const counts = part.map(({ samples }) => samples);
  if (counts.some((count) => count !== counts[0])) {
    const list = inputs.map((name, i) => `${name}: ${counts[i]}`).join(', ');
    throw new ShapeError(`the inputs differ in their number of samples (${list})`);
  }
  return counts[0] ?? 0;
}

function isStream(value: unknown): value is BatchStream {
  if (typeof value !== 'object' || value === null || isTensor(value)) return false;
  return isDataset(value) || Symbol.asyncIterator in value || Symbol.iterator in value;
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
  if ('next' in stream) {
    if (passes.has(stream)) {
      throw new DataError(
        'the data is an iterator that can be read only once, and a second pass is needed: pass a tensor or an array, ' +
          'or a function that returns a new iterator (for example the generator function itself)',
      );
    }
    passes.add(stream);
  }
  for await (const element of stream as AsyncIterable<unknown> | Iterable<unknown>) yield element;
}

/** The samples of each model input in one element of a stream. */
function inputsOf(element: unknown, inputs: readonly string[]): readonly unknown[] {
  if (isInputArray(element)) return [element];
  if (Array.isArray(element)) return element;
  const record = (element ?? {}) as Record<string, unknown>;
  if ('xs' in record) return inputsOf(record['xs'], inputs);
  if (inputs.every((name) => name in record)) return inputs.map((name) => record[name]);
  return [element];
}

function disposeAll(element: unknown): void {
  if (isTensor(element)) {
    if (!element.isDisposed) element.dispose();
  } else if (typeof element === 'object' && element !== null && !ArrayBuffer.isView(element)) {
    if (isInputArray(element)) return;
    for (const value of Object.values(element)) disposeAll(value);
  }
}

/**
 * The samples of a model's inputs, cut into batches and made ready.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { ShapeError } from '../errors.js';
import type { SampleRange } from './activations.js';
import type { ReadRecord } from './fingerprint.js';
import { isInputArray, type Samples } from './input-array.js';
import { prepareBatch, type Cut, type Preparation } from './prepare.js';
import { isTensor } from './recognise.js';
import type { Tfjs } from './tfjs.js';

/** A run of samples on its way into the models. */
export interface SourceBatch {
  /** Global number of the first sample. */
  readonly start: number;
  readonly samples: number;
  /** For each model one tensor per input, disposed of when the next batch is asked for. */
  readonly inputs: readonly (readonly tf.Tensor[])[];
}

/** A run of samples as the data hold them. */
export interface RawBatch {
  readonly start: number;
  readonly samples: number;
  /** One for each input. */
  readonly cuts: readonly Cut[];
}

/** Cuts the samples of each input, of which the first has the global number `start`, into batches. */
export function* cutBatches(
  part: readonly Samples[],
  start: number,
  batchSize: number,
  range: Required<SampleRange> = { from: 0, to: Infinity },
): Generator<RawBatch> {
  const { samples } = part[0];
  const end = Math.min(samples, range.to - start);
  for (let from = Math.max(0, range.from - start); from < end; from += batchSize) {
    const to = Math.min(from + batchSize, end);
    const cuts: Cut[] = [];
    try {
      for (const input of part) cuts.push(input.cut(from, to));
      yield { start: start + from, samples: to - from, cuts };
    } finally {
      for (const cut of cuts) if (isTensor(cut)) cut.dispose();
    }
  }
}

/** What each batch is held to, and the batches that are wanted. */
export interface Wanted {
  readonly tf: Tfjs;
  readonly preparations: readonly Preparation[];
  /** Where the data may change between passes. */
  readonly record?: ReadRecord;
  /** What functions of preprocessing made of the data before. */
  readonly outcome: ReadRecord;
  readonly range: Required<SampleRange>;
  readonly signal?: AbortSignal;
}

/**
 * A batch made ready for the models, without the samples that are not wanted; those are only compared with the first pass.
 *
 * @throws as `prepareBatch`; DataError when the batch is not what it was.
 */
export async function* ready(
  { start, samples, cuts }: RawBatch,
  { tf, preparations, record, outcome, range, signal }: Wanted,
): AsyncGenerator<SourceBatch> {
  const low = Math.max(range.from - start, 0);
  const high = Math.min(range.to - start, samples);
  const none = low >= high;
  if (none && record === undefined) return;
  const printed = record !== undefined;
  const batch = await prepareBatch(tf, cuts, none ? [] : preparations, {
    printed,
    ...(signal && { signal }),
  });
  const parts = new Map<tf.Tensor, tf.Tensor>();
  try {
    record?.check(start, samples, batch.print!);
    if (batch.outcome !== undefined) outcome.check(start, samples, batch.outcome);
    if (none) return;
    if (high - low < samples) {
      for (const tensor of batch.inputs.flat()) {
        if (!parts.has(tensor)) parts.set(tensor, tensor.slice([low], [high - low]));
      }
    }
    const inputs = batch.inputs.map((tensors) => tensors.map((tensor) => parts.get(tensor) ?? tensor));
    yield { start: start + low, samples: high - low, inputs };
  } finally {
    for (const tensor of parts.values()) tensor.dispose();
    batch.dispose();
  }
}

/** Number of samples that all inputs have. @throws ShapeError where they differ, or are too many or too few inputs */
export function countSamples(part: readonly Samples[], inputs: readonly string[]): number {
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

/** The samples of each model input in one element of a stream. */
export function inputsOf(element: unknown, inputs: readonly string[]): readonly unknown[] {
  if (Array.isArray(element) && (inputs.length > 1 || !isInputArray(element))) return element;
  if (isInputArray(element)) return [element];
  const record = (element ?? {}) as Record<string, unknown>;
  if ('xs' in record) return inputsOf(record['xs'], inputs);
  if (inputs.every((name) => name in record)) return inputs.map((name) => record[name]);
  return [element];
}

/** Frees every tensor of an element; what is neither a list nor a plain record is not looked into. */
export function disposeAll(element: unknown): void {
  if (isTensor(element)) {
    if (!element.isDisposed) element.dispose();
  } else if (Array.isArray(element) ? !isInputArray(element) : isRecord(element)) {
    for (const value of Object.values(element as object)) disposeAll(value);
  }
}

function isRecord(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

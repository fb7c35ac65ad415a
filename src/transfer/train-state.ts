/**
 * Where a training stands, and its checkpoints: one record each, so that a store has it whole or not at all.
 *
 * @module
 */
import { decodeRecords, encodeRecords } from '../compare/checkpoint-format.js';
import { FormatError, OptionError, SvccaError } from '../errors.js';
import { crc32 } from '../io/crc32.js';
import { show } from '../options.js';
import type { LabelledImages, Splits } from './labelled-images.js';
import type { OptimizerState } from './optimizer-state.js';
import type { Store } from './store.js';
import type { ResolvedTraining } from './train-options.js';
import type { Evaluation } from './training.js';
import type { Weights } from './weights.js';

/** Where a training stands between two steps, besides weights and optimizer. */
export interface TrainState {
  /** Steps done. */
  step: number;
  history: Evaluation[];
  /** Sum of the losses since the last evaluation, each times its images, and how many images. */
  lossSum: number;
  lossCount: number;
  /** The best evaluation, and its weights where they are to be kept. */
  best?: { readonly evaluation: Evaluation; readonly weights?: Weights };
  /** Evaluations since the best one. */
  waited: number;
  stopped?: 'done' | 'patience';
  /** Of the last evaluation. */
  warnings: readonly string[];
}

/** A training as a checkpoint has it. */
export interface Saved {
  readonly state: TrainState;
  readonly weights: Weights;
  /** Absent of a training that has ended. */
  readonly optimizer?: OptimizerState;
}

/** What decides the numbers of a training, besides the weights at its start: as checkpoints tell it. */
export type TrainingIdentity = Readonly<Record<string, unknown>>;

/** Everything that a checkpoint must share with the training that goes on from it. */
export function identityOf(
  training: ResolvedTraining,
  data: Pick<Splits, 'train' | 'validation'>,
  model: readonly (readonly number[])[],
  backend: string,
): TrainingIdentity {
  return {
    ...training,
    backend,
    'shapes of the weights': model,
    'training images': fingerprint(data.train),
    'validation images': fingerprint(data.validation),
  };
}

/** Shape, task, classes, and checksums of pixels and labels. */
function fingerprint({ images, labels, shape, task, classes }: LabelledImages): unknown {
  const checksum = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
    crc32(new Uint8Array(buffer, byteOffset, byteLength));
  return { shape, task, classes, images: checksum(images), labels: checksum(Int32Array.from(labels)) };
}

/** Writes a checkpoint in the place of the one before. */
export async function saveTraining(
  store: Store,
  name: string,
  identity: TrainingIdentity,
  saved: Saved,
): Promise<void> {
  const pieces: Uint8Array[] = [];
  const records = [
    { kind: 'training', value: identity },
    { kind: 'saved', value: saved },
  ];
  async function* each() {
    yield* records;
  }
  for await (const piece of encodeRecords(each())) pieces.push(piece);
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  await store.write(name, bytes);
}

/**
 * Reads a checkpoint, if there is one.
 *
 * @throws FormatError where it is damaged; OptionError where it is of another training.
 */
export async function loadTraining(
  store: Store,
  name: string,
  identity: TrainingIdentity,
): Promise<Saved | undefined> {
  const bytes = await store.read(name);
  if (bytes === undefined) return undefined;
  const records = new Map<string, unknown>();
  try {
    async function* whole() {
      yield bytes!;
    }
    for await (const { kind, value } of decodeRecords(whole())) records.set(kind, value);
  } catch (cause) {
    if (!(cause instanceof SvccaError)) throw cause;
    throw new FormatError(`checkpoint '${name}' cannot be read (${cause.message}): remove it to begin anew`, {
      cause,
    });
  }
  checkIdentity(records.get('training') as TrainingIdentity, identity, name);
  return records.get('saved') as Saved;
}

function checkIdentity(found: TrainingIdentity, wanted: TrainingIdentity, name: string): void {
  const text = (value: unknown) => JSON.stringify(value) ?? 'nothing';
  const other = Object.keys(wanted).filter((key) => text(found[key]) !== text(wanted[key]));
  if (other.length === 0) return;
  const small = (value: unknown) => (text(value).length > 60 ? 'others' : show(value));
  const list = other.map((key) => `${key} (${small(found[key])} there, ${small(wanted[key])} here)`);
  throw new OptionError(
    `checkpoint '${name}' is of another training, it differs in ${list.join(', ')}: give it another name, or remove it`,
  );
}

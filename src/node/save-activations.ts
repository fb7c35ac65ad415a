/**
 * Activations written to files as they come, whatever their size.
 *
 * @module
 */
import { dirname, extname, resolve } from 'node:path';
import { SPATIAL } from '../capture/activations.js';
import type { ActivationSet, Spatial } from '../capture/activations.js';
import type { Spool } from '../capture/spool.js';
import { DataError, OptionError } from '../errors.js';
import { npzLayout, safetensorsLayout } from '../io/file-layout.js';
import type { PlannedArray } from '../io/file-layout.js';
import { keyword, knownKeys } from '../options.js';
import { fileEach, oneFile } from './array-writer.js';
import type { ArrayWriter } from './array-writer.js';
import { checkNewFolder, replaceFile, replaceFolder } from './files.js';
import { spoolTo } from './spool.js';
import { DTYPES, encoded } from './stored-batches.js';
import type { Reading, StoredType } from './stored-batches.js';

/** Options of {@link saveActivations}. */
export interface SaveOptions {
  /** How positions of grids are stored: as they are, or reduced. @defaultValue that of the set */
  readonly spatial?: Spatial;
  /** Type of the stored values. @defaultValue the layer's own: float32 of models */
  readonly dtype?: StoredType;
  /** Stops before the next batch; nothing is left. */
  readonly signal?: AbortSignal;
}

/** A layer as it was stored. */
export interface SavedLayer {
  readonly name: string;
  /** Samples first, channels last. */
  readonly shape: readonly number[];
  readonly dtype: StoredType;
}

/**
 * Writes activations batch by batch to a `.npz`, a `.safetensors` or, where `path` has no extension, a new folder of `.npy` files,
 * which numpy, PyTorch and {@link openActivations} read. One batch is in memory at a time. What stands at `path` is replaced
 * once all is written, and stays what it was on any error; a folder must be new or empty.
 *
 * Where the set does not know its number of samples beforehand, activations go through a temporary file of their size beside
 * `path`.
 *
 * A layer with masked positions is followed by its mask, `name.mask`, which is read with it.
 *
 * @returns what was written, layer by layer.
 * @throws DataError if the file cannot be written, for a layer's name that no file can have, and for values beyond float16;
 * ShapeError when batches differ; OptionError; UnsupportedError for masks of whole samples; whatever reading the set throws.
 * @example
 * ```ts
 * const acts = await capture(model, images, { layers: 'conv*', spatial: 'mean' });
 * await saveActivations('acts.npz', acts);
 * ```
 */
export async function saveActivations(
  path: string,
  set: ActivationSet,
  options: SaveOptions = {},
): Promise<SavedLayer[]> {
  knownKeys('saveActivations', options, ['spatial', 'dtype', 'signal']);
  const { dtype, signal } = options;
  const spatial = options.spatial ?? set.spatial;
  keyword('spatial', spatial, SPATIAL);
  if (dtype !== undefined) keyword('dtype', dtype, ['float16', 'float32', 'float64']);
  const kind = kindOf(path);
  if (kind === 'folder') await checkNewFolder(path);
  const reading = { batches: () => set.batches(), infos: set.layers, spatial, dtype, signal };

  let saved: readonly PlannedArray[] = [];
  const write = async (open: (arrays: readonly PlannedArray[]) => Promise<ArrayWriter>): Promise<void> => {
    saved =
      set.samples === undefined
        ? await throughSpool(reading, await spoolTo(dirname(resolve(path)))(), open)
        : await atOnce(reading, set.samples, open);
  };
  if (kind === 'folder') {
    await replaceFolder(path, (folder) => write((arrays) => fileEach(folder, arrays)));
  } else {
    const layout = kind === '.npz' ? npzLayout : safetensorsLayout;
    await replaceFile(path, (file) => write((arrays) => Promise.resolve(oneFile(file, layout(arrays)))));
  }
  return saved.flatMap(({ name, shape, code }) =>
    code === 'b1' ? [] : [{ name, shape, dtype: DTYPES[code] }],
  );
}

/** Which kind of file a path asks for. @throws OptionError */
export function kindOf(path: string): '.npz' | '.safetensors' | 'folder' {
  const extension = extname(path).toLowerCase();
  if (extension === '.npz' || extension === '.safetensors') return extension;
  if (extension === '' || /[/\\]$/.test(path)) return 'folder';
  throw new OptionError(
    `activations cannot be written as '${path}': name a .npz, a .safetensors, or a folder, which has no extension`,
  );
}

/** Layers whose number of samples is known go to their places at once. */
async function atOnce(
  reading: Reading,
  samples: number,
  open: (arrays: readonly PlannedArray[]) => Promise<ArrayWriter>,
): Promise<readonly PlannedArray[]> {
  let arrays: readonly PlannedArray[] = [];
  let writer: ArrayWriter | undefined;
  let count = 0;
  try {
    for await (const batch of encoded(reading)) {
      count += batch.samples;
      if (count > samples) throw otherCount(`more than ${samples}`, samples);
      if (writer === undefined) {
        arrays = batch.arrays.map(({ array }) => withSamples(array, samples));
        writer = await open(arrays);
      }
      for (const [i, { bytes }] of batch.arrays.entries()) await writer.append(i, bytes);
    }
    if (count < samples || writer === undefined) throw otherCount(String(count), samples);
    await writer.finish();
  } finally {
    await writer?.close();
  }
  return arrays;
}

/** Layers whose end is not known are kept elsewhere until it is. */
async function throughSpool(
  reading: Reading,
  spool: Spool,
  open: (arrays: readonly PlannedArray[]) => Promise<ArrayWriter>,
): Promise<readonly PlannedArray[]> {
  const pieces: { readonly start: number; readonly length: number }[][] = [];
  let planned: readonly PlannedArray[] = [];
  let samples = 0;
  let writer: ArrayWriter | undefined;
  try {
    for await (const batch of encoded(reading)) {
      samples += batch.samples;
      planned = batch.arrays.map(({ array }) => array);
      for (const [i, { bytes }] of batch.arrays.entries()) {
        (pieces[i] ??= []).push({ start: await spool.append(bytes), length: bytes.length });
      }
    }
    if (samples === 0) throw new DataError('the activations have no samples');
    const arrays = planned.map((array) => withSamples(array, samples));
    writer = await open(arrays);
    for (const [i, own] of pieces.entries()) {
      for (const { start, length } of own) {
        reading.signal?.throwIfAborted();
        await writer.append(i, await spool.read(start, length));
      }
    }
    await writer.finish();
    return arrays;
  } finally {
    await writer?.close();
    await spool.close();
  }
}

function withSamples(array: PlannedArray, samples: number): PlannedArray {
  return { ...array, shape: [samples, ...array.shape.slice(1)] };
}

function otherCount(found: string, samples: number): DataError {
  return new DataError(`the activations said that they have ${samples} samples and gave ${found}`);
}

/**
 * Activations in files, read batch by batch: no more of them is in memory than a batch needs.
 *
 * @module
 */
import { basename } from 'node:path';
import { SPATIAL } from '../capture/activations.js';
import type {
  ActivationBatch,
  ActivationBlock,
  ActivationSet,
  SampleRange,
  Spatial,
} from '../capture/activations.js';
import { sameSamples } from '../capture/arrays.js';
import { checkFiniteBlock } from '../capture/block-checks.js';
import { gather } from '../capture/gather.js';
import { isChannelsFirst, toChannelsLast } from '../capture/layout.js';
import type { Layout } from '../capture/layout.js';
import { readMask } from '../capture/masks.js';
import type { LayerSelection } from '../capture/select.js';
import { applySpatial, drawOf, toBlock } from '../capture/spatial.js';
import type { PositionOptions } from '../capture/spatial.js';
import { DataError } from '../errors.js';
import type { FloatArray } from '../matrix.js';
import { keyword, knownKeys, wholeNumber } from '../options.js';
import { findLayers } from './array-layers.js';
import type { Layer } from './array-layers.js';
import { findArray, listPath, splitKey } from './array-list.js';
import { openPass } from './array-pass.js';

/** Options of {@link openActivations}. */
export interface FileOptions extends PositionOptions {
  /** Which layers. The others are not looked at: they may be text, or have another number of samples. @defaultValue all */
  readonly layers?: LayerSelection;
  /** Where channels stand in arrays of rank 3 and above. @defaultValue `'channelsLast'` */
  readonly layout?: Layout;
  /** How grids become datapoints. @defaultValue `'positions'` */
  readonly spatial?: Spatial;
  /** Samples in a batch, at most. @defaultValue as many as have about 8 MB in all layers together */
  readonly batchSize?: number;
}

/** Activations that are being read from files. */
export interface OpenedActivations {
  readonly set: ActivationSet;
  /** Tells versions of the files apart. */
  readonly fingerprint: string;
  /** Gives up what is held; the set cannot be read any more. Files are open only while a pass reads them. */
  close(): Promise<void>;
}

/** Bytes of a batch, about. */
const BATCH = 8 << 20;

/**
 * Opens activations that lie in files, one array per layer, samples first:
 *
 * - a `.npz`; a `.npz` in it gives its layers as `outer/inner`. Entries that are not compressed are read by position,
 *   compressed ones are inflated along the way once per pass; checksums are checked;
 * - a `.safetensors`;
 * - a `.npy`, which is one layer, as is one array of the others: `file.npz:key`;
 * - a folder with one of these per layer, below it at any depth: layers are called by their path without extension.
 *
 * An array `tokens.mask` beside `tokens`, of its shape without channels, is its mask: 1 for positions that count, 0 for padding.
 *
 * Only what a batch needs is in memory; arrays in Fortran order, which do not lie sample by sample, are read whole in each pass.
 *
 * @returns layers in the order of the file; those of a folder, and of a `.safetensors` that sorts its names, by name, with numbers
 * in names by their value.
 * @throws DataError if a file cannot be read or holds no samples; FormatError, with the byte offset, if it is malformed or a
 * layer is not of real numbers; ShapeError when layers differ in their number of samples; OptionError. While reading: DataError
 * for NaN and infinity, naming layer, sample and position, and for a file that was changed; FormatError for a wrong checksum.
 * @example
 * ```ts
 * const acts = await openActivations('resnet.npz', { layout: 'NCHW' });
 * try {
 *   const similarity = await compare(model, acts.set, images);
 * } finally {
 *   await acts.close();
 * }
 * ```
 */
export async function openActivations(path: string, options: FileOptions = {}): Promise<OpenedActivations> {
  knownKeys('openActivations', options, ['layers', 'layout', 'spatial', 'batchSize', 'positions', 'seed']);
  const { spatial = 'positions' } = options;
  keyword('spatial', spatial, SPATIAL);
  const draw = drawOf(options);
  if (options.batchSize !== undefined) wholeNumber('batchSize', options.batchSize);
  const channelsFirst = isChannelsFirst(options.layout);
  // The whole file, also where one array is named: its mask lies beside it.
  const { file, key } = splitKey(path);
  const { arrays, fingerprint } = await listPath(file);
  const only = key === undefined ? undefined : findArray(arrays, key, file);
  const layers = await findLayers(arrays, {
    only,
    selection: options.layers,
    channelsFirst,
    file: basename(path),
  });
  const samples = sameSamples(layers.map(({ name, shape: [own] }) => ({ name, samples: own })));
  const batchSize = options.batchSize ?? batchOf(layers);
  const masked = layers.filter(({ mask }) => mask !== undefined);
  let isOpen = true;

  async function* batches({ from = 0, to = samples }: SampleRange = {}): AsyncGenerator<ActivationBatch> {
    if (!isOpen) throw new DataError(`'${path}' is closed: read activations before close()`);
    const end = Math.min(to, samples);
    const pass = await openPass([...layers, ...masked.map(({ mask }) => mask!)], from);
    try {
      for (let start = from; start < end; start += batchSize) {
        const count = Math.min(batchSize, end - start);
        const batch = new Map<string, ActivationBlock>();
        for (const [i, layer] of layers.entries()) {
          const stored = await pass.rows[i].read(count);
          const data = channelsFirst ? toChannelsLast(stored, count, layer.header.shape) : stored;
          const m = masked.indexOf(layer);
          const mask = m < 0 ? undefined : await pass.rows[layers.length + m].read(count);
          batch.set(layer.name, blockOf(layer, { start, count, data, mask }, options.spatial));
        }
        // Before the last batch is given out: a reader need not ask for more than it wants.
        if (start + count === end) await pass.finish(end === samples);
        yield { start, samples: count, layers: batch };
      }
    } finally {
      await pass.close();
    }
  }

  return {
    set: {
      layers: layers.map(({ name, shape }) => ({ name, kind: 'Array', shape: shape.slice(1) })),
      samples,
      spatial,
      batches,
      matrices: () => gather(batches(), draw),
    },
    fingerprint,
    close: () => {
      isOpen = false;
      return Promise.resolve();
    },
  };
}

function blockOf(
  { shape, label }: Layer,
  {
    start,
    count,
    data,
    mask,
  }: { start: number; count: number; data: FloatArray; mask: FloatArray | undefined },
  spatial: Spatial | undefined,
): ActivationBlock {
  const counted = mask && readMask(mask, label, start, count);
  const block = toBlock([count, ...shape.slice(1)], data, label, counted);
  checkFiniteBlock(block, label, start);
  return spatial === undefined ? block : applySpatial(block, spatial, { layer: label, start });
}

function batchOf(layers: readonly Layer[]): number {
  const perSample = layers.reduce((sum, { shape, header }) => {
    const width = shape.slice(1).reduce((product, axis) => product * axis, 1);
    // float32 or float64 once decoded.
    return sum + width * Math.max(4, header.element.size);
  }, 0);
  return Math.max(1, Math.floor(BATCH / perSample));
}

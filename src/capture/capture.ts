/**
 * Activations of models on data: of one model, or of several in lockstep on the same batches.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { OptionError } from '../errors.js';
import { flag, keyword, knownKeys, wholeNumber, type Progress } from '../options.js';
import { SPATIAL } from './activations.js';
import type {
  ActivationBatch,
  ActivationBlock,
  ActivationSet,
  LayerInfo,
  SampleRange,
  Spatial,
} from './activations.js';
import { readBlock } from './block-checks.js';
import { applySpatialOnDevice, readDeviceBlock } from './device.js';
import type { DeviceBatch, DeviceBlock } from './device.js';
import { gather } from './gather.js';
import { listLayers, openProbe } from './probe.js';
import type { CaptureModel, Probe, ProbeOptions } from './probe.js';
import { selectLayers, type LayerSelection } from './select.js';
import { openSource, type CaptureData, type Source } from './source.js';
import { applySpatial, type Positions } from './spatial.js';

export type { CaptureModel } from './probe.js';
export type { CaptureData } from './source.js';

/** Options of reading models batch by batch. */
export interface TogetherOptions {
  /** How grids become datapoints; `'mean'` and `'flatten'` are applied to each batch. @defaultValue `'positions'` */
  readonly spatial?: Spatial;
  /** Samples in a batch, at most. @defaultValue `64` */
  readonly batchSize?: number;
  /** Runs the models as in training: dropout on, batch norm by the batch. The models do not change. @defaultValue `false` */
  readonly training?: boolean;
  /** Seed of what is random in training. @defaultValue `0` */
  readonly seed?: number;
  /** Stops the reading before the next batch; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called after each batch with the number of samples read in this pass, in the stage `'capture'`. */
  readonly onProgress?: (progress: Progress) => void;
}

/** Options of {@link capture}. */
export interface CaptureOptions extends TogetherOptions {
  /** Which layers. @defaultValue all but the inputs */
  readonly layers?: LayerSelection;
  /** Positions per sample that `matrices()` takes of a grid. @defaultValue `'all'` */
  readonly positions?: Positions;
  /** Seed of that draw, and of what is random in training. @defaultValue `0` */
  readonly seed?: number;
}

/** One of the models that are read together. */
export interface CaptureSide {
  readonly model: CaptureModel;
  /** Which of its layers. @defaultValue all but the inputs */
  readonly layers?: LayerSelection;
  /** How messages call it, for example `a`. @defaultValue the name of the model */
  readonly label?: string;
}

/** Models opened on the same data. */
export interface Together {
  /** The chosen layers of each model, in order of execution. */
  readonly sides: readonly { readonly layers: readonly LayerInfo[] }[];
  /** Number of samples; of a stream it is known after the first complete pass. */
  readonly samples: number | undefined;
  readonly spatial: Spatial;
  /** A new pass: for each batch of the data, what every model makes of it, in the order of the sides. */
  batches(range?: SampleRange): AsyncIterable<readonly ActivationBatch[]>;
  /** The same on the device where the models run; a batch lives until the next is asked for. */
  deviceBatches(range?: SampleRange): AsyncIterable<readonly DeviceBatch[]>;
}

const optionNames = [
  ...['layers', 'spatial', 'batchSize', 'positions', 'seed', 'training'],
  ...['signal', 'onProgress'],
];

/**
 * Captures a model's activations on data, in inference mode.
 *
 * Nothing runs until the set is read: `batches()` runs the model anew each time, `matrices()` reads one pass into
 * memory. No tensor outlives a batch, whether reading ends, fails or is given up.
 *
 * @param data - samples first; see {@link CaptureData}.
 * @throws OptionError for an option or a layer that does not exist; UnsupportedError for a kind of model that is not
 * captured. While reading: ShapeError when the data do not fit the model's inputs, DataError for an activation that is
 * not finite or data that change between passes.
 */
export async function capture(
  model: CaptureModel,
  data: CaptureData,
  options: CaptureOptions = {},
): Promise<ActivationSet> {
  knownKeys('capture', options, optionNames);
  const { layers, positions = 'all', seed = 0 } = options;
  if (positions !== 'all') wholeNumber('positions', positions);
  wholeNumber('seed', seed, 0);
  const together = await openTogether([{ model, ...(layers !== undefined && { layers }) }], data, options);
  async function* batches(range?: SampleRange): AsyncGenerator<ActivationBatch> {
    for await (const [batch] of together.batches(range)) yield batch;
  }
  return {
    layers: together.sides[0].layers,
    get samples() {
      return together.samples;
    },
    spatial: together.spatial,
    batches,
    matrices: () => gather(batches(), { positions, seed }),
  };
}

/**
 * Opens several models on the same data, to be read in lockstep: every model gets the very same batch, so samples
 * cannot be misaligned.
 *
 * @throws as {@link capture}; ShapeError also when the models differ in their number of inputs.
 */
export async function openTogether(
  sides: readonly CaptureSide[],
  data: CaptureData,
  options: TogetherOptions = {},
): Promise<Together> {
  const { spatial = 'positions', batchSize = 64, training = false, seed = 0, signal } = options;
  keyword('spatial', spatial, SPATIAL);
  flag('training', training);
  wholeNumber('batchSize', batchSize);
  signal?.throwIfAborted();
  if (sides.length === 0) throw new OptionError('there is no model to capture');
  const probes: { readonly probe: Probe; readonly label: string }[] = [];
  for (const { model, layers, label } of sides) {
    const listed = listLayers(model);
    const name = label ?? ('name' in model ? model.name : 'the model');
    const chosen = selectLayers(listed, layers, sides.length > 1 ? `layers of model '${name}'` : 'layers');
    probes.push({
      probe: await openProbe(model, chosen, { training, seed } satisfies ProbeOptions),
      label: name,
    });
  }
  const inputs = probes[0].probe.inputs.map(({ name }) => name);
  const source = await openSource(data, { batchSize, inputs });
  return {
    sides: probes.map(({ probe }) => ({ layers: probe.layers })),
    get samples() {
      return source.samples;
    },
    spatial,
    batches: (range) => readTogether(probes, source, inHostMemory(spatial), options, range),
    deviceBatches: (range) => readTogether(probes, source, onTheDevice(spatial), options, range),
  };
}

/** Makes the blocks of one model's layers for one batch, and frees them where they need it. */
interface Reading<Block> {
  readonly read: (
    probe: Probe,
    inputs: readonly tf.Tensor[],
    batch: { readonly samples: number; readonly start: number; readonly label: string },
    into: Map<string, Block>,
  ) => Promise<void>;
  readonly free: (layers: ReadonlyMap<string, Block>) => void;
}

async function* readTogether<Block>(
  probes: readonly { readonly probe: Probe; readonly label: string }[],
  source: Source,
  { read, free }: Reading<Block>,
  { signal, onProgress }: TogetherOptions,
  range: SampleRange = {},
): AsyncGenerator<readonly { start: number; samples: number; layers: Map<string, Block> }[]> {
  signal?.throwIfAborted();
  for await (const { start, samples, inputs } of source.batches(range)) {
    const batches = probes.map(() => ({ start, samples, layers: new Map<string, Block>() }));
    try {
      for (const [i, { probe, label }] of probes.entries()) {
        signal?.throwIfAborted();
        await read(probe, inputs, { samples, start, label }, batches[i].layers);
      }
      signal?.throwIfAborted();
      onProgress?.({ stage: 'capture', done: start + samples, total: source.samples });
      yield batches;
    } finally {
      for (const { layers } of batches) free(layers);
    }
  }
}

function inHostMemory(spatial: Spatial): Reading<ActivationBlock> {
  return {
    async read(probe, inputs, { samples, start, label }, into) {
      for (const [name, raw] of await probe.run(inputs, start)) {
        const block = readBlock(raw, `layer '${name}' of model '${label}'`, samples, start);
        into.set(name, applySpatial(block, spatial));
      }
    },
    free: () => undefined,
  };
}

function onTheDevice(spatial: Spatial): Reading<DeviceBlock> {
  return {
    async read(probe, inputs, { samples, start, label }, into) {
      const outputs = await probe.runOnDevice(inputs, start);
      try {
        for (const [name, raw] of outputs) {
          const block = await readDeviceBlock(raw, `layer '${name}' of model '${label}'`, samples, start);
          into.set(name, await applySpatialOnDevice(block, spatial));
          block.tensor.dispose();
        }
      } finally {
        for (const { tensor } of outputs.values()) tensor.dispose();
      }
    },
    free: (layers) => {
      for (const { tensor } of layers.values()) tensor.dispose();
    },
  };
}

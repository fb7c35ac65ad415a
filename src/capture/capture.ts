/**
 * Activations of models on data: of one model, or of several in lockstep on the same batches.
 *
 * @module
 */
import { OptionError } from '../errors.js';
import { flag, keyword, knownKeys, wholeNumber, type Progress } from '../options.js';
import { SPATIAL } from './activations.js';
import type { ActivationBatch, ActivationSet, LayerInfo, SampleRange, Spatial } from './activations.js';
import { USUAL_BATCH, wholeBatch } from './batch-size.js';
import type { DeviceBatch } from './device.js';
import { gather } from './gather.js';
import { preparationOf, type Preparation } from './prepare.js';
import type { Preprocess } from './preprocess.js';
import { listLayers, openProbe } from './probe.js';
import type { CaptureModel, ProbeOptions } from './probe.js';
import { inHostMemory, onTheDevice, readTogether, type NamedProbe } from './read-together.js';
import { selectLayers, type LayerSelection } from './select.js';
import { openSource, type CaptureData } from './source.js';
import { drawOf, type Positions } from './spatial.js';
import type { OpenSpool } from './spool.js';

export type { CaptureModel } from './probe.js';
export type { CaptureData } from './source.js';

/** Options of reading models batch by batch. */
export interface TogetherOptions {
  /** How grids become datapoints; `'mean'` and `'flatten'` are applied to each batch. @defaultValue `'positions'` */
  readonly spatial?: Spatial;
  /** Samples in a batch, at most. @defaultValue `64`, or as near to it as models take that are bound to a number */
  readonly batchSize?: number;
  /** Runs the models as in training: dropout on, batch norm by the batch. The models do not change. @defaultValue `false` */
  readonly training?: boolean;
  /** Seed of what is random in training. @defaultValue `0` */
  readonly seed?: number;
  /** Where data that can be read only once (an iterator) are kept for a second pass. @defaultValue they are refused then */
  readonly spool?: OpenSpool;
  /** Stops the reading before the next batch; the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  /** Called after each batch with the number of samples read in this pass, in the stage `'capture'`. */
  readonly onProgress?: (progress: Progress) => void;
}

/** Options of {@link capture}. */
export interface CaptureOptions extends TogetherOptions {
  /** Which layers. @defaultValue all but the inputs */
  readonly layers?: LayerSelection;
  /** What is done to the data before the model sees them. @defaultValue nothing */
  readonly preprocess?: Preprocess;
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
  /** What is done to the data before it sees them. @defaultValue nothing */
  readonly preprocess?: Preprocess;
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
  /** Gives up what is held between passes: the probes, what was spooled. The models and the data stay usable. */
  close(): Promise<void>;
}

/** Activations of a model, which runs when they are read. */
export interface CapturedActivations extends ActivationSet {
  /** Gives up what is held between passes; needed where a `spool` is given. The model and the data stay usable. */
  close(): Promise<void>;
}

const optionNames = [
  ...['layers', 'preprocess', 'spatial', 'batchSize', 'positions', 'seed', 'training'],
  ...['spool', 'signal', 'onProgress'],
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
): Promise<CapturedActivations> {
  knownKeys('capture', options, optionNames);
  const { layers, preprocess } = options;
  const draw = drawOf(options);
  const side = { model, ...(layers !== undefined && { layers }), ...(preprocess && { preprocess }) };
  const together = await openTogether([side], data, options);
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
    matrices: () => gather(batches(), draw),
    close: () => together.close(),
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
  const { spatial = 'positions', training = false, seed = 0, signal } = options;
  keyword('spatial', spatial, SPATIAL);
  flag('training', training);
  if (options.batchSize !== undefined) wholeNumber('batchSize', options.batchSize);
  signal?.throwIfAborted();
  if (sides.length === 0) throw new OptionError('there is no model to capture');
  const several = sides.length > 1;
  const probes: NamedProbe[] = [];
  const dispose = (): void => {
    for (const { probe } of probes) probe.dispose();
  };
  try {
    const preparations: Preparation[] = [];
    for (const { model, layers, preprocess, label } of sides) {
      const listed = listLayers(model);
      const name = label ?? ('name' in model ? model.name : 'the model');
      const of = several ? ` of model '${name}'` : '';
      const chosen = selectLayers(listed, layers, `layers${of}`);
      const probe = await openProbe(model, chosen, { training, seed } satisfies ProbeOptions);
      probes.push({ probe, label: name });
      preparations.push(preparationOf(`preprocess${of}`, preprocess, probe.inputs));
    }
    const inputs = probes.map(({ probe }) => probe.inputs);
    const { spool, batchSize = wholeBatch(USUAL_BATCH, inputs) } = options;
    const source = await openSource(data, {
      batchSize,
      preparations,
      ...(spool && { spool }),
      ...(signal && { signal }),
    });
    return {
      sides: probes.map(({ probe }) => ({ layers: probe.layers })),
      get samples() {
        return source.samples;
      },
      spatial,
      batches: (range) => readTogether(probes, source, inHostMemory(spatial), options, range),
      deviceBatches: (range) => readTogether(probes, source, onTheDevice(spatial), options, range),
      async close() {
        dispose();
        await source.close();
      },
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

/**
 * Whatever a comparison is given, as one lockstep stream of all sides.
 *
 * @module
 */
import { fromArrays } from '../capture/arrays.js';
import type { ArrayRecord } from '../capture/arrays.js';
import type { ActivationSet, LayerInfo, SampleRange, Spatial } from '../capture/activations.js';
import { openTogether } from '../capture/capture.js';
import type { CaptureData, CaptureModel, CaptureSide, Together } from '../capture/capture.js';
import type { Preprocess } from '../capture/preprocess.js';
import { isActivationSet, isModel } from '../capture/recognise.js';
import { inRange } from '../capture/range.js';
import { selectLayers } from '../capture/select.js';
import type { LayerSelection } from '../capture/select.js';
import { applySpatial } from '../capture/spatial.js';
import type { OpenSpool } from '../capture/spool.js';
import { zipBatches } from '../capture/zip.js';
import type { ActivationBatch } from '../capture/activations.js';
import { OptionError } from '../errors.js';
import { DEFAULT_MEMORY } from '../factor/in-memory.js';
import { show } from '../options.js';
import { batchSizeFor } from './batch-size.js';
import type { Batches } from './stream.js';

/** One side of a comparison: a model, activations captured before, or plain arrays by layer. */
export type Comparable = CaptureModel | ActivationSet | ArrayRecord;

/** One of the networks. */
export interface SideInput {
  readonly side: Comparable;
  /** How messages call it. */
  readonly label: string;
  readonly layers?: LayerSelection | undefined;
  /** What is done to the data before this model sees them. */
  readonly preprocess?: Preprocess | undefined;
}

/** What reading the sides needs to know. */
export interface SourceOptions {
  readonly spatial?: Spatial;
  readonly batchSize?: number;
  /** Where `batchSize` is left out, fewer samples are run at a time if a batch would take much of this. */
  readonly memory?: number;
  readonly training?: boolean;
  readonly seed?: number;
  /** Where data that can be read only once are kept. */
  readonly spool?: OpenSpool;
  readonly signal?: AbortSignal;
  /** Leaves the activations of models on the device where the models run. */
  readonly onDevice?: boolean;
}

/** All sides, ready to be read in lockstep. */
export interface Sources {
  /** Layers of each side. */
  readonly sides: readonly (readonly LayerInfo[])[];
  readonly spatial: Spatial;
  samples(): number | undefined;
  /** Whether every activation is in memory already. */
  readonly inMemory: boolean;
  /** Whether a range that starts where a batch started has the same batches from there on. */
  readonly seekable: boolean;
  /** All samples, or those of a range. */
  read(range?: SampleRange): AsyncIterable<Batches>;
  /** Gives up what is held between passes; the sides stay usable. */
  close(): Promise<void>;
}

/** Opens all sides. All models run on the same batches; anything else is cut to the same samples. */
export async function openSources(
  inputs: readonly SideInput[],
  data: CaptureData | undefined,
  options: SourceOptions,
): Promise<Sources> {
  const models = inputs.flatMap((input) => (isModel(input.side) ? [captureSide(input, input.side)] : []));
  if (models.length === 0) {
    if (data !== undefined) {
      throw new OptionError('data is given, but no side is a model: activations are compared as they are');
    }
    const preprocessed = inputs.find(({ preprocess }) => preprocess !== undefined);
    if (preprocessed !== undefined) {
      throw new OptionError(
        'preprocess is given, but no side is a model: activations are compared as they are',
      );
    }
  }
  const sets: (OpenSet | undefined)[] = [];
  for (const input of inputs) sets.push(isModel(input.side) ? undefined : await openSet(input, options));
  // One reading of the data for all models, as data that can be read only once need it.
  const together =
    models.length > 0
      ? await openTogether(models, needData(data), captureOptions(models, options))
      : undefined;
  const close = () => together?.close() ?? Promise.resolve();
  if (together !== undefined && models.length === inputs.length) {
    return {
      sides: together.sides.map(({ layers }) => layers),
      spatial: together.spatial,
      samples: () => together.samples,
      inMemory: false,
      seekable: true,
      read: (range) =>
        (options.onDevice
          ? together.deviceBatches(range)
          : together.batches(range)) as AsyncIterable<Batches>,
      close,
    };
  }
  const opened = sets.filter((set) => set !== undefined);
  const cutting = opened.filter(({ inMemory }) => !inMemory).length + (together === undefined ? 0 : 1);
  const captured = together?.sides.values();
  return {
    sides: sets.map((set) => set?.layers ?? captured!.next().value!.layers),
    spatial: together?.spatial ?? opened[0].spatial,
    samples: () =>
      [together?.samples, ...opened.map((set) => set.samples())].find((samples) => samples !== undefined),
    inMemory: cutting === 0,
    // Batches end wherever those of any side do, and a side that starts elsewhere may end them elsewhere.
    seekable: cutting <= 1,
    read: (range) => {
      const streams = opened.map((set) => set.batches(range));
      return together === undefined ? zipBatches(...streams) : mixed(sets, together, streams, range);
    },
    close,
  };
}

/** Models and sets cut to the same batches, in the order of the sides. */
async function* mixed(
  sets: readonly (OpenSet | undefined)[],
  together: Together,
  streams: readonly AsyncIterable<ActivationBatch>[],
  range: SampleRange | undefined,
): AsyncGenerator<readonly ActivationBatch[]> {
  for await (const [models, ...others] of zipBatches(joined(together, range), ...streams)) {
    const [separate, rest] = [apart(models, together.sides.length).values(), others.values()];
    yield sets.map((set) => (set === undefined ? separate : rest).next().value!);
  }
}

/** What all models give for a batch as one batch, layers under the number of their model. */
async function* joined(together: Together, range: SampleRange | undefined): AsyncGenerator<ActivationBatch> {
  for await (const batches of together.batches(range)) {
    const layers = batches.flatMap((batch, m) =>
      [...batch.layers].map(([name, block]) => [`${m} ${name}`, block] as const),
    );
    yield { ...batches[0], layers: new Map(layers) };
  }
}

/** Undoes {@link joined}. */
function apart(batch: ActivationBatch, models: number): ActivationBatch[] {
  return Array.from({ length: models }, (_, m) => {
    const own = [...batch.layers].filter(([name]) => name.startsWith(`${m} `));
    return { ...batch, layers: new Map(own.map(([name, block]) => [name.slice(`${m} `.length), block])) };
  });
}

interface OpenSet {
  readonly layers: readonly LayerInfo[];
  readonly spatial: Spatial;
  readonly inMemory: boolean;
  samples(): number | undefined;
  batches(range?: SampleRange): AsyncIterable<ActivationBatch>;
}

async function openSet(
  { side, label, layers: selection }: SideInput,
  { spatial }: SourceOptions,
): Promise<OpenSet> {
  if (typeof side !== 'object' || side === null) {
    throw new OptionError(
      `${label} is ${show(side)}: give a model, captured activations, or arrays by layer name`,
    );
  }
  const set = isActivationSet(side)
    ? side
    : await fromArrays(side as ArrayRecord, { ...(spatial !== undefined && { spatial }) });
  return {
    layers: selectLayers(set.layers, selection, `layers of ${label}`),
    spatial: spatial ?? set.spatial,
    inMemory: !isActivationSet(side),
    samples: () => set.samples,
    batches: (range = {}) => {
      const batches = inRange(set.batches(range), range);
      return spatial === undefined ? batches : reduced(batches, spatial);
    },
  };
}

/** Applies the spatial rule; a set that has applied it already is left as it is. */
async function* reduced(
  batches: AsyncIterable<ActivationBatch>,
  spatial: Spatial,
): AsyncGenerator<ActivationBatch> {
  for await (const batch of batches) {
    const { start } = batch;
    const layers = [...batch.layers].map(
      ([name, block]) => [name, applySpatial(block, spatial, { layer: `layer '${name}'`, start })] as const,
    );
    yield { ...batch, layers: new Map(layers) };
  }
}

function captureSide({ label, layers, preprocess }: SideInput, model: CaptureModel): CaptureSide {
  return {
    model,
    label,
    ...(layers !== undefined && { layers }),
    ...(preprocess !== undefined && { preprocess }),
  };
}

function captureOptions(models: readonly CaptureSide[], options: SourceOptions) {
  const { spatial, training, seed, spool, signal, memory = DEFAULT_MEMORY } = options;
  const { batchSize = batchSizeFor(models, memory, options) } = options;
  return {
    ...(spool !== undefined && { spool }),
    ...(training !== undefined && { training }),
    ...(seed !== undefined && { seed }),
    ...(spatial !== undefined && { spatial }),
    ...(batchSize !== undefined && { batchSize }),
    ...(signal !== undefined && { signal }),
  };
}

function needData(data: CaptureData | undefined): CaptureData {
  if (data !== undefined) return data;
  throw new OptionError('data is missing: a model needs inputs to be compared on, as compare(a, b, data)');
}

/**
 * Whatever a comparison is given, as one lockstep stream of all sides.
 *
 * @module
 */
import { fromArrays } from '../capture/arrays.js';
import type { ArrayRecord } from '../capture/arrays.js';
import type { ActivationSet, LayerInfo, SampleRange, Spatial } from '../capture/activations.js';
import { openTogether } from '../capture/capture.js';
import type { CaptureData, CaptureModel, Together } from '../capture/capture.js';
import { isActivationSet, isModel } from '../capture/recognise.js';
import { inRange } from '../capture/range.js';
import { selectLayers } from '../capture/select.js';
import type { LayerSelection } from '../capture/select.js';
import { applySpatial } from '../capture/spatial.js';
import { zipBatches } from '../capture/zip.js';
import type { ActivationBatch } from '../capture/activations.js';
import { OptionError } from '../errors.js';
import { show } from '../options.js';
import type { Batches } from './stream.js';

/** One side of a comparison: a model, activations captured before, or plain arrays by layer. */
export type Comparable = CaptureModel | ActivationSet | ArrayRecord;

/** One of the networks. */
export interface SideInput {
  readonly side: Comparable;
  /** How messages call it. */
  readonly label: string;
  readonly layers?: LayerSelection | undefined;
}

/** What reading the sides needs to know. */
export interface SourceOptions {
  readonly spatial?: Spatial;
  readonly batchSize?: number;
  readonly training?: boolean;
  readonly seed?: number;
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
  /** All samples, or those of a range. */
  read(range?: SampleRange): AsyncIterable<Batches>;
}

/** Opens all sides. Models alone run on the same batches; anything else is cut to the same samples. */
export async function openSources(
  inputs: readonly SideInput[],
  data: CaptureData | undefined,
  options: SourceOptions,
): Promise<Sources> {
  const models = inputs.flatMap(({ side, label, layers }) =>
    isModel(side) ? [{ model: side, ...selected(layers), label }] : [],
  );
  if (models.length === inputs.length) {
    const together = await openTogether(models, needData(data), captureOptions(options));
    return {
      sides: together.sides.map(({ layers }) => layers),
      spatial: together.spatial,
      samples: () => together.samples,
      inMemory: false,
      read: (range) =>
        (options.onDevice
          ? together.deviceBatches(range)
          : together.batches(range)) as AsyncIterable<Batches>,
    };
  }
  if (data !== undefined && models.length === 0) {
    throw new OptionError('data is given, but no side is a model: activations are compared as they are');
  }
  const sides: OneSide[] = [];
  for (const input of inputs) sides.push(await openSide(input, data, options));
  return {
    sides: sides.map(({ layers }) => layers),
    spatial: sides[0].spatial,
    samples: () => sides.map((side) => side.samples()).find((samples) => samples !== undefined),
    inMemory: sides.every(({ inMemory }) => inMemory),
    read: (range) => zipBatches(...sides.map((side) => side.batches(range))),
  };
}

interface OneSide {
  readonly layers: readonly LayerInfo[];
  readonly spatial: Spatial;
  readonly inMemory: boolean;
  samples(): number | undefined;
  batches(range?: SampleRange): AsyncIterable<ActivationBatch>;
}

async function openSide(
  { side, label, layers: selection }: SideInput,
  data: CaptureData | undefined,
  options: SourceOptions,
): Promise<OneSide> {
  if (isModel(side)) {
    const model = side;
    const together = await openTogether(
      [{ model, ...selected(selection), label }],
      needData(data),
      captureOptions(options),
    );
    return {
      layers: together.sides[0].layers,
      spatial: together.spatial,
      inMemory: false,
      samples: () => together.samples,
      batches: (range) => first(together, range),
    };
  }
  if (typeof side !== 'object' || side === null) {
    throw new OptionError(
      `${label} is ${show(side)}: give a model, captured activations, or arrays by layer name`,
    );
  }
  const spatial = options.spatial;
  const set = isActivationSet(side)
    ? side
    : await fromArrays(side, { ...(spatial !== undefined && { spatial }) });
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
    yield {
      ...batch,
      layers: new Map([...batch.layers].map(([name, block]) => [name, applySpatial(block, spatial)])),
    };
  }
}

async function* first(together: Together, range?: SampleRange): AsyncGenerator<ActivationBatch> {
  for await (const batches of together.batches(range)) yield batches[0];
}

function selected(layers: LayerSelection | undefined): { layers?: LayerSelection } {
  return layers === undefined ? {} : { layers };
}

function captureOptions({ spatial, batchSize, training, seed, signal }: SourceOptions) {
  return {
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

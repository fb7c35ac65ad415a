/**
 * Whatever a comparison is given, as one lockstep stream of both sides.
 *
 * @module
 */
import { fromArrays } from '../capture/arrays.js';
import type { ArrayRecord } from '../capture/arrays.js';
import type { ActivationSet, LayerInfo, Spatial } from '../capture/activations.js';
import { openTogether } from '../capture/capture.js';
import type { CaptureData, CaptureModel, Together } from '../capture/capture.js';
import { isActivationSet, isModel } from '../capture/recognise.js';
import { selectLayers } from '../capture/select.js';
import type { LayerSelection } from '../capture/select.js';
import { applySpatial } from '../capture/spatial.js';
import { zipBatches } from '../capture/zip.js';
import type { ActivationBatch } from '../capture/activations.js';
import { OptionError } from '../errors.js';
import { show } from '../options.js';
import type { BatchPair } from './stream.js';

/** One side of a comparison: a model, activations captured before, or plain arrays by layer. */
export type Comparable = CaptureModel | ActivationSet | ArrayRecord;

/** What reading both sides needs to know. */
export interface SourceOptions {
  readonly layers?: LayerSelection;
  readonly layersB?: LayerSelection;
  readonly spatial?: Spatial;
  readonly batchSize?: number;
  readonly signal?: AbortSignal;
  /** Leaves the activations of two models on the device where the models run. */
  readonly onDevice?: boolean;
}

/** Both sides, ready to be read in lockstep. */
export interface Sources {
  readonly a: readonly LayerInfo[];
  readonly b: readonly LayerInfo[];
  readonly spatial: Spatial;
  samples(): number | undefined;
  /** Whether every activation is in memory already. */
  readonly inMemory: boolean;
  read(): AsyncIterable<BatchPair>;
}

/** Opens both sides. Two models run on the same batches; anything else is cut to the same samples. */
export async function openSources(
  a: Comparable,
  b: Comparable,
  data: CaptureData | undefined,
  options: SourceOptions,
): Promise<Sources> {
  const selections = [options.layers, options.layersB ?? options.layers] as const;
  if (isModel(a) && isModel(b)) {
    const models = [a, b];
    const sides = models.map((model, i) => ({
      model,
      ...selected(selections[i]),
      label: i === 0 ? 'a' : 'b',
    }));
    const together = await openTogether(sides, needData(data), captureOptions(options));
    return {
      a: together.sides[0].layers,
      b: together.sides[1].layers,
      spatial: together.spatial,
      samples: () => together.samples,
      inMemory: false,
      read: () =>
        (options.onDevice ? together.deviceBatches() : together.batches()) as AsyncIterable<BatchPair>,
    };
  }
  if (data !== undefined && !isModel(a) && !isModel(b)) {
    throw new OptionError('data is given, but neither side is a model: activations are compared as they are');
  }
  const left = await openSide(a, 'a', selections[0], data, options);
  const right = await openSide(b, 'b', selections[1], data, options);
  return {
    a: left.layers,
    b: right.layers,
    spatial: left.spatial,
    samples: () => left.samples() ?? right.samples(),
    inMemory: left.inMemory && right.inMemory,
    read: () => zipBatches(left.batches(), right.batches()),
  };
}

interface OneSide {
  readonly layers: readonly LayerInfo[];
  readonly spatial: Spatial;
  readonly inMemory: boolean;
  samples(): number | undefined;
  batches(): AsyncIterable<ActivationBatch>;
}

async function openSide(
  side: Comparable,
  label: string,
  selection: LayerSelection | undefined,
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
      batches: () => first(together),
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
    batches: () => (spatial === undefined ? set.batches() : reduced(set.batches(), spatial)),
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

async function* first(together: Together): AsyncGenerator<ActivationBatch> {
  for await (const batches of together.batches()) yield batches[0];
}

function selected(layers: LayerSelection | undefined): { layers?: LayerSelection } {
  return layers === undefined ? {} : { layers };
}

function captureOptions({ spatial, batchSize, signal }: SourceOptions) {
  return {
    ...(spatial !== undefined && { spatial }),
    ...(batchSize !== undefined && { batchSize }),
    ...(signal !== undefined && { signal }),
  };
}

function needData(data: CaptureData | undefined): CaptureData {
  if (data !== undefined) return data;
  throw new OptionError('data is missing: a model needs inputs to be compared on, as compare(a, b, data)');
}

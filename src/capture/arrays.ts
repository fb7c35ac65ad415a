/**
 * Activations that were captured elsewhere, as arrays in memory.
 *
 * @module
 */
import { DataError, OptionError, ShapeError } from '../errors.js';
import { toMatrix, type MatrixLike, type NumberArray } from '../matrix.js';
import { keyword, knownKeys, wholeNumber } from '../options.js';
import { SPATIAL } from './activations.js';
import type { ActivationBatch, ActivationSet, SampleRange, Spatial } from './activations.js';
import { gather } from './gather.js';
import { layersOf, type GivenArray } from './given-layers.js';
import { isChannelsFirst, type Layout } from './layout.js';
import { applySpatial, drawOf, type PositionOptions } from './spatial.js';

/**
 * Activations by layer, samples first: anything matrix-like of rank 2, and `{ shape, data }` or a tensor of rank 1 to 5 (`[n]`,
 * `[n, d]`, `[n, t, c]`, `[n, h, w, c]`, `[n, d, h, w, c]`; channels first where `layout` says so). An array `tokens.mask` beside
 * `tokens`, of its shape without channels, is its mask: 1 for positions that count, 0 for padding.
 */
export type ArrayRecord = Readonly<Record<string, MatrixLike>>;

/** Options of {@link fromArrays}. */
export interface ArrayOptions extends PositionOptions {
  /** How grids become datapoints. @defaultValue `'positions'` */
  readonly spatial?: Spatial;
  /** Samples in a batch, at most. @defaultValue all in one */
  readonly batchSize?: number;
  /** Where channels stand in arrays of rank 3 and above. @defaultValue `'channelsLast'` */
  readonly layout?: Layout;
}

/**
 * Arrays as an {@link ActivationSet}, layers in the order of the record's keys.
 *
 * Storage is shared where it is float32 or float64, so the arrays must not change while the set is used.
 *
 * @throws ShapeError when layers differ in their number of samples (it names both) or have a rank that is not
 * understood; DataError for a layer that is empty or holds NaN or infinity (it names the place); OptionError for a
 * record without layers.
 */
export async function fromArrays(record: ArrayRecord, options: ArrayOptions = {}): Promise<ActivationSet> {
  knownKeys('fromArrays', options, ['spatial', 'batchSize', 'positions', 'seed', 'layout']);
  const { spatial = 'positions' } = options;
  keyword('spatial', spatial, SPATIAL);
  const draw = drawOf(options);
  const channelsFirst = isChannelsFirst(options.layout);
  const arrays: GivenArray[] = [];
  for (const [name, value] of Object.entries(record)) arrays.push(await readArray(value, name));
  const read = layersOf(arrays, { channelsFirst, start: 0 });
  if (read.length === 0) throw new OptionError('the record of activations has no layers');
  const samples = sameSamples(read.map(({ name, block }) => ({ name, samples: block.samples })));
  const blocks = read.map(
    ({ name, block }) => [name, applySpatial(block, spatial, { layer: `layer '${name}'` })] as const,
  );
  const batchSize = wholeNumber('batchSize', options.batchSize ?? samples);
  async function* batches({ from = 0, to = samples }: SampleRange = {}): AsyncGenerator<ActivationBatch> {
    const whole = { start: 0, samples, layers: new Map(blocks) };
    const end = Math.min(to, samples);
    for (let start = from; start < end; start += batchSize) {
      yield sliceBatch(whole, start, Math.min(start + batchSize, end));
    }
  }
  return {
    layers: read.map(({ name, shape }) => ({ name, kind: 'Array', shape: shape.slice(1) })),
    samples,
    spatial,
    batches,
    matrices: () => gather(batches(), draw),
  };
}

/** The number of samples that all layers have. @throws ShapeError naming two that differ */
export function sameSamples(layers: readonly { readonly name: string; readonly samples: number }[]): number {
  const [first] = layers;
  for (const { name, samples } of layers) {
    if (samples === first.samples) continue;
    throw new ShapeError(
      `layer '${name}' has ${samples} samples and layer '${first.name}' has ${first.samples}: all layers need the ` +
        "same samples; leave out what is no layer by 'layers'",
    );
  }
  return first.samples;
}

/** Samples `from … to − 1` of a batch, counted within it; a view of the same storage. */
export function sliceBatch(batch: ActivationBatch, from: number, to: number): ActivationBatch {
  if (from === 0 && to === batch.samples) return batch;
  const layers = [...batch.layers].map(([name, block]) => {
    const width = block.grid[0] * block.grid[1] * block.channels;
    const data = block.data.subarray(from * width, to * width);
    const size = block.grid[0] * block.grid[1];
    const mask = block.mask && { mask: block.mask.subarray(from * size, to * size) };
    return [name, { ...block, samples: to - from, data, ...mask }] as const;
  });
  return { start: batch.start + from, samples: to - from, layers: new Map(layers) };
}

async function readArray(value: MatrixLike, name: string): Promise<GivenArray> {
  const { shape, data } = (value ?? {}) as { shape?: unknown; data?: unknown };
  if (!Array.isArray(shape) || shape.length === 2) {
    const { rows, cols, data: values } = await toMatrix(value, `layer '${name}'`);
    return { name, shape: [rows, cols], data: values };
  }
  const values = typeof data === 'function' ? await (value as { data(): Promise<NumberArray> }).data() : data;
  if (typeof values !== 'object' || values === null) {
    throw new ShapeError(`layer '${name}' has a shape but no array as data`);
  }
  if (shape[0] === 0) throw new DataError(`layer '${name}' has no samples`);
  return { name, shape: shape as number[], data: values as NumberArray };
}

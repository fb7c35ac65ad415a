/**
 * Activations that were captured elsewhere, as arrays in memory.
 *
 * @module
 */
import { DataError, OptionError, ShapeError } from '../errors.js';
import { toMatrix, type MatrixLike, type NumberArray } from '../matrix.js';
import { keyword, knownKeys, wholeNumber } from '../options.js';
import { SPATIAL } from './activations.js';
import type { ActivationBatch, ActivationBlock, ActivationSet, SampleRange, Spatial } from './activations.js';
import { checkFiniteBlock } from './block-checks.js';
import { gather } from './gather.js';
import { isChannelsFirst, lastShape, toChannelsLast, type Layout } from './layout.js';
import { withMasks } from './masks.js';
import { applySpatial, drawOf, toBlock, type PositionOptions } from './spatial.js';

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
  const first = isChannelsFirst(options.layout);
  const arrays: { name: string; shape: readonly number[]; block: ActivationBlock }[] = [];
  for (const [name, value] of Object.entries(record))
    arrays.push({ name, ...(await readArray(value, name, first)) });
  const read = withMasks(arrays, 0);
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

async function readArray(
  value: MatrixLike,
  name: string,
  channelsFirst: boolean,
): Promise<{ shape: readonly number[]; block: ActivationBlock }> {
  const { shape, data } = (value ?? {}) as { shape?: unknown; data?: unknown };
  if (!Array.isArray(shape) || shape.length === 2) {
    const { rows, cols, data: values } = await toMatrix(value, `layer '${name}'`);
    return { shape: [rows, cols], block: toBlock([rows, cols], values) };
  }
  const values = typeof data === 'function' ? await (value as { data(): Promise<NumberArray> }).data() : data;
  if (typeof values !== 'object' || values === null) {
    throw new ShapeError(`layer '${name}' has a shape but no array as data`);
  }
  const what = `layer '${name}'`;
  // Read as it stands first: length and rank are checked there.
  const given = toBlock(shape as number[], values as NumberArray, what);
  const moved = channelsFirst && shape.length > 2;
  const kept = moved ? lastShape(shape as number[]) : (shape as number[]);
  const block = moved
    ? toBlock(kept, toChannelsLast(given.data, given.samples, shape as number[]), what)
    : given;
  if (block.samples === 0) throw new DataError(`${what} has no samples`);
  checkFiniteBlock(block, what, 0);
  return { shape: kept, block };
}

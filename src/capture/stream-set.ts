/**
 * Activations that a program makes batch by batch.
 *
 * @module
 */
import { DataError, OptionError, ShapeError } from '../errors.js';
import { toMatrix, type MatrixLike, type NumberArray } from '../matrix.js';
import { keyword, knownKeys, wholeNumber } from '../options.js';
import { SPATIAL } from './activations.js';
import type { ActivationBatch, ActivationBlock, ActivationSet, SampleRange, Spatial } from './activations.js';
import { sameSamples, type ArrayRecord } from './arrays.js';
import { PassRecord } from './fingerprint.js';
import { gather } from './gather.js';
import { layersOf, type GivenArray, type GivenLayer } from './given-layers.js';
import { isChannelsFirst, type Layout } from './layout.js';
import { inRange } from './range.js';
import { isTensor } from './recognise.js';
import { applySpatial, drawOf, type PositionOptions } from './spatial.js';

/** Batches of activations by layer, samples first, one after another. */
export type ActivationBatches = AsyncIterable<ArrayRecord> | Iterable<ArrayRecord>;

/** Options of {@link activationStream}. */
export interface ActivationStreamOptions extends PositionOptions {
  /** Number of samples in all, where it is known; a pass that gives another number fails. @defaultValue found by reading */
  readonly samples?: number;
  /** How grids become datapoints. @defaultValue `'positions'` */
  readonly spatial?: Spatial;
  /** Where channels stand in arrays of rank 3 and above. @defaultValue `'channelsLast'` */
  readonly layout?: Layout;
}

/**
 * An {@link ActivationSet} of what a program makes: activations from a database, another runtime, a random generator. Any
 * number of samples will do: a batch is forgotten once it has been used.
 *
 * @param open - begins a new pass, which gives every layer's activations batch by batch; a generator function is one. It is
 * called for each pass (a comparison makes one or two) and once now, to learn the layers from the first batch; all passes must
 * give the same values. float32 and float64 arrays are used without a copy: each batch needs new ones. Tensors are disposed of.
 * @throws OptionError when `open` gives no batches or an option is wrong; DataError for a stream without samples. While
 * reading: ShapeError when layers of a batch differ in their number of samples or are not those of the first batch, DataError
 * for NaN and infinity, for passes that differ, and for an array that is given again.
 * @example
 * ```ts
 * const acts = await activationStream(async function* () {
 *   for (const file of files) yield { hidden: { shape: [64, 512], data: await activationsOf(file) } };
 * });
 * const similarity = await compare(acts, others);
 * ```
 */
export async function activationStream(
  open: () => ActivationBatches | Promise<ActivationBatches>,
  options: ActivationStreamOptions = {},
): Promise<ActivationSet> {
  knownKeys('activationStream', options, ['samples', 'spatial', 'layout', 'positions', 'seed']);
  const { spatial = 'positions' } = options;
  keyword('spatial', spatial, SPATIAL);
  const draw = drawOf(options);
  if (options.samples !== undefined) wholeNumber('samples', options.samples);
  const channelsFirst = isChannelsFirst(options.layout);
  const record = new PassRecord();

  async function* pass(): AsyncGenerator<{ start: number; samples: number; layers: GivenLayer[] }> {
    if (typeof open !== 'function') throw notBatches();
    const stream: unknown = await open();
    if (!isIterable(stream)) throw notBatches();
    const fresh = new FreshArrays();
    let start = 0;
    for await (const arrays of stream) {
      const layers = await readRecord(arrays, start, channelsFirst, fresh);
      const samples = sameSamples(layers.map(({ name, block }) => ({ name, samples: block.samples })));
      if (samples === 0) continue;
      record.check(start, samples, hashOf(layers));
      checkTotal(start + samples, options.samples, false);
      yield { start, samples, layers };
      start += samples;
    }
    record.end(start);
    checkTotal(start, options.samples, true);
  }

  const first = await firstOf(pass());

  async function* all(): AsyncGenerator<ActivationBatch> {
    for await (const { start, samples, layers } of pass()) {
      checkSame(first, layers, start);
      const blocks = layers.map(({ name, block }): [string, ActivationBlock] => {
        const place = { layer: `layer '${name}'`, start };
        return [name, options.spatial === undefined ? block : applySpatial(block, options.spatial, place)];
      });
      yield { start, samples, layers: new Map(blocks) };
    }
  }

  const batches = (range: SampleRange = {}) => inRange(all(), range);
  return {
    layers: first.map(({ name, shape }) => ({ name, kind: 'Array', shape: shape.slice(1) })),
    get samples() {
      return options.samples ?? record.samples;
    },
    spatial,
    batches,
    matrices: () => gather(batches(), draw),
  };
}

type LayerShape = Pick<GivenLayer, 'name' | 'shape'>;

async function firstOf(pass: AsyncGenerator<{ layers: GivenLayer[] }>): Promise<LayerShape[]> {
  for await (const { layers } of pass) return layers.map(({ name, shape }) => ({ name, shape }));
  throw new DataError('the stream of activations has no samples');
}

async function readRecord(
  arrays: ArrayRecord,
  start: number,
  channelsFirst: boolean,
  fresh: FreshArrays,
): Promise<GivenLayer[]> {
  if (typeof arrays !== 'object' || arrays === null) throw notBatches();
  const entries = Object.entries(arrays);
  try {
    if (entries.length === 0) throw new OptionError('a batch of the stream of activations has no layers');
    const given: GivenArray[] = [];
    for (const [name, value] of entries) {
      const what = `layer '${name}'`;
      const { shape, data } = await readValues(value, what);
      fresh.check(data, what, start);
      given.push({ name, shape, data });
    }
    return layersOf(given, { channelsFirst, start });
  } finally {
    for (const [, value] of entries) if (isTensor(value) && !value.isDisposed) value.dispose();
  }
}

async function readValues(
  value: MatrixLike,
  what: string,
): Promise<{ shape: readonly number[]; data: NumberArray }> {
  const { shape, rows, cols, data } = (value ?? {}) as {
    shape?: unknown;
    rows?: unknown;
    cols?: unknown;
    data?: unknown;
  };
  const values = typeof data === 'function' ? await (value as { data(): Promise<NumberArray> }).data() : data;
  const isArray = typeof values === 'object' && values !== null && 'length' in values;
  if (Array.isArray(shape) && isArray) return { shape: shape as number[], data: values as NumberArray };
  if (typeof rows === 'number' && typeof cols === 'number' && isArray) {
    return { shape: [rows, cols], data: values as NumberArray };
  }
  const read = await toMatrix(value, what);
  return { shape: [read.rows, read.cols], data: read.data };
}

/** @throws ShapeError unless the layers of a batch are those of the first, but for the number of samples */
function checkSame(first: readonly LayerShape[], layers: readonly LayerShape[], start: number): void {
  const missing = first.find(({ name }) => !layers.some((layer) => layer.name === name));
  if (missing !== undefined || layers.length !== first.length) {
    const names = (list: readonly LayerShape[]) => list.map(({ name }) => name).join(', ');
    throw new ShapeError(
      `the batch from sample ${start} on has the layers ${names(layers)}; the first batch had ${names(first)}`,
    );
  }
  for (const { name, shape } of layers) {
    const wanted = first.find((layer) => layer.name === name)!.shape;
    if (shape.length === wanted.length && shape.every((axis, i) => i === 0 || axis === wanted[i])) continue;
    throw new ShapeError(
      `layer '${name}' has samples of shape [${shape.slice(1).join(', ')}] from sample ${start} on, ` +
        `[${wanted.slice(1).join(', ')}] in the first batch`,
    );
  }
}

function checkTotal(found: number, promised: number | undefined, atEnd: boolean): void {
  if (promised === undefined || (atEnd ? found === promised : found <= promised)) return;
  throw new DataError(
    `the stream of activations gave ${atEnd ? found : `at least ${found}`} samples, 'samples' says ${promised}`,
  );
}

/** About as many values of a layer as are hashed. */
const HASHED = 4096;

/** A 32-bit hash (FNV-1a) of values spread evenly over each layer. */
function hashOf(layers: readonly GivenLayer[]): number {
  let hash = 0x811c9dc5;
  const value = new Float64Array(1);
  const words = new Int32Array(value.buffer);
  for (const { block } of layers) {
    // An odd step does not fall on the same channel of every position.
    const step = Math.floor(block.data.length / HASHED) | 1;
    for (let i = 0; i < block.data.length; i += step) {
      value[0] = block.data[i]!;
      for (const word of words) hash = Math.imul(hash ^ word, 0x01000193);
    }
  }
  return hash >>> 0;
}

/** Batches may be kept until all of them were read, so an array that is filled anew would change them. */
class FreshArrays {
  private readonly seen = new WeakMap<object, Set<number>>();

  check(data: NumberArray, what: string, start: number): void {
    if (!ArrayBuffer.isView(data) || data.byteLength === 0) return;
    const places = this.seen.get(data.buffer) ?? new Set();
    if (places.has(data.byteOffset)) {
      throw new DataError(
        `${what} is in the same array from sample ${start} on as in an earlier batch: give new arrays, or copies (.slice())`,
      );
    }
    this.seen.set(data.buffer, places.add(data.byteOffset));
  }
}

function isIterable(value: unknown): value is ActivationBatches {
  return (
    typeof value === 'object' && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value)
  );
}

function notBatches(): OptionError {
  return new OptionError(
    'activationStream takes a function, for example a generator function, that gives batches as arrays by layer name: ' +
      'async function* () { yield { conv1: { shape, data } }; }',
  );
}

/**
 * Arrays in files as data for models.
 *
 * @module
 */
import { newLike } from '../capture/grid.js';
import { isChannelsFirst, lastShape, toChannelsLast } from '../capture/layout.js';
import type { Layout } from '../capture/layout.js';
import type { LazySamples, StreamElement } from '../capture/source.js';
import { DataError, OptionError, ShapeError } from '../errors.js';
import type { NpyArray } from '../io/npy.js';
import type { FloatArray } from '../matrix.js';
import { knownKeys, show } from '../options.js';
import { headerOf, loadListed } from './activations.js';
import { findArray, listPath, splitKey } from './array-list.js';
import type { ArrayHeader, ListedArray } from './array-list.js';
import { openPass } from './array-pass.js';

/** Options of {@link dataFile}. */
export interface DataFileOptions {
  /**
   * Which array of an archive; several for a model of several inputs, each by the name of its input. `file.npz:key` says the same.
   * @defaultValue the only one beside labels
   */
  readonly key?: string | readonly string[];
  /** The axis of the samples, counted from 0, or from the end as −1. An array is read whole where it is not the first. @defaultValue `0` */
  readonly axis?: number;
  /** Where channels stand once samples are first; the models get them last. @defaultValue `'channelsLast'` */
  readonly layout?: Layout;
  /**
   * Which array holds a label for each sample; `false`: none. @defaultValue `labels`, `label`, `y` or `targets`, if there is one of
   * numbers and of rank 1 or 2 with a row for each sample
   */
  readonly labels?: string | false;
}

/** Arrays of a file: give it as `data`. Files are open only while samples are read. */
export interface DataFile extends LazySamples {
  readonly samples: number;
  /** Of the array as models get it, samples first and channels last; of the first where there are several. */
  readonly shape: readonly number[];
  /** One row for each sample, in their order. */
  readonly labels: NpyArray | undefined;
  /** Tells versions of the file apart. */
  readonly fingerprint: string;
}

const LABELS = ['labels', 'label', 'y', 'targets'];

/**
 * Opens an array of a `.npy`, `.npz` or `.safetensors` file as data for models. Samples are read as they are needed, so that the
 * file may be larger than memory; only arrays whose samples do not lie one after another, in Fortran order or along another axis,
 * are read whole in each pass.
 *
 * @throws DataError if the file cannot be read or holds no samples; FormatError, with the byte offset, if it is malformed;
 * OptionError for an unknown key or option; ShapeError where arrays differ in their number of samples or lack the axis. While
 * reading: DataError for a file that was changed.
 * @example
 * ```ts
 * import { compare } from 'svcca';
 * import { dataFile } from 'svcca/node';
 *
 * const images = await dataFile('cifar.npz:x', { layout: 'NCHW' });
 * await compare(a, b, images, { preprocess: { scale: 1 / 255 } });
 * ```
 */
export async function dataFile(path: string, options: DataFileOptions = {}): Promise<DataFile> {
  knownKeys('dataFile', options, ['key', 'axis', 'layout', 'labels']);
  const channelsFirst = isChannelsFirst(options.layout);
  const { axis = 0 } = options;
  if (!Number.isSafeInteger(axis)) throw new OptionError(`axis is ${show(axis)}: give a whole number`);
  const { file, key: inPath } = splitKey(path);
  if (inPath !== undefined && options.key !== undefined) {
    throw new OptionError(`key is ${show(options.key)}, and '${path}' names one already: give one of them`);
  }
  const { arrays, fingerprint } = await listPath(file);
  const keys = [inPath ?? options.key ?? onlyKey(arrays, options.labels, file)].flat();
  const inputs: Input[] = [];
  for (const key of keys) inputs.push(await openInput(findArray(arrays, key, file), axis, channelsFirst));
  if (inputs.length === 0) throw new OptionError('key is []: name at least one array');
  const [{ shape }] = inputs;
  const other = inputs.find((input) => input.shape[0] !== shape[0]);
  if (other !== undefined) {
    throw new ShapeError(
      `${other.array.label} has ${other.shape[0]} samples, ${inputs[0].array.label} has ${shape[0]}: all need the same samples`,
    );
  }
  if (shape[0] === 0) throw new DataError(`${inputs[0].array.label} holds no samples`);
  const named = typeof options.key === 'object' ? keys : undefined;
  return {
    samples: shape[0],
    shape,
    labels: await readLabels(arrays, options.labels, keys, shape[0], file),
    fingerprint,
    read: ({ from, to }, batchSize) => readInputs(inputs, named, from, Math.min(to, shape[0]), batchSize),
  };
}

/** One array as data. */
interface Input {
  readonly array: ListedArray;
  readonly header: ArrayHeader;
  /** Samples first, channels last. */
  readonly shape: readonly number[];
  readonly axis: number;
  readonly channelsFirst: boolean;
}

function onlyKey(arrays: readonly ListedArray[], labels: string | false | undefined, file: string): string {
  const names = arrays.map(({ name }) => name);
  const beside = typeof labels === 'string' ? [labels] : labels === false ? [] : LABELS;
  const others = names.length === 1 ? names : names.filter((name) => !beside.includes(name));
  if (others.length === 1) return others[0];
  throw new OptionError(
    `${file} holds ${names.length} arrays (${names.join(', ')}): name one, as ${file}:${others[0] ?? names[0] ?? 'key'}`,
  );
}

async function openInput(array: ListedArray, given: number, channelsFirst: boolean): Promise<Input> {
  const header = await headerOf(array);
  const { shape } = header;
  const axis = given < 0 ? shape.length + given : given;
  if (axis < 0 || axis >= shape.length) {
    throw new ShapeError(`${array.label} has the shape [${shape.join(', ')}], which has no axis ${given}`);
  }
  const moved = [shape[axis], ...shape.filter((_, i) => i !== axis)];
  return { array, header, shape: channelsFirst ? lastShape(moved) : moved, axis, channelsFirst };
}

async function readLabels(
  arrays: readonly ListedArray[],
  labels: string | false | undefined,
  keys: readonly string[],
  samples: number,
  file: string,
): Promise<NpyArray | undefined> {
  if (labels === false) return undefined;
  if (labels === undefined) {
    const name = LABELS.find((one) => !keys.includes(one) && arrays.some((array) => array.name === one));
    if (name === undefined) return undefined;
    const array = findArray(arrays, name, file);
    // Nobody asked for them: labels that are text, or too large to be held, do not keep the data from being read.
    const shape = await headerOf(array).then(
      (header) => header.shape,
      () => [],
    );
    return shape[0] === samples && shape.length <= 2 ? loadListed(array) : undefined;
  }
  const array = await loadListed(findArray(arrays, labels, file));
  if (array.shape[0] === samples) return array;
  throw new ShapeError(
    `labels '${labels}' of ${file} are ${array.shape[0] ?? 1}, and there are ${samples} samples`,
  );
}

async function* readInputs(
  inputs: readonly Input[],
  named: readonly string[] | undefined,
  from: number,
  to: number,
  batchSize: number,
): AsyncGenerator<StreamElement> {
  const samples = inputs[0].shape[0];
  const whole = await readWhole(inputs);
  const streamed = inputs.filter(({ axis }) => axis === 0);
  const pass = await openPass(streamed, from);
  try {
    for (let start = from; start < to; start += batchSize) {
      const count = Math.min(batchSize, to - start);
      const parts: { shape: readonly number[]; data: FloatArray }[] = [];
      for (const input of inputs) {
        const width = input.shape.slice(1).reduce((product, size) => product * size, 1);
        const data =
          whole.get(input)?.subarray(start * width, (start + count) * width) ??
          (await pass.rows[streamed.indexOf(input)].read(count));
        const ordered = input.channelsFirst && input.axis === 0 ? toLast(data, count, input) : data;
        parts.push({ shape: [count, ...input.shape.slice(1)], data: ordered });
      }
      if (start + count === to) await pass.finish(to === samples);
      yield named === undefined ? parts[0] : Object.fromEntries(named.map((name, i) => [name, parts[i]]));
    }
  } finally {
    await pass.close();
  }
}

/** Arrays whose samples do not lie one after another, in order. */
async function readWhole(inputs: readonly Input[]): Promise<Map<Input, FloatArray>> {
  const whole = new Map<Input, FloatArray>();
  for (const input of inputs.filter(({ axis }) => axis !== 0)) {
    const { data, shape } = await loadListed(input.array);
    const moved = axisFirst(data, shape, input.axis);
    whole.set(input, input.channelsFirst ? toLast(moved, input.shape[0], input) : moved);
  }
  return whole;
}

function toLast(data: FloatArray, samples: number, { header: { shape }, axis }: Input): FloatArray {
  return toChannelsLast(data, samples, [samples, ...shape.filter((_, i) => i !== axis)]);
}

/** Moves an axis to the front; the others keep their order. */
function axisFirst(data: FloatArray, shape: readonly number[], axis: number): FloatArray {
  const [outer, size] = [shape.slice(0, axis).reduce((a, b) => a * b, 1), shape[axis]];
  const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const out = newLike(data, data.length);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < size; i++) {
      const from = (o * size + i) * inner;
      out.set(data.subarray(from, from + inner), (i * outer + o) * inner);
    }
  }
  return out;
}

/**
 * What the command line is given to compare, and the data to run it on.
 *
 * @module
 */
import { basename, dirname } from 'node:path';
import type { LayerInfo } from '../capture/activations.js';
import type { CaptureData } from '../capture/capture.js';
import { isChannelsFirst } from '../capture/layout.js';
import type { Layout } from '../capture/layout.js';
import { listInputs, listLayers, type InputInfo } from '../capture/probe.js';
import type { ShapedArray } from '../capture/input-array.js';
import type { LazySamples } from '../capture/source.js';
import type { Comparable } from '../compare/sources.js';
import { isArrayFile } from '../node/activations.js';
import { openActivations } from '../node/array-files.js';
import { isArrays, splitKey } from '../node/array-list.js';
import { dataFile } from '../node/data.js';
import { imageFolder } from '../node/images.js';
import { loadModel } from '../node/models.js';
import { UsageError } from './arguments.js';
import type { Values } from './arguments.js';
import { backendFor } from './backend.js';
import { dataOptionsOf, secondSide } from './capture-arguments.js';
import type { DataArguments } from './capture-arguments.js';

/** One side as it was found on disk. */
export interface OpenSide {
  readonly name: string;
  readonly side: Comparable;
  readonly layers: readonly LayerInfo[];
  readonly isModel: boolean;
  /** What a model takes. */
  readonly input: readonly InputInfo[] | undefined;
  /** Of the files, and how they are read where that is not the usual way. */
  readonly fingerprint: string;
  /** Gives up what is held: files, and the weights of a model. */
  close(): Promise<void>;
}

/**
 * Opens a model or files of activations. Models are loaded on the active tfjs backend.
 *
 * @param values - the arguments as they are for this side: `layout` of activations, and `layers`, beside which files may hold
 * others.
 */
export async function openSide(path: string, values: Values = {}): Promise<OpenSide> {
  if (isArrayFile(path)) {
    const { layout, layers } = values;
    const opened = await openActivations(path, {
      ...(layout !== undefined && { layout: String(layout) as Layout }),
      ...(layers !== undefined && { layers: String(layers) }),
    });
    const { set, fingerprint } = opened;
    return {
      name: basename(path),
      side: set,
      layers: set.layers,
      isModel: false,
      input: undefined,
      fingerprint: readAs(fingerprint, { layout: layout as Layout | undefined }),
      close: () => opened.close(),
    };
  }
  const { model, fingerprint } = await loadModel(path);
  return {
    name: basename(path) === 'model.json' ? basename(dirname(path)) || path : basename(path),
    side: model,
    layers: listLayers(model),
    isModel: true,
    input: listInputs(model),
    fingerprint,
    close: () => Promise.resolve(model.dispose()).then(() => undefined),
  };
}

/** Inputs for a model. */
export interface OpenData {
  readonly data: CaptureData;
  readonly samples: number;
  /** Of the files, and how they are read where that is not the usual way. */
  readonly fingerprint: string;
  /** Gives up what is held; files are open only while samples are read. */
  close(): Promise<void>;
}

/**
 * Opens inputs: arrays in a file, or a folder or glob of images; of them the first `count` samples. A channel axis that the model
 * wants and an array lacks is added, since grey images are often stored without one.
 */
export async function openData(
  path: string,
  input: OpenSide['input'],
  { count, ...reading }: DataArguments,
): Promise<OpenData> {
  const isArray = isArrays(splitKey(path).file);
  const found = isArray ? await openArray(path, input, reading) : await openImages(path, reading);
  const samples = Math.min(count ?? found.samples, found.samples);
  return {
    data: { samples, read: (range, batchSize) => found.read(range, batchSize) },
    samples,
    fingerprint: found.fingerprint,
    close: () => Promise.resolve(),
  };
}

interface Found extends LazySamples {
  readonly fingerprint: string;
}

async function openImages(path: string, { axis, layout }: Omit<DataArguments, 'count'>): Promise<Found> {
  if (axis === undefined && layout === undefined) return imageFolder(path);
  throw new UsageError(
    `--${axis === undefined ? 'data-layout' : 'data-axis'} is for arrays, and '${path}' is read as a folder of images`,
  );
}

async function openArray(
  path: string,
  input: OpenSide['input'],
  reading: Omit<DataArguments, 'count'>,
): Promise<Found> {
  const { key: inPath } = splitKey(path);
  const several = input !== undefined && input.length > 1 && inPath === undefined;
  const file = await dataFile(path, { ...reading, ...(several && { key: input.map(({ name }) => name) }) });
  const fingerprint = readAs(file.fingerprint, { key: inPath, ...reading });
  const wanted = input?.length === 1 ? input[0].shape : undefined;
  if (wanted?.length !== file.shape.length + 1 || wanted.at(-1) !== 1) {
    return { samples: file.samples, fingerprint, read: (range, batchSize) => file.read(range, batchSize) };
  }
  return {
    samples: file.samples,
    fingerprint,
    async *read(range, batchSize) {
      for await (const element of file.read(range, batchSize)) {
        const { shape, data } = element as ShapedArray;
        yield { shape: [...shape, 1], data };
      }
    },
  };
}

/** The same file read in another way is something else: it has another fingerprint. */
function readAs(
  fingerprint: string,
  {
    key,
    axis = 0,
    layout,
  }: { key?: string | undefined; axis?: number | undefined; layout?: Layout | undefined },
): string {
  return [
    fingerprint,
    ...(key === undefined ? [] : [`key=${key}`]),
    ...(axis === 0 ? [] : [`axis=${axis}`]),
    ...(isChannelsFirst(layout) ? ['layout=NCHW'] : []),
  ].join(' ');
}

/** Sides to compare, and the data where one of them is a model. */
export interface Opened {
  readonly sides: readonly OpenSide[];
  readonly data: OpenData | undefined;
}

/** What a comparison of two sides is called, and what tells it from others. */
export function namesOf(a: OpenSide, b: OpenSide, data: OpenData | undefined) {
  return {
    names: { a: a.name, b: b.name },
    fingerprints: { a: a.fingerprint, b: b.fingerprint, ...(data && { data: data.fingerprint }) },
  };
}

/**
 * Opens what `paths` name with `--data` and gives it up again, whether `work` ends or throws. Says at the end where models ran on a
 * slow backend.
 *
 * @throws UsageError for models without data
 */
export async function withSides<T>(
  paths: readonly string[],
  values: Values,
  work: (opened: Opened) => Promise<T>,
): Promise<T> {
  const needsModel = paths.some((path) => !isArrayFile(path));
  if (needsModel && values['data'] === undefined) {
    throw new UsageError('models are compared on data: give --data images.npz');
  }
  const backend = await backendFor(values, needsModel);
  const open: (OpenSide | OpenData)[] = [];
  let result: T;
  try {
    const sides: OpenSide[] = [];
    for (const [i, path] of paths.entries()) {
      sides.push(await openSide(path, i === 1 ? secondSide(values) : values));
      open.push(sides[i]);
    }
    const model = sides.find(({ isModel }) => isModel);
    const data = model && (await openData(String(values['data']), model.input, dataOptionsOf(values)));
    if (data) open.push(data);
    result = await work({ sides, data });
  } finally {
    for (const one of open.reverse()) await one.close();
  }
  if (backend?.warning) process.stderr.write(`svcca: ${backend.warning}\n`);
  return result;
}

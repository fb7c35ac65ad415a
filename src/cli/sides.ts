/**
 * What the command line is given to compare, and the data to run it on.
 *
 * @module
 */
import { basename, dirname } from 'node:path';
import type { LayerInfo } from '../capture/activations.js';
import { fromArrays } from '../capture/arrays.js';
import type { CaptureData } from '../capture/capture.js';
import { listLayers } from '../capture/probe.js';
import type { Comparable } from '../compare/sources.js';
import { DataError, ShapeError, UnsupportedError } from '../errors.js';
import { isArrayFile, loadArray, loadArrays } from '../node/activations.js';
import { loadModel } from '../node/models.js';
import type { Values } from './arguments.js';

/** One side as it was found on disk. */
export interface OpenSide {
  readonly name: string;
  readonly side: Comparable;
  readonly layers: readonly LayerInfo[];
  readonly isModel: boolean;
  /** Input shape of a model with one input, batch axis first. */
  readonly input: readonly (number | null)[] | undefined;
  readonly fingerprint: string;
  /** Gives up what is held: files, and the weights of a model. */
  close(): Promise<void>;
}

/**
 * Opens a model or a file of activations. Models are loaded on the active tfjs backend.
 *
 * @param _values - the arguments of the command, of which those that say how activations are read are used.
 */
export async function openSide(path: string, _values: Values = {}): Promise<OpenSide> {
  if (isArrayFile(path)) {
    const { arrays, fingerprint } = await loadArrays(path);
    const { layers } = await fromArrays(arrays);
    const close = () => Promise.resolve();
    return {
      name: basename(path),
      side: arrays,
      layers,
      isModel: false,
      input: undefined,
      fingerprint,
      close,
    };
  }
  const loaded = await loadModel(path);
  if (loaded.kind === 'graph') {
    throw new UnsupportedError(
      `${path} is a graph model, and graph models are not captured yet: convert it as a layers model ` +
        '(tensorflowjs_converter --output_format tfjs_layers_model), or compare .npz files of its activations',
    );
  }
  const { model, fingerprint } = loaded;
  const name = basename(path) === 'model.json' ? basename(dirname(path)) || path : basename(path);
  const shape = model.inputs.length === 1 ? model.inputs[0].shape : undefined;
  return {
    name,
    side: model,
    layers: listLayers(model),
    isModel: true,
    input: shape,
    fingerprint,
    close: () => Promise.resolve(model.dispose()).then(() => undefined),
  };
}

/** Inputs for a model. */
export interface OpenData {
  readonly data: CaptureData;
  /** Number of samples, where it is known before reading. */
  readonly samples: number | undefined;
  readonly fingerprint: string;
  /** Gives up what is held: open files. */
  close(): Promise<void>;
}

/**
 * Reads inputs: the first `count` samples, each value times `scale`. A channel axis that the model wants and the file
 * lacks is added, since grey images are often stored without one.
 */
export async function openData(
  path: string,
  input: OpenSide['input'],
  { count, scale = 1 }: { count?: number; scale?: number },
): Promise<OpenData> {
  const { array, fingerprint } = await loadArray(path);
  const [samples = 0, ...rest] = array.shape;
  if (samples === 0) throw new DataError(`${path} holds no samples`);
  const wanted = input?.slice(1) ?? rest;
  const shape = wanted.length === rest.length + 1 && wanted.at(-1) === 1 ? [...rest, 1] : rest;
  if (wanted.length !== shape.length || wanted.some((axis, i) => axis !== null && axis !== shape[i])) {
    const takes = wanted.map((axis) => axis ?? '?').join(', ');
    throw new ShapeError(`${path} holds samples of shape [${rest.join(', ')}], the model takes [${takes}]`);
  }
  const taken = Math.min(count ?? samples, samples);
  const values = array.data.subarray(0, (array.data.length / samples) * taken);
  return {
    data: { shape: [taken, ...shape], data: Float32Array.from(values, (value) => value * scale) },
    samples: taken,
    fingerprint,
    close: () => Promise.resolve(),
  };
}

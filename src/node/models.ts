/**
 * TensorFlow.js models from disk or the web.
 *
 * @module
 */
import { readdir, stat } from 'node:fs/promises';
import { dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GraphModel, LayersModel, io } from '@tensorflow/tfjs';
import { loadTfjs } from '../capture/tfjs.js';
import type { Tfjs } from '../capture/tfjs.js';
import { DataError, FormatError, UnsupportedError } from '../errors.js';
import { fileError, fingerprint, readBytes } from './files.js';

/** A model, of which class it is, and what tells it from other models. */
export type LoadedModel = { readonly fingerprint: string } & (
  | { readonly kind: 'layers'; readonly model: LayersModel }
  | { readonly kind: 'graph'; readonly model: GraphModel }
);

/**
 * Loads a `LayersModel` or `GraphModel`, whichever `model.json` says it is, on the active tfjs backend.
 *
 * @param path - a `model.json`, a directory that holds one, or an `http(s)://` URL of one. The files of weights that it
 * names must lie in its own folder or below.
 * @throws DataError if a file or URL cannot be read; FormatError if one is malformed, missing, outside the folder or of
 * the wrong size; UnsupportedError for models of other formats (with the way to convert them) and unknown layers.
 */
export async function loadModel(path: string): Promise<LoadedModel> {
  const tf = await loadTfjs();
  if (/^https?:/i.test(path)) return loadFromWeb(tf, path);
  const file = await locate(/^file:/i.test(path) ? fileURLToPath(path) : path);
  const bytes = await readBytes(file);
  const json = parseModel(bytes, file);
  const shards = await readShards(json.weightsManifest, file);
  const artifacts = await tf.io.getModelArtifactsForJSON(json, (manifest) =>
    Promise.resolve([manifest.flatMap((group) => group.weights), concatenate(shards)]),
  );
  return build(tf, artifacts, file, fingerprint(bytes, ...shards));
}

async function loadFromWeb(tf: Tfjs, url: string): Promise<LoadedModel> {
  let artifacts: io.ModelArtifacts;
  try {
    artifacts = (await tf.io.http(url).load?.())!;
  } catch (error) {
    throw new DataError(`cannot load '${url}': ${messageOf(error)}`, { cause: error });
  }
  const { modelTopology, weightSpecs, weightData } = artifacts;
  const parts = [weightData ?? []].flat().map((part) => new Uint8Array(part));
  return build(tf, artifacts, url, fingerprint(JSON.stringify([modelTopology, weightSpecs]), ...parts));
}

const CONVERT = 'tensorflowjs_converter (pip install tensorflowjs)';
const CAPTURE = 'capture its activations where it runs, and compare .npz files of them';
const REFUSED: Readonly<Record<string, string>> = {
  '.h5': `convert it: ${CONVERT} --input_format=keras model.h5 folder`,
  '.hdf5': `convert it: ${CONVERT} --input_format=keras model.hdf5 folder`,
  '.keras': `save it as model.h5 in Keras and convert that: ${CONVERT} --input_format=keras model.h5 folder`,
  '.pb': `convert its folder: ${CONVERT} --input_format=tf_saved_model folder output`,
  '.bin': 'that holds weights alone; name the model.json beside it',
  '.npy': 'that holds an array, not a model',
  '.npz': 'that holds arrays, not a model',
  '.onnx': CAPTURE,
  '.pt': CAPTURE,
  '.pth': CAPTURE,
  '.safetensors': CAPTURE,
  '.tflite': CAPTURE,
};

/** The `model.json` that is meant by a path. */
async function locate(path: string): Promise<string> {
  const status = await stat(path).catch((error: unknown) => {
    throw fileError(error, path, 'read');
  });
  if (!status.isDirectory()) {
    const way = REFUSED[extname(path).toLowerCase()];
    if (way === undefined) return path;
    throw new UnsupportedError(`'${path}' is not a TensorFlow.js model: ${way}`);
  }
  const names = await readdir(path).catch((error: unknown) => {
    throw fileError(error, path, 'read');
  });
  if (names.includes('model.json')) return join(path, 'model.json');
  if (names.includes('saved_model.pb')) {
    throw new UnsupportedError(`'${path}' is a SavedModel, not a TensorFlow.js model: ${REFUSED['.pb']}`);
  }
  const some = names.slice(0, 8).join(', ') + (names.length > 8 ? ', …' : '');
  throw new DataError(`'${path}' holds no model.json; it holds ${some || 'nothing'}`);
}

type ModelJson = io.ModelJSON & { readonly weightsManifest: io.WeightsManifestConfig };

/** Reads `model.json` and checks the parts of it that are used here. */
function parseModel(bytes: Uint8Array, file: string): ModelJson {
  const fail = (what: string, cause?: unknown) => new FormatError(`'${file}' ${what}`, { cause });
  let json: Partial<io.ModelJSON> | null;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes)) as Partial<io.ModelJSON> | null;
  } catch (error) {
    throw fail(`is not JSON: ${messageOf(error)}`, error);
  }
  if (typeof json?.modelTopology !== 'object' || json.modelTopology === null) {
    throw fail(
      'is not a TensorFlow.js model: it has no modelTopology; save one with model.save() or tensorflowjs_converter',
    );
  }
  const manifest: unknown = json.weightsManifest;
  // Without weights, tfjs would fill the model with random numbers and say nothing.
  if (!Array.isArray(manifest)) throw fail('has no weightsManifest: it is a topology without weights');
  for (const [i, group] of (manifest as Partial<io.WeightsManifestConfig[number]>[]).entries()) {
    const paths: unknown = group?.paths;
    if (!Array.isArray(paths) || !paths.every((path) => typeof path === 'string')) {
      throw fail(`names no files in paths of group ${i} of its weightsManifest`);
    }
    if (!Array.isArray(group.weights) || !group.weights.every((weight) => Array.isArray(weight?.shape))) {
      throw fail(`lists no weights with shapes in group ${i} of its weightsManifest`);
    }
  }
  return json as ModelJson;
}

/** Reads the files of weights, each group's length checked against the weights that it should hold. */
async function readShards(manifest: io.WeightsManifestConfig, file: string): Promise<Uint8Array[]> {
  const folder = dirname(resolve(file));
  const all: Uint8Array[] = [];
  for (const { paths, weights } of manifest) {
    const needed = sum(weights.map(bytesOf));
    const shards: Uint8Array[] = [];
    for (const path of paths) {
      const target = resolve(folder, path);
      const inside = relative(folder, target);
      if (
        inside === '' ||
        inside === '..' ||
        inside.startsWith(`..${sep}`) ||
        isAbsolute(inside) ||
        isAbsolute(path)
      ) {
        throw new FormatError(
          `'${file}' names the weights file '${path}', which is outside its folder: refused`,
        );
      }
      shards.push(
        await readBytes(target).catch((error: unknown) => {
          if (((error as Error).cause as NodeJS.ErrnoException | undefined)?.code !== 'ENOENT') throw error;
          throw new FormatError(
            `weights file '${target}' is missing: '${file}' names it; ${paths.join(', ')} hold ${needed} bytes together`,
            { cause: error },
          );
        }),
      );
    }
    const found = sum(shards.map((shard) => shard.length));
    if (!Number.isNaN(needed) && found !== needed) {
      const sizes = paths.map((path, i) => `${path} (${shards[i].length} bytes)`).join(', ');
      throw new FormatError(
        `weights of '${file}' need ${needed} bytes, there are ${found} in ${sizes || 'no file'}`,
      );
    }
    all.push(...shards);
  }
  return all;
}

const BYTES: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  complex64: 8,
  float16: 2,
  uint16: 2,
  bool: 1,
  uint8: 1,
};

/** Bytes of one weight in its file; NaN for text, which has no fixed length, and for types that tfjs will refuse. */
function bytesOf({ shape, dtype, quantization }: io.WeightsManifestEntry): number {
  return shape.reduce((product, size) => product * size, BYTES[quantization?.dtype ?? dtype] ?? NaN);
}

async function build(
  tf: Tfjs,
  artifacts: io.ModelArtifacts,
  name: string,
  print: string,
): Promise<LoadedModel> {
  const handler: io.IOHandler = { load: () => Promise.resolve(artifacts) };
  try {
    return isGraph(artifacts)
      ? { kind: 'graph', model: await tf.loadGraphModel(handler), fingerprint: print }
      : { kind: 'layers', model: await tf.loadLayersModel(handler), fingerprint: print };
  } catch (error) {
    const message = messageOf(error);
    if (message.startsWith('Unknown layer')) {
      throw new UnsupportedError(
        `'${name}' has a layer that TensorFlow.js does not know: ${message} A program can register it with ` +
          'tf.serialization.registerClass before loading.',
        { cause: error },
      );
    }
    // Keras 3 writes batch_shape where tfjs-layers looks for batch_input_shape.
    const way = message.includes('InputLayer should be passed')
      ? '; it was saved by Keras 3: save it from tf_keras (Keras 2) before converting'
      : '';
    throw new FormatError(`TensorFlow.js cannot build the model of '${name}': ${message}${way}`, {
      cause: error,
    });
  }
}

/** By what the file says; older files say nothing, but only the topology of a graph lists nodes. */
function isGraph({ format, modelTopology }: io.ModelArtifacts): boolean {
  if (format === 'graph-model') return true;
  return format !== 'layers-model' && typeof modelTopology === 'object' && 'node' in modelTopology;
}

function concatenate(parts: readonly Uint8Array[]): ArrayBuffer {
  const out = new Uint8Array(sum(parts.map((part) => part.length)));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out.buffer;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

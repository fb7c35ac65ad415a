/**
 * TensorFlow.js models from disk, the web or memory.
 *
 * @module
 */
import { fileURLToPath } from 'node:url';
import type { GraphModel, LayersModel, io } from '@tensorflow/tfjs';
import { loadTfjs } from '../capture/tfjs.js';
import { DataError, FormatError, OptionError, SvccaError } from '../errors.js';
import { joined } from '../io/ask.js';
import { show } from '../options.js';
import { fingerprint, readBytes } from './files.js';
import { buildModel } from './models-build.js';
import { fetchModelJson, fetchWeightFiles, readWeightFiles } from './models-files.js';
import { checkTree, isRecord, readModelJson, type ModelJson } from './models-json.js';
import { locateModel } from './models-refused.js';
import { bytesOf, checkSpecs, checkText } from './models-weights.js';

/** A model, of which class it is, and what tells it from other models. */
export type LoadedModel = { readonly fingerprint: string } & (
  | { readonly kind: 'layers'; readonly model: LayersModel }
  | { readonly kind: 'graph'; readonly model: GraphModel }
);

/** Where a model comes from, other than a path: a handler of `tf.io`, or artifacts in memory. */
export type ModelSource = io.IOHandler | io.IOHandlerSync | io.ModelArtifacts;

/**
 * Loads a `LayersModel` or `GraphModel`, whichever it says it is, on the active tfjs backend. Weights may lie in several files and
 * be quantised (float16, uint16, uint8).
 *
 * A file is checked before anything is allocated for it: a model that is refused leaves no tensor, and takes no more memory than
 * its files are long.
 *
 * @param source - a `model.json`, a directory that holds one, or an `http(s)://` URL of one; the files of weights that it names
 * must lie in its own folder or below. Or a handler of `tf.io`, or artifacts in memory.
 * @throws DataError if a file or URL cannot be read; FormatError if one is malformed, missing, outside the folder or of
 * the wrong size; UnsupportedError for models of other formats (with the way to convert them) and unknown layers; OptionError for
 * what is none of these.
 *
 * @example
 * ```ts
 * const { kind, model } = await loadModel('mobilenet/model.json');
 * const { model: same } = await loadModel(tf.io.fromMemory(artifacts));
 * ```
 */
export async function loadModel(source: string | ModelSource): Promise<LoadedModel> {
  if (typeof source !== 'string') return loadFromMemory(source);
  return /^https?:/i.test(source) ? loadFromWeb(source) : loadFromDisk(source);
}

async function loadFromDisk(path: string): Promise<LoadedModel> {
  const file = await locateModel(/^file:/i.test(path) ? fileURLToPath(path) : path);
  const bytes = await readBytes(file);
  const json = readModelJson(bytes, `'${file}'`);
  const parts = await readWeightFiles(json.weightsManifest, file);
  return load(json, parts, `'${file}'`, fingerprint(bytes, ...parts));
}

async function loadFromWeb(url: string): Promise<LoadedModel> {
  if (!URL.canParse(url)) throw new DataError(`cannot load '${url}': it is no URL`);
  const { bytes, url: final } = await fetchModelJson(url);
  const json = readModelJson(bytes, `'${url}'`);
  const parts = await fetchWeightFiles(json.weightsManifest, url, final);
  return load(json, parts, `'${url}'`, fingerprint(bytes, ...parts));
}

async function load(
  json: ModelJson,
  parts: readonly Uint8Array<ArrayBuffer>[],
  label: string,
  print: string,
): Promise<LoadedModel> {
  const tf = await loadTfjs();
  const specs = json.weightsManifest.flatMap(({ weights }) => weights);
  const artifacts = await tf.io.getModelArtifactsForJSON(json, () =>
    Promise.resolve([specs, bufferOf(parts)]),
  );
  return { ...(await buildModel(tf, artifacts, label)), fingerprint: print };
}

const LABEL = 'the given model';

async function loadFromMemory(source: ModelSource): Promise<LoadedModel> {
  const given = await artifactsOf(source);
  const { modelTopology, weightSpecs } = given;
  if (!isRecord(modelTopology)) {
    throw new FormatError(`${LABEL} is not a TensorFlow.js model: it has no modelTopology`);
  }
  if (!Array.isArray(weightSpecs)) throw new FormatError(`${LABEL} has no weightSpecs: it is a topology without weights`); // prettier-ignore
  checkTree([modelTopology, weightSpecs], LABEL);
  checkSpecs(weightSpecs, LABEL);
  const needed = bytesOf(weightSpecs);
  const parts = await weightParts(given, needed);
  const found = parts.reduce((sum, { length }) => sum + length, 0);
  if (needed === undefined) checkText(weightSpecs, parts, LABEL);
  else if (found !== needed) {
    throw new FormatError(`weights of ${LABEL} need ${needed} bytes, there are ${found}`);
  }
  const tf = await loadTfjs();
  const { getWeightStream: _, ...rest } = given;
  const artifacts = { ...rest, weightData: bufferOf(parts) };
  const print = fingerprint(JSON.stringify([modelTopology, weightSpecs]), ...parts);
  return { ...(await buildModel(tf, artifacts, LABEL)), fingerprint: print };
}

async function artifactsOf(source: ModelSource): Promise<io.ModelArtifacts> {
  const value: unknown = source;
  if (!isRecord(value)) {
    throw new OptionError(
      `the model is ${show(value)}: give a path, a URL, a tf.io handler or artifacts in memory`,
    );
  }
  if (typeof value['load'] !== 'function') return value;
  try {
    return await (source as io.IOHandler).load!();
  } catch (error) {
    if (error instanceof SvccaError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    throw new DataError(`cannot load ${LABEL}: ${message}`, { cause: error });
  }
}

/** One buffer: tfjs cuts weights out of several wrongly where the last is longer than the others. */
function bufferOf(parts: readonly Uint8Array<ArrayBuffer>[]): ArrayBuffer {
  const [first] = parts;
  if (parts.length === 1 && first?.length === first?.buffer.byteLength) return first.buffer;
  return joined(parts).buffer;
}

/** The bytes of weights, read no further than `needed` where they come as a stream. */
async function weightParts(
  { weightData, getWeightStream }: io.ModelArtifacts,
  needed = Infinity,
): Promise<Uint8Array<ArrayBuffer>[]> {
  if (weightData !== undefined) return [weightData].flat().map((part) => new Uint8Array(part));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  const reader = getWeightStream?.().getReader();
  let length = 0;
  try {
    while (reader !== undefined && length <= needed) {
      const { done, value } = await reader.read();
      if (done) break;
      const part = new Uint8Array(value);
      length += part.length;
      parts.push(part);
    }
  } finally {
    await reader?.cancel();
  }
  return parts;
}

/**
 * Networks in a store, in the plain format of TensorFlow.js.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { loadTfjs } from '../capture/tfjs.js';
import { DataError, FormatError } from '../errors.js';
import type { Store } from './store.js';

/**
 * Writes a network as `NAME/weights.bin` and `NAME/model.json`, in that order: where there is a model.json, the network is
 * whole. In a folder, every program that reads TensorFlow.js's layers models reads it.
 */
export async function saveModel(model: tf.LayersModel, store: Store, name: string): Promise<void> {
  const tf = await loadTfjs();
  await model.save(
    tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
      const json = {
        format: 'layers-model',
        generatedBy: `TensorFlow.js tfjs-layers v${tf.version_layers}`,
        convertedBy: null,
        modelTopology,
        weightsManifest: [{ paths: ['weights.bin'], weights: weightSpecs }],
      };
      const weights = new Uint8Array(tf.io.CompositeArrayBuffer.join(weightData));
      await store.remove(`${name}/model.json`);
      await store.write(`${name}/weights.bin`, weights);
      await store.write(`${name}/model.json`, new TextEncoder().encode(JSON.stringify(json)));
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
}

/**
 * Reads a network that {@link saveModel} wrote.
 *
 * @throws DataError where there is none; FormatError where it is not whole.
 */
export async function loadStoredModel(store: Store, name: string): Promise<tf.LayersModel> {
  const tf = await loadTfjs();
  const [text, weights] = [await store.read(`${name}/model.json`), await store.read(`${name}/weights.bin`)];
  if (text === undefined) throw new DataError(`the store has no model '${name}': saveModel writes one`);
  if (weights === undefined) throw new FormatError(`model '${name}' of the store has no weights.bin`);
  const { modelTopology, weightSpecs } = parse(text, name);
  const needed = weightSpecs.reduce((sum, { shape, dtype }) => {
    const bytes = dtype === 'bool' ? 1 : dtype === 'complex64' ? 8 : 4;
    return sum + bytes * shape.reduce((product, axis) => product * axis, 1);
  }, 0);
  if (needed !== weights.length) {
    throw new FormatError(
      `weights of model '${name}' need ${needed} bytes, there are ${weights.length}: it was not written by saveModel`,
    );
  }
  try {
    return await tf.loadLayersModel(
      tf.io.fromMemory({ modelTopology, weightSpecs, weightData: weights.slice().buffer }),
    );
  } catch (cause) {
    throw new FormatError(`model '${name}' of the store cannot be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}

function parse(
  text: Uint8Array,
  name: string,
): { modelTopology: object; weightSpecs: tf.io.WeightsManifestEntry[] } {
  try {
    const { modelTopology, weightsManifest } = JSON.parse(new TextDecoder().decode(text)) as {
      modelTopology: object;
      weightsManifest: tf.io.WeightsManifestConfig;
    };
    return { modelTopology, weightSpecs: weightsManifest.flatMap(({ weights }) => weights) };
  } catch (cause) {
    throw new FormatError(`model.json of '${name}' in the store is not that of a model`, { cause });
  }
}

/** Checkpoints as tfjs layers models with float16 weights: `model.json` and `weights.bin`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Float16Array } from '@petamoriken/float16';
import * as tf from '@tensorflow/tfjs';

const WEIGHTS = 'weights.bin';

/** Writes the model without its optimizer, each weight rounded to the nearest float16. */
export async function saveCheckpoint(model: tf.LayersModel, folder: string): Promise<void> {
  const artifacts = await artifactsOf(model);
  const specs = artifacts.weightSpecs!;
  const values = new Float32Array(tf.io.CompositeArrayBuffer.join(artifacts.weightData));
  if (specs.some((spec) => spec.dtype !== 'float32')) throw new Error('Only float32 weights are expected.');
  const rounded = new Float16Array(values);
  if (!rounded.every(Number.isFinite)) throw new Error('A weight is not finite in float16.');
  const weights = specs.map((spec) => ({
    ...spec,
    quantization: { dtype: 'float16', original_dtype: 'float32' },
  }));
  const { format, generatedBy, convertedBy, modelTopology } = artifacts;
  const weightsManifest = [{ paths: [WEIGHTS], weights }];
  const json = { format, generatedBy, convertedBy, modelTopology, weightsManifest };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'model.json'), `${JSON.stringify(json)}\n`);
  await writeFile(join(folder, WEIGHTS), new Uint8Array(rounded.buffer));
}

async function artifactsOf(model: tf.LayersModel): Promise<tf.io.ModelArtifacts> {
  let saved: tf.io.ModelArtifacts | undefined;
  await model.save(
    tf.io.withSaveHandler((artifacts) => {
      saved = artifacts;
      return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
    }),
  );
  return saved!;
}

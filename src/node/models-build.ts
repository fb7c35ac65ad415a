/**
 * Building a model of artifacts that are checked: nothing is allocated beyond its weights, and nothing stays if it fails.
 *
 * @module
 */
import type { GraphModel, LayersModel, io } from '@tensorflow/tfjs';
import type { Tfjs } from '../capture/tfjs.js';
import { FormatError, SvccaError, UnsupportedError } from '../errors.js';
import { FROM_KERAS_3 } from './models-refused.js';
import { checkLayers } from './models-topology.js';
import { Watch } from './models-watch.js';

/** A model and of which class it is. */
export type BuiltModel =
  | { readonly kind: 'layers'; readonly model: LayersModel }
  | { readonly kind: 'graph'; readonly model: GraphModel };

/**
 * Builds a model on the active tfjs backend.
 *
 * @param label - how messages call it.
 * @throws FormatError where the layers and the weights do not belong together; UnsupportedError for unknown layers. No tensor
 * is left.
 */
export async function buildModel(tf: Tfjs, artifacts: io.ModelArtifacts, label: string): Promise<BuiltModel> {
  try {
    return isGraph(artifacts)
      ? { kind: 'graph', model: await buildGraph(tf, artifacts) }
      : { kind: 'layers', model: await buildLayers(tf, artifacts, label) };
  } catch (error) {
    throw explained(error, label);
  }
}

/** By what the file says; older files say nothing, but only the topology of a graph lists nodes. */
function isGraph({ format, modelTopology }: io.ModelArtifacts): boolean {
  if (format === 'graph-model') return true;
  return format !== 'layers-model' && typeof modelTopology === 'object' && 'node' in modelTopology;
}

/** Built once without weights: tfjs would make their tensors first and forget them where the graph is at fault. */
async function buildGraph(tf: Tfjs, artifacts: io.ModelArtifacts): Promise<GraphModel> {
  const bare = { ...artifacts, weightSpecs: [], weightData: new ArrayBuffer(0) };
  await tf.loadGraphModel({ load: () => Promise.resolve(bare) });
  return tf.loadGraphModel({ load: () => Promise.resolve(artifacts) });
}

async function buildLayers(tf: Tfjs, artifacts: io.ModelArtifacts, label: string): Promise<LayersModel> {
  checkLayers(artifacts.modelTopology!, label);
  const watch = new Watch(tf, artifacts.weightSpecs ?? [], label);
  let reads = 0;
  // tfjs reads the topology when it begins to build, the weights when it has built, and does not wait in between.
  const watched: io.ModelArtifacts = {
    ...artifacts,
    get modelTopology() {
      watch.begin();
      return artifacts.modelTopology!;
    },
    get weightData() {
      if (++reads > 1) watch.end();
      return artifacts.weightData!;
    },
  };
  try {
    return await tf.loadLayersModel({ load: () => Promise.resolve(watched) });
  } catch (error) {
    watch.undo();
    throw error;
  } finally {
    watch.close();
  }
}

function explained(error: unknown, label: string): unknown {
  if (error instanceof SvccaError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (message.startsWith('Unknown layer')) {
    return new UnsupportedError(
      `${label} has a layer that TensorFlow.js does not know: ${message} A program can register it with ` +
        'tf.serialization.registerClass before loading.',
      { cause: error },
    );
  }
  // Keras 3 writes batch_shape where tfjs-layers looks for batch_input_shape.
  const way = message.includes('InputLayer should be passed')
    ? `; it was saved by Keras 3: ${FROM_KERAS_3}`
    : '';
  return new FormatError(`TensorFlow.js cannot build the model of ${label}: ${message}${way}`, {
    cause: error,
  });
}

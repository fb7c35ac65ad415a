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
import { sizeOf } from './models-weights.js';

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

/** A weight as `addWeight` of a layer gives it. */
interface Variable {
  readonly originalName: string;
  readonly shape: readonly number[];
  dispose(): void;
}

type AddWeight = (
  this: { readonly name: string },
  name: string,
  shape: number[],
  ...rest: unknown[]
) => Variable;

/** Sees every weight that is made while one model is built. */
class Watch {
  /** The one that is building; building is never interrupted, so there is at most one. */
  static #active: Watch | undefined;
  readonly #tf: Tfjs;
  readonly #specs: readonly io.WeightsManifestEntry[];
  readonly #label: string;
  readonly #made: Variable[] = [];
  #room: number;
  #restore: (() => void) | undefined;
  #scoped = false;

  constructor(tf: Tfjs, specs: readonly io.WeightsManifestEntry[], label: string) {
    this.#tf = tf;
    this.#label = label;
    // Weights of the optimizer belong to no layer.
    this.#specs = specs.filter(({ group }) => group !== 'optimizer');
    this.#room = this.#specs.reduce((sum, spec) => sum + sizeOf(spec), 0);
  }

  begin(): void {
    if (this.#restore !== undefined) return;
    Watch.#active?.close();
    Watch.#active = this;
    const prototype = this.#tf.layers.Layer.prototype as unknown as { addWeight: AddWeight };
    const original = prototype.addWeight;
    this.#restore = () => {
      prototype.addWeight = original;
    };
    const make = (
      layer: { readonly name: string },
      shape: readonly number[],
      add: () => Variable,
    ): Variable => {
      this.#take(layer.name, shape);
      const variable = add();
      this.#made.push(variable);
      return variable;
    };
    prototype.addWeight = function (name, shape, ...rest) {
      return make(this, shape, () => original.call(this, name, shape, ...rest));
    };
  }

  /** All is built: the weights in the file are those of the layers, or it is refused before their tensors are made. */
  end(): void {
    if (this.#restore === undefined) return;
    this.close();
    if (this.#isKeras3()) {
      // tfjs matches these by number; if it cannot, what it made of the bytes goes with the scope.
      this.#scoped = true;
      this.#tf.engine().startScope('svcca/models');
    } else this.#match();
  }

  /** Stops watching. */
  close(): void {
    this.#restore?.();
    this.#restore = undefined;
    if (Watch.#active === this) Watch.#active = undefined;
    if (this.#scoped) this.#tf.engine().endScope();
    this.#scoped = false;
  }

  /** Frees the weights that were made. */
  undo(): void {
    for (const variable of this.#made) variable.dispose();
  }

  /** Before a weight is made: no layer may take more than the file holds. */
  #take(layer: string, shape: readonly number[]): void {
    this.#room -= shape.reduce((product, axis) => product * axis, 1);
    if (this.#room >= 0) return;
    throw new FormatError(
      `${this.#label}: layer '${layer}' wants a weight of shape [${shape.join(', ')}], and there are fewer values in the ` +
        'files of weights',
    );
  }

  #isKeras3(): boolean {
    return /\/\d[^/]*$/.test(this.#specs[0]?.name ?? '');
  }

  #match(): void {
    const fail = (what: string) => new FormatError(`${this.#label}: ${what}`);
    const wanted = new Map<string, Variable>();
    for (const variable of this.#made) {
      const { originalName } = variable;
      if (wanted.has(originalName)) throw fail(`two layers have a weight called '${originalName}'`);
      wanted.set(originalName, variable);
    }
    for (const { name, shape } of this.#specs) {
      // TensorFlow 2.2 and later put the cell of a recurrent layer into the name.
      const parts = name.split('/');
      const short = [...parts.slice(0, -2), ...parts.slice(-1)].join('/');
      const variable = wanted.get(name) ?? wanted.get(short);
      if (variable === undefined) throw fail(`no layer has a weight '${name}'`);
      if (variable.shape.join() !== shape.join()) {
        const shapes = `[${shape.join(', ')}], its layer wants [${variable.shape.join(', ')}]`;
        throw fail(`weight '${name}' has shape ${shapes}`);
      }
      wanted.delete(variable.originalName);
    }
    const [missing] = wanted.keys();
    if (missing !== undefined) throw fail(`the files of weights do not hold '${missing}'`);
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

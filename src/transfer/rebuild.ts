/**
 * A model built anew from its configuration, every weight drawn by its layer's own initializer, from a seed.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { classOf, type Layer } from '../capture/layer-parts.js';
import { Overrides } from '../capture/overrides.js';
import { loadTfjs, type Tfjs } from '../capture/tfjs.js';
import { SvccaError, UnsupportedError } from '../errors.js';
import { Random } from '../random.js';
import { streamOf } from './stream-of.js';
import { weightedLayers } from './weighted-layers.js';

/** What `model.toJSON` gives, as an object. */
export interface ModelConfig {
  readonly class_name: string;
  readonly config: { readonly layers: readonly LayerConfig[]; readonly [key: string]: unknown };
}

/** One layer of it. */
export interface LayerConfig {
  readonly class_name: string;
  readonly config: Record<string, unknown>;
}

/** The configuration of a model. @throws UnsupportedError where a layer cannot tell its own */
export function configOf(model: tf.LayersModel): ModelConfig {
  try {
    return structuredClone(model.toJSON(null, false)) as unknown as ModelConfig;
  } catch (cause) {
    throw cannotRebuild(model.name, cause);
  }
}

/**
 * Builds a model from its configuration. Seeds that an initializer has of its own do not count: each weight has a stream of
 * random numbers by the layer's name (of layers that were given none, by class and place) and its place in the layer, so that
 * one layer's draw does not depend on what other layers there are.
 *
 * @param only - name of the one layer that is drawn, where no other is of interest: all other weights are 0, which is quick.
 * @throws UnsupportedError where a class is not registered with TensorFlow.js, or the configuration is not consistent.
 */
export async function buildSeeded(config: ModelConfig, seed: number, only?: string): Promise<tf.LayersModel> {
  const tf = await loadTfjs();
  const variables = tf.engine().registeredVariables;
  const before = new Set(Object.keys(variables));
  const overrides = new Overrides();
  let built: Promise<tf.LayersModel>;
  let created: tf.Variable[];
  try {
    seedWeights(tf, seed, only, overrides);
    // It does all its work before it returns, so that nobody else meets what is overridden.
    built = tf.models.modelFromJSON(withoutSeeds(config) as unknown as Topology);
    created = Object.keys(variables).flatMap((name) => (before.has(name) ? [] : [variables[name]]));
  } finally {
    overrides.restore();
  }
  try {
    return await built;
  } catch (cause) {
    for (const variable of created) variable.dispose();
    throw cannotRebuild(String(config.config['name']), cause);
  }
}

/** Frees a model that was built here: TensorFlow.js keeps layers that are used more than once. */
export function discard(model: tf.LayersModel): void {
  const variables = weightedLayers(model).flatMap(({ weights }) => weights.map(({ variable }) => variable));
  model.dispose();
  for (const variable of variables) if (!variable.isDisposed) variable.dispose();
}

type Topology = Parameters<Tfjs['models']['modelFromJSON']>[0];

/**
 * From here to the end of the overrides, each weight is drawn from its own stream: an initializer without a seed takes one
 * from `Math.random`, whatever its class.
 */
function seedWeights(tf: Tfjs, seed: number, only: string | undefined, overrides: Overrides): void {
  const owners = new Map<Layer, { readonly key: string; count: number }>();
  const places = new Map<string, number>();
  const zeros = tf.initializers.zeros();
  const applied: Layer[] = [];
  let random = new Random(seed);
  overrides.set(Math, 'random', () => random.uniform());

  const { prototype } = tf.layers.Layer as unknown as { prototype: Record<string, Method> };
  const { apply, addWeight } = prototype;
  overrides.set(prototype, 'apply', function (this: Layer, ...args: unknown[]) {
    applied.push(this);
    try {
      return apply.call(this, ...args);
    } finally {
      applied.pop();
    }
  });
  overrides.set(prototype, 'addWeight', function (this: Layer, ...args: unknown[]) {
    // Cells and wrapped layers have names that change from model to model: they count as the layer around them.
    const layer = applied.at(0) ?? this;
    let owner = owners.get(layer);
    if (owner === undefined) {
      const name = ownName(layer);
      const place = places.get(name) ?? 0;
      places.set(name, place + 1);
      owner = { key: `${name} ${place}`, count: 0 };
      owners.set(layer, owner);
    }
    random = new Random(seed, streamOf(`${owner.key} ${owner.count++}`));
    const [name, shape, dtype, initializer, ...rest] = args;
    const drawn = only === undefined || layer.name === only;
    return addWeight.call(this, name, shape, dtype, drawn ? initializer : zeros, ...rest);
  });
}

type Method = (this: Layer, ...args: unknown[]) => unknown;

/** A layer's name, or its class where TensorFlow.js (`conv2d_Conv2D3`) or Keras (`conv2d_3`) gave it one. */
function ownName(layer: Layer): string {
  const kind = classOf(layer);
  const keras = kind.replace(/([a-z])([A-Z])/g, '$1_$2').toLowerCase();
  const given = layer.name.startsWith(keras) && /^(_\d+)?$/.test(layer.name.slice(keras.length));
  return given || new RegExp(`_${kind}\\d+$`).test(layer.name) ? kind : layer.name;
}

/** A configuration in which no initializer has a seed. */
function withoutSeeds(config: ModelConfig): ModelConfig {
  return JSON.parse(JSON.stringify(config), (key, value: unknown) => {
    const settings = key.endsWith('_initializer') ? (value as LayerConfig | null)?.config : undefined;
    if (settings && 'seed' in settings) settings['seed'] = null;
    return value;
  }) as ModelConfig;
}

function cannotRebuild(name: string, cause: unknown): SvccaError {
  if (cause instanceof SvccaError) return cause;
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new UnsupportedError(
    `model '${name}' cannot be built anew from its configuration: ${reason}. Every class of its own needs getConfig and ` +
      'tf.serialization.registerClass',
    { cause },
  );
}

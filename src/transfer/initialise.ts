/**
 * Fresh weights from a seed, each from its layer's own initializer.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { UnsupportedError } from '../errors.js';
import { knownKeys } from '../options.js';
import { pairLayers } from './match-weights.js';
import { buildSeeded, configOf, discard } from './rebuild.js';
import { seedOf } from './stream-of.js';
import { checkModel, countOf, weightedLayers } from './weighted-layers.js';

/** What was written into a model. */
export interface Written {
  /** Names of the layers, in order of execution; of layers in nested models by path (`backbone/conv1`). */
  readonly layers: readonly string[];
  /** Number of weights, statistics of batch normalisation included. */
  readonly parameters: number;
}

/** Options of {@link initialise}. */
export interface InitialiseOptions {
  /** @defaultValue 0 */
  readonly seed?: number;
}

/**
 * Redraws every weight of a model in place, from its layer's own initializer; statistics of batch normalisation go back to where
 * they began. The same seed gives the same bits, also where initializers have no seed, or one of their own, which does not
 * count here. A layer's draw depends on the seed, its name and its shapes, and not on the layers around it (where it has no name of
 * its own, on its place among those of its class): networks that differ in their last stage begin alike.
 *
 * @throws UnsupportedError where the model cannot be built anew from its configuration, which is where initializers are kept.
 */
export async function initialise(model: tf.LayersModel, options: InitialiseOptions = {}): Promise<Written> {
  checkModel('model', model);
  knownKeys('initialise', options, ['seed']);
  const fresh = await freshCopy(model, options.seed);
  try {
    const layers = weightedLayers(model);
    const drawn = weightedLayers(fresh);
    if (layers.length !== drawn.length) {
      throw new UnsupportedError(
        `model '${model.name}' has ${layers.length} layers with weights, and ${drawn.length} when built anew from its ` +
          'configuration: build all its layers before their first call',
      );
    }
    const pairs = layers.flatMap((layer, i) => pairLayers(drawn[i], layer));
    for (const { from, to } of pairs) to.variable.assign(from.variable);
    return {
      layers: layers.map(({ name }) => name),
      parameters: countOf(layers.flatMap(({ weights }) => weights)),
    };
  } finally {
    discard(fresh);
  }
}

/**
 * A model of the same layers with fresh weights, which are those that {@link initialise} draws.
 *
 * @param only - name of the one layer that is wanted: the weights of all others are 0.
 */
export async function freshCopy(
  model: tf.LayersModel,
  seed: unknown,
  only?: string,
): Promise<tf.LayersModel> {
  return buildSeeded(configOf(model), seedOf(seed), only);
}

/**
 * A model as it is in training, for the time of one run: random numbers by a seed, and weights that stay as they were.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { Random } from '../random.js';
import type { Layer } from './layer-parts.js';
import type { Overrides } from './overrides.js';
import type { Tfjs } from './tfjs.js';

/**
 * Makes every random number of TensorFlow.js depend on the seed: each op that is given none of its own draws one from
 * `Math.random`. That holds for the noise of custom layers and the masks of recurrent cells too. The run must be synchronous,
 * so that nobody else draws from it meanwhile.
 *
 * @param start - global number of the batch's first sample.
 * @returns starts the numbers of the layer of a name.
 */
export function seedRandomness(
  layers: Iterable<Layer>,
  { seed, start }: { readonly seed: number; readonly start: number },
  overrides: Overrides,
): (layer: string) => void {
  // With a seed of its own, a dropout would drop the same neurons in every batch.
  for (const layer of layers) if ('seed' in layer && 'rate' in layer) overrides.set(layer, 'seed', undefined);
  let random = new Random(seed);
  overrides.set(Math, 'random', () => random.uniform());
  return (layer) => {
    random = new Random(seed, hash(`${layer} ${start}`));
  };
}

/**
 * Gives a batch norm without scale or centre the 1 or 0 that they stand for: in training, TensorFlow.js reads them whether the
 * layer has them or not.
 */
export function completeNorms(
  layers: Iterable<Layer>,
  { onesLike, zerosLike }: Tfjs,
  overrides: Overrides,
): void {
  for (const layer of layers) {
    if (!isBatchNorm(layer)) continue;
    const { gamma, beta, movingMean } = layer;
    if (!gamma) overrides.set(layer, 'gamma', { read: () => onesLike(movingMean.read()) });
    if (!beta) overrides.set(layer, 'beta', { read: () => zerosLike(movingMean.read()) });
  }
}

type Readable = Layer['weights'][number];

function isBatchNorm(
  layer: Layer,
): layer is Layer & { readonly gamma?: Readable; readonly beta?: Readable; readonly movingMean: Readable } {
  return 'movingMean' in layer && 'movingVariance' in layer;
}

/** What is needed of a `tf.Variable` of any copy of TensorFlow.js. */
type Variable = tf.Tensor & Pick<tf.Variable, 'assign'>;

/** Weights and other variables of layers, as they are now: statistics that move in training are put back by the result. */
export function holdVariables(layers: Iterable<Layer>): () => void {
  const variables = new Set<Variable>();
  for (const layer of layers) {
    for (const weight of layer.weights) variables.add(weight.read() as Variable);
    for (const value of Object.values(layer)) if (isVariable(value)) variables.add(value);
  }
  const held = [...variables].map((variable) => ({ variable, value: variable.clone() }));
  return () => {
    for (const { variable, value } of held) {
      if (variable.dataId !== value.dataId) variable.assign(value);
      value.dispose();
    }
  };
}

function isVariable(value: unknown): value is Variable {
  if (typeof value !== 'object' || value === null) return false;
  const { assign, trainable, dataId } = value as Record<string, unknown>;
  return typeof assign === 'function' && typeof trainable === 'boolean' && dataId !== undefined;
}

/** A number of 32 bits (FNV-1a). */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value;
}

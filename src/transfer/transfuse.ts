/**
 * Weight transfusion: the first layers of a trained network in another.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { knownKeys } from '../options.js';
import type { Written } from './initialise.js';
import { matchWeights } from './match-weights.js';
import { prefixOf } from './prefix.js';
import { checkModel, countOf } from './weighted-layers.js';

/** Options of {@link transfuse}. */
export interface TransfuseOptions {
  /**
   * The last stage of the target (see `stages`) that is reused, with everything before it; or the last layer; or the names of all
   * layers that are, without a gap. Layers of nested models have a path, `backbone/conv1`.
   */
  readonly upTo: string | readonly string[];
}

/**
 * Copies the weights of a contiguous prefix of the layers of `source` into `target`, in place: kernels, biases, and of batch
 * normalisation gamma, beta and the running statistics. All other weights of the target stay as they are, and the source too.
 *
 * Layers meet by their place among the layers with weights, in order of execution; class and shapes must agree. Everything is
 * checked before anything is written. The two models share nothing afterwards: either can be trained or disposed of.
 *
 * Weight transfusion: Raghu et al., *Transfusion*, NeurIPS 2019, arXiv 1902.07208.
 *
 * @returns names of the target's layers that were written, and the number of their weights.
 * @throws OptionError for a stage or layer that the target does not have, and for a list with a gap.
 * @throws ShapeError that names the layer where the models differ, such as a classifier of other classes.
 */
export async function transfuse(
  source: tf.LayersModel,
  target: tf.LayersModel,
  options: TransfuseOptions,
): Promise<Written> {
  checkModel('source', source);
  checkModel('target', target);
  knownKeys('transfuse', options, ['upTo']);
  const prefix = prefixOf(target, options.upTo);
  const pairs = matchWeights(source, prefix);
  // A variable's values are never changed in place, so both may hold the same tensor data.
  for (const { from, to } of pairs.flatMap((layer) => layer.pairs)) {
    if (from.variable !== to.variable) to.variable.assign(from.variable);
  }
  return {
    layers: prefix.map(({ name }) => name),
    parameters: countOf(prefix.flatMap(({ weights }) => weights)),
  };
}

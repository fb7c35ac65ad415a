/**
 * Mean-Var initialisation: the scale of pretrained weights without their features.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { loadTfjs } from '../capture/tfjs.js';
import { DataError } from '../errors.js';
import { keyword, knownKeys } from '../options.js';
import { Random } from '../random.js';
import type { Written } from './initialise.js';
import { matchWeights, sameShape } from './match-weights.js';
import { prefixOf } from './prefix.js';
import { seedOf, streamOf } from './stream-of.js';
import { checkModel, countOf, weightedLayers, type Weight, type WeightedLayer } from './weighted-layers.js';

/** Options of {@link meanVar}. */
export interface MeanVarOptions {
  /** @defaultValue 0 */
  readonly seed?: number;
  /**
   * The last stage (or layer) that is drawn, or the names of all layers that are, as in `transfuse`.
   *
   * @defaultValue every layer; the last one, the classifier, only where its shapes agree
   */
  readonly upTo?: string | readonly string[];
  /**
   * Running statistics of batch normalisation: back to mean 0 and variance 1, or those of the source. They are estimates of the
   * activations that the source's features gave. Those features are gone, and a network with fresh weights begins with 0 and 1,
   * so that is the default.
   *
   * @defaultValue `'reset'`
   */
  readonly statistics?: 'reset' | 'copy';
}

/**
 * Draws each weight tensor of `target` i.i.d. from N(μ, σ²), in place, where μ and σ² are mean and variance of the values of the
 * same tensor of `source`: it keeps the scale of pretrained weights and destroys their features. Gamma and beta of batch
 * normalisation are weights and drawn; running statistics never are, as a variance could come out negative.
 *
 * Layers meet as in `transfuse`, and everything is checked before anything is written. A tensor whose values are all the same
 * (biases of 0) stays at that value.
 *
 * Mean-Var initialisation: Raghu et al., *Transfusion*, NeurIPS 2019, arXiv 1902.07208.
 *
 * @returns names of the target's layers that were written, and the number of their weights.
 * @throws OptionError for a stage or layer that the target does not have, and for a list with a gap.
 * @throws ShapeError that names the layer where the models differ.
 * @throws DataError for a weight of the source that is not finite.
 */
export async function meanVar(
  source: tf.LayersModel,
  target: tf.LayersModel,
  options: MeanVarOptions = {},
): Promise<Written> {
  checkModel('source', source);
  checkModel('target', target);
  knownKeys('meanVar', options, ['seed', 'upTo', 'statistics']);
  const seed = seedOf(options.seed);
  const statistics = keyword('statistics', options.statistics ?? 'reset', ['reset', 'copy']);
  const prefix = options.upTo === undefined ? body(source, target) : prefixOf(target, options.upTo);
  const layers = matchWeights(source, prefix);

  const { tensor, tidy } = await loadTfjs();
  const values: { readonly to: Weight; readonly data: Float32Array | tf.Tensor }[] = [];
  for (const [i, { name, pairs }] of layers.entries()) {
    for (const [j, { from, to }] of pairs.entries()) {
      if (to.statistic && statistics === 'reset') values.push({ to, data: resting(to) });
      else if (to.statistic || from.variable.dtype !== 'float32') values.push({ to, data: from.variable });
      else {
        const scale = meanAndDeviation(await from.variable.data(), `${name}: ${from.name}`);
        values.push({
          to,
          data: draw(countOf([to]), scale, new Random(seed, streamOf(`meanVar ${i} ${j}`))),
        });
      }
    }
  }
  tidy(() => {
    for (const { to, data } of values) {
      to.variable.assign(data instanceof Float32Array ? tensor(data, [...to.shape], 'float32') : data);
    }
  });
  return { layers: layers.map(({ name }) => name), parameters: countOf(values.map(({ to }) => to)) };
}

/** All layers with weights, without the last where its shapes differ. */
function body(source: tf.LayersModel, target: tf.LayersModel): WeightedLayer[] {
  const layers = weightedLayers(target);
  const from = weightedLayers(source).at(layers.length - 1);
  const last = layers.at(-1);
  const same = from?.weights.length === last?.weights.length;
  return same && last?.weights.every((weight, i) => sameShape(from!.weights[i], weight))
    ? layers
    : layers.slice(0, -1);
}

function resting({ name, shape }: Weight): Float32Array {
  return new Float32Array(countOf([{ shape }])).fill(name.includes('variance') ? 1 : 0);
}

interface Scale {
  readonly mean: number;
  readonly deviation: number;
}

/** Mean and standard deviation of a tensor's values (divided by their number). */
function meanAndDeviation(values: ArrayLike<number>, where: string): Scale {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  const mean = sum / values.length;
  if (!Number.isFinite(mean)) {
    throw new DataError(
      `source's layer ${where} has values that are not finite: train it again, or with a lower rate`,
    );
  }
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i] - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / values.length) };
}

function draw(count: number, { mean, deviation }: Scale, random: Random): Float32Array {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = mean + deviation * random.normal();
  return values;
}

/**
 * The hybrid's lighter half: the later stages of a network with fewer channels.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { OptionError, UnsupportedError } from '../errors.js';
import { knownKeys, show } from '../options.js';
import { resizedChannels } from './channel-groups.js';
import { matchWeights } from './match-weights.js';
import { listed, prefixOf } from './prefix.js';
import { buildSeeded, configOf, discard, type ModelConfig } from './rebuild.js';
import { stages } from './stages.js';
import { seedOf } from './stream-of.js';
import { checkModel } from './weighted-layers.js';

/** Options of {@link slim}. */
export interface SlimOptions {
  /** The last stage (or layer) that stays as it is; everything after it becomes lighter. */
  readonly from: string;
  /** Share of the channels that is left, above 0 and at most 1. @defaultValue 0.5 */
  readonly factor?: number;
  /** Of the fresh weights. @defaultValue 0 */
  readonly seed?: number;
}

/**
 * A new model with the same layers under the same names, of which those after `from` have `factor` of the channels, rounded, at
 * least one: convolutions (separable and transposed too), hidden dense and recurrent layers; depthwise convolutions,
 * normalisations, pooling, concatenations and activations follow. Every weight is fresh (as `initialise` draws); `transfuse` with
 * `upTo: from` fills in the pretrained part, whose shapes are the same.
 *
 * Layers whose outputs are added keep equal numbers of channels, and the model's outputs theirs. Where a sum takes the kept layers'
 * output as it is (an identity shortcut past `from`), or channels go into a layer whose shapes cannot be told (a reshape, a
 * custom layer, a nested model), the layers that made them keep their number; those within a residual branch are still lighter.
 *
 * The hybrid approach: Raghu et al., *Transfusion*, NeurIPS 2019, arXiv 1902.07208.
 *
 * @returns a model that is not compiled; `model` stays as it is.
 * @throws OptionError for a `from` that the model does not have, or after which nothing can become lighter, and for a bad factor.
 * @throws UnsupportedError where the model cannot be built anew from its configuration.
 */
export async function slim(model: tf.LayersModel, options: SlimOptions): Promise<tf.LayersModel> {
  checkModel('model', model);
  knownKeys('slim', options, ['from', 'factor', 'seed']);
  const { from, factor = 0.5 } = options;
  if (!(typeof factor === 'number' && factor > 0 && factor <= 1)) {
    throw new OptionError(
      `factor is ${show(factor)}: give a share of the channels above 0 and at most 1, such as 0.5`,
    );
  }
  const seed = seedOf(options.seed);
  const kept = keptLayers(model, from);
  const resized = resizedChannels(model, kept, (count) => Math.max(1, Math.round(count * factor)));
  if (resized.size === 0 && factor < 1) {
    throw new OptionError(
      `from is '${from}': no layer after it can have ${factor} of its channels (the classifier keeps its outputs, and what is ` +
        `added to kept channels keeps their number); give an earlier stage of ${listed(model)}`,
    );
  }
  const config = configOf(model);
  rewrite(config, resized);
  const lighter = await buildSeeded(config, seed);
  try {
    matchWeights(model, prefixOf(lighter, from));
    return lighter;
  } catch (error) {
    discard(lighter);
    throw error;
  }
}

/** Names of the layers up to a stage or layer, and with it. */
function keptLayers(model: tf.LayersModel, from: unknown): Set<string> {
  if (typeof from !== 'string')
    throw new OptionError(`from is ${show(from)}: give the name of a stage or layer`);
  const last =
    stages(model)
      .find(({ name }) => name === from)
      ?.layers.at(-1) ?? from;
  const place = model.layers.findIndex(({ name }) => name === last);
  if (place >= 0) return new Set(model.layers.slice(0, place + 1).map(({ name }) => name));
  if (from.includes('/')) {
    throw new UnsupportedError(
      `from is '${from}', inside a nested model, which stays as it is: give a layer of the outer model, or slim the nested model`,
    );
  }
  throw new OptionError(
    `from names '${from}', which is neither a stage nor a layer of the model: the stages are ${listed(model)}`,
  );
}

/** Puts new numbers of channels into a configuration. */
function rewrite(config: ModelConfig, resized: ReturnType<typeof resizedChannels>): void {
  for (const { config: layer } of config.config.layers) {
    const change = resized.get(String(layer['name']));
    if (change) layer[change.option === 'outputDim' ? 'output_dim' : change.option] = change.value;
  }
}

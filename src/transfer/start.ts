/**
 * A network in one of the conditions of a study.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { OptionError } from '../errors.js';
import { knownKeys } from '../options.js';
import { needsPretrained, parseCondition, type Condition } from './conditions.js';
import { gabor } from './gabor.js';
import { freshCopy, initialise } from './initialise.js';
import { meanVar } from './mean-var.js';
import { discard } from './rebuild.js';
import { slim } from './slim.js';
import { stages } from './stages.js';
import { seedOf } from './stream-of.js';
import { transfuse } from './transfuse.js';
import { checkModel } from './weighted-layers.js';

/** Options of {@link startFrom}. */
export interface StartOptions {
  /** Builds the network (`() => buildModel(spec)`); its weights are drawn anew. It, or `model`. */
  readonly build?: () => tf.LayersModel | Promise<tf.LayersModel>;
  /** A network of the architecture, which stays as it is. */
  readonly model?: tf.LayersModel;
  /** The pretrained network, which stays as it is; its classifier may have other classes. `random` and `gabor` need none. */
  readonly pretrained?: tf.LayersModel;
  /** Of every fresh weight. @defaultValue 0 */
  readonly seed?: number;
}

/**
 * A new network in the given condition.
 *
 * The classifier (the last stage) is fresh in every condition but `transfuse:head`, which asks for it, also where the pretrained
 * one would fit: conditions of one seed begin with the same classifier and differ in what the condition says alone. The weights
 * that are fresh are those that `initialise` draws for the seed: `random` and `transfuse:block2` have the same block 3. Mean-Var
 * resets running statistics.
 *
 * @returns a model that is not compiled; dispose of it after use.
 * @throws OptionError for what is no condition, a stage that the network does not have, or a missing pretrained network.
 * @throws ShapeError that names the layer where the pretrained network is another architecture.
 */
export async function startFrom(condition: Condition, options: StartOptions): Promise<tf.LayersModel> {
  knownKeys('startFrom', options, ['build', 'model', 'pretrained', 'seed']);
  const parsed = parseCondition(condition);
  const seed = seedOf(options.seed);
  const { pretrained } = options;
  if (needsPretrained(condition)) {
    if (pretrained === undefined) {
      throw new OptionError(`condition '${condition}' starts from a pretrained network: give 'pretrained'`);
    }
    checkModel('pretrained', pretrained);
  }
  const base = await baseOf(options);
  let network = base;
  let started: tf.LayersModel | undefined;
  try {
    const names = stages(base).map(({ name }) => name);
    parseCondition(condition, names);
    const body = names.at(-2);
    if (parsed.kind === 'hybrid')
      network = await slim(base, { from: parsed.stage, factor: parsed.factor, seed });
    else if (options.build) await initialise(base, { seed });
    else network = await freshCopy(base, seed);
    if (parsed.kind === 'pretrained') await transfuse(pretrained!, network, { upTo: beforeClassifier(body) });
    if (parsed.kind === 'meanVar')
      await meanVar(pretrained!, network, { seed, upTo: beforeClassifier(body) });
    if (parsed.kind === 'gabor') await gabor(network, { seed });
    if ('stage' in parsed) await transfuse(pretrained!, network, { upTo: parsed.stage });
    started = network;
    return started;
  } finally {
    if (network !== base && network !== started) discard(network);
    if (options.build && base !== started) base.dispose();
  }
}

/** A network of the architecture, whatever its weights are. */
async function baseOf({ build, model }: StartOptions): Promise<tf.LayersModel> {
  if ((build === undefined) === (model === undefined)) {
    throw new OptionError(
      "startFrom takes either 'build', which builds the network, or 'model', one of its architecture",
    );
  }
  if (build === undefined) return checkModel('model', model);
  return checkModel("what 'build' gives", await build());
}

function beforeClassifier(stage: string | undefined): string {
  if (stage !== undefined) return stage;
  throw new OptionError(
    'the network has one stage alone, its classifier, which is always fresh: nothing to reuse',
  );
}

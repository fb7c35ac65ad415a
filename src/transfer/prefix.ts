/**
 * The first layers of a model, up to a stage, a layer, or as a list.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { OptionError } from '../errors.js';
import { show } from '../options.js';
import { stages } from './stages.js';
import { weightedLayers, type WeightedLayer } from './weighted-layers.js';

/**
 * The layers with weights of a contiguous prefix of a model, in order of execution.
 *
 * @param upTo - a stage or layer, everything before it included; or the names of all layers, or stages, of the prefix.
 * @throws OptionError for a name that the model does not have, and for a list that leaves out a layer before its last.
 */
export function prefixOf(model: tf.LayersModel, upTo: unknown): WeightedLayer[] {
  const all = weightedLayers(model);
  const prefix =
    typeof upTo === 'string'
      ? all.slice(0, 1 + lastOf(upTo, model, all))
      : isNames(upTo)
        ? contiguous(upTo, model, all)
        : wrong(upTo);
  if (prefix.length > 0) return prefix;
  throw new OptionError(
    `upTo is ${show(upTo)}: there are no weights up to there; the stages are ${listed(model)}`,
  );
}

/** Names of the stages as a message lists them. */
export function listed(model: tf.LayersModel): string {
  return stages(model)
    .map(({ name }) => name)
    .join(', ');
}

/** Names of the stage's layers, or of the layer itself; nothing for a name that the model does not have. */
function layersOf(name: string, model: tf.LayersModel, all: readonly WeightedLayer[]): string[] | undefined {
  const stage = stages(model).find((one) => one.name === name);
  if (stage) return [...stage.layers];
  const known = model.layers.some((layer) => layer.name === name) || all.some((layer) => layer.name === name);
  return known ? [name] : undefined;
}

function lastOf(upTo: string, model: tf.LayersModel, all: readonly WeightedLayer[]): number {
  const names = layersOf(upTo, model, all) ?? unknown(upTo, model);
  const inside = all.findLastIndex(({ name, top }) => names.includes(name) || names.includes(top));
  if (inside >= 0) return inside;
  // No weights of its own: what was before it.
  const place = Math.max(...names.map((name) => model.layers.findIndex((layer) => layer.name === name)));
  const before = new Set(model.layers.slice(0, place).map(({ name }) => name));
  return all.findLastIndex(({ top }) => before.has(top));
}

function contiguous(
  upTo: readonly string[],
  model: tf.LayersModel,
  all: readonly WeightedLayer[],
): WeightedLayer[] {
  const names = new Set(upTo.flatMap((name) => layersOf(name, model, all) ?? unknown(name, model)));
  const chosen = all.map(({ name, top }) => names.has(name) || names.has(top));
  const gap = chosen.indexOf(false);
  const after = chosen.lastIndexOf(true);
  if (gap >= 0 && gap < after) {
    throw new OptionError(
      `upTo leaves out layer '${all[gap].name}', which comes before '${all[after].name}': ` +
        'give every layer of a prefix, or its last stage alone',
    );
  }
  return all.slice(0, after + 1);
}

function unknown(name: string, model: tf.LayersModel): never {
  throw new OptionError(
    `upTo names '${name}', which is neither a stage nor a layer of the model: the stages are ${listed(model)}`,
  );
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((name) => typeof name === 'string');
}

function wrong(upTo: unknown): never {
  throw new OptionError(`upTo is ${show(upTo)}: give the name of a stage or layer, or an array of names`);
}

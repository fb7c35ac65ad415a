/**
 * The stages of a network: the groups of layers that are reused, redesigned and compared together.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';

/** Consecutive layers of a model under one name, in order of execution. */
export interface Stage {
  /** `'block1'`, `'stem'`, … ; the classifier is `'head'`. */
  readonly name: string;
  /** Names of its layers; the last one's output is the stage's. */
  readonly layers: readonly string[];
}

/**
 * The stages of a model in order of execution; every layer but the inputs is in exactly one.
 *
 * The networks of this library, and others that name their layers so, have the stage before the first `_` of a layer's name
 * (`block1_conv`), the layers of a stage together and `head` last. In every other model, each layer with weights other than
 * a normalisation begins a stage under its own name, which takes the layers up to the next one; layers before the first belong
 * to it, and the last stage, the classifier, is called `head` (an earlier layer of that name begins the stage `head_1`).
 */
export function stages(model: tf.LayersModel): Stage[] {
  const layers = model.layers.filter((layer) => layer.getClassName() !== 'InputLayer');
  return byPrefix(layers) ?? byWeights(layers);
}

function byPrefix(layers: readonly tf.layers.Layer[]): Stage[] | undefined {
  const found = new Map<string, string[]>();
  let last: string | undefined;
  for (const { name } of layers) {
    const prefix = name.slice(0, Math.max(0, name.indexOf('_')));
    if (prefix === '' || (prefix !== last && found.has(prefix))) return undefined;
    if (prefix !== last) found.set(prefix, []);
    found.get(prefix)!.push(name);
    last = prefix;
  }
  return last === 'head' ? Array.from(found, ([name, names]) => ({ name, layers: names })) : undefined;
}

function byWeights(layers: readonly tf.layers.Layer[]): Stage[] {
  const found: { name: string; layers: string[] }[] = [];
  let before: string[] = [];
  for (const layer of layers) {
    if (layer.weights.length > 0 && !layer.getClassName().endsWith('Normalization')) {
      found.push({ name: layer.name, layers: [...before, layer.name] });
      before = [];
    } else {
      (found.at(-1)?.layers ?? before).push(layer.name);
    }
  }
  if (found.length === 0) return before.length === 0 ? [] : [{ name: 'head', layers: before }];
  for (const stage of found) if (stage.name === 'head') stage.name = 'head_1';
  found.at(-1)!.name = 'head';
  return found;
}

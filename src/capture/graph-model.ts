/**
 * What can be captured of a `tf.GraphModel`.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import type { LayerInfo } from './activations.js';
import { readNodes } from './graph-model-nodes.js';
import type { GraphNode, GraphNodes } from './graph-model-nodes.js';
import { inferShapes, inputsOf } from './graph-model-shapes.js';
import type { Inferred } from './graph-model-shapes.js';
import { channelsFirst, hasChannels, isCopy, kindOf, parametersOf, tapsOf } from './graph-model-taps.js';
import type { Tap } from './graph-model-taps.js';
import type { InputInfo } from './probe.js';

/** What is read of a model once. */
export interface GraphListing extends GraphNodes {
  readonly infos: readonly LayerInfo[];
  readonly taps: ReadonlyMap<string, Tap>;
  /** Nodes that give images channels first. */
  readonly first: ReadonlySet<GraphNode>;
}

const listings = new WeakMap<tf.GraphModel, GraphListing>();

/**
 * Lists the nodes of a graph whose values depend on the data, in order of execution, by their own names; further outputs of a
 * node are `name:1`, `name:2`, … Constants and arithmetic on shapes are not listed.
 *
 * Shapes are those that the file states (`_output_shapes`), else one run on zeros tells them, which happens once per model;
 * where neither can, for example after control flow, the shape is `[]`.
 *
 * @throws OptionError for a model that is not loaded.
 */
export function listGraphLayers(model: tf.GraphModel): LayerInfo[] {
  return [...readGraphModel(model).infos];
}

/** What a graph takes, in the order of its signature; switches with a default are not asked for. @throws as {@link listGraphLayers} */
export function listGraphInputs(model: tf.GraphModel): InputInfo[] {
  return inputsOf(model, readNodes(model).inputs);
}

/** Reads a model, the first time that it is asked for. @throws OptionError for a model that is not loaded. */
export function readGraphModel(model: tf.GraphModel): GraphListing {
  const known = listings.get(model);
  if (known !== undefined) return known;
  const nodes = readNodes(model);
  const first = channelsFirst(nodes.nodes, nodes.executor.weightMap);
  const all = tapsOf(nodes.nodes);
  const shapes = inferShapes(model, nodes, all);
  const present = all.filter((tap) => shapes.get(tap) !== 'absent');
  const listing = {
    ...nodes,
    first,
    infos: present.map((tap) => infoOf(tap, nodes, first, shapes.get(tap) as Inferred | undefined)),
    taps: new Map(present.map((tap) => [tap.name, tap])),
  };
  listings.set(model, listing);
  return listing;
}

function infoOf(
  { name, node, output }: Tap,
  nodes: GraphNodes,
  first: ReadonlySet<GraphNode>,
  inferred: Inferred | undefined,
): LayerInfo {
  const reason = reasonOf(node, nodes, inferred);
  let shape = inferred?.shape.slice(1) ?? [];
  if (first.has(node) && hasChannels(shape.length + 1)) shape = [...shape.slice(1), shape[0]];
  return {
    name,
    kind: kindOf(node),
    shape,
    parameters: output === 0 ? parametersOf(node, nodes.executor.weightMap) : 0,
    ...(reason !== undefined && { leftOut: reason }),
  };
}

/** Why a node is not taken unless it is named. */
function reasonOf(
  node: GraphNode,
  { inputs, obstacles }: GraphNodes,
  inferred: Inferred | undefined,
): string | undefined {
  if (inputs.includes(node)) return 'an input';
  const obstacle = obstacles.get(node);
  if (obstacle !== undefined) return `it needs '${obstacle.node.name}' (${obstacle.node.op})`;
  if (inferred?.samples === false) return 'its first axis is not samples';
  const { dtype = 'float32' } = inferred ?? {};
  if (dtype !== 'float32') return `its values are ${dtype}`;
  return isCopy(node) ? 'it hands its input on' : undefined;
}

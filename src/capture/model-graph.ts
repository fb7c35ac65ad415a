/**
 * The graph of a LayersModel as it stands: which layer is called on what, in order of execution, nested models within.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { UnsupportedError } from '../errors.js';
import type { LayerInfo } from './activations.js';
import { isLayersModel } from './recognise.js';

type Layer = tf.layers.Layer;
type Node = Layer['inboundNodes'][number];

/** A name under which an activation is listed, and the symbolic tensor that stands for it. */
export interface Tap {
  readonly info: LayerInfo;
  readonly tensor: tf.SymbolicTensor;
}

/** One use of a layer. */
export interface Call {
  readonly layer: Layer;
  readonly inputs: readonly tf.SymbolicTensor[];
  readonly outputs: readonly tf.SymbolicTensor[];
  /** What is listed here: the layer itself, and nested models that end here. */
  readonly taps: readonly Tap[];
  /** The layers inside, where the layer is a model that is called. */
  readonly inner: Graph | undefined;
}

/** A model's calls in order of execution. */
export interface Graph {
  readonly inputs: readonly tf.SymbolicTensor[];
  readonly outputs: readonly tf.SymbolicTensor[];
  readonly calls: readonly Call[];
}

/**
 * Reads a model's graph without running or changing it.
 *
 * Layers of nested models are named by path (`backbone/conv1`); a layer used more than once has one call per use,
 * `name@0`, `name@1`, … in order of execution. Of a layer with several outputs the first is listed.
 *
 * @throws UnsupportedError when the model has no symbolic outputs, or two layers would get the same name.
 */
export function readGraph(model: tf.LayersModel): Graph {
  if (!(model.outputs?.length > 0) || !(model.inputs?.length > 0)) {
    throw new UnsupportedError(
      `model '${model.name}' has no symbolic inputs and outputs (it is empty or subclassed), so the order of its ` +
        'layers is not known: build it with tf.sequential or tf.model',
    );
  }
  const graph = graphOf(model, '');
  const seen = new Set<string>();
  for (const { info } of tapsOf(graph)) {
    if (seen.has(info.name)) {
      throw new UnsupportedError(`model '${model.name}' has two layers that are both called '${info.name}'`);
    }
    seen.add(info.name);
  }
  return graph;
}

/** All that can be captured of a graph, in order of execution; a nested model comes after the layers inside it. */
export function tapsOf(graph: Graph): Tap[] {
  return graph.calls.flatMap((call) => [...(call.inner ? tapsOf(call.inner) : []), ...call.taps]);
}

function graphOf(model: tf.LayersModel, prefix: string): Graph {
  const nodes = nodesInOrder(model);
  const called = new Set(nodes.map((node) => node.outboundLayer));
  const paths = new Map<Layer, string>();
  const inlined = new Map<number, Tap[]>();
  namePaths(model, prefix, called, paths, inlined);

  const uses = new Map<Layer, number>();
  for (const { outboundLayer } of nodes) uses.set(outboundLayer, (uses.get(outboundLayer) ?? 0) + 1);
  const used = new Map<Layer, number>();
  const calls = nodes.map((node): Call => {
    const layer = node.outboundLayer;
    const use = used.get(layer) ?? 0;
    used.set(layer, use + 1);
    const path = paths.get(layer);
    const name = path !== undefined && uses.get(layer)! > 1 ? `${path}@${use}` : path;
    const outputs = node.outputTensors;
    const own = name === undefined ? [] : [tapOf(layer, name, outputs[0])];
    return {
      layer,
      inputs: node.inboundLayers.length === 0 ? [] : node.inputTensors,
      outputs,
      taps: [...own, ...outputs.flatMap((tensor) => inlined.get(tensor.id) ?? [])],
      inner: isLayersModel(layer) ? graphOf(layer, `${name ?? layer.name}/`) : undefined,
    };
  });
  return { inputs: model.inputs, outputs: model.outputs, calls };
}

function tapOf(layer: Layer, name: string, tensor: tf.SymbolicTensor): Tap {
  const info = { name, kind: layer.getClassName(), shape: tensor.shape.slice(1) };
  if (isLayersModel(layer)) return { info, tensor };
  const sizes = layer.weights.map(({ shape }) =>
    shape.reduce<number>((product, axis) => product * (axis ?? 1), 1),
  );
  return { info: { ...info, parameters: sizes.reduce((sum, size) => sum + size, 0) }, tensor };
}

/**
 * Names every layer by its path. A model that a Sequential begins with is not called there: tfjs continues the inner
 * graph, whose layers then stand in the outer graph themselves. They keep the path of the model they belong to.
 */
function namePaths(
  model: tf.LayersModel,
  prefix: string,
  called: ReadonlySet<Layer>,
  paths: Map<Layer, string>,
  inlined: Map<number, Tap[]>,
): void {
  for (const layer of model.layers) {
    const name = prefix + layer.name;
    if (!paths.has(layer)) paths.set(layer, name);
    if (!isLayersModel(layer) || called.has(layer)) continue;
    namePaths(layer, `${name}/`, called, paths, inlined);
    const tensor = layer.outputs[0];
    inlined.set(tensor.id, [...(inlined.get(tensor.id) ?? []), tapOf(layer, name, tensor)]);
  }
}

/**
 * The nodes from a model's inputs to its outputs, farthest from the outputs first and then as they are met from
 * there: the order of `model.layers` and `model.summary()`.
 */
function nodesInOrder(model: tf.LayersModel): Node[] {
  const finished: Node[] = [];
  const seen = new Set<Node>();
  const met = new Map<Layer, number>();
  const visit = (layer: Layer, index: number): void => {
    const node = layer.inboundNodes[index];
    if (seen.has(node)) return;
    seen.add(node);
    if (!met.has(layer)) met.set(layer, met.size);
    node.inboundLayers.forEach((from, i) => visit(from, node.nodeIndices[i]));
    finished.push(node);
  };
  for (const { sourceLayer, nodeIndex } of model.outputs) visit(sourceLayer, nodeIndex);

  const depth = new Map<Node, number>();
  for (const node of finished.toReversed()) {
    const next = (depth.get(node) ?? 0) + 1;
    node.inboundLayers.forEach((from, i) => {
      const source = from.inboundNodes[node.nodeIndices[i]];
      depth.set(source, Math.max(depth.get(source) ?? 0, next));
    });
  }
  const key = (node: Node): [number, number, number] => [
    -(depth.get(node) ?? 0),
    met.get(node.outboundLayer)!,
    node.outboundLayer.inboundNodes.indexOf(node),
  ];
  return finished.sort((a, b) => {
    const [left, right] = [key(a), key(b)];
    return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
  });
}

/**
 * The graph of a LayersModel as it stands: which layer is called on what, in order of execution, nested models within.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { UnsupportedError } from '../errors.js';
import type { LayerInfo } from './activations.js';
import type { InnerTap } from './call-hook.js';
import { channelAxes, channelsLastOrder, type ChannelAxes } from './channel-axis.js';
import { executionOrder, listingOrder, type Node } from './graph-order.js';
import { listInside, parametersOf } from './inner-layers.js';
import { classOf, type Layer } from './layer-parts.js';
import { isLayersModel } from './recognise.js';

/** A name under which an activation is listed, and the symbolic tensor that stands for it. */
export interface Tap {
  readonly info: LayerInfo;
  readonly tensor: tf.SymbolicTensor;
  /** Which axis holds the channels; left out: the last. */
  readonly axis?: number;
}

/** One use of a layer. */
export interface Call {
  /** The layer's path, with `@k` where it is used more than once. */
  readonly name: string;
  readonly layer: Layer;
  readonly inputs: readonly tf.SymbolicTensor[];
  readonly outputs: readonly tf.SymbolicTensor[];
  /** What is listed here: the layer itself, and nested models that end here. */
  readonly taps: readonly Tap[];
  /** The layers inside, where the layer is a model that is called. */
  readonly inner: Graph | undefined;
  /** Activations of the layers inside, where the layer is a custom one that calls others. */
  readonly inside: readonly InnerTap[];
}

/** A model's calls. */
export interface Graph {
  readonly inputs: readonly tf.SymbolicTensor[];
  readonly outputs: readonly tf.SymbolicTensor[];
  /** As they are listed. */
  readonly calls: readonly Call[];
  /** The same as `predict` runs them. */
  readonly order: readonly Call[];
  /** Whether a layer of it, or of the models in it, makes a mask. */
  readonly masks: boolean;
}

/**
 * Reads a model's graph without changing it.
 *
 * Layers of nested models are named by path (`backbone/conv1`), and so are the layers inside a custom layer; a layer used
 * more than once has one call per use, `name@0`, `name@1`, … in order of execution. A layer with several outputs has each of
 * them listed, `name:0`, `name:1`, ….
 *
 * @throws UnsupportedError when the model has no symbolic outputs, or two layers would get the same name.
 */
export function readGraph(model: tf.LayersModel): Graph {
  if (!(model.outputs?.length > 0) || !(model.inputs?.length > 0)) {
    throw new UnsupportedError(
      `model '${model.name}' has no symbolic inputs and outputs (it is empty or subclassed), so the order of its ` +
        'layers is not known: build it with tf.sequential or tf.model, or put what it does into a custom layer ' +
        '(class extends tf.layers.Layer) and take tf.model({ inputs: x, outputs: layer.apply(x) }), which has the ' +
        'layers inside listed',
    );
  }
  const graph = graphOf(model, '', channelAxes(model));
  const seen = new Set<string>();
  for (const { name } of infosOf(graph)) {
    if (seen.has(name)) {
      throw new UnsupportedError(`model '${model.name}' has two layers that are both called '${name}'`);
    }
    seen.add(name);
  }
  return graph;
}

/**
 * All that can be captured of a graph, in order of execution; a nested model comes after the layers inside it, and so does a
 * custom layer.
 */
export function infosOf(graph: Graph): LayerInfo[] {
  return graph.calls.flatMap(({ inner, inside, taps }) => [
    ...(inner ? infosOf(inner) : []),
    ...[...inside, ...taps].map(({ info }) => info),
  ]);
}

function graphOf(model: tf.LayersModel, prefix: string, axes: ChannelAxes): Graph {
  const nodes = listingOrder(model);
  const called = new Set(nodes.map((node) => node.outboundLayer));
  const paths = new Map<Layer, string>();
  const inlined = new Map<number, Tap[]>();
  namePaths(model, prefix, called, axes, paths, inlined);

  const uses = new Map<Layer, number>();
  for (const { outboundLayer } of nodes) uses.set(outboundLayer, (uses.get(outboundLayer) ?? 0) + 1);
  const used = new Map<Layer, number>();
  const callOf = (node: Node): Call => {
    const layer = node.outboundLayer;
    const use = used.get(layer) ?? 0;
    used.set(layer, use + 1);
    const path = paths.get(layer);
    const listed = path !== undefined && uses.get(layer)! > 1 ? `${path}@${use}` : path;
    const name = listed ?? prefix + layer.name;
    const inputs = node.inboundLayers.length === 0 ? [] : node.inputTensors;
    const outputs = node.outputTensors;
    const own = listed === undefined ? [] : tapsOf(layer, name, outputs, axes);
    return {
      name,
      layer,
      inputs,
      outputs,
      taps: [...own, ...outputs.flatMap((tensor) => inlined.get(tensor.id) ?? [])],
      inner: isLayersModel(layer) ? graphOf(layer, `${name}/`, axes) : undefined,
      inside: inputs.length === 0 ? [] : listInside(layer, name, inputs, axes.get(inputs[0].id)),
    };
  };
  const calls = new Map(nodes.map((node) => [node, callOf(node)]));
  return {
    inputs: model.inputs,
    outputs: model.outputs,
    calls: [...calls.values()],
    order: executionOrder(model).map((node) => calls.get(node)!),
    masks: [...calls.values()].some(({ layer, inner }) => inner?.masks ?? makesMask(layer)),
  };
}

function tapsOf(layer: Layer, name: string, outputs: readonly tf.SymbolicTensor[], axes: ChannelAxes): Tap[] {
  return outputs.map((tensor, i): Tap => {
    const axis = axes.get(tensor.id);
    const order = channelsLastOrder(tensor.rank, axis) ?? tensor.shape.map((_, k) => k);
    const info = {
      name: outputs.length > 1 ? `${name}:${i}` : name,
      kind: classOf(layer),
      shape: order.slice(1).map((k) => tensor.shape[k]),
      ...(!isLayersModel(layer) && { parameters: parametersOf(layer) }),
      // Of one output, the selection sees it by the name.
      ...(isLayersModel(layer) && outputs.length > 1 && { leftOut: 'a model, whose own layers are listed' }),
    };
    return { info, tensor, ...(axis !== undefined && { axis }) };
  });
}

/** Layers of TensorFlow.js that have a rule for masks, but make none. */
const HAND_ON = [
  ...['Embedding', 'Add', 'Average', 'Concatenate', 'Dot', 'Maximum', 'Minimum', 'Multiply', 'Bidirectional'],
  ...['RNN', 'SimpleRNN', 'GRU', 'LSTM', 'ConvRNN2D', 'ConvLSTM2D'],
];

function makesMask(layer: Layer): boolean {
  if ((layer as { maskZero?: unknown }).maskZero === true) return true;
  if (HAND_ON.includes(classOf(layer))) return false;
  // Any other rule for masks than that of a plain layer, which hands its input's mask on.
  const [input] = layer.inboundNodes[0]?.inboundLayers ?? [];
  let root: Layer | undefined = input;
  while (root && root.inboundNodes[0].inboundLayers.length > 0) [root] = root.inboundNodes[0].inboundLayers;
  return layer.computeMask !== root?.computeMask && root !== undefined;
}

/**
 * Names every layer by its path. A model that a Sequential begins with is not called there: tfjs continues the inner
 * graph, whose layers then stand in the outer graph themselves. They keep the path of the model they belong to.
 */
function namePaths(
  model: tf.LayersModel,
  prefix: string,
  called: ReadonlySet<Layer>,
  axes: ChannelAxes,
  paths: Map<Layer, string>,
  inlined: Map<number, Tap[]>,
): void {
  for (const layer of model.layers) {
    const name = prefix + layer.name;
    if (!paths.has(layer)) paths.set(layer, name);
    if (!isLayersModel(layer) || called.has(layer)) continue;
    namePaths(layer, `${name}/`, called, axes, paths, inlined);
    // A Sequential takes no model with several outputs.
    const [tensor] = layer.outputs;
    inlined.set(tensor.id, [...(inlined.get(tensor.id) ?? []), ...tapsOf(layer, name, [tensor], axes)]);
  }
}

/**
 * The orders in which the nodes of a LayersModel are listed and run.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import type { Layer } from './layer-parts.js';

/** A use of a layer as TensorFlow.js keeps it. */
export type Node = Layer['inboundNodes'][number];

/**
 * The nodes from a model's inputs to its outputs, farthest from the outputs first and then as they are met from
 * there: the order of `model.layers` and `model.summary()`.
 */
export function listingOrder(model: tf.LayersModel): Node[] {
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

/**
 * The same nodes in the order in which `predict` runs them: depth first from the outputs, the last input of a layer before
 * the first. It matters where a model has masks, see `runGraph`.
 */
export function executionOrder(model: tf.LayersModel): Node[] {
  const order = new Set<Node>();
  const seen = new Set<number>();
  const visit = ({ id, sourceLayer, nodeIndex }: tf.SymbolicTensor): void => {
    if (seen.has(id)) return;
    seen.add(id);
    const node = sourceLayer.inboundNodes[nodeIndex];
    if (node.inboundLayers.length > 0) for (const input of node.inputTensors.toReversed()) visit(input);
    order.add(node);
  };
  model.outputs.forEach(visit);
  return [...order];
}

/**
 * Which axis of an activation holds the channels, where a model has channels first.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import type { Node } from './graph-order.js';
import { listingOrder } from './graph-order.js';
import { classOf, isLayer, isRecurrent, type Layer } from './layer-parts.js';
import { isLayersModel } from './recognise.js';

/** Layers that put their own axis last, whatever they are given. */
const CHANNELS_LAST = ['Dense', 'EinsumDense', 'Embedding', 'Reshape', 'RepeatVector', 'Dot'];

/** Channel axes of symbolic tensors by their id; of those that are not named it is the last. */
export type ChannelAxes = ReadonlyMap<number, number>;

/**
 * Finds the channel axis of every tensor of a model and of the models in it.
 *
 * A layer with a `dataFormat` says it of what it takes and gives. Any other (batch norm, activation, addition, dropout, a
 * custom layer) keeps the axis of its input, as long as the rank stays; and an input that says nothing has the axis that the
 * layers after it expect.
 */
export function channelAxes(model: tf.LayersModel): ChannelAxes {
  const uses = usesIn(model, new Set());
  const axes = new Map<number, number>();
  let before = -1;
  while (axes.size > before) {
    before = axes.size;
    for (const use of uses) say(use, axes);
  }
  return axes;
}

/** The axis that a layer's own `dataFormat` names, for a tensor of some rank; nothing where it has none. */
export function ownChannelAxis(layer: Layer, rank: number): number | undefined {
  const { cell, layer: wrapped } = layer as { cell?: unknown; layer?: unknown };
  const steps = classOf(layer) === 'TimeDistributed' || (isRecurrent(layer) && rank === 5);
  const holder = isRecurrent(layer) ? cell : steps && isLayer(wrapped) ? wrapped : layer;
  const { dataFormat } = holder as { dataFormat?: unknown };
  // Conv1D puts the channels last in effect, whatever it is told.
  const least = steps ? 5 : 4;
  if (typeof dataFormat !== 'string' || rank < least) return undefined;
  if (dataFormat === 'channelsFirst') return steps ? 2 : 1;
  return rank - 1;
}

/** A layer on what it takes and gives; tensors that are one and the same at the border of a nested model. */
type Use = { readonly layer?: Layer } & Readonly<Record<'inputs' | 'outputs', readonly tf.SymbolicTensor[]>>;

function usesIn(model: tf.LayersModel, seen: Set<tf.LayersModel>): Use[] {
  if (seen.has(model)) return [];
  seen.add(model);
  return listingOrder(model).flatMap((node: Node): Use[] => {
    const { outboundLayer: layer, inputTensors, outputTensors } = node;
    const inputs = node.inboundLayers.length === 0 ? [] : inputTensors;
    if (!isLayersModel(layer)) return [{ layer, inputs, outputs: outputTensors }];
    const border = (outer: readonly tf.SymbolicTensor[], inner: readonly tf.SymbolicTensor[]): Use[] =>
      outer.map((tensor, i) => ({ inputs: [tensor], outputs: [inner[i]] }));
    return [...border(inputs, layer.inputs), ...usesIn(layer, seen), ...border(layer.outputs, outputTensors)];
  });
}

function say({ layer, inputs, outputs }: Use, axes: Map<number, number>): void {
  const note = ({ id }: tf.SymbolicTensor, axis: number | undefined): void => {
    if (axis !== undefined && !axes.has(id)) axes.set(id, axis);
  };
  if (layer !== undefined) {
    for (const tensor of [...outputs, ...inputs]) note(tensor, ownChannelAxis(layer, tensor.rank));
    if (isRecurrent(layer) || CHANNELS_LAST.includes(classOf(layer))) {
      for (const tensor of outputs) note(tensor, tensor.rank - 1);
    }
    if (classOf(layer) === 'Permute') {
      const from = axes.get(inputs[0]?.id);
      const { dims } = layer as Layer & { readonly dims: readonly number[] };
      if (from !== undefined) note(outputs[0], dims.indexOf(from) + 1);
      return;
    }
  }
  for (const output of outputs) {
    const like = inputs.filter(({ rank }) => rank === output.rank);
    const known = like.find(({ id }) => axes.has(id));
    if (known) note(output, axes.get(known.id));
    if (layer === undefined || !CHANNELS_LAST.includes(classOf(layer))) {
      for (const input of like) note(input, axes.get(output.id));
    }
  }
}

/** Order of the axes that puts the channels last; nothing where they are. */
export function channelsLastOrder(rank: number, axis: number | undefined): number[] | undefined {
  if (axis === undefined || axis === rank - 1) return undefined;
  return [...Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis), axis];
}

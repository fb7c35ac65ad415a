/**
 * What is listed of a GraphModel's nodes: the name of each output, its kind, its weights and its layout.
 *
 * @module
 */
import type { Executor, GraphNode } from './graph-model-nodes.js';
import { listOf, requestOf, textOf } from './graph-model-nodes.js';

/** One output of a node. */
export interface Tap {
  /** The node's name; of a further output `name:1`, as TensorFlow calls it. */
  readonly name: string;
  readonly node: GraphNode;
  readonly output: number;
  /** Under which the executor gives it. */
  readonly request: string;
}

/** The outputs of nodes, in order. */
export function tapsOf(nodes: readonly GraphNode[]): Tap[] {
  return nodes.flatMap((node) =>
    Array.from({ length: outputsOf(node) }, (_, output) => ({
      name: output === 0 ? node.name : `${node.name}:${output}`,
      node,
      output,
      request: requestOf(node, output),
    })),
  );
}

/** The op; of a fused one with what it ends in, `_FusedConv2D+BiasAdd+Relu6`. */
export function kindOf({ op, rawAttrs }: GraphNode): string {
  const fused = listOf(rawAttrs?.['fused_ops']?.list?.s).map(textOf);
  return [op, ...fused].join('+');
}

/** Weights of the node itself: what it reads of the model's constants, scalars and whole numbers (axes, shapes) aside. */
export function parametersOf({ inputs }: GraphNode, weights: Executor['weightMap']): number {
  let count = 0;
  for (let input of inputs) {
    while (input.op === 'Identity' && input.inputs.length > 0) input = input.inputs[0];
    const weight = weights[input.name]?.[0];
    if (weight?.dtype === 'float32' && weight.rank > 0) count += weight.size;
  }
  return count;
}

/** Ops that hand on the numbers they are given: a copy would be compared twice. */
const copies = new Set([
  ...['Identity', 'IdentityN', 'Snapshot', 'StopGradient', 'PreventGradient', 'CheckNumerics', 'Print'],
  ...['EnsureShape', 'ExpandDims', 'Squeeze'],
]);

/** Whether the node only hands its input on. */
export function isCopy({ op }: GraphNode): boolean {
  return copies.has(op);
}

/** Groups of ops whose output lies as their input does, and others that are of no such group. */
const keepLayout = new Set([
  ...['arithmetic', 'basic_math', 'normalization', 'logical', 'graph', 'slice_join', 'reduction', 'custom'],
  ...['Pad', 'PadV2', 'MirrorPad', 'Cast', 'EnsureShape'],
]);

/**
 * The nodes whose images are channels first (NCHW): those that say so, those that move the last axis to the second place, as
 * converters from PyTorch do, and those that take over what such a node gives without moving axes.
 *
 * @param nodes - each after its inputs.
 */
export function channelsFirst(nodes: readonly GraphNode[], weights: Executor['weightMap']): Set<GraphNode> {
  const found = new Set<GraphNode>();
  for (const node of nodes) {
    const format = textOf(node.rawAttrs?.['data_format']?.s);
    const keeps = keepLayout.has(node.op) || (node.category !== undefined && keepLayout.has(node.category));
    const first =
      format === undefined
        ? (keeps && node.inputs.some((input) => found.has(input))) || movesChannels(node, weights)
        : /^NC/i.test(format);
    if (first) found.add(node);
  }
  return found;
}

/** Whether the node brings images from channels last to channels first. */
function movesChannels({ op, inputs: [, order] }: GraphNode, weights: Executor['weightMap']): boolean {
  const axes = op === 'Transpose' && order !== undefined ? weights[order.name]?.[0] : undefined;
  return axes?.size === 4 && axes.dataSync().join() === '0,3,1,2';
}

/** Whether an output of a node that is channels first has channels: a reduction may have taken their axis away. */
export function hasChannels(rank: number): boolean {
  return rank >= 4;
}

/** TopKV2 gives values and indices, Unique values and positions. */
const twoOutputs = new Set(['TopKV2', 'Unique', 'UniqueV2']);

/** More than any op has: a file that claims so many lies. */
const MOST_OUTPUTS = 4096;

/** How many outputs a node has: by what its op says, else by what others read of it. */
function outputsOf({ name, op, rawAttrs, children }: GraphNode): number {
  const stated = Number(rawAttrs?.['num_split']?.i ?? rawAttrs?.['num']?.i);
  if (Number.isSafeInteger(stated) && stated > 0) return Math.min(stated, MOST_OUTPUTS);
  if (op === 'IdentityN') return listOf(rawAttrs?.['T']?.list?.type).length || 1;
  if (twoOutputs.has(op)) return 2;
  let most = 0;
  for (const { inputNames } of children) {
    for (const input of inputNames) {
      const output = input.startsWith(`${name}:`) ? Number(input.split(':').at(-1)) : 0;
      if (Number.isSafeInteger(output)) most = Math.max(most, Math.min(output, MOST_OUTPUTS));
    }
  }
  return most + 1;
}

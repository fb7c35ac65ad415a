/**
 * The nodes of a GraphModel as they stand: which depend on the data, in what order they run, and what stands in the way.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { OptionError } from '../errors.js';

/** A node of tfjs's own graph, as far as it is read here. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** tfjs's group of the op; none for an op that it does not know. */
  readonly category?: string;
  /** With output numbers, `split:1`. */
  readonly inputNames: readonly string[];
  readonly inputs: readonly GraphNode[];
  readonly children: readonly GraphNode[];
  readonly attrParams: Readonly<Record<string, { readonly value?: unknown }>>;
  readonly rawAttrs?: Readonly<Record<string, RawAttribute>>;
  readonly signatureKey?: string;
}

/** An attribute as a graph's JSON holds it; strings are base64. */
export interface RawAttribute {
  readonly s?: string | readonly number[];
  readonly i?: string | number;
  readonly type?: string;
  readonly list?: {
    readonly s?: readonly (string | readonly number[])[];
    readonly type?: readonly string[];
    readonly shape?: readonly RawShape[];
  };
}

/** A shape as a graph's JSON holds it. */
export interface RawShape {
  readonly unknownRank?: boolean;
  readonly dim?: readonly { readonly size?: string | number }[];
}

/** What runs a GraphModel. tfjs marks it private; nothing public tells which nodes there are. */
export interface Executor {
  readonly graph: {
    readonly nodes: Readonly<Record<string, GraphNode>>;
    readonly inputs: readonly GraphNode[];
    readonly outputs: readonly GraphNode[];
  };
  readonly weightMap: Readonly<Record<string, readonly tf.Tensor[]>>;
  execute(inputs: Readonly<Record<string, tf.Tensor>>, outputs: readonly string[]): tf.Tensor[];
}

/** A node that keeps others from being captured, and why. */
export interface Obstacle {
  readonly node: GraphNode;
  readonly why: string;
}

/** The nodes of a model that are read here. */
export interface GraphNodes {
  readonly executor: Executor;
  /** Inputs that the data is for. */
  readonly inputs: readonly GraphNode[];
  /** The nodes whose values depend on the data, inputs included, in an order in which they can run. */
  readonly nodes: readonly GraphNode[];
  /** Nodes that cannot be run, each with the first node that is the reason. */
  readonly obstacles: ReadonlyMap<GraphNode, Obstacle>;
}

/**
 * Reads the nodes of a model without running or changing it.
 *
 * @throws OptionError for a model that is not loaded.
 */
export function readNodes(model: tf.GraphModel): GraphNodes {
  const executor = (model as unknown as { readonly executor?: Executor }).executor;
  if (executor?.graph?.nodes === undefined) {
    throw new OptionError('this tf.GraphModel is not loaded: get it by await tf.loadGraphModel(…)');
  }
  const inputs = executor.graph.inputs.filter((node) => isInput(node));
  const order = inOrder(executor.graph.nodes);
  const data = dependents(inputs, valueInputs(model));
  return {
    executor,
    inputs,
    nodes: order.filter((node) => data.has(node)),
    obstacles: findObstacles(order, new Set(inputs), executor.weightMap),
  };
}

/**
 * The executor would take `conv1`, and `conv1:0`, for a key of the model's signature if there is one of that name, and give what
 * that key stands for; with an empty name of the output it is the node's own.
 */
export function requestOf({ name }: GraphNode, output = 0): string {
  return `${name}::${output}`;
}

/** The text of an attribute; `undefined` where there is none. */
export function textOf(value: unknown): string | undefined {
  if (Array.isArray(value)) return String.fromCharCode(...(value as number[]));
  if (typeof value !== 'string') return undefined;
  try {
    return atob(value);
  } catch {
    return value;
  }
}

/** What should be a list in a file that may be damaged. */
export function listOf<T>(value: readonly T[] | undefined): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [];
}

/** Whether the data must give it: not a resource that the model brings along, nor a switch with a default. */
function isInput(node: GraphNode): boolean {
  if (isResource(node)) return false;
  return node.op !== 'PlaceholderWithDefault' || node.signatureKey !== undefined;
}

function isResource({ rawAttrs }: GraphNode): boolean {
  return rawAttrs?.['dtype']?.type === 'DT_RESOURCE';
}

/**
 * Every node after its inputs, otherwise as the file lists them: files of frozen graphs are in an order of execution already.
 * The backward edges of loops are passed over.
 */
function inOrder(nodes: Readonly<Record<string, GraphNode>>): GraphNode[] {
  const order: GraphNode[] = [];
  const met = new Set<GraphNode>();
  for (const first of Object.values(nodes)) {
    // An explicit stack: graphs may be deeper than calls can be nested.
    const stack: { readonly node: GraphNode; next: number }[] = [];
    const enter = (node: GraphNode): void => {
      if (met.has(node)) return;
      met.add(node);
      stack.push({ node, next: 0 });
    };
    enter(first);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const { node } = top;
      if (top.next < node.inputs.length) enter(node.inputs[top.next++]);
      else {
        order.push(node);
        stack.pop();
      }
    }
  }
  return order;
}

/** Ops that read shapes, not values: what is computed from them is arithmetic on shapes. */
const shapeOps = new Set(['Shape', 'ShapeN', 'Size', 'Rank', 'ZerosLike', 'OnesLike', 'NoOp', 'Assert']);

/** All nodes whose values depend on the values of `inputs`, themselves included. */
function dependents(inputs: readonly GraphNode[], values: ReadonlyMap<string, number>): Set<GraphNode> {
  const found = new Set(inputs);
  for (const node of found) {
    for (const child of node.children) {
      if (shapeOps.has(child.op) || found.has(child)) continue;
      if (child.inputs.slice(0, values.get(child.name)).includes(node)) found.add(child);
    }
  }
  return found;
}

/**
 * How many of a node's inputs it reads. The others, written `^name` and last in the file, only say what runs before; tfjs's own
 * graph no longer tells the two apart.
 */
function valueInputs(model: tf.GraphModel): Map<string, number> {
  const { artifacts } = model as unknown as {
    readonly artifacts?: { readonly modelTopology?: { readonly node?: readonly FileNode[] } };
  };
  const nodes = artifacts?.modelTopology?.node ?? [];
  return new Map(
    nodes.map(({ name, input = [] }) => [name, input.filter((one) => !one.startsWith('^')).length]),
  );
}

interface FileNode {
  readonly name: string;
  readonly input?: readonly string[];
}

function findObstacles(
  order: readonly GraphNode[],
  inputs: ReadonlySet<GraphNode>,
  weights: Executor['weightMap'],
): Map<GraphNode, Obstacle> {
  const obstacles = new Map<GraphNode, Obstacle>();
  for (const node of order) {
    if (inputs.has(node) || Object.hasOwn(weights, node.name)) continue;
    const why = whyNot(node);
    const earlier = node.inputs.map((input) => obstacles.get(input)).find((found) => found !== undefined);
    const obstacle = earlier ?? (why === undefined ? undefined : { node, why });
    if (obstacle !== undefined) obstacles.set(node, obstacle);
  }
  return obstacles;
}

const randomOps = /^(Random|TruncatedNormal|Multinomial|Stateless(Random|TruncatedNormal|Multinomial))/;

/** Why a node cannot be run in one step with the same result each time. */
function whyNot(node: GraphNode): string | undefined {
  if (isResource(node)) return 'a resource that the model fills when it first runs';
  if (node.op === 'Const') return 'a constant of which the file holds no value';
  if (node.op === 'Placeholder') return 'which is not among the inputs of the model';
  if (randomOps.test(node.op)) return 'which draws new random numbers each time';
  switch (node.category) {
    case undefined:
      return 'an op that TensorFlow.js does not know (a program can add it by tf.registerOp before loading)';
    case 'control':
      return 'which is control flow';
    case 'dynamic':
      return 'whose shape depends on the values';
    case 'hash_table':
      return 'a hash table';
    default:
      return undefined;
  }
}

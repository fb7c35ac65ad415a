/**
 * Activations of a `tf.GraphModel`: what can be captured, and a probe that captures it batch by batch.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { OptionError, ShapeError, UnsupportedError } from '../errors.js';
import type { LayerInfo } from './activations.js';
import { readNodes, requestOf } from './graph-model-nodes.js';
import type { GraphNode, GraphNodes, Obstacle } from './graph-model-nodes.js';
import { fixedBatch, inferShapes, inputsOf } from './graph-model-shapes.js';
import type { Inferred } from './graph-model-shapes.js';
import { channelsFirst, isCopy, kindOf, parametersOf, tapsOf } from './graph-model-taps.js';
import type { Tap } from './graph-model-taps.js';
import type { InputInfo, Probe, ProbeOptions } from './probe.js';
import { loadTfjs } from './tfjs.js';

/** What is read of a model once. */
interface Listing extends GraphNodes {
  readonly infos: readonly LayerInfo[];
  readonly taps: ReadonlyMap<string, Tap>;
  /** Nodes that give images channels first. */
  readonly first: ReadonlySet<GraphNode>;
}

const listings = new WeakMap<tf.GraphModel, Listing>();

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
  return [...listingOf(model).infos];
}

/**
 * Opens a probe on some of a graph's nodes.
 *
 * @param layers - a selection of {@link listGraphLayers}, by name.
 * @throws OptionError for a name that is not listed, and for training, of which a graph knows nothing; UnsupportedError for a node
 * that cannot be run in one step: it names the node that is in the way.
 */
export async function openGraphProbe(
  model: tf.GraphModel,
  layers: readonly Pick<LayerInfo, 'name'>[],
  options: ProbeOptions = {},
): Promise<Probe> {
  if (options.training === true) {
    throw new OptionError(
      'training: a tf.GraphModel is a graph for inference, without dropout and the statistics of batches; leave it out',
    );
  }
  const listing = listingOf(model);
  const { executor, obstacles, first } = listing;
  const wanted = new Set(layers.map(({ name }) => name));
  for (const name of wanted) {
    const tap = listing.taps.get(name);
    if (tap === undefined) throw new OptionError(`the graph model has no layer '${name}'`);
    const obstacle = obstacles.get(tap.node);
    if (obstacle !== undefined) throw inTheWay(name, obstacle);
  }
  const chosen = listing.infos.filter(({ name }) => wanted.has(name));
  const taps = chosen.map(({ name }) => listing.taps.get(name)!);
  const requests = taps.map(({ request }) => request);
  const inputs = inputsOf(model, listing.inputs);
  const batch = fixedBatch(inputs);
  const kept = new Set(Object.values(executor.weightMap).flat());
  const tf = await loadTfjs();
  let open = true;

  const runPart = (tensors: readonly tf.Tensor[]): tf.Tensor[] => {
    const given = new Set<tf.Tensor | undefined>([...tensors, ...kept]);
    const feeds = Object.fromEntries(listing.inputs.map((node, i) => [requestOf(node), tensors[i]]));
    return (executor.execute(feeds, requests) as (tf.Tensor | undefined)[]).map((tensor, i) => {
      const { name, node } = taps[i];
      if (tensor === undefined) throw new UnsupportedError(`node '${node.name}' has no output '${name}'`);
      if (tensor.dtype === 'string' || tensor.dtype === 'complex64') {
        throw new UnsupportedError(`layer '${name}' gives ${tensor.dtype} values, which are no activations`);
      }
      if (first.has(node) && tensor.rank > 2) return channelsLast(tensor);
      // A node may hand on an input or a weight, and two may give the same tensor: the caller frees each.
      const own = given.has(tensor) ? tensor.clone() : tensor;
      given.add(tensor);
      return own;
    });
  };
  const execute = (tensors: readonly tf.Tensor[]): tf.Tensor[] => {
    if (!open) throw new OptionError('the probe is disposed');
    checkInputs(inputs, tensors);
    return tf.tidy(() => {
      const feeds = tensors.map((tensor, i) =>
        tensor.dtype === inputs[i].dtype ? tensor : tensor.cast(inputs[i].dtype as 'float32'),
      );
      const samples = tensors[0].shape[0];
      if (batch === undefined || samples === batch) return runPart(feeds);
      const parts = Array.from({ length: samples / batch }, (_, k) =>
        runPart(feeds.map((feed) => feed.slice([k * batch], [batch]))),
      );
      return requests.map((_, i) => tf.concat(parts.map((part) => part[i])));
    });
  };
  return {
    layers: chosen,
    inputs,
    runOnDevice: (tensors) =>
      Promise.resolve().then(() => {
        const outputs = execute(tensors);
        return new Map(chosen.map(({ name }, i) => [name, { tensor: outputs[i] }]));
      }),
    async run(tensors) {
      const outputs = execute(tensors);
      try {
        const read = new Map<string, { shape: number[]; data: Float32Array }>();
        for (const [i, { name }] of chosen.entries()) {
          const tensor = outputs[i];
          read.set(name, { shape: tensor.shape, data: await tensor.data<'float32'>() });
          tensor.dispose();
        }
        return read;
      } finally {
        for (const tensor of outputs) if (!tensor.isDisposed) tensor.dispose();
      }
    },
    dispose() {
      open = false;
    },
  };
}

function listingOf(model: tf.GraphModel): Listing {
  const known = listings.get(model);
  if (known !== undefined) return known;
  const nodes = readNodes(model);
  const first = channelsFirst(nodes.nodes);
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
  if (first.has(node) && shape.length > 1) shape = [...shape.slice(1), shape[0]];
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

function inTheWay(name: string, { node, why }: Obstacle): UnsupportedError {
  return new UnsupportedError(
    `layer '${name}' cannot be captured: it needs node '${node.name}' (${node.op}), ${why}; choose layers before that ` +
      'node, or run model.executeAsync(inputs, names) yourself and compare the arrays',
  );
}

function channelsLast(tensor: tf.Tensor): tf.Tensor {
  const axes = Array.from({ length: tensor.rank }, (_, axis) => axis);
  return tensor.transpose([0, ...axes.slice(2), 1]);
}

function checkInputs(inputs: readonly InputInfo[], tensors: readonly tf.Tensor[]): void {
  if (tensors.length !== inputs.length) {
    const takes = `${inputs.length} input${inputs.length === 1 ? '' : 's'} (${inputs.map(({ name }) => name).join(', ')})`;
    throw new ShapeError(`the graph model takes ${takes}, the data has ${tensors.length}`);
  }
  inputs.forEach(({ name, shape }, i) => {
    const given = tensors[i].shape;
    const fits =
      shape.length === 0 ||
      (given.length === shape.length &&
        shape.every((axis, k) => axis === null || (k === 0 ? given[0] % axis === 0 : axis === given[k])));
    if (fits) return;
    const hint =
      given.length === shape.length - 1
        ? '; the first axis must be samples (of a tf.data.Dataset: call batch())'
        : '';
    const takes = shape.map((axis) => axis ?? 'null').join(', ');
    throw new ShapeError(
      `the data has shape [${given.join(', ')}], but input '${name}' of the graph model takes [${takes}]` +
        (typeof shape[0] === 'number' && shape[0] > 1 && given.length === shape.length
          ? `: give a multiple of ${shape[0]} samples, and a batchSize that is one`
          : hint),
    );
  });
}

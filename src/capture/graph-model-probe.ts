/**
 * A probe that captures nodes of a `tf.GraphModel`, batch by batch.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { OptionError, UnsupportedError } from '../errors.js';
import type { LayerInfo } from './activations.js';
import { checkInputs } from './check-inputs.js';
import { readGraphModel, type GraphListing } from './graph-model.js';
import { requestOf, type Obstacle } from './graph-model-nodes.js';
import { fixedBatch, inputsOf } from './graph-model-shapes.js';
import { hasChannels, type Tap } from './graph-model-taps.js';
import type { Probe, ProbeOptions } from './probe.js';
import { readOutputs } from './read-outputs.js';
import { loadTfjs } from './tfjs.js';

/**
 * Opens a probe on some of a graph's nodes.
 *
 * A graph that is bound to batches of one size, as many exported ones are, is run as often as the data takes.
 *
 * @param layers - a selection of what `listGraphLayers` lists, by name.
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
  const listing = readGraphModel(model);
  const wanted = new Set(layers.map(({ name }) => name));
  for (const name of wanted) refuseAbsent(listing, name);
  const chosen = listing.infos.filter(({ name }) => wanted.has(name));
  const taps = chosen.map(({ name }) => listing.taps.get(name)!);
  const inputs = inputsOf(model, listing.inputs);
  const batch = fixedBatch(inputs);
  const tf = await loadTfjs();
  let open = true;

  const execute = (tensors: readonly tf.Tensor[]): tf.Tensor[] => {
    if (!open) throw new OptionError('the probe is disposed');
    checkInputs('the graph model', inputs, tensors, batch);
    return tf.tidy(() => {
      const feeds = tensors.map((tensor, i) =>
        tensor.dtype === inputs[i].dtype ? tensor : tensor.cast(inputs[i].dtype as 'float32'),
      );
      const samples = tensors[0].shape[0];
      if (batch === undefined || samples === batch) return runGraphModel(listing, taps, feeds);
      const parts = Array.from(
        { length: samples / batch },
        (_, k) =>
        runGraphModel(listing, taps, feeds.map((feed) => feed.slice([k * batch], [batch]))), // prettier-ignore
      );
      return taps.map((_, i) => tf.concat(parts.map((part) => part[i])));
    });
  };
  const runOnDevice: Probe['runOnDevice'] = (tensors) =>
    Promise.resolve().then(() => {
      const outputs = execute(tensors);
      return new Map(chosen.map(({ name }, i) => [name, { tensor: outputs[i] }]));
    });
  return {
    layers: chosen,
    inputs,
    runOnDevice,
    run: async (tensors) => readOutputs(await runOnDevice(tensors)),
    dispose() {
      open = false;
    },
  };
}

/** Runs the graph once, within a tidy. Each tensor is the caller's, channels last. */
function runGraphModel(
  { executor, inputs, first }: GraphListing,
  taps: readonly Tap[],
  tensors: readonly tf.Tensor[],
): tf.Tensor[] {
  const feeds = Object.fromEntries(inputs.map((node, i) => [requestOf(node), tensors[i]]));
  const given = new Set<tf.Tensor>([...tensors, ...Object.values(executor.weightMap).flat()]);
  let outputs: (tf.Tensor | undefined)[];
  try {
    outputs = executor.execute(feeds, taps.map(({ request }) => request)); // prettier-ignore
  } catch (error) {
    // What only tfjs can know: an op that a program has added may turn out to be asynchronous.
    if (!(error instanceof Error && error.message.includes('executeAsync'))) throw error;
    throw new UnsupportedError(`the graph model cannot be run in one step: ${error.message}`, {
      cause: error,
    });
  }
  return outputs.map((tensor, i) => {
    const { name, node } = taps[i];
    if (tensor === undefined) throw new UnsupportedError(`node '${node.name}' has no output '${name}'`);
    if (tensor.dtype === 'string' || tensor.dtype === 'complex64') {
      throw new UnsupportedError(`layer '${name}' gives ${tensor.dtype} values, which are no activations`);
    }
    if (first.has(node) && hasChannels(tensor.rank)) return channelsLast(tensor);
    // A node may hand on an input or a weight, and two may give the same tensor: the caller frees each.
    const own = given.has(tensor) ? tensor.clone() : tensor;
    given.add(tensor);
    return own;
  });
}

function channelsLast(tensor: tf.Tensor): tf.Tensor {
  const axes = Array.from({ length: tensor.rank }, (_, axis) => axis);
  return tensor.transpose([0, ...axes.slice(2), 1]);
}

function refuseAbsent({ taps, obstacles }: GraphListing, name: string): void {
  const tap = taps.get(name);
  if (tap === undefined) throw new OptionError(`the graph model has no layer '${name}'`);
  const obstacle = obstacles.get(tap.node);
  if (obstacle !== undefined) throw inTheWay(name, obstacle);
}

function inTheWay(name: string, { node, why }: Obstacle): UnsupportedError {
  return new UnsupportedError(
    `layer '${name}' cannot be captured: it needs node '${node.name}' (${node.op}), ${why}; choose layers before that ` +
      'node, or run model.executeAsync(inputs, names) yourself and compare the arrays',
  );
}

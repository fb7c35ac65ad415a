/**
 * Activations of a `tf.LayersModel`: what can be captured, and a probe that captures it batch by batch.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { OptionError } from '../errors.js';
import { show } from '../options.js';
import type { LayerInfo } from './activations.js';
import { arranged, layersToArrange } from './arrange.js';
import { checkInputs } from './check-inputs.js';
import { channelsLastOrder, ownChannelAxis } from './channel-axis.js';
import { isLayer, type Layer } from './layer-parts.js';
import { readMasks } from './model-masks.js';
import { infosOf, readGraph, type Graph } from './model-graph.js';
import type { InputInfo, Probe, ProbeOptions, RawTensor } from './probe.js';
import { readOutputs } from './read-outputs.js';
import { isLayersModel } from './recognise.js';
import { planGraph, runGraph, type CallSettings, type Captured, type Plan, type Run } from './run-graph.js';
import { loadTfjs, type Tfjs } from './tfjs.js';

/**
 * Lists what can be captured of a model, in order of execution, inputs and nested models included.
 *
 * - A nested model's layers go by path (`backbone/conv1`), and then the nested model itself; so do the layers that a custom
 *   layer holds in its properties and calls (`block/conv1`).
 * - A layer used twice is `name@0` and `name@1`, one with several outputs `name:0`, `name:1`, … (of an LSTM with `returnState`
 *   its output, its hidden and its cell state).
 * - Shapes have the channels last, as activations are captured, also where the model has them first.
 *
 * Custom layers are run once on zeros to find the order of what they call.
 *
 * @throws UnsupportedError for a model without symbolic outputs; OptionError for what is not a model.
 */
export function listModelLayers(model: tf.LayersModel): LayerInfo[] {
  return infosOf(graphOfModel(model));
}

/** What a model takes, in its own order. @throws as {@link listModelLayers} */
export function listModelInputs(model: tf.LayersModel): InputInfo[] {
  return inputsOf(graphOfModel(model));
}

function inputsOf({ inputs }: Graph): InputInfo[] {
  return inputs.map(({ sourceLayer, shape, dtype }) => ({ name: sourceLayer.name, shape, dtype }));
}

/**
 * Opens a probe on some of a model's layers.
 *
 * A stateful recurrent layer starts every sample from the state zero, whatever batch it is in, and its own states stay as
 * they are. In training, dropout and noise depend on the seed, the layer's name and the number of the batch's first sample,
 * batch norm takes the statistics of the batch, and moving statistics are put back after it.
 *
 * @param layers - a selection of {@link listModelLayers}, by name.
 * @throws OptionError for a name that the model does not have; UnsupportedError as {@link listModelLayers}, and for a
 * layer that is stateful in a way of its own or draws the size of its images at random.
 */
export async function openModelProbe(
  model: tf.LayersModel,
  layers: readonly Pick<LayerInfo, 'name'>[],
  options: ProbeOptions = {},
): Promise<Probe> {
  const graph = graphOfModel(model);
  const wanted = new Set(layers.map((layer) => layer.name));
  const chosen = infosOf(graph).filter(({ name }) => wanted.has(name));
  if (chosen.length !== wanted.size) {
    const found = new Set(chosen.map(({ name }) => name));
    const missing = [...wanted].find((name) => !found.has(name));
    throw new OptionError(`model '${model.name}' has no layer '${missing}'`);
  }
  const { training = false, seed = 0 } = options;
  const tf = await loadTfjs();
  const plan = planGraph(graph, wanted);
  const arrangedLayers = layersToArrange(layersOf(plan));
  const inputs = inputsOf(graph);
  const names = chosen.map(({ name }) => name);
  let disposed = false;
  const capture = (tensors: readonly tf.Tensor[], start: number): Map<string, Captured> => {
    if (disposed) throw new OptionError('the probe is disposed');
    checkInputs(`model '${model.name}'`, inputs, tensors);
    const captured = arranged(arrangedLayers, training ? { tf, seed, start } : undefined, (begin) =>
      captureRun(tf, plan, tensors, begin, training ? { training } : undefined),
    );
    return new Map(names.map((name) => [name, captured.get(name)!]));
  };
  const runOnDevice = async (tensors: readonly tf.Tensor[], start = 0): Promise<Map<string, RawTensor>> => {
    const outputs = capture(tensors, start);
    try {
      const masks = await readMasks(outputs);
      return new Map([...outputs].map(([name, { tensor }]) => [name, withMask({ tensor }, masks.get(name))]));
    } catch (error) {
      for (const { tensor } of outputs.values()) tensor.dispose();
      throw error;
    } finally {
      for (const { mask } of outputs.values()) mask?.dispose();
    }
  };
  return {
    layers: chosen,
    inputs,
    runOnDevice,
    run: async (tensors, start) => readOutputs(await runOnDevice(tensors, start)),
    dispose() {
      disposed = true;
    },
  };
}

/** Runs a plan; the tensors are the caller's to dispose, those of masks may be shared. */
function captureRun(
  tf: Tfjs,
  plan: Plan,
  inputs: readonly tf.Tensor[],
  begin: Run['begin'],
  settings: CallSettings | undefined,
): Map<string, Captured> {
  const taken = new Map<string, Captured>();
  const masks = new Map<tf.Tensor, tf.Tensor>();
  // Kept, because what is inside a custom layer may be freed by a tidy of its own.
  const keep = (tensor: tf.Tensor): tf.Tensor => tf.keep(tensor.clone());
  const onTap: Run['onTap'] = (tap, { tensor, mask }) => {
    const axis = tap.axis ?? ('layer' in tap ? ownChannelAxis(tap.layer, tensor.rank) : undefined);
    const order = channelsLastOrder(tensor.rank, axis);
    const own = order === undefined ? keep(tensor) : tf.keep(tf.transpose(tensor, order));
    taken.set(tap.info.name, { tensor: own });
    if (mask === undefined) return;
    masks.set(mask, masks.get(mask) ?? keep(mask));
    taken.set(tap.info.name, { tensor: own, mask: masks.get(mask) });
  };
  try {
    tf.tidy(() => {
      runGraph(plan, inputs, { onTap, begin }, settings);
    });
    return taken;
  } catch (error) {
    for (const { tensor } of taken.values()) tensor.dispose();
    for (const mask of masks.values()) mask.dispose();
    throw error;
  }
}

function withMask(raw: RawTensor, mask: Uint8Array | undefined): RawTensor {
  return mask === undefined ? raw : { ...raw, mask };
}

function layersOf({ steps }: Plan): Layer[] {
  return steps.flatMap(({ call, inner }) => (inner ? layersOf(inner) : [call.layer]));
}

function graphOfModel(model: unknown): Graph {
  if (isLayersModel(model)) return readGraph(model);
  if (isLayer(model)) {
    throw new OptionError(
      `'${model.name}' is a layer and not a model: take tf.model({ inputs: x, outputs: layer.apply(x) }) with ` +
        'x = tf.input({ shape })',
    );
  }
  const what = typeof model === 'object' && model !== null ? model.constructor.name : show(model);
  throw new OptionError(
    `${what} is not a model: give a tf.LayersModel (tf.sequential, tf.model, tf.loadLayersModel)`,
  );
}

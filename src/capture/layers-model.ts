/**
 * Activations of a `tf.LayersModel`: what can be captured, and a probe that captures it batch by batch.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { OptionError, ShapeError, UnsupportedError } from '../errors.js';
import { show } from '../options.js';
import type { LayerInfo } from './activations.js';
import { readGraph, tapsOf, type Graph } from './model-graph.js';
import type { InputInfo, Probe, ProbeOptions } from './probe.js';
import { isLayersModel } from './recognise.js';
import { planGraph, runGraph, type Plan } from './run-graph.js';
import { loadTfjs } from './tfjs.js';

/**
 * Lists what can be captured of a model, in order of execution, inputs and nested models included: a nested model's
 * layers by path (`backbone/conv1`) and then the nested model itself; a layer used twice as `name@0` and `name@1`.
 *
 * @throws UnsupportedError for a model without symbolic outputs; OptionError for what is not a model.
 */
export function listModelLayers(model: tf.LayersModel): LayerInfo[] {
  return tapsOf(graphOfModel(model)).map(({ info }) => info);
}

/**
 * Opens a probe on some of a model's layers.
 *
 * @param layers - a selection of {@link listModelLayers}, by name.
 * @throws OptionError for a name that the model does not have; UnsupportedError as {@link listModelLayers}, and for a
 * stateful layer, whose activations depend on the batches before.
 */
export async function openModelProbe(
  model: tf.LayersModel,
  layers: readonly Pick<LayerInfo, 'name'>[],
  options: ProbeOptions = {},
): Promise<Probe> {
  if (options.training === true) throw new UnsupportedError('training mode is not there yet');
  const graph = graphOfModel(model);
  const wanted = new Set(layers.map((layer) => layer.name));
  const chosen = tapsOf(graph).filter(({ info }) => wanted.has(info.name));
  if (chosen.length !== wanted.size) {
    const found = new Set(chosen.map(({ info }) => info.name));
    const missing = [...wanted].find((name) => !found.has(name));
    throw new OptionError(`model '${model.name}' has no layer '${missing}'`);
  }
  const tf = await loadTfjs();
  let plan: Plan | undefined = planGraph(graph, wanted);
  refuseStateful(plan);
  const inputs = graph.inputs.map(({ sourceLayer, shape, dtype }) => ({
    name: sourceLayer.name,
    shape,
    dtype,
  }));
  const names = chosen.map(({ info }) => info.name);
  const runOnDevice = (tensors: readonly tf.Tensor[]): Map<string, tf.Tensor> => {
    if (plan === undefined) throw new OptionError('the probe is disposed');
    const steps = plan;
    checkInputs(inputs, tensors, model.name);
    const outputs = tf.tidy(() => {
      const taps = new Map<string, tf.Tensor>();
      runGraph(steps, tensors, { training: false }, taps);
      return names.map((name) => taps.get(name)!);
    });
    return new Map(names.map((name, i) => [name, outputs[i]]));
  };
  return {
    layers: chosen.map(({ info }) => info),
    inputs,
    runOnDevice: (tensors) =>
      Promise.resolve(new Map([...runOnDevice(tensors)].map(([name, tensor]) => [name, { tensor }]))),
    async run(tensors) {
      const outputs = [...runOnDevice(tensors)];
      try {
        const values = await Promise.all(outputs.map(([, tensor]) => tensor.data()));
        return new Map(outputs.map(([name, { shape }], i) => [name, { shape, data: values[i] }]));
      } finally {
        for (const [, tensor] of outputs) tensor.dispose();
      }
    },
    dispose() {
      plan = undefined;
    },
  };
}

function graphOfModel(model: unknown): Graph {
  if (isLayersModel(model)) return readGraph(model);
  const what = typeof model === 'object' && model !== null ? model.constructor.name : show(model);
  throw new OptionError(
    `${what} is not a model: give a tf.LayersModel (tf.sequential, tf.model, tf.loadLayersModel)`,
  );
}

function refuseStateful(plan: Plan): void {
  for (const { call, inner } of plan.steps) {
    if (inner) refuseStateful(inner);
    else if (call.layer.stateful) {
      throw new UnsupportedError(
        `layer '${call.layer.name}' is stateful: what it gives depends on the batches before; build it with ` +
          'stateful: false',
      );
    }
  }
}

function checkInputs(inputs: readonly InputInfo[], tensors: readonly tf.Tensor[], model: string): void {
  if (tensors.length !== inputs.length) {
    const takes = `${inputs.length} input${inputs.length === 1 ? '' : 's'} (${inputs.map(({ name }) => name).join(', ')})`;
    throw new ShapeError(`model '${model}' takes ${takes}, the data has ${tensors.length}`);
  }
  inputs.forEach(({ name, shape }, i) => {
    const given = tensors[i].shape;
    const fits =
      given.length === shape.length &&
      shape.every((axis, k) => k === 0 || axis === null || axis === given[k]);
    if (fits) return;
    const hint =
      given.length === shape.length - 1
        ? '; the first axis must be samples (of a tf.data.Dataset: call batch())'
        : '';
    throw new ShapeError(
      `the data has shape [${given.join(', ')}], but input '${name}' of model '${model}' takes ` +
        `[${shape.map((axis) => axis ?? 'null').join(', ')}]${hint}`,
    );
  });
}

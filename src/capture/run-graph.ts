/**
 * Runs the part of a model's graph that chosen activations need, each layer once, nested models included.
 *
 * This is what tfjs's own executor does for `predict`, except that it reaches into nested models: tfjs cannot give an
 * inner layer's activation for outer inputs without connecting the user's layers anew.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import type { Call, Graph, Tap } from './model-graph.js';

interface Step {
  readonly call: Call;
  readonly inner: Plan | undefined;
  /** Activations to hand out. */
  readonly keep: readonly Tap[];
  /** Symbolic tensors that nothing reads after this step. */
  readonly free: readonly number[];
}

/** What has to run, in order. */
export interface Plan {
  readonly graph: Graph;
  readonly steps: readonly Step[];
  readonly outputs: boolean;
}

/** Plans the steps that the activations named in `wanted` need; `outputs` if the model's own outputs are needed too. */
export function planGraph(graph: Graph, wanted: ReadonlySet<string>, outputs = false): Plan {
  const needed = new Set(outputs ? graph.outputs.map(({ id }) => id) : []);
  // What comes from outside or goes there is not ours to free.
  const released = new Set([...graph.inputs.map(({ id }) => id), ...needed]);
  const steps: Step[] = [];
  for (const call of graph.calls.toReversed()) {
    const keep = call.taps.filter(({ info }) => wanted.has(info.name));
    const feeds = keep.length > 0 || call.outputs.some(({ id }) => needed.has(id));
    const inner = call.inner && planGraph(call.inner, wanted, feeds);
    if (!feeds && !(inner && inner.steps.length > 0)) continue;
    const free: number[] = [];
    for (const { id } of call.inputs) {
      needed.add(id);
      if (!released.has(id)) free.push(id);
      released.add(id);
    }
    steps.push({ call, inner, keep, free });
  }
  return { graph, steps: steps.reverse(), outputs };
}

/** Settings that every layer of a run is called with; tfjs hands a mask on in the same record. */
export interface CallSettings {
  readonly training: boolean;
  mask?: tf.Tensor;
}

/**
 * Runs a plan and puts the wanted activations into `taps`. Call it within `tf.tidy`: intermediate results are freed
 * as soon as nothing needs them, the rest is left to the tidy.
 *
 * @param feeds - one tensor per model input; they are neither changed nor freed.
 * @returns the model's outputs, where the plan asked for them.
 */
export function runGraph(
  plan: Plan,
  feeds: readonly tf.Tensor[],
  settings: CallSettings,
  taps: Map<string, tf.Tensor>,
): tf.Tensor[] {
  const values = new Map<number, tf.Tensor>();
  const masks = new Map<number, tf.Tensor | undefined>();
  plan.graph.inputs.forEach((input, i) => {
    const feed = feeds[i];
    values.set(input.id, feed.dtype === input.dtype ? feed : feed.cast(input.dtype));
  });
  for (const { call, inner, keep, free } of plan.steps) {
    if (call.inputs.length > 0) {
      const inputs = call.inputs.map(({ id }) => values.get(id)!);
      const inputMasks = call.inputs.map(({ id }) => masks.get(id));
      // Like tfjs, only the first mask is passed, and it stays for the layers that follow.
      if (inputMasks.some((mask) => mask !== undefined)) settings.mask = inputMasks[0]!;
      const outputs = inner ? runGraph(inner, inputs, settings, taps) : callLayer(call, inputs, settings);
      const mask = inner ? undefined : maskOf(call, inputs, inputMasks);
      call.outputs.forEach(({ id }, i) => {
        if (outputs[i]) values.set(id, outputs[i]);
        masks.set(id, mask);
      });
    }
    for (const { info, tensor } of keep) taps.set(info.name, values.get(tensor.id)!.clone());
    for (const id of free) values.get(id)?.dispose();
  }
  if (!plan.outputs) return [];
  const given = new Set(feeds);
  return plan.graph.outputs.map(({ id }) => {
    const value = values.get(id)!;
    // A model may hand an input straight on; the caller must be able to free the two apart.
    return given.has(value) ? value.clone() : value;
  });
}

function callLayer(call: Call, inputs: tf.Tensor[], settings: CallSettings): tf.Tensor[] {
  const outputs = call.layer.apply(inputs, settings);
  return (Array.isArray(outputs) ? outputs : [outputs]) as tf.Tensor[];
}

function maskOf(
  { layer }: Call,
  inputs: tf.Tensor[],
  masks: readonly (tf.Tensor | undefined)[],
): tf.Tensor | undefined {
  if (!layer.supportsMasking) return undefined;
  const mask = layer.computeMask(inputs, masks as tf.Tensor[]) as tf.Tensor | tf.Tensor[] | null | undefined;
  return (Array.isArray(mask) ? mask[0] : mask) ?? undefined;
}

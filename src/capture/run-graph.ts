/**
 * Runs the part of a model's graph that chosen activations need, each layer once, nested models included.
 *
 * This is what tfjs's own executor does for `predict`, except that it reaches into nested models and custom layers: tfjs
 * cannot give an inner layer's activation for outer inputs without connecting the user's layers anew.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { captureInside, type InnerTap } from './call-hook.js';
import type { Call, Graph, Tap } from './model-graph.js';

interface Step {
  readonly call: Call;
  readonly inner: Plan | undefined;
  /** Activations to hand out. */
  readonly keep: readonly Tap[];
  /** The same inside a custom layer. */
  readonly inside: readonly InnerTap[];
  /** Symbolic tensors that nothing reads after this step. */
  readonly free: readonly number[];
}

/** What has to run, in order. */
export interface Plan {
  readonly graph: Graph;
  readonly steps: readonly Step[];
  readonly outputs: boolean;
}

/**
 * Plans the steps that the activations named in `wanted` need; `outputs` if the model's own outputs are needed too.
 *
 * Where a model makes masks, all that comes before runs too: see {@link runGraph}.
 */
export function planGraph(
  graph: Graph,
  wanted: ReadonlySet<string>,
  outputs = false,
  masks = graph.masks,
): Plan {
  const needed = new Set(outputs ? graph.outputs.map(({ id }) => id) : []);
  // What comes from outside or goes there is not ours to free.
  const released = new Set([...graph.inputs.map(({ id }) => id), ...needed]);
  const steps: Step[] = [];
  for (const call of graph.order.toReversed()) {
    const keep = call.taps.filter(({ info }) => wanted.has(info.name));
    const inside = call.inside.filter(({ info }) => wanted.has(info.name));
    const feeds =
      keep.length > 0 ||
      inside.length > 0 ||
      call.outputs.some(({ id }) => needed.has(id)) ||
      (masks && (steps.length > 0 || outputs));
    const inner = call.inner && planGraph(call.inner, wanted, feeds, masks);
    if (!feeds && !(inner && inner.steps.length > 0)) continue;
    const free: number[] = [];
    for (const { id } of call.inputs) {
      needed.add(id);
      if (!released.has(id)) free.push(id);
      released.add(id);
    }
    steps.push({ call, inner, keep, inside, free });
  }
  return { graph, steps: steps.reverse(), outputs };
}

/** Settings that layers are called with; tfjs hands a mask on in the same record. */
export interface CallSettings {
  readonly training?: boolean;
  mask?: tf.Tensor;
  /** Where tfjs leaves the initial states of a recurrent layer. */
  initialState?: unknown;
}

/** An activation on its way out, and the mask that goes with it. */
export interface Captured {
  readonly tensor: tf.Tensor;
  readonly mask?: tf.Tensor | undefined;
}

/** How a plan is run. */
export interface Run {
  /** Takes an activation; its tensors are freed at the latest when the run ends. */
  readonly onTap: (tap: Tap | InnerTap, captured: Captured) => void;
  /** Called before each layer. */
  readonly begin: (layer: string) => void;
}

/**
 * Runs a plan and hands out the wanted activations. Call it within `tf.tidy`: intermediate results are freed as soon as
 * nothing needs them, the rest is left to the tidy.
 *
 * Masks flow as they do in `predict`, which is peculiar: a layer is given the first mask of its inputs, or else the last that
 * any layer before it was given; one that is set within a nested model stays there, unless the model around it had one before.
 * So the layers run in the order of `predict`, and the record of settings comes into being when it does there.
 *
 * @param feeds - one tensor per model input; they are neither changed nor freed.
 * @param settings - left out by `predict`.
 * @returns the model's outputs and their masks, where the plan asked for them.
 */
export function runGraph(
  plan: Plan,
  feeds: readonly tf.Tensor[],
  run: Run,
  settings?: CallSettings,
): Captured[] {
  let shared = settings;
  const values = new Map<number, tf.Tensor>();
  /** Masks as layers get them, and as they hold: they differ after a nested model, which tfjs takes to give none. */
  const masks = new Map<number, tf.Tensor | undefined>();
  const valid = new Map<number, tf.Tensor | undefined>();
  plan.graph.inputs.forEach((input, i) => {
    const feed = feeds[i];
    values.set(input.id, feed.dtype === input.dtype ? feed : feed.cast(input.dtype));
  });
  for (const { call, inner, keep, inside, free } of plan.steps) {
    if (call.inputs.length > 0) {
      const inputs = call.inputs.map(({ id }) => values.get(id)!);
      const inputMasks = call.inputs.map(({ id }) => masks.get(id));
      if (inputMasks.some((mask) => mask !== undefined)) {
        shared ??= {};
        shared.mask = inputMasks[0]!;
      }
      const own = shared ?? {};
      const outputs = inner
        ? runGraph(inner, inputs, run, own)
        : callLayer(call, inside, inputs, inputMasks[0], run, own);
      const mask = inner ? undefined : maskOf(call, inputs, inputMasks);
      call.outputs.forEach(({ id }, i) => {
        const output = outputs[i];
        if (output !== undefined) values.set(id, output.tensor);
        masks.set(id, mask);
        valid.set(id, mask ?? output?.mask);
      });
    }
    for (const tap of keep)
      run.onTap(tap, { tensor: values.get(tap.tensor.id)!, mask: valid.get(tap.tensor.id) });
    for (const id of free) values.get(id)?.dispose();
  }
  if (!plan.outputs) return [];
  const given = new Set(feeds);
  return plan.graph.outputs.map(({ id }) => {
    const value = values.get(id)!;
    // A model may hand an input straight on; the caller must be able to free the two apart.
    return { tensor: given.has(value) ? value.clone() : value, mask: valid.get(id) };
  });
}

function callLayer(
  { name, layer }: Call,
  inside: readonly InnerTap[],
  inputs: tf.Tensor[],
  mask: tf.Tensor | undefined,
  { onTap, begin }: Run,
  settings: CallSettings,
): Captured[] {
  begin(name);
  const apply = () => layer.apply(inputs, settings) as tf.Tensor | tf.Tensor[];
  const onOutput = ({ tap, ...captured }: Captured & { tap: InnerTap }): void => {
    onTap(tap, captured);
  };
  const outputs = inside.length === 0 ? apply() : captureInside(inside, mask, onOutput, apply);
  // tfjs would hand these states on to the next recurrent layer, which refuses them.
  delete settings.initialState;
  return [outputs].flat().map((tensor) => ({ tensor }));
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

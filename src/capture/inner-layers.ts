/**
 * Which layers a custom layer calls: found by running it once, as nothing else tells.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { arranged, layersToArrange } from './arrange.js';
import { watchCalls, type InnerTap } from './call-hook.js';
import { channelsLastOrder, ownChannelAxis } from './channel-axis.js';
import { classOf, layersInside, type Layer } from './layer-parts.js';

/** Axes of any length are tried with these, the first pair that the layer can run on. */
const LENGTHS = [
  [16, 32],
  [64, 128],
] as const;

/** Samples of the trial, where the model leaves them open: not 1, so that axes without samples are seen. */
const SAMPLES = 2;

/** A call of a layer in the trial. */
interface Seen {
  readonly layer: Layer;
  readonly outputs: readonly SeenOutput[];
}

interface SeenOutput {
  readonly shape: readonly (number | null)[];
  /** Why a default selection leaves it out. */
  readonly leftOut?: string;
}

/** What a trial found, of the layers that the custom layer then held. */
interface Trial {
  readonly parts: readonly Layer[];
  readonly seen: readonly Seen[];
}

/** By the custom layer, and the shapes and types of its inputs. */
const known = new WeakMap<Layer, Map<string, Trial>>();

/**
 * The activations inside a custom layer, in order of execution: of each layer that it holds in its properties and calls, at any
 * depth. A layer that is called several times in a pass has one for each, `name@0`, `name@1`, …; one with several outputs
 * `name:0`, `name:1`, …. What has no samples first is left out by default.
 *
 * The order is that of a run on zeros in inference mode, which builds layers that are not built yet, as a first `predict`
 * would. Where the layer cannot run on zeros, all it holds are listed once, in the order of its properties, of unknown shape,
 * and left out by default.
 *
 * @param path - name of the custom layer.
 * @param axis - channel axis of what it takes; left out: the last.
 */
export function listInside(
  layer: Layer,
  path: string,
  inputs: readonly tf.SymbolicTensor[],
  axis: number | undefined,
): InnerTap[] {
  const inside = layersInside(layer);
  if (inside.size === 0) return [];
  const paths = new Map([...inside].map(([name, part]) => [part, name]));
  const seen = trial(layer, [...inside.values()], inputs) ?? [...inside.values()].map(unknown);
  const calls = new Map<Layer, number>();
  for (const { layer: part } of seen) calls.set(part, (calls.get(part) ?? 0) + 1);
  const called = new Map<Layer, number>();
  return seen.flatMap(({ layer: part, outputs }) => {
    const call = called.get(part) ?? 0;
    called.set(part, call + 1);
    const count = calls.get(part)!;
    const name = `${path}/${paths.get(part)!}${count > 1 ? `@${call}` : ''}`;
    return outputs.map(({ shape, leftOut }, output): InnerTap => {
      const inherited = shape.length === inputs[0].rank ? axis : undefined;
      const channels = ownChannelAxis(part, shape.length) ?? inherited;
      const order = channelsLastOrder(shape.length, channels) ?? shape.map((_, i) => i);
      const info = {
        name: outputs.length > 1 ? `${name}:${output}` : name,
        kind: classOf(part),
        shape: order.slice(1).map((i) => shape[i]),
        parameters: parametersOf(part),
        ...(leftOut !== undefined && { leftOut }),
      };
      const where = channels === undefined ? {} : { axis: channels };
      return { info, layer: part, call, output, calls: count, ...where };
    });
  });
}

/** Number of a layer's own weights. */
export function parametersOf(layer: Layer): number {
  return layer.weights.reduce(
    (sum, { shape }) => sum + shape.reduce<number>((product, axis) => product * (axis ?? 1), 1),
    0,
  );
}

function unknown(layer: Layer): Seen {
  const leftOut = 'its custom layer cannot run on zeros, so it is not known whether it is called';
  return { layer, outputs: [{ shape: [null], leftOut }] };
}

function trial(
  layer: Layer,
  parts: readonly Layer[],
  inputs: readonly tf.SymbolicTensor[],
): readonly Seen[] | undefined {
  const key = JSON.stringify(inputs.map(({ shape, dtype }) => [shape, dtype]));
  const tried = known.get(layer) ?? new Map<string, Trial>();
  const cached = tried.get(key);
  if (cached?.parts.length === parts.length && parts.every((part, i) => part === cached.parts[i])) {
    return cached.seen;
  }
  const open = inputs.some(({ shape }) => shape.slice(1).includes(null));
  for (const [short, long] of LENGTHS) {
    const once = run(layer, parts, inputs, short);
    const seen = once && open ? sameCalls(once, run(layer, parts, inputs, long)) : once;
    if (seen === undefined) continue;
    known.set(layer, tried.set(key, { parts, seen }));
    return seen;
  }
  return undefined;
}

/** Runs a layer on zeros; nothing where it cannot. */
function run(
  layer: Layer,
  parts: readonly Layer[],
  inputs: readonly tf.SymbolicTensor[],
  length: number,
): Seen[] | undefined {
  const engine = (globalThis as { _tfengine?: Engine })._tfengine;
  if (engine === undefined) return undefined;
  const samples = inputs[0].shape[0] ?? SAMPLES;
  const seen: Seen[] = [];
  try {
    arranged(layersToArrange([layer]), undefined, () =>
      engine.tidy(() => {
        const zeros = inputs.map(({ shape, dtype }) => {
          const sizes = [samples, ...shape.slice(1).map((axis) => axis ?? length)];
          const size = sizes.reduce((product, axis) => product * axis, 1);
          return engine.makeTensor(new Float32Array(size), sizes, 'float32').cast(dtype);
        });
        watchCalls(
          parts,
          ({ layer: part, outputs }) => {
            seen.push({ layer: part, outputs: outputs.map(({ shape }) => outputOf(shape, samples)) });
          },
          () => layer.apply(zeros, { training: false }),
        );
      }),
    );
  } catch {
    return undefined;
  }
  return seen;
}

function outputOf([first, ...rest]: readonly number[], samples: number): SeenOutput {
  return { shape: [null, ...rest], ...(first !== samples && { leftOut: 'its first axis is not samples' }) };
}

/** Calls that two runs have in common, axes of which the length differs left open. */
function sameCalls(a: readonly Seen[], b: readonly Seen[] | undefined): Seen[] | undefined {
  if (b === undefined) return undefined;
  const callsOf = (seen: readonly Seen[], layer: Layer): Seen[] => seen.filter((one) => one.layer === layer);
  return a.flatMap((one): Seen[] => {
    const [left, right] = [callsOf(a, one.layer), callsOf(b, one.layer)];
    // A layer that is called once a step has no names for its calls.
    if (left.length !== right.length) return [];
    const other = right[left.indexOf(one)];
    const outputs = one.outputs.map((output, i) => {
      const shape = output.shape.map((axis, k) => (axis === other.outputs[i]?.shape[k] ? axis : null));
      return { ...output, shape };
    });
    return [{ layer: one.layer, outputs }];
  });
}

/** The engine that all copies of TensorFlow.js share: listing is synchronous, and loading TensorFlow.js is not. */
interface Engine {
  tidy<T>(body: () => T): T;
  makeTensor(values: Float32Array, shape: number[], dtype: 'float32'): tf.Tensor;
}

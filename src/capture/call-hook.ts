/**
 * Layers inside a custom layer: no symbolic tensor stands for what they give, so their calls are watched.
 *
 * TensorFlow.js calls the hooks of `setCallHook` in some kinds of layers only, and not in its convolutions. Here the method
 * `call` of each layer is replaced for as long as the custom layer runs, and put back whether it ends or throws; hooks that the
 * user set stay and are called.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { UnsupportedError } from '../errors.js';
import type { LayerInfo } from './activations.js';
import type { Layer } from './layer-parts.js';
import { Overrides } from './overrides.js';
import { isTensor } from './recognise.js';

type Inputs = tf.Tensor | tf.Tensor[];
type Settings = Record<string, unknown>;

/** One call of a watched layer. */
export interface LayerCall {
  readonly layer: Layer;
  readonly inputs: Inputs;
  readonly settings: Settings;
  readonly outputs: readonly tf.Tensor[];
}

/** Runs `body` and tells of each call of the layers when it returns, its tensors still alive. */
export function watchCalls<T>(layers: Iterable<Layer>, onCall: (call: LayerCall) => void, body: () => T): T {
  const overrides = new Overrides();
  try {
    for (const layer of layers) {
      const original = layer.call.bind(layer) as (inputs: Inputs, settings: Settings) => unknown;
      overrides.set(layer, 'call', (inputs: Inputs, settings: Settings = {}): unknown => {
        const result = original(inputs, settings);
        onCall({ layer, inputs, settings, outputs: [result].flat().filter(isTensor) });
        return result;
      });
    }
    return body();
  } finally {
    overrides.restore();
  }
}

/** An activation of a layer inside a custom layer: one output of one of its calls in a pass. */
export interface InnerTap {
  readonly info: LayerInfo;
  readonly layer: Layer;
  readonly call: number;
  readonly output: number;
  /** Calls of the layer in one pass. */
  readonly calls: number;
  /** Which axis holds the channels; left out: the last. */
  readonly axis?: number;
}

/** What was captured of a call. */
export interface InnerOutput {
  readonly tap: InnerTap;
  readonly tensor: tf.Tensor;
  readonly mask: tf.Tensor | undefined;
}

/**
 * Runs `body`, which calls a custom layer once, and hands out the chosen activations inside it, each while it is alive.
 *
 * @param mask - the mask that the custom layer itself is given.
 * @throws UnsupportedError when a layer is called more or less often than it was when layers were listed.
 */
export function captureInside<T>(
  taps: readonly InnerTap[],
  mask: tf.Tensor | undefined,
  onOutput: (output: InnerOutput) => void,
  body: () => T,
): T {
  const counts = new Map<Layer, number>(taps.map(({ layer }) => [layer, 0]));
  const missing = new Set(taps);
  const onCall = (call: LayerCall): void => {
    const k = counts.get(call.layer)!;
    counts.set(call.layer, k + 1);
    for (const tap of taps) {
      if (tap.layer !== call.layer || tap.call !== k || tap.output >= call.outputs.length) continue;
      missing.delete(tap);
      onOutput({ tap, tensor: call.outputs[tap.output], mask: maskAfter(call, mask) });
    }
  };
  const result = watchCalls(counts.keys(), onCall, body);
  for (const tap of taps) {
    const called = counts.get(tap.layer)!;
    if (called === tap.calls && !missing.has(tap)) continue;
    throw new UnsupportedError(
      `the layer of '${tap.info.name}' is called ${called} times in this batch, and gave its activation in one of ` +
        `${tap.calls} calls when layers were listed: what it does depends on the data, so leave it out by 'layers'`,
    );
  }
  return result;
}

/** The mask that holds after a call: the layer's own where it makes one, else the one that the custom layer is in. */
function maskAfter(
  { layer, inputs, settings }: LayerCall,
  outer: tf.Tensor | undefined,
): tf.Tensor | undefined {
  const given = settings['mask'];
  const mask = isTensor(given) ? given : outer;
  const [input, ...more] = [inputs].flat();
  if (!layer.supportsMasking || more.length > 0) return mask;
  const own: unknown = layer.computeMask(input, mask);
  const [first] = [own].flat();
  return isTensor(first) ? first : mask;
}

/**
 * Layers arranged for one run so that it depends on its own inputs alone, and put back after it.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { UnsupportedError } from '../errors.js';
import { classOf, isLayer, isRecurrent, withParts, type Layer } from './layer-parts.js';
import { Overrides } from './overrides.js';
import { isLayersModel } from './recognise.js';
import type { Tfjs } from './tfjs.js';
import { completeNorms, holdVariables, seedRandomness } from './training.js';

/** How a model is run in training. */
export interface TrainingRun {
  readonly tf: Tfjs;
  readonly seed: number;
  /** Global number of the batch's first sample. */
  readonly start: number;
}

/** All layers that a run may call. @throws UnsupportedError for one whose activations are not a function of its input */
export function layersToArrange(layers: Iterable<Layer>): Set<Layer> {
  const all = new Set<Layer>();
  for (const layer of layers) withParts(layer, all);
  for (const layer of all) {
    if (classOf(layer) === 'RandomWidth') {
      throw new UnsupportedError(
        `layer '${layer.name}' draws the width of its images anew in every run, in inference too, so no two passes see the ` +
          'same positions: capture the model without it',
      );
    }
    if (layer.stateful && !isLayersModel(layer) && !isRecurrent(layer) && !holdsRecurrent(layer)) {
      throw new UnsupportedError(
        `layer '${layer.name}' is stateful: what it gives depends on the batches before, and a ${classOf(layer)} has no ` +
          'state that is known here; build it with stateful: false',
      );
    }
  }
  return all;
}

/**
 * Runs `body`, synchronously, with layers arranged:
 *
 * - a stateful recurrent layer starts every sample from the state zero, as if it were not stateful; its own states stay;
 * - masks of dropout that recurrent cells keep beyond a run are freed;
 * - in training, randomness is seeded and variables are put back.
 *
 * @param body - is given what starts the random numbers of a layer by its name.
 */
export function arranged<T>(
  layers: Iterable<Layer>,
  training: TrainingRun | undefined,
  body: (begin: (layer: string) => void) => T,
): T {
  const overrides = new Overrides();
  const cells: Cell[] = [];
  let putBack: (() => void) | undefined;
  try {
    for (const layer of layers) {
      if (layer.stateful && !isLayersModel(layer)) overrides.set(layer, '_stateful', false);
      openBatch(layer, overrides);
      if ('dropoutMask' in layer) {
        overrides.set(layer, 'dropoutMask', null);
        overrides.set(layer, 'recurrentDropoutMask', null);
        cells.push(layer as Cell);
      }
    }
    if (training === undefined) return body(() => undefined);
    putBack = holdVariables(layers);
    completeNorms(layers, training.tf, overrides);
    return body(seedRandomness(layers, training, overrides));
  } finally {
    for (const { dropoutMask, recurrentDropoutMask } of cells) {
      for (const mask of [dropoutMask, recurrentDropoutMask].flat()) mask?.dispose();
    }
    overrides.restore();
    putBack?.();
  }
}

/** A recurrent cell, which keeps the masks of its dropout until it is called again. */
type Cell = Layer & Partial<Record<'dropoutMask' | 'recurrentDropoutMask', tf.Tensor | tf.Tensor[] | null>>;

/** What a layer wants its input to be like. */
interface Spec {
  readonly shape?: readonly (number | null)[];
}

/** Lets batches of any size in: a stateful layer wants the size that its states were made for. */
function openBatch(layer: Layer, overrides: Overrides): void {
  const specs = layer.inputSpec as readonly (Spec | null)[] | null;
  if (specs?.some((spec) => typeof spec?.shape?.[0] === 'number') !== true) return;
  const open = specs.map((spec) => (spec?.shape ? { ...spec, shape: [null, ...spec.shape.slice(1)] } : spec));
  overrides.set(layer, 'inputSpec', open);
}

function holdsRecurrent(layer: Layer): boolean {
  const { forwardLayer } = layer as { forwardLayer?: unknown };
  return isLayer(forwardLayer) && isRecurrent(forwardLayer);
}

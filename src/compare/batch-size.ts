/**
 * How many samples are run at a time, where the caller does not say.
 *
 * @module
 */
import type { LayerInfo, Spatial } from '../capture/activations.js';
import type { CaptureSide } from '../capture/capture.js';
import { listLayers } from '../capture/probe.js';
import { selectLayers } from '../capture/select.js';
import { batchAllowance } from './budget.js';

/** Samples that are run at a time where they fit the memory. */
const USUAL = 64;

/**
 * The usual number, or fewer where the activations of so many would leave too little of the memory. Nothing where a model
 * decides it: by an input of a fixed size, or in training, where statistics of the batch enter.
 */
export function batchSizeFor(
  models: readonly CaptureSide[],
  memory: number,
  { spatial, training }: { readonly spatial?: Spatial | undefined; readonly training?: boolean | undefined },
): number | undefined {
  if (training || models.some(({ model }) => model.inputs.some(({ shape }) => (shape?.[0] ?? -1) > 0)))
    return undefined;
  const reduced = spatial === 'mean' || spatial === 'last';
  let [bytes, largest] = [0, 0];
  for (const { model, layers, label } of models) {
    const chosen = selectLayers(listLayers(model), layers, `layers of model '${label}'`);
    const all = sum(chosen.map(({ shape }) => 4 * valuesOf(shape)));
    bytes += reduced ? sum(chosen.map(({ shape }) => 4 * valuesOf(shape.slice(-1)))) : all;
    largest = Math.max(largest, all);
  }
  // What a mean is taken of is there before it, of one model at a time.
  if (reduced) bytes += largest;
  return Math.min(USUAL, Math.max(1, Math.floor(batchAllowance(memory) / bytes)));
}

/** Values that a sample has in a layer, where the model tells. */
function valuesOf(shape: LayerInfo['shape']): number {
  return shape.reduce<number>((product, axis) => product * (axis ?? 1), 1);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

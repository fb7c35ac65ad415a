/**
 * How many samples are run at a time, where the caller does not say.
 *
 * @module
 */
import type { LayerInfo, Spatial } from '../capture/activations.js';
import type { CaptureSide } from '../capture/capture.js';
import { USUAL_BATCH, wholeBatch } from '../capture/batch-size.js';
import { listInputs, listLayers } from '../capture/probe.js';
import { selectLayers } from '../capture/select.js';
import { batchAllowance } from './budget.js';

/**
 * The usual number, or fewer where the activations of so many would leave too little of the memory. Nothing in training, where
 * statistics of the batch enter.
 */
export function batchSizeFor(
  models: readonly CaptureSide[],
  memory: number,
  { spatial, training }: { readonly spatial?: Spatial | undefined; readonly training?: boolean | undefined },
): number | undefined {
  if (training) return undefined;
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
  const fitting = Math.max(1, Math.floor(batchAllowance(memory) / bytes));
  return wholeBatch(
    Math.min(USUAL_BATCH, fitting),
    models.map(({ model }) => listInputs(model)),
  );
}

/** Values that a sample has in a layer, where the model tells. */
function valuesOf(shape: LayerInfo['shape']): number {
  return shape.reduce<number>((product, axis) => product * (axis ?? 1), 1);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

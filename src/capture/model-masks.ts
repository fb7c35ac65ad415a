/**
 * Masks as models hand them on, made those of the activations they go with.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';

/**
 * The mask of an activation's positions, `shape` without its last axis, out of what a model handed on: `[n, t]`, also with axes
 * of 1 before or after (so the merging layers of TensorFlow.js hand it on). Positions within a step have the step's mask.
 * Nothing where it does not fit the activation (the steps are gone), or masks nothing.
 */
export function maskOfPositions(
  mask: { readonly shape: readonly number[]; readonly data: ArrayLike<number> },
  shape: readonly number[],
): Uint8Array | undefined {
  const positions = shape.length === 1 ? shape : shape.slice(0, -1);
  const fits = [mask.shape, ...withoutOnes(mask.shape)].some(
    (axes) => axes.length <= positions.length && axes.every((axis, i) => axis === positions[i]),
  );
  const { data } = mask;
  if (!fits || !Array.prototype.includes.call(data, 0)) return undefined;
  const within = positions.reduce((product, axis) => product * axis, 1) / data.length;
  const out = new Uint8Array(data.length * within);
  for (let i = 0; i < data.length; i++) if (data[i] !== 0) out.fill(1, i * within, (i + 1) * within);
  return out;
}

function withoutOnes(shape: readonly number[]): (readonly number[])[] {
  if (shape.length < 2) return [];
  return [...(shape[0] === 1 ? [shape.slice(1)] : []), ...(shape.at(-1) === 1 ? [shape.slice(0, -1)] : [])];
}

/** Reads the masks of activations, each tensor once; of activations without a mask nothing. */
export async function readMasks(
  outputs: ReadonlyMap<string, { readonly tensor: tf.Tensor; readonly mask?: tf.Tensor | undefined }>,
): Promise<Map<string, Uint8Array>> {
  const tensors = [...new Set([...outputs.values()].flatMap(({ mask }) => mask ?? []))];
  const read = new Map(await Promise.all(tensors.map(async (mask) => [mask, await mask.data()] as const)));
  const masks = new Map<string, Uint8Array>();
  for (const [name, { tensor, mask }] of outputs) {
    const fitted = mask && maskOfPositions({ shape: mask.shape, data: read.get(mask)! }, tensor.shape);
    if (fitted) masks.set(name, fitted);
  }
  return masks;
}

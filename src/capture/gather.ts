/**
 * Whole layers in memory, out of a stream of batches.
 *
 * @module
 */
import { matrix, type FloatArray, type Matrix } from '../matrix.js';
import type { ActivationBatch } from './activations.js';
import { commonMask } from './grid.js';
import { datapoints, type PositionOptions } from './positions.js';

/**
 * Reads a pass to its end and gives every layer as datapoints × neurons. Layers on one grid take the same positions: those
 * that count in all of them.
 */
export async function gather(
  batches: AsyncIterable<ActivationBatch>,
  options: PositionOptions,
): Promise<Record<string, Matrix>> {
  const parts = new Map<string, Matrix[]>();
  for await (const { start, layers } of batches) {
    for (const [name, block] of layers) {
      const list = parts.get(name) ?? [];
      parts.set(name, list);
      const mask = commonMask(layers.values(), block.grid);
      list.push(datapoints(mask === undefined ? block : { ...block, mask }, { ...options, start }));
    }
  }
  return Object.fromEntries([...parts].map(([name, list]) => [name, stack(list)]));
}

function stack(parts: readonly Matrix[]): Matrix {
  if (parts.length === 1) return parts[0];
  const { cols } = parts[0];
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const float32 = parts.every((part) => part.data instanceof Float32Array);
  const data: FloatArray = float32 ? new Float32Array(rows * cols) : new Float64Array(rows * cols);
  let at = 0;
  for (const part of parts) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return matrix(rows, cols, data);
}

/**
 * Activations as a model gave them, made into blocks that can be trusted.
 *
 * @module
 */
import { DataError, ShapeError } from '../errors.js';
import { firstNotFinite } from '../matrix.js';
import type { ActivationBlock } from './activations.js';
import type { RawActivation } from './probe.js';
import { toBlock } from './spatial.js';

/**
 * Reads one layer's activation for a batch as a block.
 *
 * @param layer - how messages call it.
 * @param samples - samples in the batch; the layer must have as many.
 * @param start - global number of the first of them.
 * @throws ShapeError when samples are not the first axis; DataError naming sample, position and channel of a value that
 * is not finite.
 */
export function readBlock(
  raw: RawActivation,
  layer: string,
  samples: number,
  start: number,
): ActivationBlock {
  const block = toBlock(raw.shape, raw.data, layer);
  if (block.samples !== samples) {
    throw new ShapeError(
      `${layer} gives shape [${raw.shape.join(', ')}] for ${samples} samples: its first axis is not samples; leave it ` +
        "out by 'layers'",
    );
  }
  checkFiniteBlock(block, layer, start);
  return block;
}

/** Throws a {@link DataError} naming the place of the first value that is not finite. */
export function checkFiniteBlock(block: ActivationBlock, layer: string, start: number): void {
  const { grid, channels, data } = block;
  const at = firstNotFinite(data);
  if (at === -1) return;
  const size = grid[0] * grid[1];
  const position = Math.floor(at / channels) % size;
  const where = size === 1 ? '' : `position (${Math.floor(position / grid[1])}, ${position % grid[1]}), `;
  throw new DataError(
    `${layer} is ${data[at]} at sample ${start + Math.floor(at / (channels * size))}, ${where}channel ` +
      `${at % channels}: every activation must be finite`,
  );
}

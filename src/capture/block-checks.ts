/**
 * Activations as a model gave them, made into blocks that can be trusted.
 *
 * @module
 */
import { DataError, ShapeError } from '../errors.js';
import { firstNotFinite } from '../matrix.js';
import type { RawActivation } from './probe.js';
import { toBlock, type ReadBlock } from './spatial.js';

/**
 * Reads one layer's activation for a batch as a block.
 *
 * @param layer - how messages call it.
 * @param samples - samples in the batch; the layer must have as many.
 * @param start - global number of the first of them.
 * @throws ShapeError when samples are not the first axis; DataError naming sample, position and channel of a value that
 * is not finite.
 */
export function readBlock(raw: RawActivation, layer: string, samples: number, start: number): ReadBlock {
  const block = toBlock(raw.shape, raw.data, layer, raw.mask);
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
export function checkFiniteBlock(block: ReadBlock, layer: string, start: number): void {
  const { grid, channels, data, volume } = block;
  const at = firstNotFinite(data);
  if (at === -1) return;
  const size = grid[0] * grid[1];
  const position = Math.floor(at / channels) % size;
  const [row, col] = [Math.floor(position / grid[1]), position % grid[1]];
  const place = volume === undefined ? [row, col] : [Math.floor(row / volume[1]), row % volume[1], col];
  const where = size === 1 ? '' : `position (${place.join(', ')}), `;
  throw new DataError(
    `${layer} is ${data[at]} at sample ${start + Math.floor(at / (channels * size))}, ${where}channel ` +
      `${at % channels}: every activation must be finite`,
  );
}

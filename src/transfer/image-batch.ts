/**
 * Rows of a data set as the numbers that a network takes.
 *
 * @module
 */
import type { Change } from './augment.js';
import { axisSources } from './augment.js';
import type { LabelledImages } from './labelled-images.js';
import type { PixelScale } from './training.js';

/**
 * Gathers images, changes them and scales their pixels.
 *
 * @param rows - numbers of the images.
 * @param changes - one of each row.
 * @returns `rows × height × width × channels`
 */
export function imageBatch(
  { images, shape }: Pick<LabelledImages, 'images' | 'shape'>,
  rows: Uint32Array,
  { offset, scale }: PixelScale,
  changes?: readonly Change[],
): Float32Array {
  const [, height, width, channels] = shape;
  const size = height * width * channels;
  const out = new Float32Array(rows.length * size);
  rows.forEach((row, i) => {
    const image = images.subarray(row * size, (row + 1) * size);
    const change = changes?.[i];
    const into = out.subarray(i * size, (i + 1) * size);
    if (change === undefined) into.set(image);
    else moved(image, [height, width, channels], change, into);
  });
  for (let i = 0; i < out.length; i++) out[i] = (out[i] - offset) / scale;
  return out;
}

function moved(
  image: Uint8Array | Float32Array,
  [height, width, channels]: readonly [number, number, number],
  { flip, down, right }: Change,
  into: Float32Array,
): void {
  const rows = axisSources(height, down, false);
  const cols = axisSources(width, right, flip);
  let at = 0;
  for (const row of rows) {
    for (const col of cols) {
      const from = (row * width + col) * channels;
      for (let c = 0; c < channels; c++) into[at++] = image[from + c];
    }
  }
}

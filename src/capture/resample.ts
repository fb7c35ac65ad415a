/**
 * How one axis of an image becomes one of another length, by weights of neighbouring pixels.
 *
 * @module
 */

/** Ways to resize. */
export type ResizeMethod = 'bilinear' | 'nearest';

/** For each output position the input positions that it reads: `first[i]` and those after it, one for each weight. */
export interface Taps {
  readonly first: readonly number[];
  readonly weights: readonly (readonly number[])[];
}

/**
 * Weights of resizing one axis, pixels taken as squares whose centres lie at half numbers.
 *
 * `'bilinear'` is a triangle one pixel wide to each side, and `antialias` widens it with the factor of shrinking, so that no
 * pixel is skipped (PIL and torchvision do; `tf.image.resize` only when asked). At the borders the weights that fall outside are
 * left out, and the others add up to 1. `'nearest'` reads the pixel in which the centre falls.
 */
export function resizeTaps(from: number, to: number, method: ResizeMethod, antialias: boolean): Taps {
  const scale = from / to;
  const outputs = Array.from({ length: to }, (_, i) => i);
  if (method === 'nearest') {
    const first = outputs.map((i) => Math.min(Math.floor((i + 0.5) * scale), from - 1));
    return { first, weights: first.map(() => [1]) };
  }
  const reach = antialias ? Math.max(scale, 1) : 1;
  const first: number[] = [];
  const weights: number[][] = [];
  for (const i of outputs) {
    const centre = (i + 0.5) * scale;
    const low = Math.max(Math.floor(centre - reach + 0.5), 0);
    const high = Math.min(Math.floor(centre + reach + 0.5), from);
    const raw = Array.from({ length: high - low }, (_, j) =>
      Math.max(0, 1 - Math.abs(low + j + 0.5 - centre) / reach),
    );
    const sum = raw.reduce((total, weight) => total + weight, 0);
    first.push(low);
    weights.push(raw.map((weight) => weight / sum));
  }
  return { first, weights };
}

/** Every pixel of an axis as it is. */
export function sameTaps(length: number): Taps {
  const first = Array.from({ length }, (_, i) => i);
  return { first, weights: first.map(() => [1]) };
}

/** The outputs `start … start + length − 1` alone. */
export function cropTaps({ first, weights }: Taps, start: number, length: number): Taps {
  return { first: first.slice(start, start + length), weights: weights.slice(start, start + length) };
}

/** Whether every output is one input as it is. */
export function onlyPicks({ weights }: Taps): boolean {
  return weights.every((row) => row.length === 1);
}

/** The weights as a dense matrix `[to, from]`. */
export function denseWeights({ first, weights }: Taps, from: number): Float32Array {
  const out = new Float32Array(weights.length * from);
  weights.forEach((row, to) => row.forEach((weight, j) => (out[to * from + first[to] + j] = weight)));
  return out;
}

/**
 * Resamples an image `[height, width, channels]`, rows first and then columns.
 *
 * @param into - receives `[down outputs, across outputs, channels]`.
 */
export function resampleInto(
  into: Float32Array,
  data: ArrayLike<number>,
  width: number,
  channels: number,
  down: Taps,
  across: Taps,
): void {
  const row = new Float64Array(width * channels);
  let to = 0;
  for (let r = 0; r < down.first.length; r++) {
    row.fill(0);
    const weights = down.weights[r];
    for (let j = 0; j < weights.length; j++) {
      const from = (down.first[r] + j) * row.length;
      const weight = weights[j];
      for (let k = 0; k < row.length; k++) row[k] += weight * data[from + k];
    }
    for (let c = 0; c < across.first.length; c++) {
      const columns = across.weights[c];
      for (let channel = 0; channel < channels; channel++) {
        let sum = 0;
        let at = across.first[c] * channels + channel;
        for (let j = 0; j < columns.length; j++, at += channels) sum += columns[j] * row[at];
        into[to++] = sum;
      }
    }
  }
}

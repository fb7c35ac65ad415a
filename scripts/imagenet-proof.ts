/** What tells that ImageNet weights have arrived where they belong: photographs and what EfficientNet-Lite0 says of them. */
import type * as tf from '@tensorflow/tfjs';
import type { DecodedImage } from '../src/capture/images.js';
import { cropTaps, resampleInto, sameTaps } from '../src/capture/resample.js';
import type { Taps } from '../src/capture/resample.js';
import type { Tfjs } from '../src/capture/tfjs.js';

/** Side of the images that Lite0 was trained on, and what its own preprocessing leaves out around them. */
const SIDE = 224;
const MARGIN = 32;

/** A photograph and the probabilities that PyTorch gives with the same weights, preprocessed as by {@link centreCrop}. */
export interface Photo {
  readonly file: string;
  readonly classes: readonly {
    readonly index: number;
    readonly name: string;
    readonly probability: number;
  }[];
}

/** The first class of each is the likeliest. */
export const PHOTOS: readonly Photo[] = [
  { file: 'coffee.png', classes: [{ index: 967, name: 'espresso', probability: 0.951 }] },
  {
    file: 'chelsea.png',
    classes: [
      { index: 282, name: 'tiger cat', probability: 0.408 },
      { index: 285, name: 'Egyptian cat', probability: 0.34 },
    ],
  },
  { file: 'china.jpg', classes: [{ index: 698, name: 'palace', probability: 0.28 }] },
];

/** Largest difference from PyTorch that passes. */
export const TOLERANCE = 0.01;

/**
 * The square of 224 / 256 of the shorter side in the middle (one pixel later where a side cannot be halved), bicubic to 224 × 224:
 * the preprocessing of the original (`preprocessing.py` in tensorflow/tpu's efficientnet), with PIL's bicubic. That one pixel
 * takes the palace from .28 to .36.
 */
export function centreCrop({ height, width, channels, data }: DecodedImage): Float32Array {
  const side = Math.floor((SIDE / (SIDE + MARGIN)) * Math.min(height, width));
  const from = (length: number) => Math.floor((length - side + 1) / 2);
  const square = new Float32Array(side * side * channels);
  const rows = cropTaps(sameTaps(height), from(height), side);
  resampleInto(square, data, width, channels, rows, cropTaps(sameTaps(width), from(width), side));
  // PIL resizes along rows, then along columns, and has bytes after each.
  const taps = bicubicTaps(side, SIDE);
  const across = new Float32Array(side * SIDE * channels);
  resampleInto(across, square, side, channels, sameTaps(side), taps);
  const out = new Float32Array(SIDE * SIDE * channels);
  resampleInto(out, toBytes(across), SIDE, channels, taps, sameTaps(SIDE));
  return toBytes(out);
}

function toBytes(values: Float32Array): Float32Array {
  return values.map((value) => Math.min(255, Math.max(0, Math.floor(value + 0.5))));
}

/** Weights of PIL's bicubic filter: Keys's cubic with a = −½, widened with the factor of shrinking. */
function bicubicTaps(from: number, to: number): Taps {
  const scale = from / to;
  const wide = Math.max(scale, 1);
  const first: number[] = [];
  const weights: number[][] = [];
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * scale;
    const low = Math.max(Math.floor(centre - 2 * wide + 0.5), 0);
    const high = Math.min(Math.floor(centre + 2 * wide + 0.5), from);
    const raw = Array.from({ length: high - low }, (_, j) => keys((low + j + 0.5 - centre) / wide));
    const sum = raw.reduce((total, weight) => total + weight, 0);
    first.push(low);
    weights.push(raw.map((weight) => weight / sum));
  }
  return { first, weights };
}

function keys(at: number): number {
  const x = Math.abs(at);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/** The network's probabilities for an RGB photograph. */
export async function probabilities(
  tf: Tfjs,
  model: tf.LayersModel,
  image: DecodedImage,
): Promise<Float32Array> {
  const result = tf.tidy(() => {
    const pixels = tf.tensor4d(centreCrop(image), [1, SIDE, SIDE, 3]);
    return tf.softmax(model.predict(pixels.sub(127).div(128)) as tf.Tensor2D);
  });
  try {
    return (await result.data()) as Float32Array;
  } finally {
    result.dispose();
  }
}

/** What the probabilities say of a photograph, and whether it is what PyTorch says. */
export function verdict(
  photo: Photo,
  found: Float32Array,
): { readonly text: string; readonly passes: boolean } {
  const best = found.indexOf(Math.max(...found));
  const { classes } = photo;
  const passes =
    best === classes[0].index &&
    classes.every(({ index, probability }) => Math.abs(found[index] - probability) <= TOLERANCE);
  const told = classes.map(({ index, name, probability }) => {
    return `${name} ${found[index].toFixed(4)} (PyTorch ${probability.toFixed(3)})`;
  });
  const other = best === classes[0].index ? '' : `, but class ${best} ${found[best].toFixed(4)}`;
  return { text: `${photo.file}: ${told.join(', ')}${other}`, passes };
}

/**
 * A first convolution of synthetic Gabor filters.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { loadTfjs } from '../capture/tfjs.js';
import { OptionError, UnsupportedError } from '../errors.js';
import { knownKeys, show, wholeNumber } from '../options.js';
import { Random } from '../random.js';
import { gaborFilters, gaborKernel, type GaborFilter } from './gabor-kernels.js';
import { freshCopy } from './initialise.js';
import { discard } from './rebuild.js';
import { seedOf, streamOf } from './stream-of.js';
import { checkModel, weightedLayers, type WeightedLayer } from './weighted-layers.js';

/** Options of {@link gabor}; the defaults are the paper's. */
export interface GaborOptions {
  /** Which filters are taken where there are fewer than are made, and the fresh ones where there are more. @defaultValue 0 */
  readonly seed?: number;
  /** Number of orientations, spread evenly over half a turn. @defaultValue 16 */
  readonly orientations?: number;
  /** Cycles per pixel, above 0 and below 0.5. @defaultValue `[0.08, 0.16, 0.25, 0.32]` */
  readonly frequencies?: readonly number[];
  /** Standard deviation of the round envelope in pixels. @defaultValue 2 */
  readonly sigma?: number;
  /** Name of the two-dimensional convolution. @defaultValue the model's first */
  readonly layer?: string;
}

/** What {@link gabor} wrote. */
export interface GaborResult {
  /** Name of the layer, with the path in a nested model. */
  readonly layer: string;
  /** What each of its first filters is; those after them are fresh. */
  readonly filters: readonly GaborFilter[];
}

/**
 * Fills the first convolution of a model with Gabor filters, in place; its bias is fresh, and all other weights stay as they are
 * (`initialise` makes them fresh).
 *
 * Each filter is the real part of `skimage.filters.gabor_kernel` in the window of the layer's kernel, the same in every input
 * channel, so that colour images are filtered by brightness. It is scaled so that the root mean square of its weights is that of a
 * fresh draw from the layer's own initializer: filters of the formula's own height would give outputs of a size that the
 * following layers, initialised for another, do not expect, and a learning rate would mean something else.
 *
 * Of more filters than the layer has (64 by default), a random choice is taken, in their order; where it has more, the rest is
 * that fresh draw. In a window of 3 × 3 the lowest frequencies look much alike in all orientations.
 *
 * Synthetic Gabor filters: Raghu et al., *Transfusion*, NeurIPS 2019, arXiv 1902.07208.
 *
 * @throws OptionError for an option that cannot be used, and a layer that the model does not have.
 * @throws UnsupportedError where there is no two-dimensional convolution, or its kernel is smaller than 3 × 3.
 */
export async function gabor(model: tf.LayersModel, options: GaborOptions = {}): Promise<GaborResult> {
  checkModel('model', model);
  knownKeys('gabor', options, ['seed', 'orientations', 'frequencies', 'sigma', 'layer']);
  const seed = seedOf(options.seed);
  const orientations = wholeNumber('orientations', options.orientations ?? 16);
  const frequencies = checkFrequencies(options.frequencies ?? [0.08, 0.16, 0.25, 0.32]);
  const sigma = checkSigma(options.sigma ?? 2);
  const layers = weightedLayers(model);
  const place = convolution(layers, options.layer);
  const conv = layers[place];
  const [height, width, channels, count] = conv.weights[0].shape;

  const made = gaborFilters(orientations, frequencies);
  const random = new Random(seed, streamOf('gabor'));
  const taken = random.subsample(made.length, Math.min(count, made.length));
  const filters = Array.from(taken, (i) => made[i]);

  const { tensor, tidy } = await loadTfjs();
  const fresh = await freshCopy(model, seed, conv.layer.name);
  try {
    const drawn = weightedLayers(fresh)[place].weights;
    const values = Float32Array.from(await drawn[0].variable.data());
    const scale = rootMeanSquare(values);
    for (const [o, filter] of filters.entries()) {
      const kernel = gaborKernel(filter, sigma, height, width);
      const factor = scale / rootMeanSquare(kernel);
      kernel.forEach((value, position) => {
        for (let c = 0; c < channels; c++) values[(position * channels + c) * count + o] = factor * value;
      });
    }
    tidy(() => {
      conv.weights[0].variable.assign(tensor(values, [height, width, channels, count], 'float32'));
      for (const [i, weight] of conv.weights.entries()) if (i > 0) weight.variable.assign(drawn[i].variable);
    });
  } finally {
    discard(fresh);
  }
  return { layer: conv.name, filters };
}

/** Place of the convolution among the layers with weights. */
function convolution(layers: readonly WeightedLayer[], name: string | undefined): number {
  const place = layers.findIndex((layer) =>
    name === undefined ? layer.kind === 'Conv2D' : layer.name === name,
  );
  if (place < 0 && name !== undefined) {
    const known = layers.filter(({ kind }) => kind === 'Conv2D').map((layer) => layer.name);
    throw new OptionError(
      `layer '${name}' is none with weights: the model's convolutions are ${known.join(', ')}`,
    );
  }
  if (place < 0) throw new UnsupportedError('the model has no Conv2D layer that Gabor filters could fill');
  const { name: found, kind, weights } = layers[place];
  const [height, width] = weights[0].shape;
  if (kind !== 'Conv2D') {
    throw new UnsupportedError(`layer '${found}' is a ${kind}: Gabor filters fill a Conv2D`);
  }
  if (Math.min(height, width) < 3) {
    throw new UnsupportedError(
      `layer '${found}' has a kernel of ${height} × ${width}: a Gabor filter needs at least 3 × 3 pixels`,
    );
  }
  return place;
}

function rootMeanSquare(values: Float32Array | Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum / values.length);
}

function checkFrequencies(frequencies: unknown): readonly number[] {
  // At 0.5 pixels may meet the wave where it is 0, and nothing is left of the filter.
  const fit = (value: unknown) => typeof value === 'number' && value > 0 && value < 0.5;
  if (Array.isArray(frequencies) && frequencies.length > 0 && frequencies.every(fit))
    return frequencies as number[];
  throw new OptionError(
    `frequencies is ${show(frequencies)}: give an array of cycles per pixel, each above 0 and below 0.5`,
  );
}

function checkSigma(sigma: unknown): number {
  if (typeof sigma === 'number' && sigma > 0 && sigma < Infinity) return sigma;
  throw new OptionError(`sigma is ${show(sigma)}: give the envelope's standard deviation in pixels, above 0`);
}

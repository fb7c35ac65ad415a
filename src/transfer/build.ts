/**
 * What the networks of a study have in common: their options, and layers with stable names and seeded weights.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import type { Tfjs } from '../capture/tfjs.js';
import { OptionError, ShapeError } from '../errors.js';
import { knownKeys, show, wholeNumber } from '../options.js';
import { Random } from '../random.js';
import { streamOf } from './stream-of.js';

/** Options of every network of a study. */
export interface NetworkOptions {
  /** `[height, width, channels]` of one image; any size, down to 1 × 1. */
  readonly inputShape: readonly [height: number, width: number, channels: number];
  /** Outputs of the classifier; they are logits. */
  readonly classes: number;
  /** Multiplies the number of filters of every block. @defaultValue 1 */
  readonly width?: number;
  /**
   * Momentum of the running statistics of batch normalisation, as Keras counts it: the share that a step keeps. With 0.9
   * (PyTorch's default) less than 1 % of the initial statistics is left after 44 steps; Keras's 0.99 takes 459, more than many a
   * training on few images has, and the network would be evaluated with statistics that are not its own. @defaultValue 0.9
   */
  readonly momentum?: number;
  /** Decides every initial weight. @defaultValue 0 */
  readonly seed?: number;
}

/** {@link NetworkOptions}, checked and complete. */
export type ResolvedOptions = Required<NetworkOptions>;

/** Names that every network takes. */
const KEYS = ['inputShape', 'classes', 'width', 'momentum', 'seed'];

/**
 * @param what - how messages call the network.
 * @param more - options that this network has besides.
 * @throws OptionError, ShapeError
 */
export function networkOptions(
  what: string,
  options: NetworkOptions,
  more: readonly string[] = [],
): ResolvedOptions {
  if (typeof options !== 'object' || options === null) {
    throw new OptionError(`${what} takes options such as { inputShape: [28, 28, 1], classes: 2 }`);
  }
  knownKeys(what, options, [...KEYS, ...more]);
  const { inputShape, classes, width = 1, momentum = 0.9, seed = 0 } = options;
  const isShape = Array.isArray(inputShape) && inputShape.length === 3;
  if (!isShape || !inputShape.every((axis) => Number.isSafeInteger(axis) && axis >= 1)) {
    throw new ShapeError(
      `${what}: inputShape is ${show(inputShape)}: give [height, width, channels], for example [28, 28, 1]`,
    );
  }
  if (!Number.isFinite(width) || width <= 0) {
    throw new OptionError(`${what}: width is ${show(width)}: give a factor above 0, for example 0.5`);
  }
  if (!(typeof momentum === 'number' && momentum >= 0 && momentum < 1)) {
    throw new OptionError(`${what}: momentum is ${show(momentum)}: give a number from 0 to below 1`);
  }
  return {
    inputShape,
    classes: wholeNumber(`${what}: classes`, classes),
    width,
    momentum,
    seed: wholeNumber(`${what}: seed`, seed, 0),
  };
}

/**
 * Filter counts of each block: those given, or the family's times the width.
 *
 * @throws OptionError unless there is one whole number for each block
 */
export function blockWidths(
  what: string,
  given: readonly number[] | undefined,
  usual: readonly number[],
  width: number,
): readonly number[] {
  if (given === undefined) return usual.map((filters) => Math.max(1, Math.round(filters * width)));
  if (!Array.isArray(given) || given.length !== usual.length) {
    throw new OptionError(
      `${what}: widths is ${show(given)}: give ${usual.length} numbers of filters, one for each block`,
    );
  }
  if (width !== 1) {
    throw new OptionError(`${what} has both widths and width: widths says the filters of every block`);
  }
  return given.map((filters, i) => wholeNumber(`${what}: widths[${i}]`, filters));
}

/** Seed of a layer's weights: it depends on the layer's name and not on its place, and is never 0, which tfjs takes for no seed. */
export function layerSeed(seed: number, layer: string): number {
  return 1 + new Random(seed, streamOf(layer)).integer(0x7ffffffe);
}

/** Deviation of a standard normal that is cut off at two deviations: tfjs draws from such, and unlike Keras does not widen it. */
const CUT_OFF = 0.8796256610342398;

/** How the weights of a kind of layer are drawn: `VarianceScaling` of Keras without its seed. */
export interface Spread {
  readonly scale: number;
  readonly mode: 'fanIn' | 'fanOut';
  readonly distribution: 'normal' | 'uniform';
}

/** How a network's layers are made. */
export interface LayerKinds {
  /** Initial weights of convolutions. */
  readonly conv: Spread;
  /** Initial weights of the classifier. */
  readonly dense: Spread;
  /** Added to the variance in batch normalisation. */
  readonly epsilon: number;
  /** Upper bound of the activations. @defaultValue none: ReLU */
  readonly ceiling?: number;
}

/** Layers on a symbolic tensor; convolutions are without bias, which the batch normalisation behind them would undo. */
export class LayerMaker {
  constructor(
    readonly tf: Tfjs,
    private readonly options: ResolvedOptions,
    private readonly kinds: LayerKinds,
  ) {}

  input(): tf.SymbolicTensor {
    return this.tf.input({ shape: [...this.options.inputShape], name: 'input' });
  }

  conv(
    x: tf.SymbolicTensor,
    name: string,
    filters: number,
    kernelSize: number,
    strides = 1,
    padding: 'same' | 'valid' = 'same',
  ): tf.SymbolicTensor {
    const kernelInitializer = this.initializer(name, this.kinds.conv);
    const layer = this.tf.layers.conv2d({
      name,
      filters,
      kernelSize,
      strides,
      padding,
      useBias: false,
      kernelInitializer,
    });
    return layer.apply(x) as tf.SymbolicTensor;
  }

  depthwise(x: tf.SymbolicTensor, name: string, kernelSize: number, strides: number): tf.SymbolicTensor {
    const depthwiseInitializer = this.initializer(name, this.kinds.conv);
    const layer = this.tf.layers.depthwiseConv2d({
      name,
      kernelSize,
      strides,
      padding: 'same',
      useBias: false,
      depthwiseInitializer,
    });
    return layer.apply(x) as tf.SymbolicTensor;
  }

  norm(x: tf.SymbolicTensor, name: string): tf.SymbolicTensor {
    const { momentum } = this.options;
    const layer = this.tf.layers.batchNormalization({ name, momentum, epsilon: this.kinds.epsilon });
    return layer.apply(x) as tf.SymbolicTensor;
  }

  relu(x: tf.SymbolicTensor, name: string): tf.SymbolicTensor {
    const { ceiling } = this.kinds;
    const layer = this.tf.layers.reLU(ceiling === undefined ? { name } : { name, maxValue: ceiling });
    return layer.apply(x) as tf.SymbolicTensor;
  }

  pad(x: tf.SymbolicTensor, name: string, padding: number): tf.SymbolicTensor {
    const sides: [number, number] = [padding, padding];
    return this.tf.layers.zeroPadding2d({ name, padding: [sides, sides] }).apply(x) as tf.SymbolicTensor;
  }

  maxPool(x: tf.SymbolicTensor, name: string, padding: 'same' | 'valid'): tf.SymbolicTensor {
    const layer = this.tf.layers.maxPooling2d({ name, poolSize: 3, strides: 2, padding });
    return layer.apply(x) as tf.SymbolicTensor;
  }

  add(x: tf.SymbolicTensor, y: tf.SymbolicTensor, name: string): tf.SymbolicTensor {
    return this.tf.layers.add({ name }).apply([x, y]) as tf.SymbolicTensor;
  }

  /** Global average pooling and logits: the stage `head`. */
  model(input: tf.SymbolicTensor, x: tf.SymbolicTensor, name: string): tf.LayersModel {
    const pooled = this.tf.layers.globalAveragePooling2d({ name: 'head_gap' }).apply(x) as tf.SymbolicTensor;
    const kernelInitializer = this.initializer('head_logits', this.kinds.dense);
    const dense = this.tf.layers.dense({
      name: 'head_logits',
      units: this.options.classes,
      kernelInitializer,
    });
    return this.tf.model({ name, inputs: input, outputs: dense.apply(pooled) as tf.SymbolicTensor });
  }

  private initializer(name: string, { scale, mode, distribution }: Spread) {
    const seed = layerSeed(this.options.seed, name);
    const drawn = distribution === 'normal' ? scale / CUT_OFF ** 2 : scale;
    return this.tf.initializers.varianceScaling({ scale: drawn, mode, distribution, seed });
  }
}

/**
 * The architectures of a study by name.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { OptionError } from '../errors.js';
import { keyword, knownKeys } from '../options.js';
import type { NetworkOptions } from './build.js';
import { cbr } from './cbr.js';
import { efficientNetLite0 } from './efficientnet-lite0.js';
import { resNet50 } from './resnet50.js';

/** Families that {@link ModelSpec} can name. */
export type Family =
  'cbr-LargeT' | 'cbr-LargeW' | 'cbr-Small' | 'cbr-Tiny' | 'efficientNetLite0' | 'resNet50';

/** A network without weights, as JSON can say it. */
export interface ModelSpec {
  readonly family: Family;
  /** `[height, width, channels]` */
  readonly inputShape: readonly [height: number, width: number, channels: number];
  /** Outputs of the classifier. */
  readonly classes: number;
  /** Multiplies the number of filters of every block. @defaultValue 1 */
  readonly width?: number;
  /** Momentum of the running statistics of batch normalisation. @defaultValue 0.9, see {@link NetworkOptions} */
  readonly momentum?: number;
}

const BUILDERS: Readonly<Record<Family, (options: NetworkOptions) => Promise<tf.LayersModel>>> = {
  'cbr-LargeT': (options) => cbr('LargeT', options),
  'cbr-LargeW': (options) => cbr('LargeW', options),
  'cbr-Small': (options) => cbr('Small', options),
  'cbr-Tiny': (options) => cbr('Tiny', options),
  efficientNetLite0,
  resNet50,
};

/** Every {@link Family}. */
export const families: readonly Family[] = Object.freeze(Object.keys(BUILDERS) as Family[]);

/**
 * The network that a spec says, with fresh weights. The same spec and seed give the same weights to the bit.
 *
 * @throws OptionError, ShapeError; UnsupportedError when tfjs is not installed
 */
export async function buildModel(
  spec: ModelSpec,
  options: { readonly seed?: number } = {},
): Promise<tf.LayersModel> {
  if (typeof spec !== 'object' || spec === null) {
    throw new OptionError(
      "buildModel takes a spec such as { family: 'cbr-Tiny', inputShape: [28, 28, 1], classes: 2 }",
    );
  }
  knownKeys('a model', spec, ['family', 'inputShape', 'classes', 'width', 'momentum']);
  knownKeys('buildModel', options, ['seed']);
  const { family, ...rest } = spec;
  return BUILDERS[keyword('family', family, families)]({ ...rest, ...options });
}

/**
 * What is done to the data before a model sees them: a record of named steps, or a function.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { OptionError } from '../errors.js';
import { flag, keyword, knownKeys, show, wholeNumber } from '../options.js';
import { isChannelsFirst, type Layout } from './layout.js';
import type { ResizeMethod } from './resample.js';

/**
 * Where an image is brought to: `[height, width]`; one number for the shorter side, the other in proportion (rounded down); or
 * `'input'`, what the model takes.
 */
export type ImageSize = readonly [height: number, width: number] | number | 'input';

/** How images are resized. */
export interface Resize {
  readonly size: ImageSize;
  /** @defaultValue `'bilinear'` */
  readonly method?: ResizeMethod;
  /**
   * Averages over all pixels when shrinking, as PIL and torchvision do; `false` reads the nearest two by two alone, as
   * `tf.image.resize` does by default. @defaultValue `true`
   */
  readonly antialias?: boolean;
}

/**
 * Steps in this order, whatever the order of the keys: `channels`, `resize`, `crop`, `order`, then each value becomes
 * `(value · scale − mean) / std`, then `layout`. Steps left out change nothing.
 */
export interface PreprocessSteps {
  /**
   * 3 repeats grey as red, green and blue; 1 takes the luma 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), not rounded. Images from
   * files that are left out of it are RGB, or grey where the image and the model are both.
   */
  readonly channels?: 1 | 3;
  /** Half-pixel centres; values are not rounded. */
  readonly resize?: ImageSize | Resize;
  /** Keeps the middle; where a side cannot be halved, one pixel more is cut at its end. A number means a square. */
  readonly crop?: ImageSize;
  /** `'bgr'` turns the order of channels round. */
  readonly order?: 'rgb' | 'bgr';
  /** Factor, one for all channels or one for each. Pixels of files are 0 to 255. @defaultValue `1` */
  readonly scale?: number | readonly number[];
  /** Subtracted after scaling, one for all channels or one for each, in their final order. @defaultValue `0` */
  readonly mean?: number | readonly number[];
  /** Divides after that. @defaultValue `1` */
  readonly std?: number | readonly number[];
  /**
   * A convention in place of `order`, `scale`, `mean` and `std`, for pixels 0 to 255, by the names that Keras has for them: `'tf'`
   * gives −1 to 1; `'torch'` scales to 0 to 1 and takes the mean (0.485, 0.456, 0.406) and standard deviation (0.229, 0.224, 0.225)
   * of ImageNet; `'caffe'` takes the means 103.939, 116.779 and 123.68 from blue, green and red.
   */
  readonly normalise?: Normalisation;
  /** Where the model has its channels; `'channelsFirst'` puts them before rows and columns. @defaultValue `'channelsLast'` */
  readonly layout?: Layout;
}

/** Names of conventions; see {@link PreprocessSteps.normalise}. */
export type Normalisation = 'tf' | 'torch' | 'caffe';

/**
 * What is done to each batch before the model sees it: named steps, or a function of a batch `[samples, …]` and the name of the
 * model's input. A function runs within `tf.tidy` and returns as many samples as it was given, of the same batch always the same:
 * one that draws at random is refused in the second pass. Images from files come to it one at a time,
 * `[1, height, width, channels]`, values 0 to 255.
 */
export type Preprocess = PreprocessSteps | ((batch: tf.Tensor, input: string) => tf.Tensor);

/** {@link PreprocessSteps}, checked and filled in. */
export interface Recipe {
  readonly channels: 1 | 3 | undefined;
  readonly resize: Required<Resize> | undefined;
  readonly crop: ImageSize | undefined;
  readonly reversed: boolean;
  readonly scale: readonly number[];
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly channelsFirst: boolean;
}

const CONVENTIONS: Readonly<
  Record<Normalisation, Pick<PreprocessSteps, 'order' | 'scale' | 'mean' | 'std'>>
> = {
  tf: { scale: 1 / 127.5, mean: 1 },
  torch: { scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  caffe: { order: 'bgr', mean: [103.939, 116.779, 123.68] },
};

const STEPS = ['channels', 'resize', 'crop', 'order', 'scale', 'mean', 'std', 'normalise', 'layout'];

/** No step at all. */
export const NO_STEPS: Recipe = recipeOf('preprocess', {});

/** Checks the steps. @param name - how messages call them. @throws OptionError */
export function recipeOf(name: string, steps: PreprocessSteps): Recipe {
  if (typeof steps !== 'object' || steps === null) {
    throw new OptionError(
      `${name} is ${show(steps)}: give steps such as { resize: [224, 224], scale: 1 / 255 }, or a function`,
    );
  }
  knownKeys(name, steps, STEPS);
  const { channels, resize, crop, normalise } = steps;
  if (channels !== undefined && channels !== 1 && channels !== 3) {
    throw new OptionError(`${name}.channels is ${show(channels)}: choose 1 or 3`);
  }
  const given = (['order', 'scale', 'mean', 'std'] as const).find((key) => steps[key] !== undefined);
  if (normalise !== undefined && given !== undefined) {
    throw new OptionError(`${name} has both normalise and ${given}: '${normalise}' says what ${given} is`);
  }
  const values =
    normalise === undefined
      ? steps
      : CONVENTIONS[keyword(`${name}.normalise`, normalise, ['tf', 'torch', 'caffe'])];
  return {
    channels,
    resize: resize === undefined ? undefined : resizeOf(`${name}.resize`, resize),
    crop: crop === undefined ? undefined : sizeOf(`${name}.crop`, crop),
    reversed: keyword(`${name}.order`, values.order ?? 'rgb', ['rgb', 'bgr']) === 'bgr',
    scale: numbers(`${name}.scale`, values.scale ?? 1, true),
    mean: numbers(`${name}.mean`, values.mean ?? 0, false),
    std: numbers(`${name}.std`, values.std ?? 1, true),
    channelsFirst: isChannelsFirst(steps.layout),
  };
}

function resizeOf(name: string, resize: ImageSize | Resize): Required<Resize> {
  if (typeof resize !== 'object' || resize === null || Array.isArray(resize)) {
    return { size: sizeOf(name, resize as ImageSize), method: 'bilinear', antialias: true };
  }
  const { size, method = 'bilinear', antialias = true } = resize as Resize;
  knownKeys(name, resize, ['size', 'method', 'antialias']);
  return {
    size: sizeOf(`${name}.size`, size),
    method: keyword(`${name}.method`, method, ['bilinear', 'nearest']),
    antialias: flag(`${name}.antialias`, antialias),
  };
}

function sizeOf(name: string, size: ImageSize): ImageSize {
  if (size === 'input') return size;
  if (typeof size === 'number') return wholeNumber(name, size);
  if (!Array.isArray(size) || size.length !== 2) {
    throw new OptionError(`${name} is ${show(size)}: give [height, width], a number, or 'input'`);
  }
  return [wholeNumber(`${name}[0]`, size[0]), wholeNumber(`${name}[1]`, size[1])];
}

function numbers(name: string, given: number | readonly number[], notZero: boolean): readonly number[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  const good = list.every((value) => Number.isFinite(value) && !(notZero && value === 0));
  if (good && list.length > 0) return list as readonly number[];
  throw new OptionError(
    `${name} is ${show(given)}: give a finite number${notZero ? ' other than 0' : ''}, or one for each channel`,
  );
}

/**
 * Which pixels an image's resizing and cropping read.
 *
 * @module
 */
import { OptionError, ShapeError } from '../errors.js';
import type { ImageSize, Recipe } from './preprocess.js';
import type { InputInfo } from './probe.js';
import { cropTaps, resizeTaps, sameTaps } from './resample.js';
import type { Taps } from './resample.js';

/** The rows and columns of an image that a recipe gives, each by what it reads. */
export interface Geometry {
  readonly down: Taps;
  readonly across: Taps;
}

/**
 * Resizing, then cropping, of an image of `height × width`.
 *
 * @param image - how messages call it.
 * @throws ShapeError where the image is smaller than what is cut out of it; OptionError for `'input'` where the model's input has
 * no fixed size.
 */
export function geometryOf(
  { resize, crop, channelsFirst }: Recipe,
  height: number,
  width: number,
  input: InputInfo,
  image: string,
): Geometry {
  let [down, across] = [sameTaps(height), sameTaps(width)];
  if (resize !== undefined) {
    const [rows, cols] = resolve(resize.size, 'resize', height, width, input, channelsFirst);
    down = resizeTaps(height, rows, resize.method, resize.antialias);
    across = resizeTaps(width, cols, resize.method, resize.antialias);
  }
  if (crop === undefined) return { down, across };
  const [wide, high] = [across.first.length, down.first.length];
  const [rows, cols] =
    typeof crop === 'number' ? [crop, crop] : resolve(crop, 'crop', high, wide, input, channelsFirst);
  if (rows > high || cols > wide) {
    throw new ShapeError(
      `${image} is ${high} × ${wide}${resize === undefined ? '' : ' after resizing'}, and ${rows} × ${cols} are to be cut ` +
        'out of it: resize it to at least that',
    );
  }
  return {
    down: cropTaps(down, Math.floor((high - rows) / 2), rows),
    across: cropTaps(across, Math.floor((wide - cols) / 2), cols),
  };
}

function resolve(
  size: ImageSize,
  step: string,
  height: number,
  width: number,
  { name, shape }: InputInfo,
  channelsFirst: boolean,
): readonly [number, number] {
  if (size === 'input') {
    const [rows, cols] = channelsFirst ? shape.slice(2) : shape.slice(1);
    if (shape.length === 4 && typeof rows === 'number' && typeof cols === 'number') return [rows, cols];
    throw new OptionError(
      `preprocess: ${step} is 'input', and the input '${name}' of the model has the shape [${shape.map((axis) => axis ?? '?').join(', ')}]: ` +
        'give [height, width]',
    );
  }
  if (typeof size !== 'number') return size;
  const [short, long] = [Math.min(height, width), Math.max(height, width)];
  const other = Math.floor((size * long) / short);
  return height <= width ? [size, other] : [other, size];
}

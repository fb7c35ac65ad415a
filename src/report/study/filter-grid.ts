/**
 * Filters of a convolution as one picture.
 *
 * @module
 */
import { interpolateRdBu } from 'd3-scale-chromatic';
import { pngUri } from '../png.js';

/** Filters beside each other, and filters that are drawn. */
const ACROSS = 8;
export const MOST_FILTERS = 64;
/** Most pixels of a side of a filter, and between two. */
const SIDE = 28;
const GAP = 2;

/** A kernel and its shape `[height, width, channels, filters]`. */
export interface Kernel {
  readonly weights: readonly number[];
  readonly shape: readonly [number, number, number, number];
}

/** Where everything of a picture stands, in pixels. */
export interface GridLayout {
  readonly width: number;
  readonly height: number;
  /** Of a weight. */
  readonly pixel: number;
  /** Corner and size of a filter. */
  readonly box: (filter: number) => {
    readonly x: number;
    readonly y: number;
    readonly width: number;
    readonly height: number;
  };
  readonly drawn: number;
}

/** Lays out the filters of a kernel, {@link MOST_FILTERS} at most. */
export function gridLayout([height, width, , filters]: Kernel['shape']): GridLayout {
  const pixel = Math.max(1, Math.floor(SIDE / Math.max(height, width)));
  const [w, h] = [width * pixel, height * pixel];
  const drawn = Math.min(filters, MOST_FILTERS);
  return {
    width: Math.min(ACROSS, drawn) * (w + GAP) - GAP,
    height: Math.ceil(drawn / ACROSS) * (h + GAP) - GAP,
    pixel,
    box: (filter) => ({
      x: (filter % ACROSS) * (w + GAP),
      y: Math.floor(filter / ACROSS) * (h + GAP),
      width: w,
      height: h,
    }),
    drawn,
  };
}

/** Greatest size of a weight of each filter, over several kernels of one shape. */
export function filterScales(kernels: readonly Kernel[]): number[] {
  const [, , channels, filters] = kernels[0].shape;
  return Array.from({ length: filters }, (_, filter) => {
    const sizes = kernels.flatMap((kernel) => drawnValues(kernel, filter).map(Math.abs));
    return channels === 0 ? 0 : sizes.filter(Number.isFinite).reduce((most, size) => Math.max(most, size), 0);
  });
}

/**
 * A picture of the filters, transparent between them. Filters of 3 channels are in red, green and blue with zero as middle grey;
 * others from blue (negative) over white to red, by their mean over the channels.
 *
 * @param most - what is 1 of each filter
 * @returns the address of a PNG
 */
export function filterPicture(kernel: Kernel, most: readonly number[]): string {
  const layout = gridLayout(kernel.shape);
  const rgba = new Uint8Array(layout.width * layout.height * 4);
  const columns = kernel.shape[1];
  for (let filter = 0; filter < layout.drawn; filter++) {
    const { x, y, width, height } = layout.box(filter);
    const colours = filterColours(kernel, filter, most[filter]);
    for (let row = 0; row < height; row++) {
      for (let col = 0; col < width; col++) {
        const weight = Math.floor(row / layout.pixel) * columns + Math.floor(col / layout.pixel);
        rgba.set(colours[weight], ((y + row) * layout.width + x + col) * 4);
      }
    }
  }
  return pngUri(rgba, layout.width, layout.height);
}

/** Red, green, blue and alpha of each weight of a filter, row by row. */
export function filterColours(kernel: Kernel, filter: number, most: number): number[][] {
  const channels = drawnChannels(kernel);
  const values = drawnValues(kernel, filter).map((value) => (most > 0 ? limit(value / most) : 0));
  return Array.from({ length: values.length / channels }, (_, at) =>
    channels === 3
      ? [...values.slice(at * 3, at * 3 + 3).map((value) => Math.round((value + 1) * 127.5)), 255]
      : [...diverging(values[at]), 255],
  );
}

/** Red, green and blue of a value from −1 (blue) to 1 (red). */
export function diverging(unit: number): number[] {
  return (interpolateRdBu((1 - unit) / 2).match(/\d+/g) ?? []).slice(0, 3).map(Number);
}

function drawnChannels({ shape }: Kernel): number {
  return shape[2] === 3 ? 3 : 1;
}

/** What is drawn of a filter: all three channels, or the mean of any other number. */
function drawnValues({ weights, shape }: Kernel, filter: number): number[] {
  const [height, width, channels, filters] = shape;
  const at = (place: number, channel: number): number =>
    weights[(place * channels + channel) * filters + filter];
  return Array.from({ length: height * width }, (_, place) => {
    const values = Array.from({ length: channels }, (_channel, channel) => at(place, channel));
    return channels === 3 ? values : [values.reduce((sum, value) => sum + value, 0) / channels];
  }).flat();
}

function limit(part: number): number {
  return Number.isFinite(part) ? Math.max(-1, Math.min(1, part)) : 0;
}

/**
 * Drawing some of the images of a data set, class by class.
 *
 * @module
 */
import { OptionError } from '../errors.js';
import { wholeNumber } from '../options.js';
import { Random } from '../random.js';
import { classCounts, pickImages } from './labelled-images.js';
import type { LabelledImages } from './labelled-images.js';

/** Labels without their images, which may not be in memory yet. */
export type LabelsOnly = Pick<LabelledImages, 'labels' | 'task' | 'classes'>;

/** Places of images, ascending. */
export interface Draw {
  readonly taken: Uint32Array;
  readonly rest: Uint32Array;
}

/**
 * `count` of the images. Of `'classes'` each class keeps its share (largest remainders), and at least one image where there are
 * as many as classes; of `'labels'` any images are as likely. More images with the same seed contain those of fewer, but for
 * the rounding of the shares.
 *
 * @param seed - the same seed draws the same images.
 * @returns images in the order of `data`.
 * @throws OptionError where there are not so many
 */
export function subset(data: LabelledImages, count: number, seed = 0): LabelledImages {
  if (count === data.shape[0]) return data;
  return pickImages(data, drawImages(data, count, seed).taken);
}

/**
 * Parts data in two that have no image in common, each with the same share of every class, as {@link subset} draws.
 *
 * @param count - images that are taken off.
 * @throws OptionError where less than one image would be left
 */
export function splitOff(
  data: LabelledImages,
  count: number,
  seed = 0,
): { readonly rest: LabelledImages; readonly taken: LabelledImages } {
  if (count >= data.shape[0]) {
    throw new OptionError(`count is ${count} of ${data.shape[0]} images: none would be left; take fewer off`);
  }
  const { taken, rest } = drawImages(data, count, seed);
  return { rest: pickImages(data, rest), taken: pickImages(data, taken) };
}

/**
 * The places that {@link subset} takes and leaves.
 *
 * @param purpose - keeps draws of one seed apart, 0 … 255.
 * @throws OptionError where there are not so many
 */
export function drawImages(data: LabelsOnly, count: number, seed = 0, purpose = 0): Draw {
  const { labels, task, classes } = data;
  const total = task === 'classes' ? labels.length : labels.length / classes.length;
  wholeNumber('count', count);
  if (!Number.isSafeInteger(seed)) throw new OptionError(`seed is ${String(seed)}: give a whole number`);
  if (count > total) throw new OptionError(`count is ${count}, and there are ${total} images: take fewer`);
  const isTaken = new Uint8Array(total);
  const stream = STREAM + (purpose << 16);
  if (task === 'labels') {
    for (const place of new Random(seed, stream).permutation(total).subarray(0, count)) isTaken[place] = 1;
  } else {
    const members = classes.map((): number[] => []);
    labels.forEach((label, place) => members[label].push(place));
    const shares = apportion(classCounts(data), count);
    members.forEach((places, k) => {
      const order = new Random(seed, stream + k).permutation(places.length);
      for (const i of order.subarray(0, shares[k])) isTaken[places[i]] = 1;
    });
  }
  const places = Uint32Array.from(isTaken, (_, i) => i);
  return { taken: places.filter((i) => isTaken[i] === 1), rest: places.filter((i) => isTaken[i] === 0) };
}

/** Keeps these draws apart from all others that use the same seed. */
const STREAM = 0x5b000000;

/** Divides `count` in proportion to `sizes`; none gets more than its size. */
function apportion(sizes: readonly number[], count: number): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const quotas = sizes.map((size) => (count * size) / total);
  const least = count >= sizes.filter((size) => size > 0).length ? 1 : 0;
  const shares = quotas.map((quota, k) => Math.min(sizes[k], Math.max(least, Math.floor(quota))));
  // The class that is furthest below or above its quota is put right first; of equals the first.
  const owed = (k: number): number => quotas[k] - shares[k];
  for (let sum = shares.reduce((a, b) => a + b, 0); sum !== count; sum += sum < count ? 1 : -1) {
    const short = sum < count;
    const candidates = sizes
      .map((_, k) => k)
      .filter((k) => (short ? shares[k] < sizes[k] : shares[k] > least));
    const best = candidates.reduce((a, b) => ((short ? owed(b) > owed(a) : owed(b) < owed(a)) ? b : a));
    shares[best] += short ? 1 : -1;
  }
  return shares;
}

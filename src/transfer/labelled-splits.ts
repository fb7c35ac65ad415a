/**
 * Which images of a data set are trained on, which choose the weights to keep, and which are only looked at in the end.
 *
 * @module
 */
import { DataError, OptionError } from '../errors.js';
import { classCounts } from './labelled-images.js';
import type { Splits } from './labelled-images.js';
import { drawImages } from './labelled-draw.js';
import type { LabelsOnly } from './labelled-draw.js';
import type { DataSpec } from './plan.js';

/** Name of a part. */
export type PartName = keyof Splits;

/** Labels of the parts that a data set has. */
export type PartLabels = { readonly train: LabelsOnly } & Partial<Record<PartName, LabelsOnly>>;

/** Images of one part of a study. */
export interface PartPlaces {
  /** The part of the data set that holds them. */
  readonly of: PartName;
  /** Their places in it, ascending. */
  readonly places: Uint32Array;
}

/** What {@link drawSplits} decides. */
export interface DrawnSplits {
  readonly parts: Readonly<Record<PartName, PartPlaces>>;
  readonly warnings: readonly string[];
}

/** Of data without such a part: a fifth of the images is for the test, and a tenth of the others for validation. */
const SHARE = { test: 0.2, validation: 0.1 };

/**
 * Draws each part. One that the data have not is split off the training images, before those are drawn: which images validate
 * and test does not depend on how many train.
 *
 * @throws OptionError for more images than there are; DataError where a class has nothing to train on
 */
export function drawSplits(
  given: PartLabels,
  spec: Pick<DataSpec, 'train' | 'validation' | 'test' | 'seed'>,
): DrawnSplits {
  const { seed = 0 } = spec;
  const warnings: string[] = [];
  let left = Uint32Array.from({ length: countOf(given.train) }, (_, i) => i);
  const part = (name: 'test' | 'validation', purpose: number): PartPlaces => {
    const own = given[name];
    if (own !== undefined) return { of: name, places: draw(own, name, spec[name], seed, purpose) };
    const count = spec[name] ?? Math.max(1, Math.round(left.length * SHARE[name]));
    if (count >= left.length) {
      throw new OptionError(
        `${name} is ${count}, and the data have no such part and ${left.length} images to take it from: take fewer`,
      );
    }
    const { taken, rest } = drawImages(at(given.train, left), count, seed, purpose);
    warnings.push(`the data have no ${name} images: ${count} were split off the training images`);
    const places = taken.map((i) => left[i]);
    left = rest.map((i) => left[i]);
    return { of: 'train', places };
  };
  const test = part('test', 1);
  const validation = part('validation', 2);
  const chosen = draw(at(given.train, left), 'train', spec.train, seed, 3);
  const train: PartPlaces = { of: 'train', places: chosen.map((i) => left[i]) };
  checkTrained(at(given.train, train.places));
  return { parts: { train, validation, test }, warnings };
}

/** Labels of some of the images. */
export function at({ labels, task, classes }: LabelsOnly, places: Uint32Array): LabelsOnly {
  const width = task === 'classes' ? 1 : classes.length;
  const own = new Int32Array(places.length * width);
  places.forEach((place, i) => {
    own.set(labels.subarray(place * width, (place + 1) * width), i * width);
  });
  return { labels: own, task, classes };
}

function countOf({ labels, task, classes }: LabelsOnly): number {
  return task === 'classes' ? labels.length : labels.length / classes.length;
}

function draw(
  data: LabelsOnly,
  name: PartName,
  count: number | undefined,
  seed: number,
  purpose: number,
): Uint32Array {
  const total = countOf(data);
  if (count !== undefined && count > total) {
    throw new OptionError(`${name} is ${count}, and there are ${total} ${name} images: take fewer`);
  }
  return drawImages(data, count ?? total, seed, purpose).taken;
}

function checkTrained(data: LabelsOnly): void {
  if (data.task === 'labels') return;
  const missing = classCounts(data).indexOf(0);
  if (missing === -1) return;
  throw new DataError(
    `no training image is of the class '${data.classes[missing]}': take more, or name those that count in 'only'`,
  );
}

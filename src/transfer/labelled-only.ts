/**
 * Some of the classes of a data set.
 *
 * @module
 */
import { OptionError } from '../errors.js';
import { show } from '../options.js';
import type { LabelsOnly } from './labelled-draw.js';

/** Images of the classes that were asked for. */
export interface Kept {
  /** Their places among all, ascending. */
  readonly places: Uint32Array;
  /** Numbered in the order that was asked for. */
  readonly labels: LabelsOnly;
}

/**
 * The images of the classes named, which are numbered in that order.
 *
 * @throws OptionError for an unknown class, one named twice, or labels, of which an image can have several
 */
export function onlyClasses({ labels, task, classes }: LabelsOnly, only: readonly string[]): Kept {
  if (task === 'labels') {
    throw new OptionError(
      'only is for classes: an image of these data can have several labels; leave it out',
    );
  }
  const numbers = new Map<number, number>();
  only.forEach((name, number) => {
    const found = classes.indexOf(name);
    if (found === -1) {
      throw new OptionError(`only names ${show(name)}: the classes are ${classes.join(', ')}`);
    }
    if (numbers.has(found)) throw new OptionError(`only names ${show(name)} twice: name it once`);
    numbers.set(found, number);
  });
  const all = Uint32Array.from(labels, (_, i) => i);
  const places = all.filter((i) => numbers.has(labels[i]));
  const own = Int32Array.from(places, (place) => numbers.get(labels[place])!);
  return { places, labels: { labels: own, task, classes: only } };
}

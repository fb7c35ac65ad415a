/**
 * Names of the classes of public data sets, whose files have numbers alone.
 *
 * @module
 */

/** By the beginning of the file's name. Of MedMNIST as its package `medmnist` 3.0.2 has them. */
const KNOWN: readonly (readonly [name: RegExp, classes: readonly string[]])[] = [
  [/^pneumoniamnist/i, ['normal', 'pneumonia']],
  [/^breastmnist/i, ['malignant', 'normal, benign']],
  [
    /^chestmnist/i,
    [
      'atelectasis',
      'cardiomegaly',
      'effusion',
      'infiltration',
      'mass',
      'nodule',
      'pneumonia',
      'pneumothorax',
      'consolidation',
      'edema',
      'emphysema',
      'fibrosis',
      'pleural',
      'hernia',
    ],
  ],
  [
    /^fashion[-_]?mnist/i,
    [
      'T-shirt/top',
      'trouser',
      'pullover',
      'dress',
      'coat',
      'sandal',
      'shirt',
      'sneaker',
      'bag',
      'ankle boot',
    ],
  ],
  [/^mnist/i, Array.from({ length: 10 }, (_, digit) => String(digit))],
];

/**
 * Names for `count` classes of a file of this name; `class 0` and so on where it is none that is known.
 *
 * @param file - its name without folders.
 */
export function classNames(file: string, count: number): string[] {
  const known = KNOWN.find(([name, classes]) => name.test(file) && classes.length === count);
  return known === undefined ? Array.from({ length: count }, (_, i) => `class ${i}`) : [...known[1]];
}

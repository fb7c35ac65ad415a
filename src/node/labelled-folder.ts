/**
 * Labelled images of a folder with one subfolder a class.
 *
 * @module
 */
import { join } from 'node:path';
import type { DecodedImage } from '../capture/images.js';
import { DataError } from '../errors.js';
import { resizer } from '../transfer/labelled-resize.js';
import type { PartName } from '../transfer/labelled-splits.js';
import { readBytes } from './files.js';
import { decodeImage } from './images.js';
import { labelsOf } from './images-labels.js';
import { listImages } from './images-list.js';
import type { ImagesOnly, LabelledSource, Reading } from './labelled-source.js';

/** Folders that hold parts, as data sets call them. */
const PARTS: Readonly<Record<string, PartName>> = {
  train: 'train',
  training: 'train',
  val: 'validation',
  valid: 'validation',
  validation: 'validation',
  test: 'test',
  testing: 'test',
};

/**
 * Opens a folder: `CLASS/image.png`, or `train/CLASS/image.png` beside `val` and `test`.
 *
 * @throws DataError where there is no image, an image is in no class, or folders of parts and others are mixed
 */
export async function folderSource(path: string): Promise<LabelledSource> {
  const { root, images } = await listImages(path);
  if (images.length === 0) {
    throw new DataError(`'${path}' holds no images: .png, .jpg and .jpeg are read, one subfolder a class`);
  }
  const files = images.map((image) => image.path);
  const partOf = partsOf(files, path);
  const inner = partOf === undefined ? files : files.map((file) => file.slice(file.indexOf('/') + 1));
  const { labels, classes } = await labelsOf('folders', root, inner);
  const parts = new Map<PartName, { files: string[]; labels: number[] }>();
  files.forEach((file, i) => {
    const name = partOf?.(file) ?? 'train';
    const part = parts.get(name) ?? { files: [], labels: [] };
    part.files.push(file);
    part.labels.push(labels![i]);
    parts.set(name, part);
  });
  const entries = [...parts].map(([name, part]) => [
    name,
    { labels: Int32Array.from(part.labels), task: 'classes' as const, classes: classes! },
  ]);
  return {
    parts: Object.fromEntries(entries) as unknown as LabelledSource['parts'],
    warnings: [],
    read: (name, places, reading) => {
      const wanted = Array.from(places, (place) => parts.get(name)!.files[place]);
      return readImages(root, wanted, reading);
    },
  };
}

/** How to tell the part of a file by its folder, where the first folders are parts. */
function partsOf(files: readonly string[], path: string): ((file: string) => PartName) | undefined {
  const firsts = [...new Set(files.map((file) => file.split('/')[0]))];
  const named = firsts.filter((name) => Object.hasOwn(PARTS, name.toLowerCase()));
  if (!named.some((name) => PARTS[name.toLowerCase()] === 'train')) return undefined;
  const stranger = firsts.find((name) => !named.includes(name));
  if (stranger !== undefined) {
    throw new DataError(
      `'${path}' holds '${stranger}' beside ${named.join(', ')}: keep folders of parts (train, val, test) by themselves`,
    );
  }
  return (file) => PARTS[file.slice(0, file.indexOf('/')).toLowerCase()];
}

/** Decodes images one by one, and brings each to the size of all. */
async function readImages(root: string, files: readonly string[], reading: Reading): Promise<ImagesOnly> {
  const decoded: Uint8Array[] = [];
  let size = reading.size;
  let first: { readonly file: string; readonly channels: number } | undefined;
  let coloured = false;
  for (const file of files) {
    reading.signal?.throwIfAborted();
    const name = join(root, file);
    const image = await decodeImage(await readBytes(name), name);
    size ??= [image.height, image.width];
    first ??= { file, channels: image.channels };
    if (reading.size === undefined && (image.height !== size[0] || image.width !== size[1])) {
      throw new DataError(
        `'${name}' has ${image.height} × ${image.width} pixels, and '${first.file}' has ${size.join(' × ')}: give 'size', as [64, 64]`,
      );
    }
    coloured ||= image.channels === 3;
    decoded.push(resized(image, size));
    reading.onProgress?.({ stage: 'reading images', done: decoded.length, total: files.length });
  }
  const [height, width] = size!;
  const channels = coloured ? 3 : 1;
  const length = height * width * channels;
  const images = new Uint8Array(files.length * length);
  decoded.forEach((image, i) => {
    // Grey ones among coloured ones are repeated.
    if (image.length === length) images.set(image, i * length);
    else image.forEach((value, k) => images.fill(value, i * length + 3 * k, i * length + 3 * k + 3));
  });
  return { images, shape: [files.length, height, width, channels] };
}

function resized(
  { data, height, width, channels }: DecodedImage,
  size: readonly [number, number],
): Uint8Array {
  if (height === size[0] && width === size[1]) return data;
  const into = new Uint8Array(size[0] * size[1] * channels);
  resizer([height, width], size, channels)(data, into);
  return into;
}

/**
 * Folders of images as data for models.
 *
 * @module
 */
import { join } from 'node:path';
import type { DecodedImage, ImageBatch } from '../capture/images.js';
import type { LazySamples } from '../capture/source.js';
import { DataError, FormatError } from '../errors.js';
import { flag, knownKeys, wholeNumber } from '../options.js';
import { readBytes } from './files.js';
import { folderFingerprint } from './images-fingerprint.js';
import { decodeJpeg } from './images-jpeg.js';
import { isJpeg } from './images-jpeg-markers.js';
import { labelsOf } from './images-labels.js';
import type { LabelSource } from './images-labels.js';
import { listImages } from './images-list.js';
import { decodePng, isPng } from './images-png.js';

/** How an image file is decoded. */
export interface DecodeOptions {
  /** Turns JPEGs as their EXIF orientation says; PIL, TensorFlow and torchvision do not by themselves. @defaultValue `false` */
  readonly orient?: boolean;
  /** Images of more pixels are refused before memory for them is asked for. @defaultValue 100 million */
  readonly maxPixels?: number;
}

/** Options of {@link imageFolder}. */
export interface ImageFolderOptions extends DecodeOptions {
  /**
   * Where labels are: `'folders'`: the first folder of each path is its class; the path of a CSV file with the columns `file` and
   * `label`; `'none'`. @defaultValue `labels.csv` in the folder where there is one, else `'folders'` where every image is in one
   */
  readonly labels?: LabelSource;
}

/** Images of a folder: give it as `data`. Files are opened one at a time, when they are needed. */
export interface ImageFolder extends LazySamples {
  /** Number of images. */
  readonly samples: number;
  /** Their paths in the order of the samples, from the folder on, with `/`. */
  readonly files: readonly string[];
  /** For each sample the number of its class in `classes`. */
  readonly labels: Int32Array | undefined;
  /** Names of the classes: numbers in their order, else by code points. */
  readonly classes: readonly string[] | undefined;
  /**
   * Tells versions of the folder apart, wherever it lies: of paths, sizes and contents up to 64 MiB together; beyond that, of
   * contents in the middle of 1,024 files spread over it.
   */
  readonly fingerprint: string;
  /** Images `from … to − 1` in batches, to be decoded one by one. */
  read(range: { readonly from: number; readonly to: number }, batchSize: number): AsyncIterable<ImageBatch>;
}

/**
 * Opens a folder of PNG and JPEG files, with all folders below it, or those that a glob names.
 *
 * Samples are in the order of their paths, folder by folder, names compared by code points: `a/2.png` comes before `a/10.png` only
 * where numbers are padded. Names that begin with a dot are left out. Which format a file has is told by its content.
 *
 * Pixels are 0 to 255, grey or RGB, and are those that PIL gives: transparency is dropped, 16 bits become 8 (rounded), colour
 * profiles and (unless `orient`) EXIF orientation are not applied. Images may differ in size where `preprocess` brings them to one.
 *
 * @param path - a folder, or a glob such as `'photos/**\/*.jpg'`
 * @throws DataError where there is no image, a file cannot be read, or a label is missing; OptionError for a bad option. While
 * reading: FormatError for a damaged image, with the byte where it is damaged; UnsupportedError for kinds of JPEG that are not
 * read (CMYK, lossless, arithmetic, 12 bits).
 * @example
 * ```ts
 * import { compare } from 'svcca';
 * import { imageFolder } from 'svcca/node';
 *
 * const photos = await imageFolder('photos');
 * await compare(a, b, photos, { preprocess: { resize: 256, crop: 224, normalise: 'torch' } });
 * ```
 */
export async function imageFolder(path: string, options: ImageFolderOptions = {}): Promise<ImageFolder> {
  knownKeys('imageFolder', options, ['labels', 'orient', 'maxPixels']);
  const decoding = checked(options);
  const { root, images } = await listImages(path);
  if (images.length === 0) {
    throw new DataError(`'${path}' holds no images: .png, .jpg and .jpeg are read`);
  }
  const files = images.map((image) => image.path);
  const { labels, classes } = await labelsOf(options.labels, root, files);
  return {
    samples: files.length,
    files,
    labels,
    classes,
    fingerprint: await folderFingerprint(root, images),
    async *read({ from, to }, batchSize) {
      for (let start = from; start < to; start += batchSize) {
        const images = files.slice(start, Math.min(start + batchSize, to)).map((file) => async () => {
          const name = join(root, file);
          return decode(await readBytes(name), name, decoding);
        });
        yield { images };
      }
    },
  };
}

/**
 * Decodes one PNG or JPEG file in memory, as {@link imageFolder} does.
 *
 * @param name - how messages call the file.
 * @throws FormatError, UnsupportedError; OptionError for a bad option
 */
export async function decodeImage(
  bytes: Uint8Array,
  name = 'the image',
  options: DecodeOptions = {},
): Promise<DecodedImage> {
  knownKeys('decodeImage', options, ['orient', 'maxPixels']);
  return decode(bytes, name, checked(options));
}

function checked({ orient = false, maxPixels = 100e6 }: DecodeOptions): Required<DecodeOptions> {
  return { orient: flag('orient', orient), maxPixels: wholeNumber('maxPixels', maxPixels) };
}

async function decode(
  bytes: Uint8Array,
  name: string,
  { orient, maxPixels }: Required<DecodeOptions>,
): Promise<DecodedImage> {
  const check = (height: number, width: number, offset: number): void => {
    if (height * width <= maxPixels) return;
    throw new FormatError(
      `${name} declares ${width} × ${height} pixels, more than maxPixels allows (${maxPixels}): raise it if the file is trusted`,
      { offset },
    );
  };
  if (isPng(bytes)) return decodePng(bytes, name, check);
  if (isJpeg(bytes)) return decodeJpeg(bytes, name, { orient, check });
  const what = bytes.length === 0 ? 'is empty' : 'is neither a PNG nor a JPEG file';
  throw new FormatError(`${name} ${what}`, { offset: 0 });
}

/** PNG and JPEG files in memory. */
import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { decodeImage } from '../../../src/node/images.js';
import { Random } from '../../../src/random.js';
import { jpegSizes, mutateJpeg, pictureOf } from '../jpeg.js';
import { FLOOR, WrongRead, sizeOf } from '../kind.js';
import type { Case, Kind } from '../kind.js';
import { BYTES, damage, pick, splice } from '../mutate.js';
import { deflatedOf, mutatePng, pixelsOf, pngSize } from '../png.js';

const fixture = (name: string) =>
  Uint8Array.from(readFileSync(new URL(`../fixtures/${name}`, import.meta.url)));

const PNG = ['rgb', 'rgba', 'grey', 'grey-alpha', 'bits', 'palette', 'grey16', 'interlaced'].map(
  (name) => `${name}.png`,
);
const JPEG = ['baseline', 'subsampled', 'progressive', 'restarts', 'grey'].map((name) => `${name}.jpg`);
const pngs = PNG.map(fixture);
const jpegs = JPEG.map(fixture);

/** zlib and pngjs work in pieces of 64 KiB. */
const PIECE = 65536 + FLOOR;

const bytesOf = ({ files }: Case) => files['image'];

export const png: Kind = {
  make: (number) => {
    const random = new Random(number, 5);
    const which = random.integer(PNG.length);
    const sound = pngs[which];
    const damaged =
      random.integer(3) === 0
        ? damage(sound, [...BYTES, splice([...pngs, ...jpegs])], random)
        : mutatePng(sound, random);
    return { seed: PNG[which], files: { image: damaged } };
  },
  read: async (damaged) => {
    const { width, height, channels, data } = await decodeImage(bytesOf(damaged));
    const held = pixelsOf(bytesOf(damaged));
    if (width !== held.width || height !== held.height) throw new WrongRead(`${width} × ${height} pixels`);
    const pixels = width * height;
    if (data.length !== pixels * channels) throw new WrongRead(`${data.length} values of ${pixels} pixels`);
    for (let at = 0; at < pixels; at++) {
      const [pixel, wanted] = [
        data.subarray(at * channels, (at + 1) * channels),
        held.rgba.subarray(4 * at, 4 * at + 3),
      ];
      const same = wanted.every((value, k) => pixel[channels === 1 ? 0 : k] === value);
      if (!same) throw new WrongRead(`pixel ${at} is ${pixel.join()} instead of ${wanted.join()}`);
    }
  },
  needsOffset: () => true,
  most: (damaged) => 4 * Math.max(sizeOf(damaged), pixelBytes(bytesOf(damaged))) + PIECE,
};

/** Bytes of the image as it is given out, with alpha, where the file holds what its header promises, else what it inflates to. */
function pixelBytes(bytes: Uint8Array): number {
  try {
    const { width, height } = pngSize(bytes);
    const rows = inflateSync(deflatedOf(bytes)).length;
    // One bit a pixel is the least.
    return rows * 8 >= width * height
      ? Math.max(4 * width * height, rows > 4 * width * height ? 0 : rows)
      : rows;
  } catch {
    return 0;
  }
}

const pictures = jpegs.map(pictureOf);
const decoded = await Promise.all(jpegs.map((bytes) => decodeImage(bytes)));

export const jpeg: Kind = {
  make: (number) => {
    const random = new Random(number, 6);
    const which = random.integer(JPEG.length);
    const sound = jpegs[which];
    const damaged =
      random.integer(3) === 0
        ? damage(sound, [...BYTES, splice(pick([jpegs, pngs], random))], random)
        : mutateJpeg(sound, random);
    return { seed: JPEG[which], files: { image: damaged } };
  },
  read: async (damaged) => {
    const bytes = bytesOf(damaged);
    const { width, height, channels, data } = await decodeImage(bytes);
    if (!jpegSizes(bytes).some((size) => size.width === width && size.height === height)) {
      throw new WrongRead(`${width} × ${height} pixels`);
    }
    if (data.length !== width * height * channels) throw new WrongRead(`${data.length} values`);
    // JPEG has no checksums, and any data are an image; where only notes were damaged, it is the same image as before.
    const same = pictures.indexOf(pictureOf(bytes));
    if (same !== -1 && decoded[same].data.some((value, at) => value !== data[at])) {
      throw new WrongRead('the image is another, though its data are the same');
    }
  },
  needsOffset: () => true,
  // A byte of coded data holds up to 8 blocks of 64 pixels, which are decoded to 4 bytes each.
  most: (damaged) => 4 * 8 * 64 * 4 * sizeOf(damaged) + PIECE,
};

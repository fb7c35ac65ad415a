/**
 * PNG files as pixels.
 *
 * Chunks, checksums and sizes are checked here, so that a damaged file is told by the byte where it is damaged and takes no more
 * memory than its header allows; `pngjs` makes pixels of what is left.
 *
 * @module
 */
import { inflate } from 'node:zlib';
import { promisify } from 'node:util';
import { crc32 } from '../io/crc32.js';
import { FormatError } from '../errors.js';
import type { DecodedImage } from '../capture/images.js';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** A byte of deflated data holds at most so many. */
const DEFLATE_RATIO = 1032;

/** Values of a pixel and the depths allowed for each colour type. */
const COLOURS: Readonly<Record<number, { readonly values: number; readonly depths: readonly number[] }>> = {
  0: { values: 1, depths: [1, 2, 4, 8, 16] },
  2: { values: 3, depths: [8, 16] },
  3: { values: 1, depths: [1, 2, 4, 8] },
  4: { values: 2, depths: [8, 16] },
  6: { values: 4, depths: [8, 16] },
};

/** First column and row, and the steps, of the seven images that an interlaced one consists of. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Whether the bytes begin as a PNG does. */
export function isPng(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/** What the header says. */
interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
  readonly interlaced: boolean;
}

/**
 * Decodes any PNG to 8 bits: 16 are scaled and rounded, fewer are spread over 0 to 255, a palette is looked up. Transparency is
 * dropped, as by PIL's `convert('RGB')`; colour profiles and gamma are not applied.
 *
 * @param name - how messages call the file.
 * @param check - called with height, width and their place before anything of that size is asked for.
 * @throws FormatError
 */
export async function decodePng(
  bytes: Uint8Array,
  name: string,
  check: (height: number, width: number, offset: number) => void,
): Promise<DecodedImage> {
  const { header, kept, data, dataAt } = readChunks(bytes, name, check);
  const { width, height, colour } = header;
  const rows = rowsOf(header);
  const size = rows.reduce((sum, { count, bytes: width }) => sum + count * width, 0);
  const packed = data.reduce((sum, part) => sum + part.length, 0);
  if (size > packed * DEFLATE_RATIO) {
    throw new FormatError(
      `${name} declares ${width} × ${height} pixels, and its ${packed} bytes of image data cannot hold as many`,
      { offset: 16 },
    );
  }
  await checkPixels(data, size, rows, name, dataAt);
  const { PNG } = await import('pngjs');
  const png = new PNG();
  const rgba = await new Promise<Uint8Array>((resolve, reject) => {
    png.parse(Buffer.concat([Uint8Array.from(SIGNATURE), ...kept]), (error: Error | null, result) => {
      if (error === null || error === undefined) resolve(result.data);
      else {
        reject(
          new FormatError(`${name} cannot be decoded: ${error.message}`, { offset: dataAt, cause: error }),
        );
      }
    });
  });
  const channels = colour === 0 || colour === 4 ? 1 : 3;
  return { height, width, channels, data: withoutAlpha(rgba, channels), name };
}

/** Reads the file chunk by chunk; what only describes the image is left out. */
function readChunks(
  bytes: Uint8Array,
  name: string,
  check: (height: number, width: number, offset: number) => void,
): { header: Header; kept: Uint8Array[]; data: Uint8Array[]; dataAt: number } {
  const fail = (message: string, offset: number) => new FormatError(`${name} ${message}`, { offset });
  if (!isPng(bytes)) throw fail('is not a PNG file', 0);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: Header | undefined;
  const [kept, data]: Uint8Array[][] = [[], []];
  let [dataAt, last, palette] = [0, 'signature', false];
  for (let at = 8; last !== 'IEND';) {
    if (at + 12 > bytes.length) throw fail('is cut off: a chunk is missing', bytes.length);
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (!/^[A-Za-z]{4}$/.test(type)) throw fail('has a chunk without a name', at + 4);
    const end = at + 12 + length;
    if (end > bytes.length) {
      throw fail(`has a chunk ${type} of ${length} bytes, beyond the end of the file`, at);
    }
    const content = bytes.subarray(at + 8, at + 8 + length);
    if (crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4)) {
      throw fail(`is damaged: the checksum of chunk ${type} is wrong`, at);
    }
    if ((type === 'IHDR') !== (header === undefined)) {
      throw fail(`has ${header === undefined ? 'no header at its start' : 'a second header'}`, at);
    }
    if (type === 'IHDR') {
      header = readHeader(content, name);
      check(header.height, header.width, at + 8);
    } else if (type === 'PLTE') {
      if (palette) throw fail('has a second palette', at);
      if (length === 0 || length % 3 !== 0 || length > 768) throw fail('has a palette of a wrong length', at);
      palette = true;
    } else if (type === 'IDAT') {
      if (data.length > 0 && last !== 'IDAT') throw fail('has image data in two places', at);
      if (data.length === 0) dataAt = at;
      data.push(content);
    } else if (type !== 'IEND' && /^[A-Z]/.test(type)) {
      throw fail(`has a chunk ${type} that is not known and cannot be left out`, at);
    }
    if (['IHDR', 'PLTE', 'IDAT', 'IEND'].includes(type)) kept.push(bytes.subarray(at, end));
    last = type;
    at = end;
  }
  if (data.length === 0) throw fail('has no image data', bytes.length);
  if (header!.colour === 3 && !palette) throw fail('has a palette image without a palette', dataAt);
  return { header: header!, kept, data, dataAt };
}

function readHeader(content: Uint8Array, name: string): Header {
  const fail = (message: string, offset: number) => new FormatError(`${name} ${message}`, { offset });
  if (content.length !== 13) throw fail(`has a header of ${content.length} bytes instead of 13`, 8);
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth, colour, compression, filter, interlace] = content.subarray(8) as unknown as number[];
  if (width === 0 || height === 0 || width > 0x7fffffff || height > 0x7fffffff) {
    throw fail(`declares ${width} × ${height} pixels`, 16);
  }
  if (!(COLOURS[colour]?.depths ?? []).includes(depth)) {
    throw fail(`declares ${depth} bits of the colour type ${colour}, which PNG does not have`, 24);
  }
  if (compression !== 0 || filter !== 0 || interlace > 1) {
    throw fail('declares a compression, filter or interlace method that PNG does not have', 26);
  }
  return { width, height, depth: depth, colour: colour, interlaced: interlace === 1 };
}

/** Runs of rows that are stored: how many, and the bytes of each with the one that names its filter. */
function rowsOf({ width, height, depth, colour, interlaced }: Header): { count: number; bytes: number }[] {
  const bits = depth * COLOURS[colour].values;
  const passes = interlaced ? ADAM7 : ([[0, 0, 1, 1]] as const);
  return passes.flatMap(([x, y, dx, dy]) => {
    const [cols, count] = [Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)];
    return cols > 0 && count > 0 ? [{ count, bytes: 1 + Math.ceil((cols * bits) / 8) }] : [];
  });
}

/** Inflates the image data as far as they may go, and looks at what says how each row is stored. */
async function checkPixels(
  data: readonly Uint8Array[],
  size: number,
  rows: readonly { count: number; bytes: number }[],
  name: string,
  dataAt: number,
): Promise<void> {
  const fail = (message: string, cause?: unknown) =>
    new FormatError(`${name} ${message}`, { offset: dataAt, cause });
  let pixels: Uint8Array;
  try {
    pixels = await promisify(inflate)(Buffer.concat(data), { maxOutputLength: size });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE') throw fail('holds more image data than its size asks for', error);
    throw fail(`has image data that cannot be inflated: ${message}`, error);
  }
  if (pixels.length !== size) {
    throw fail(`holds ${pixels.length} bytes of image data, its size asks for ${size}`);
  }
  let at = 0;
  for (const { count, bytes } of rows) {
    for (let row = 0; row < count; row++, at += bytes) {
      if (pixels[at] > 4) throw fail(`names the filter ${pixels[at]}, which PNG does not have`);
    }
  }
}

function withoutAlpha(rgba: Uint8Array, channels: 1 | 3): Uint8Array {
  const out = new Uint8Array((rgba.length / 4) * channels);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    for (let channel = 0; channel < channels; channel++) out[to++] = rgba[from + channel]!;
  }
  return out;
}

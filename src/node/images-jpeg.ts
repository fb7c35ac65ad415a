/**
 * JPEG files as pixels.
 *
 * Markers and sizes are checked here, so that a damaged file is told by the byte where it is damaged; the decoder is libjpeg
 * (MozJPEG) compiled to WebAssembly, so that values are those of PIL and OpenCV to the last bit.
 *
 * @module
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { DecodedImage } from '../capture/images.js';
import { FormatError, UnsupportedError } from '../errors.js';

/** Bytes in a marker's segment that a decoder may be made to run over the whole image, again and again. */
const MOST_SCANS = 200;

/** Whether the bytes begin as a JPEG does. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/** How a JPEG is decoded. */
export interface JpegOptions {
  /** Turns the image as its EXIF orientation says. */
  readonly orient: boolean;
  /** Called with height, width and their place before anything of that size is asked for. */
  readonly check: (height: number, width: number, offset: number) => void;
}

/**
 * Decodes baseline and progressive JPEGs of 8 bits, grey or colour. Colour profiles are not applied.
 *
 * @param name - how messages call the file.
 * @throws FormatError; UnsupportedError for CMYK, lossless, hierarchical, arithmetic and 12-bit files
 */
export async function decodeJpeg(
  bytes: Uint8Array,
  name: string,
  { orient, check }: JpegOptions,
): Promise<DecodedImage> {
  const { channels, dataAt, restarts, unknown } = readMarkers(bytes, name, check);
  const decoder = await takeDecoder();
  let rgba: ImageData | null;
  try {
    rgba = decoder.decode(withKnown(bytes, unknown), orient);
  } catch (error) {
    // libjpeg has left in the middle of its work; what it held is gone with the instance.
    throw new FormatError(`${name} cannot be decoded: ${decoder.message() ?? 'libjpeg gave up'}`, {
      offset: dataAt,
      cause: error,
    });
  }
  const message = decoder.message();
  const isHarmless = message === undefined || (AT_THE_END.test(message) && !restarts);
  if (rgba === null || !isHarmless) {
    throw new FormatError(`${name} is damaged: ${message ?? 'libjpeg gives no image'}`, { offset: dataAt });
  }
  giveBack(decoder, rgba.width * rgba.height);
  const { width, height, data } = rgba;
  const out = new Uint8Array(width * height * channels);
  for (let from = 0, to = 0; from < data.length; from += 4) {
    for (let channel = 0; channel < channels; channel++) out[to++] = data[from + channel]!;
  }
  return { height, width, channels, data: out, name };
}

/**
 * What libjpeg says of bytes between the image data and the end, with which some cameras fill. It says only what it meets first:
 * other warnings that do not matter would hide those that do, and are kept from arising.
 */
const AT_THE_END = /extraneous bytes before marker 0xd9/i;

/** The bytes with numbers that libjpeg would warn of replaced by those that it takes them for. */
function withKnown(bytes: Uint8Array, unknown: readonly number[]): Uint8Array {
  if (unknown.length === 0) return bytes;
  const out = bytes.slice();
  for (const at of unknown) out[at] = 1;
  return out;
}

/** Where a segment of an application has a number that libjpeg does not know: the version of JFIF, or Adobe's colours. */
function unknownIn(marker: number, segment: Uint8Array): number | undefined {
  const begins = (text: string) => Array.from(text).every((char, i) => segment[i] === char.charCodeAt(0));
  if (marker === 0xe0 && begins('JFIF\0') && segment.length >= 14 && segment[5] !== 1) return 5;
  if (marker === 0xee && begins('Adobe') && segment.length >= 12 && segment[11] > 2) return 11;
  return undefined;
}

/** What the markers say. */
interface Markers {
  readonly channels: 1 | 3;
  /** Where the first scan begins: libjpeg does not say where it failed. */
  readonly dataAt: number;
  /** Image data are in pieces that begin anew, between markers. */
  readonly restarts: boolean;
  /** Bytes that {@link unknownIn} found. */
  readonly unknown: readonly number[];
}

/** Walks the markers to the end of the image. */
function readMarkers(bytes: Uint8Array, name: string, check: JpegOptions['check']): Markers {
  const fail = (message: string, offset: number) => new FormatError(`${name} ${message}`, { offset });
  if (!isJpeg(bytes)) throw fail('is not a JPEG file', 0);
  let frame: { channels: 1 | 3; blocks: number; at: number } | undefined;
  let [scans, coded, dataAt, restarts] = [0, 0, 0, false];
  const unknown: number[] = [];
  for (let at = 2; ;) {
    if (bytes[at] !== 0xff) {
      if (at >= bytes.length) throw fail('is cut off: it has no end marker', bytes.length);
      throw fail('has no marker where one must stand', at);
    }
    const marker = bytes[at + 1];
    // Fill bytes before a marker.
    if (marker === 0xff) {
      at++;
      continue;
    }
    if (marker === 0xd9) break;
    const length = at + 4 <= bytes.length ? (bytes[at + 2] << 8) | bytes[at + 3] : 0;
    if (length < 2 || at + 2 + length > bytes.length) {
      throw fail('is cut off: a segment reaches beyond the end of the file', at);
    }
    const segment = bytes.subarray(at + 4, at + 2 + length);
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) {
      if (frame !== undefined) throw fail('has a second header', at);
      frame = { ...readFrame(marker, segment, name, at, check), at };
    }
    if (marker === 0xdd) restarts ||= segment.some((byte) => byte !== 0);
    const odd = unknownIn(marker, segment);
    if (odd !== undefined) unknown.push(at + 4 + odd);
    at += 2 + length;
    if (marker !== 0xda) continue;
    if (frame === undefined) throw fail('has image data before its header', at);
    if (++scans > MOST_SCANS) throw fail(`has more than ${MOST_SCANS} scans`, at);
    const start = at;
    if (scans === 1) dataAt = start;
    at = afterScan(bytes, at);
    coded += at - start;
  }
  if (frame === undefined || scans === 0) throw fail('has no image data', bytes.length);
  // Each block of 8 × 8 takes a bit at least.
  if (frame.blocks > coded * 8) {
    throw fail(`declares more pixels than its ${coded} bytes of image data can hold`, frame.at);
  }
  return { channels: frame.channels, dataAt, restarts, unknown };
}

/** The first marker after a scan that is not part of it. */
function afterScan(bytes: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    at = bytes.indexOf(0xff, at);
    if (at === -1 || at + 1 >= bytes.length) return bytes.length;
    const next = bytes[at + 1];
    if (next !== 0 && next !== 0xff && !(next >= 0xd0 && next <= 0xd7)) return at;
    at += next === 0xff ? 1 : 2;
  }
}

function readFrame(
  marker: number,
  segment: Uint8Array,
  name: string,
  at: number,
  check: JpegOptions['check'],
): { channels: 1 | 3; blocks: number } {
  const way = 'save it as an ordinary JPEG or as a PNG';
  if (marker > 0xc2) {
    throw new UnsupportedError(
      `${name} is a lossless, hierarchical or arithmetic-coded JPEG, which is not read: ${way}`,
    );
  }
  const fail = (message: string, offset: number) => new FormatError(`${name} ${message}`, { offset });
  const components = segment[5] ?? 0;
  if (segment.length !== 6 + 3 * components || components === 0) {
    throw fail('has a header of a wrong length', at);
  }
  if (segment[0] !== 8) {
    throw new UnsupportedError(`${name} is a JPEG of ${segment[0]} bits, which is not read: ${way}`);
  }
  if (components !== 1 && components !== 3) {
    throw new UnsupportedError(
      `${name} is a JPEG of ${components} components (${components === 4 ? 'CMYK' : 'no common colours'}), which is not read: ` +
        'save it as RGB',
    );
  }
  const [height, width] = [(segment[1] << 8) | segment[2], (segment[3] << 8) | segment[4]];
  if (height === 0 || width === 0) throw fail(`declares ${width} × ${height} pixels`, at + 5);
  check(height, width, at + 5);
  const factors = Array.from({ length: components }, (_, i) => segment[7 + 3 * i]);
  const sides = factors.map((factor) => [factor >> 4, factor & 15] as const);
  if (sides.some((side) => side.some((factor) => factor < 1 || factor > 4))) {
    throw fail('declares a sampling factor other than 1 to 4', at + 10);
  }
  const [across, down] = [0, 1].map((axis) => Math.max(...sides.map((side) => side[axis]))) as [
    number,
    number,
  ];
  const blocks = sides.map(
    ([h, v]) => Math.ceil((width * h) / across / 8) * Math.ceil((height * v) / down / 8),
  );
  return { channels: components, blocks: blocks.reduce((sum, count) => sum + count, 0) };
}

/** One instance of the decoder. */
interface Decoder {
  decode(bytes: Uint8Array, orient: boolean): ImageData | null;
  /** What libjpeg has to say about the last image. */
  message(): string | undefined;
}

/** Pixels of an image after which an instance is given up: its memory never shrinks. */
const LARGE = 16e6;

/** What of Emscripten's module is used; the package's own types of it name a namespace that is not there. */
interface Codec {
  readonly default: (
    options: object,
  ) => Promise<{ decode(data: Uint8Array, preserveOrientation: boolean): ImageData | null }>;
}

let compiled: Promise<WebAssembly.Module> | undefined;
let idle: Decoder | undefined;

/** An instance that nobody else uses; one that fails is not given back. */
async function takeDecoder(): Promise<Decoder> {
  const decoder = idle ?? (await openDecoder());
  idle = undefined;
  return decoder;
}

function giveBack(decoder: Decoder, pixels: number): void {
  if (pixels < LARGE) idle = decoder;
}

async function openDecoder(): Promise<Decoder> {
  const require = createRequire(import.meta.url);
  compiled ??= readFile(require.resolve('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm')).then((bytes) =>
    WebAssembly.compile(bytes),
  );
  const wasm = await compiled;
  const { default: open } = (await import('@jsquash/jpeg/codec/dec/mozjpeg_dec.js')) as unknown as Codec;
  let text: string | undefined;
  const options = {
    noInitialRun: true,
    instantiateWasm: (
      imports: WebAssembly.Imports,
      done: (instance: WebAssembly.Instance) => void,
    ): WebAssembly.Exports => {
      const instance = new WebAssembly.Instance(wasm, imports);
      done(instance);
      return instance.exports;
    },
    print: () => undefined,
    printErr: (line: string) => {
      text ??= line;
    },
  };
  const module = await open(options);
  return {
    decode(bytes, orient) {
      text = undefined;
      return module.decode(bytes, orient);
    },
    message: () => text,
  };
}

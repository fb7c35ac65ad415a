/**
 * JPEG files as pixels. The decoder is libjpeg (MozJPEG) compiled to WebAssembly, so that values are those of PIL and OpenCV to the
 * last bit.
 *
 * @module
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { DecodedImage } from '../capture/images.js';
import { FormatError } from '../errors.js';
import { readMarkers } from './images-jpeg-markers.js';
import type { SizeCheck } from './images-jpeg-markers.js';

/** How a JPEG is decoded. */
export interface JpegOptions {
  /** Turns the image as its EXIF orientation says. */
  readonly orient: boolean;
  readonly check: SizeCheck;
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

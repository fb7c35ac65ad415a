/**
 * What the markers of a JPEG file say, checked so that a damaged file is told by the byte where it is damaged.
 *
 * @module
 */
import { FormatError, UnsupportedError } from '../errors.js';

/** Hears of a size before anything of that size is asked for, and throws where it is too large. */
export type SizeCheck = (height: number, width: number, offset: number) => void;

/** A scan takes few bytes and makes the decoder run over the whole image: more of them are an attack. */
const MOST_SCANS = 200;

/** Whether the bytes begin as a JPEG does. */
export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}

/** What the markers say. */
export interface Markers {
  readonly channels: 1 | 3;
  /** Where the first scan begins: libjpeg does not say where it failed. */
  readonly dataAt: number;
  /** Image data are in pieces that begin anew, between markers. */
  readonly restarts: boolean;
  /** Bytes that {@link unknownIn} found. */
  readonly unknown: readonly number[];
}

/**
 * Walks the markers to the end of the image.
 *
 * @param check - called with height, width and their place as soon as they are known.
 * @throws FormatError; UnsupportedError for CMYK, lossless, hierarchical, arithmetic and 12-bit files
 */
export function readMarkers(bytes: Uint8Array, name: string, check: SizeCheck): Markers {
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
  check: SizeCheck,
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

/** Where a segment of an application has a number that libjpeg does not know: the version of JFIF, or Adobe's colours. */
function unknownIn(marker: number, segment: Uint8Array): number | undefined {
  const begins = (text: string) => Array.from(text).every((char, i) => segment[i] === char.charCodeAt(0));
  if (marker === 0xe0 && begins('JFIF\0') && segment.length >= 14 && segment[5] !== 1) return 5;
  if (marker === 0xee && begins('Adobe') && segment.length >= 12 && segment[11] > 2) return 11;
  return undefined;
}

/**
 * Pixels as a PNG (ISO/IEC 15948), for pictures inside a page.
 *
 * @module
 */
import { zlibSync } from 'fflate';
import { crc32 } from '../io/crc32.js';

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const TRUECOLOUR_WITH_ALPHA = 6;

/** A PNG of 8-bit red, green, blue and alpha. @param rgba - `height × width × 4` bytes */
export function png(rgba: Uint8Array, width: number, height: number): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, TRUECOLOUR_WITH_ALPHA], 8);
  // Each line begins with its filter: none.
  const lines = new Uint8Array(height * (1 + width * 4));
  for (let y = 0; y < height; y++) {
    lines.set(rgba.subarray(y * width * 4, (y + 1) * width * 4), y * (1 + width * 4) + 1);
  }
  const chunks = [
    chunk('IHDR', header),
    chunk('IDAT', zlibSync(lines, { level: 6 })),
    chunk('IEND', new Uint8Array()),
  ];
  return Uint8Array.from([...SIGNATURE, ...chunks.flatMap((bytes) => [...bytes])]);
}

/** A PNG as an address that a page holds itself. */
export function pngUri(rgba: Uint8Array, width: number, height: number): string {
  const bytes = Array.from(png(rgba, width, height), (byte) => String.fromCharCode(byte));
  return `data:image/png;base64,${btoa(bytes.join(''))}`;
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(
    Array.from(type, (letter) => letter.charCodeAt(0)),
    4,
  );
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

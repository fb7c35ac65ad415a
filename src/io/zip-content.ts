/**
 * The content of a zip archive's entries.
 *
 * @module
 */
import { Inflate } from 'fflate';
import { FormatError } from '../errors.js';
import { crc32 } from './crc32.js';
import type { ZipEntry } from './zip.js';

/** Inflates a whole entry and checks its length and checksum. @throws FormatError */
export function readEntry(bytes: Uint8Array, entry: ZipEntry, archive: string): Uint8Array {
  const fail = (message: string) =>
    new FormatError(`${archive}: entry '${entry.name}' ${message}; the file is damaged`, {
      offset: entry.start,
    });
  // One byte more than declared: what inflates to more fills it, and is stopped there.
  const content = contentStart(bytes, entry, entry.size + 1, 1 << 16, archive);
  if (content.length > entry.size) throw fail(`inflates to more than the ${entry.size} bytes it declares`);
  if (content.length < entry.size)
    throw fail(`inflates to ${content.length} bytes, it declares ${entry.size}`);
  if (crc32(content) !== entry.crc) throw fail('does not match its checksum');
  return content;
}

/** The first `length` bytes of an entry, or all where it has fewer, inflating little more. @throws FormatError */
export function readStart(bytes: Uint8Array, entry: ZipEntry, length: number, archive: string): Uint8Array {
  return contentStart(bytes, entry, Math.min(length, entry.size), 128, archive);
}

function contentStart(
  bytes: Uint8Array,
  entry: ZipEntry,
  most: number,
  step: number,
  archive: string,
): Uint8Array {
  const packed = bytes.subarray(entry.start, entry.end);
  if (!entry.deflated) return packed.subarray(0, most);
  try {
    const out = new Uint8Array(most);
    let length = 0;
    const inflate = new Inflate((part) => {
      out.set(part.subarray(0, most - length), length);
      length = Math.min(most, length + part.length);
    });
    // In steps, so that a bomb stops soon after it fills what it declared: a step grows at most a thousandfold.
    for (let at = 0; at < packed.length && length < most; at += step) {
      inflate.push(packed.subarray(at, at + step), at + step >= packed.length);
    }
    return out.subarray(0, length);
  } catch (error) {
    // A FlateError, or a RangeError where the machine has not so much memory.
    throw new FormatError(
      `${archive}: entry '${entry.name}' cannot be inflated: ${(error as Error).message}`,
      {
        offset: entry.start,
        cause: error,
      },
    );
  }
}

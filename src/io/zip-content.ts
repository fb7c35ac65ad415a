/**
 * The content of a zip archive's entries.
 *
 * @module
 */
import { Inflate } from 'fflate';
import { FormatError } from '../errors.js';
import { ask } from './ask.js';
import type { Asking } from './ask.js';
import { crc32 } from './crc32.js';
import { MOST_DEFLATED } from './zip.js';
import type { ZipEntry } from './zip.js';

/** Bytes that may be inflated beyond those that are wanted. */
const MOST_SPARE = 16 << 20;

/** Inflates a whole entry and checks its length and checksum. @throws FormatError */
export function* readEntry(entry: ZipEntry, archive: string): Asking<Uint8Array> {
  // One byte more than declared: what inflates to more fills it, and is stopped there.
  const content = yield* contentStart(entry, entry.size + 1, archive);
  checkContent(entry, content.length, crc32(content), archive);
  return content;
}

/** The first `length` bytes of an entry, or all where it has fewer, inflating little more. @throws FormatError */
export function readStart(entry: ZipEntry, length: number, archive: string): Asking<Uint8Array> {
  return contentStart(entry, Math.min(length, entry.size), archive);
}

/** Throws unless an entry came to the length and checksum that it declares. @throws FormatError */
export function checkContent(entry: ZipEntry, length: number, crc: number, archive: string): void {
  const { size } = entry;
  if (length > size) throw damaged(entry, `inflates to more than the ${size} bytes it declares`, archive);
  if (length < size) throw damaged(entry, `inflates to ${length} bytes, it declares ${size}`, archive);
  if (crc !== entry.crc) throw damaged(entry, 'does not match its checksum', archive);
}

/** What is thrown for an entry whose bytes are not what they should be. */
export function damaged(entry: ZipEntry, what: string, archive: string, cause?: unknown): FormatError {
  return new FormatError(`${archive}: entry '${entry.name}' ${what}; the file is damaged`, {
    offset: entry.start,
    cause,
  });
}

function* contentStart(entry: ZipEntry, most: number, archive: string): Asking<Uint8Array> {
  const { start, end } = entry;
  if (!entry.deflated) return yield* ask(start, Math.min(end, start + most));
  // Room is taken as content comes: a declared size alone is no reason to believe in it.
  let out = new Uint8Array(Math.min(most, 4 * (end - start) + 1024));
  let length = 0;
  const inflate = new Inflate((part) => {
    const needed = Math.min(most, length + part.length);
    if (needed > out.length) {
      const grown = new Uint8Array(Math.min(most, Math.max(needed, 2 * out.length)));
      grown.set(out.subarray(0, length));
      out = grown;
    }
    out.set(part.subarray(0, most - length), length);
    length = needed;
  });
  // In steps that cannot give much more than is still wanted, whatever they hold: a bomb stops soon after it fills what it
  // declared. Smaller steps cost time: each has a window of 32 KiB to move.
  const spare = Math.min(8 * most, MOST_SPARE);
  for (let at = start; at < end && length < most;) {
    const step = Math.max(128, Math.min(1 << 16, Math.ceil((most - length + spare) / MOST_DEFLATED)));
    const packed = yield* ask(at, Math.min(end, at + step));
    at += packed.length;
    try {
      inflate.push(packed, at >= end);
    } catch (error) {
      // A FlateError, or a RangeError where the machine has not so much memory.
      throw damaged(entry, `cannot be inflated: ${(error as Error).message}`, archive, error);
    }
  }
  return out.subarray(0, length);
}

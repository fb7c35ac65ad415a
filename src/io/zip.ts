/**
 * The directory of zip archives as numpy writes them: entries stored or deflated, ZIP64 or not.
 *
 * @module
 */
import { FormatError } from '../errors.js';
import { ask, viewOf } from './ask.js';
import type { Asking } from './ask.js';

/** One file of an archive. */
export interface ZipEntry {
  readonly name: string;
  readonly deflated: boolean;
  readonly crc: number;
  /** Length once inflated, as the archive declares it. */
  readonly size: number;
  /** Where its compressed bytes begin and end. */
  readonly start: number;
  readonly end: number;
}

const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
/** Deflate's best: 258 bytes for two bits, one for the length and one for the distance. */
export const MOST_DEFLATED = 1032;

/**
 * Lists the entries of an archive of `length` bytes in its order, checked against their local headers, without inflating
 * anything.
 *
 * @throws FormatError with the byte offset: not a zip, cut off, encrypted, in several volumes, overlapping entries, an
 * unknown compression, or a declared size that deflate cannot reach.
 */
export function* listEntries(length: number, archive: string): Asking<ZipEntry[]> {
  const fail = (message: string, offset: number) => new FormatError(`${archive}: ${message}`, { offset });
  const { start, end, count } = yield* findDirectory(length, archive);
  const view = viewOf(yield* ask(start, end));
  const entries: ZipEntry[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > view.byteLength || view.getUint32(at, true) !== CENTRAL) {
      throw fail(`entry ${i} of ${count} is missing in the zip directory`, start + at);
    }
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((o) =>
      view.getUint16(at + o, true),
    ) as [number, number, number];
    const next = at + 46 + nameLength + extraLength + commentLength;
    if (next > view.byteLength) throw fail(`entry ${i} runs beyond the zip directory`, start + at);
    entries.push(yield* readCentral(view, at, { nameLength, extraLength, limit: start, archive }));
    at = next;
  }
  if (at !== view.byteLength) {
    throw fail(`the zip directory holds more than its ${count} entries`, start + at);
  }
  let covered = 0;
  for (const entry of entries.toSorted((a, b) => a.start - b.start)) {
    if (entry.start < covered) throw fail(`entry '${entry.name}' overlaps another one`, entry.start);
    covered = entry.end;
  }
  return entries;
}

/** Where the directory of entries lies: the record at the very end of the archive says so. */
function* findDirectory(
  length: number,
  archive: string,
): Asking<{ start: number; end: number; count: number }> {
  const fail = (message: string, offset: number) => new FormatError(`${archive}: ${message}`, { offset });
  if (length === 0) throw fail('the file is empty', 0);
  // The record, a comment of any length before the end, and the ZIP64 locator before the record.
  const base = Math.max(0, length - 22 - 0xffff - 20);
  const tail = viewOf(yield* ask(base, length));
  let end = tail.byteLength - 22;
  const isEnd = () =>
    tail.getUint32(end, true) === END && end + 22 + tail.getUint16(end + 20, true) === tail.byteLength;
  while (end >= 0 && end >= tail.byteLength - 22 - 0xffff && !isEnd()) end--;
  if (end < 0 || !isEnd()) {
    const signature = length < 4 ? 0 : viewOf(yield* ask(0, 4)).getUint32(0, true);
    if (signature === LOCAL) throw fail('the zip archive was cut off: its directory is missing', length);
    const isNpy = signature === 0x4d554e93;
    throw fail(
      `not a zip archive, which .npz is; ${isNpy ? 'it is one array: read it as .npy' : 'write it with np.savez'}`,
      0,
    );
  }
  let [count, size, start, last] = [
    tail.getUint16(end + 10, true),
    tail.getUint32(end + 12, true),
    tail.getUint32(end + 16, true),
    base + end,
  ];
  const here = tail.getUint16(end + 8, true);
  if (tail.getUint32(end + 4, true) !== 0 || here !== count)
    throw fail('archives of several volumes are not read', last);
  const locator = end - 20;
  if (locator >= 0 && tail.getUint32(locator, true) === LOCATOR64) {
    last = uint64(tail, locator + 8, archive, base);
    const record = last + 56 > base + locator ? undefined : viewOf(yield* ask(last, last + 56));
    if (record?.getUint32(0, true) !== END64)
      throw fail('the ZIP64 directory is missing', base + locator + 8);
    count = uint64(record, 32, archive, last);
    size = uint64(record, 40, archive, last);
    start = uint64(record, 48, archive, last);
  }
  if (start + size !== last)
    throw fail(`the zip directory should end at byte ${start + size}, its end record is`, last);
  return { start, end: last, count };
}

/** The entry at byte `at` of the directory, which begins where the archive's data end: at byte `limit`. */
function* readCentral(
  view: DataView,
  at: number,
  of: { nameLength: number; extraLength: number; limit: number; archive: string },
): Asking<ZipEntry> {
  const { nameLength, extraLength, limit, archive } = of;
  const rawName = bytesAt(view, at + 46, nameLength);
  const name = decodeName(rawName);
  const fail = (message: string, offset = limit + at) =>
    new FormatError(`${archive}: entry '${name}' ${message}`, { offset });
  const flags = view.getUint16(at + 8, true);
  // Bit 0: encrypted, bit 6: strongly, bit 13: its header too.
  if (flags & 0x2041) throw fail('is encrypted; save it without a password');
  const method = view.getUint16(at + 10, true);
  if (method !== 0 && method !== 8) {
    throw fail(
      `uses compression method ${method}; only stored and deflated ones are read: np.savez_compressed`,
      limit + at + 10,
    );
  }
  const { size, packed, local } = zip64(view, at, at + 46 + nameLength, extraLength, { archive, limit });
  if (local + 30 > limit) throw fail(`should begin at byte ${local}, beyond the zip's data`);
  const header = viewOf(yield* ask(local, local + 30));
  const localName = header.getUint16(26, true);
  const start = local + 30 + localName + header.getUint16(28, true);
  if (start + packed > limit) throw fail(`should end at byte ${start + packed}, beyond the zip's data`);
  if (header.getUint32(0, true) !== LOCAL) throw fail('has no local header', local);
  const sameName =
    localName === nameLength &&
    (yield* ask(local + 30, local + 30 + localName)).every((byte, i) => byte === rawName[i]);
  if (!sameName || header.getUint16(8, true) !== method || header.getUint16(6, true) & 0x2041) {
    throw fail('differs from its local header', local);
  }
  if (method === 0 && packed !== size) throw fail(`is stored in ${packed} bytes but declares ${size}`);
  if (size > packed * MOST_DEFLATED) {
    throw fail(`declares ${size} bytes, which ${packed} compressed ones cannot hold`);
  }
  return {
    name,
    deflated: method === 8,
    crc: view.getUint32(at + 16, true),
    size,
    start,
    end: start + packed,
  };
}

/** Sizes and position of an entry; those that do not fit 32 bits are in its extra field. */
function zip64(
  view: DataView,
  at: number,
  from: number,
  length: number,
  of: { archive: string; limit: number },
): { size: number; packed: number; local: number } {
  const values = [24, 20, 42].map((offset) => view.getUint32(at + offset, true));
  let field = from;
  while (field + 4 <= from + length) {
    const end = field + 4 + view.getUint16(field + 2, true);
    if (view.getUint16(field, true) === 1 && end <= from + length) {
      let next = field + 4;
      for (const [i, value] of values.entries()) {
        if (value !== 0xffffffff || next + 8 > end) continue;
        values[i] = uint64(view, next, of.archive, of.limit);
        next += 8;
      }
    }
    field = end;
  }
  const [size, packed, local] = values as [number, number, number];
  return { size, packed, local };
}

/** A number of 64 bits at `at` of a view that begins at byte `base` of the archive. */
function uint64(view: DataView, at: number, archive: string, base: number): number {
  const value = Number(view.getBigUint64(at, true));
  if (Number.isSafeInteger(value)) return value;
  throw new FormatError(`${archive}: a size or position of ${value} bytes is larger than any file`, {
    offset: base + at,
  });
}

function bytesAt(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length);
}

/** Names are UTF-8; some writers leave the flag for it out, and some write an older code page. */
function decodeName(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return new TextDecoder('latin1').decode(bytes);
  }
}

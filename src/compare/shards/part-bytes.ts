/**
 * Parts as bytes: a safetensors file whose header says all that is known of the part, so that nothing but the numbers is to be
 * trusted to a checksum.
 *
 * @module
 */
import { FormatError, SvccaError } from '../../errors.js';
import type { Joint } from '../../factor/joint-data.js';
import { crc32 } from '../../io/crc32.js';
import { PART_FORMAT } from './part-info.js';
import type { PartInfo, PartView } from './part-info.js';
import { arraysOf, headerOf, jointOfValues } from './part-layout.js';

/** Bytes before the header: its length. */
export const PART_PREFIX = 8;

/** More than any header has: thousands of layers. */
const MOST_HEADER = 2 ** 28;

/** The bytes of a part. */
export function partBytes(info: PartInfo, joint: Joint): Uint8Array<ArrayBuffer> {
  const part = JSON.stringify(info);
  const placeholder = headerOf(info, part, '0'.repeat(8));
  const start = PART_PREFIX + aligned(utf8(placeholder.text).length);
  const bytes = new Uint8Array(start + 8 * placeholder.values);
  const values = new Float64Array(bytes.buffer, start);
  let at = 0;
  for (const array of arraysOf(joint)) {
    values.set(array, at);
    at += array.length;
  }
  const { text } = headerOf(info, part, checksumOf(part, bytes.subarray(start)));
  bytes.fill(0x20, PART_PREFIX, start);
  bytes.set(utf8(text), PART_PREFIX);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - PART_PREFIX), true);
  return bytes;
}

/** What the header of a part says, and where its numbers begin and end. */
export interface PartHeader {
  readonly info: PartInfo;
  readonly part: string;
  readonly checksum: string;
  readonly start: number;
  readonly end: number;
}

/** Length of the header, from the first bytes of a file of `size` bytes. @throws FormatError */
export function partHeaderLength(prefix: Uint8Array, size: number, name: string): number {
  if (prefix.length < PART_PREFIX) throw notAPart(name, 'it is shorter than any part');
  const view = new DataView(prefix.buffer, prefix.byteOffset, PART_PREFIX);
  const length = Number(view.getBigUint64(0, true));
  if (length < 2 || length > MOST_HEADER || length > size - PART_PREFIX) {
    throw notAPart(name, `its header would have ${length} bytes, of ${size} in the file`);
  }
  return length;
}

/** Reads the header; `size` is that of the whole file. @throws FormatError */
export function readPartHeader(header: Uint8Array, size: number, name: string): PartHeader {
  const text = textOf(header, name);
  const metadata = (parseJson(text, name, 'header') as { __metadata__?: Record<string, unknown> } | null)
    ?.__metadata__;
  const { format, part, checksum } = metadata ?? {};
  if (format !== PART_FORMAT) {
    const found = typeof format === 'string' ? `'${format}'` : 'no format of a part';
    throw notAPart(name, `its header names ${found}, '${PART_FORMAT}' is read here`);
  }
  if (typeof part !== 'string' || typeof checksum !== 'string') throw damaged(name);
  const info = parseJson(part, name, 'description') as PartInfo;
  const expected = expectedHeader(info, part, checksum, name);
  if (expected.text !== text.trimEnd()) throw damaged(name);
  const start = PART_PREFIX + header.length;
  const end = start + 8 * expected.values;
  if (size !== end) {
    const what = size < end ? 'it is cut off' : 'something follows its end';
    throw new FormatError(`${name}: ${what}: ${size} bytes of ${end}; compute this part again`, {
      offset: Math.min(size, end),
    });
  }
  return { info, part, checksum, start, end };
}

/** Reads a whole part. @throws FormatError */
export function readPart(bytes: Uint8Array, name: string): { info: PartInfo; joint: Joint } {
  const length = partHeaderLength(bytes.subarray(0, PART_PREFIX), bytes.length, name);
  const header = bytes.subarray(PART_PREFIX, PART_PREFIX + length);
  const { info, part, checksum, start } = readPartHeader(header, bytes.length, name);
  const data = bytes.subarray(start);
  if (checksumOf(part, data) !== checksum) {
    throw new FormatError(`${name}: the checksum is wrong, so it is damaged; compute this part again`, {
      offset: start,
    });
  }
  // A view of the bytes where they lie on a multiple of 8, else a copy.
  const place = data.byteOffset % 8 === 0 ? data : data.slice();
  const values = new Float64Array(place.buffer, place.byteOffset, place.length / 8);
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) {
    throw new FormatError(`${name} holds a number that is not finite: compute this part again`, {
      offset: start + 8 * wrong,
    });
  }
  return { info, joint: jointOfValues(info, values) };
}

/** The header that such a part must have; of a description that makes no sense there is none. */
function expectedHeader(info: PartInfo, part: string, checksum: string, name: string) {
  try {
    if (!isInfo(info)) throw damaged(name);
    return headerOf(info, part, checksum);
  } catch (cause) {
    if (cause instanceof SvccaError) throw cause;
    throw damaged(name);
  }
}

/** Whether all is there that is looked at before the checksum is. */
function isInfo(info: Partial<PartInfo> | null): info is PartInfo {
  if (info?.format !== PART_FORMAT) return false;
  const { views, cells, ranges, measures, layers, total } = info;
  const lists = [views, cells, ranges, measures, layers?.a, layers?.b];
  const records = [info.names, info.fingerprints, info.reading];
  return (
    lists.every(Array.isArray) &&
    records.every((record) => typeof record === 'object' && record !== null) &&
    isCount(total) &&
    views!.every(isView) &&
    cells!.every(({ a, b }) => isPlace(a, views!) && isPlace(b, views!)) &&
    ranges!.every(([from, to]) => isCount(from) && isCount(to) && from < to)
  );
}

function isView({ neurons, rows, datapoints, storage }: PartView): boolean {
  return [neurons, rows, datapoints].every(isCount) && (storage === 'float32' || storage === 'float64');
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isPlace(value: unknown, list: readonly unknown[]): boolean {
  return isCount(value) && value < list.length;
}

function checksumOf(part: string, data: Uint8Array): string {
  return crc32(data, crc32(utf8(part)))
    .toString(16)
    .padStart(8, '0');
}

function aligned(length: number): number {
  return Math.ceil(length / 8) * 8;
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function textOf(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw notAPart(name, 'its header is not UTF-8 text', cause);
  }
}

function parseJson(text: string, name: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw notAPart(name, `its ${what} is not JSON`, cause);
  }
}

function notAPart(name: string, why: string, cause?: unknown): FormatError {
  return new FormatError(`${name} is not a part as 'svcca moments' writes it: ${why}`, {
    offset: 0,
    ...(cause !== undefined && { cause }),
  });
}

function damaged(name: string): FormatError {
  return new FormatError(
    `${name}: its header contradicts itself, so it is damaged; compute this part again`,
    {
      offset: PART_PREFIX,
    },
  );
}

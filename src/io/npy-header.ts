/**
 * The header of a `.npy` file: magic, version, and a Python dict literal of `descr`, `fortran_order` and `shape`.
 *
 * @module
 */
import { FormatError } from '../errors.js';
import { elementType } from './elements.js';
import type { ElementType } from './elements.js';
import { parseDict } from './python-literal.js';
import type { Literal } from './python-literal.js';

/** What a header says. */
export interface NpyHeader {
  readonly shape: number[];
  readonly fortran: boolean;
  readonly element: ElementType;
  /** Product of the shape. */
  readonly count: number;
  /** Byte where the values begin. */
  readonly start: number;
  /** Byte where the values, and so the file, must end. */
  readonly end: number;
}

/** `\x93NUMPY` */
export const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59] as const;
/** Bytes that are enough for {@link headerEnd}. */
export const PREFIX = 12;
// numpy reads no header above 10000 bytes unasked; only structured types, which are refused anyway, need more.
const MAX_HEADER = 0xffff;
const MAX_RANK = 64;

/** Length of magic, version and header together, from the first {@link PREFIX} bytes. @throws FormatError */
export function headerEnd(bytes: Uint8Array, name: string): number {
  checkMagic(bytes, name);
  if (bytes.length < 8) throw truncated(bytes, name);
  const [major, minor] = [bytes[6], bytes[7]];
  if (major < 1 || major > 3 || minor !== 0) {
    throw new FormatError(
      `${name}: .npy version ${major}.${minor} is unknown: versions 1.0, 2.0 and 3.0 are read`,
      {
        offset: 6,
      },
    );
  }
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start) throw truncated(bytes, name);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_HEADER) {
    throw new FormatError(`${name}: a header of ${length} bytes cannot be that of an array of numbers`, {
      offset: 8,
    });
  }
  return start + length;
}

/**
 * Reads the header at the start of `bytes`, which need not hold the values.
 *
 * @throws FormatError naming the byte where it is malformed, or the dtype that cannot be read as numbers.
 */
export function readHeader(bytes: Uint8Array, name: string): NpyHeader {
  const start = headerEnd(bytes, name);
  if (start > bytes.length) {
    throw new FormatError(
      `${name}: the header ends at byte ${start} but the file at byte ${bytes.length}; it was cut off`,
      { offset: bytes.length },
    );
  }
  const base = bytes[6] === 1 ? 10 : 12;
  // One character per byte, so that positions in the text are positions in the file.
  const text = new TextDecoder('latin1').decode(bytes.subarray(base, start));
  const fields = parseDict(text, base, name);
  const field = (key: string): { value: Literal; raw: string; offset: number } => {
    const found = fields.get(key);
    if (found === undefined) throw new FormatError(`${name}: the header has no '${key}'`, { offset: base });
    return found;
  };
  const [descr, order, dims] = [field('descr'), field('fortran_order'), field('shape')];
  for (const [key, { offset }] of fields) {
    if (!['descr', 'fortran_order', 'shape'].includes(key)) {
      throw new FormatError(`${name}: the header has an unknown key '${key}'`, { offset });
    }
  }
  if (typeof order.value !== 'boolean') {
    throw new FormatError(`${name}: fortran_order is ${order.raw}, not True or False`, {
      offset: order.offset,
    });
  }
  const element = elementType(descr.value, descr.raw, name, descr.offset);
  const shape = checkShape(dims, name);
  const count = countOf(shape, element.size, name, dims.offset);
  return { shape, fortran: order.value, element, count, start, end: start + count * element.size };
}

/** Throws unless a file of `length` bytes holds exactly the values that its header promises. */
export function checkLength(header: NpyHeader, length: number, name: string): void {
  if (length === header.end) return;
  const { shape, element, start, end } = header;
  const what = `shape (${shape.join(', ')}) of ${element.name} needs ${end - start} bytes of values`;
  if (length < end) {
    throw new FormatError(`${name}: ${what}, there are ${length - start}; the file was cut off`, {
      offset: length,
    });
  }
  throw new FormatError(
    `${name}: ${what}, ${length - end} more follow; several arrays in one file need np.savez`,
    { offset: end },
  );
}

function checkMagic(bytes: Uint8Array, name: string): void {
  if (bytes.length === 0) throw new FormatError(`${name}: the file is empty`, { offset: 0 });
  const at = MAGIC.findIndex((byte, i) => bytes[i] !== byte);
  if (at === -1) return;
  if (at >= bytes.length) throw truncated(bytes, name);
  const [a, b] = bytes;
  const way =
    a === 0x50 && b === 0x4b
      ? 'it is a zip archive: read it as .npz'
      : a === 0x80
        ? "it is a Python pickle: save the array itself with np.save(path, x.astype('float32'))"
        : 'write it with np.save';
  throw new FormatError(`${name}: not a .npy file; ${way}`, { offset: at });
}

function truncated(bytes: Uint8Array, name: string): FormatError {
  return new FormatError(`${name}: cut off after ${bytes.length} bytes, inside the header`, {
    offset: bytes.length,
  });
}

function checkShape(field: { value: Literal; raw: string; offset: number }, name: string): number[] {
  const { value, raw, offset } = field;
  const bad = (why: string) => new FormatError(`${name}: shape is ${raw.slice(0, 80)}; ${why}`, { offset });
  if (!Array.isArray(value)) throw bad('a tuple of whole numbers is needed');
  if (value.length > MAX_RANK) throw bad(`numpy has no arrays of more than ${MAX_RANK} axes`);
  return value.map((size) => {
    if (typeof size !== 'number') throw bad('a tuple of whole numbers is needed');
    if (size < 0) throw bad('a size cannot be negative');
    if (!Number.isSafeInteger(size)) throw bad('that is larger than any file');
    return size;
  });
}

/** The product of a shape, where every partial product of bytes is exact. */
function countOf(shape: readonly number[], size: number, name: string, offset: number): number {
  // An axis of size 0 empties the array whatever the others say.
  if (shape.includes(0)) return 0;
  let bytes = size;
  for (const length of shape) {
    bytes *= length;
    if (!Number.isSafeInteger(bytes)) {
      throw new FormatError(`${name}: shape (${shape.join(', ')}) is larger than any file`, { offset });
    }
  }
  return bytes / size;
}

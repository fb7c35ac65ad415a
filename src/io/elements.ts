/**
 * Element types of stored arrays and how their bytes become JavaScript numbers.
 *
 * @module
 */
import { FormatError } from '../errors.js';
import type { FloatArray } from '../matrix.js';
import type { Literal } from './python-literal.js';
import { fromBfloat16, fromFloat16, fromFloat8e4m3, fromFloat8e5m2 } from './small-floats.js';

/** A dtype that can be read as numbers. */
export interface ElementType {
  /** numpy's name, for example `float16`; `bfloat16` and the `float8` types by that of PyTorch. */
  readonly name: string;
  /** Bytes per value. */
  readonly size: number;
  /** The bytes of a value are stored in the other order than this machine's. */
  readonly swapped: boolean;
  /** Kind and size as in a dtype string, for example `f2`; `bf2`, `e4m3` and `e5m2` for what numpy has not. */
  readonly code: string;
}

/** Byte order of this machine; of WebAssembly and so of nearly every one. */
export const littleEndian = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

const NAMES: Readonly<Record<string, string>> = {
  b1: 'bool',
  i1: 'int8',
  i2: 'int16',
  i4: 'int32',
  i8: 'int64',
  u1: 'uint8',
  u2: 'uint16',
  u4: 'uint32',
  u8: 'uint64',
  f2: 'float16',
  f4: 'float32',
  f8: 'float64',
};

const REFUSED: Readonly<Record<string, string>> = {
  O: 'objects, stored as a pickle that can run code',
  c: 'complex numbers',
  S: 'text',
  a: 'text',
  U: 'text',
  V: 'raw bytes (bfloat16 and float8 are stored so)',
  M: 'dates',
  m: 'time spans',
  f: 'floats of a size that JavaScript has not',
};

const WAY_OUT = "save real numbers: np.save(path, x.astype('float32'))";

/** Reads the `descr` of a header. @throws FormatError naming the dtype and the way out, if it is not of numbers. */
export function elementType(descr: Literal, raw: string, name: string, offset: number): ElementType {
  const shown = raw.length > 60 ? `${raw.slice(0, 60)}…` : raw;
  if (Array.isArray(descr)) {
    throw new FormatError(`${name}: dtype ${shown} is structured; take one field and ${WAY_OUT}`, { offset });
  }
  const match = typeof descr === 'string' ? /^([<>|=]?)([a-zA-Z])(\d*)/.exec(descr) : null;
  const code = `${match?.[2]}${match?.[3]}`;
  if (match !== null && Object.hasOwn(NAMES, code) && match[0] === descr) {
    const size = Number(match[3]);
    const swapped = size > 1 && match[1] === (littleEndian ? '>' : '<');
    return { name: NAMES[code], size, swapped, code };
  }
  const kind = match === null ? undefined : REFUSED[match[2]];
  const what = kind === undefined ? 'is not known' : `holds ${kind}`;
  throw new FormatError(`${name}: dtype ${shown} ${what}; ${WAY_OUT}`, { offset });
}

/**
 * Decodes `bytes`, whose length is a multiple of the element's size, without copying float32 and float64 that are
 * aligned. Everything of at most 16 bits is exact in float32; wider integers become float64.
 *
 * @throws FormatError for a 64-bit integer beyond ±2⁵³, which a number cannot hold; `offset` is that of `bytes`.
 */
export function decode(bytes: Uint8Array, element: ElementType, name: string, offset: number): FloatArray {
  const { size, swapped, code } = element;
  const count = bytes.length / size;
  const source = swapped
    ? reversed(bytes, size)
    : bytes.byteOffset % size === 0
      ? bytes
      : new Uint8Array(bytes);
  const at = [source.buffer, source.byteOffset, count] as const;
  switch (code) {
    case 'f4':
      return new Float32Array(...at);
    case 'f8':
      return new Float64Array(...at);
    case 'f2':
      return fromFloat16(new Uint16Array(...at));
    case 'bf2':
      return fromBfloat16(new Uint16Array(...at));
    case 'e4m3':
      return fromFloat8e4m3(source);
    case 'e5m2':
      return fromFloat8e5m2(source);
    case 'b1':
      return Float32Array.from(source, (value) => (value === 0 ? 0 : 1));
    case 'i1':
      return new Float32Array(new Int8Array(...at));
    case 'u1':
      return new Float32Array(source);
    case 'i2':
      return new Float32Array(new Int16Array(...at));
    case 'u2':
      return new Float32Array(new Uint16Array(...at));
    case 'i4':
      return new Float64Array(new Int32Array(...at));
    case 'u4':
      return new Float64Array(new Uint32Array(...at));
    default:
      return wide(
        code === 'i8' ? new BigInt64Array(...at) : new BigUint64Array(...at),
        element,
        name,
        offset,
      );
  }
}

/** A copy with the bytes of each value in the other order. */
function reversed(bytes: Uint8Array, size: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i += size) {
    for (let k = 0; k < size; k++) out[i + k] = bytes[i + size - 1 - k]!;
  }
  return out;
}

function wide(
  values: BigInt64Array | BigUint64Array,
  element: ElementType,
  name: string,
  offset: number,
): Float64Array {
  const out = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = Number(values[i]);
    if (!Number.isSafeInteger(value)) {
      throw new FormatError(
        `${name}: ${element.name} value ${values[i]} at index ${i} is beyond ±2^53, where numbers stop being exact; ` +
          "scale it, or np.save(path, x.astype('float64'))",
        { offset: offset + 8 * i },
      );
    }
    out[i] = value;
  }
  return out;
}

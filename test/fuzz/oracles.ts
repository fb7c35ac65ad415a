/** Independent readings of the formats, as plainly as their specifications put them; for files that could be read. */
import { WrongRead } from './kind.js';
import { textOf } from './mutate.js';

/** An array as a file holds it. */
export interface Held {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** How numbers of a type are read, and their bytes. */
type Reader = readonly [size: number, read: (view: DataView, at: number, little: boolean) => number];

const half = (bits: number): number => {
  const [sign, exponent, fraction] = [bits >> 15 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
};

const brain = (bits: number): number => new Float32Array(Uint32Array.of(bits << 16).buffer)[0];

export const READERS: Readonly<Record<string, Reader>> = {
  b1: [1, (view, at) => (view.getUint8(at) === 0 ? 0 : 1)],
  i1: [1, (view, at) => view.getInt8(at)],
  u1: [1, (view, at) => view.getUint8(at)],
  i2: [2, (view, at, little) => view.getInt16(at, little)],
  u2: [2, (view, at, little) => view.getUint16(at, little)],
  i4: [4, (view, at, little) => view.getInt32(at, little)],
  u4: [4, (view, at, little) => view.getUint32(at, little)],
  i8: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  u8: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
  f2: [2, (view, at, little) => half(view.getUint16(at, little))],
  bf: [2, (view, at, little) => brain(view.getUint16(at, little))],
  f4: [4, (view, at, little) => view.getFloat32(at, little)],
  f8: [8, (view, at, little) => view.getFloat64(at, little)],
};

export function valuesOf(bytes: Uint8Array, type: string, little: boolean): number[] {
  const [size, read] = READERS[type];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / size }, (_, i) => read(view, i * size, little));
}

/** A Python literal of strings, numbers, tuples and dicts as JSON. */
function literal(text: string): any {
  const json = text
    .replaceAll(/\s/g, ' ')
    .replaceAll("'", '"')
    .replaceAll('(', '[')
    .replaceAll(')', ']')
    .replaceAll('True', 'true')
    .replaceAll('False', 'false')
    .replaceAll(/,(\s*[\]}])/g, '$1');
  return JSON.parse(json);
}

/** What a `.npy` holds, in C order. @throws WrongRead where its header is none */
export function heldByNpy(bytes: Uint8Array): Held {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [base, length] = bytes[6] === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  const text = textOf(bytes.subarray(base, base + length));
  let header: any;
  try {
    header = literal(text);
  } catch {
    throw new WrongRead(`the header ${text} was taken`);
  }
  const [order, type] = [header.descr[0] as string, (header.descr as string).replace(/^[<>|=]/, '')];
  const stored = valuesOf(bytes.subarray(base + length), type, order !== '>');
  const shape = header.shape as number[];
  return { shape, values: header.fortran_order ? fromFortran(stored, shape) : stored };
}

function fromFortran(stored: readonly number[], shape: readonly number[]): number[] {
  return stored.map((_, to) => {
    let [rest, from, stride] = [to, 0, stored.length];
    const index = shape.toReversed().map((size) => {
      const at = rest % size;
      rest = Math.floor(rest / size);
      return at;
    });
    // The last index moves fastest in C order and slowest in Fortran's.
    for (const [k, at] of index.entries()) {
      stride /= shape[shape.length - 1 - k];
      from += at * stride;
    }
    return stored[from];
  });
}

/** Compares a reading with what a file holds. @throws WrongRead */
export function expectHeld(
  read: { readonly shape: readonly number[]; readonly data: ArrayLike<number> },
  held: Held,
): void {
  if (read.shape.join() !== held.shape.join()) {
    throw new WrongRead(`shape [${read.shape.join()}] instead of [${held.shape.join()}]`);
  }
  const count = held.shape.reduce((product, size) => product * size, 1);
  if (read.data.length !== count) throw new WrongRead(`${read.data.length} values instead of ${count}`);
  for (let i = 0; i < count; i++) {
    if (!Object.is(read.data[i], held.values[i])) {
      throw new WrongRead(`value ${i} is ${read.data[i]} instead of ${held.values[i]}`);
    }
  }
}

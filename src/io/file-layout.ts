/**
 * Where the arrays of a file lie, known before their values are: they can be written in any order, a piece at a time.
 *
 * @module
 */
import { DataError } from '../errors.js';
import { crc32 } from './crc32.js';
import type { FloatCode } from './encode.js';
import { npyHeader } from './npy.js';
import { safetensorsHeader } from './safetensors.js';
import { centralHeader, endRecords, localHeader } from './zip-headers.js';

/** An array of a file to be. */
export interface PlannedArray {
  readonly name: string;
  readonly shape: readonly number[];
  /** Kind and size of a value. */
  readonly code: StoredCode;
}

/** Types of values that are written: floats, and truth values. */
export type StoredCode = FloatCode | 'b1';

/** Bytes that are not values, and where they go. */
export interface Piece {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** A file to be. */
export interface FileLayout {
  /** For each array where its values begin, and the CRC-32 of what stands before them in its entry. */
  readonly places: readonly { readonly at: number; readonly crc: number }[];
  /** All that is not values, given each array's CRC-32 with its values. */
  seal(crcs: readonly number[]): Piece[];
}

/** Bytes of an array's values. */
export function bytesOf({ shape, code }: PlannedArray): number {
  return shape.reduce((product, axis) => product * axis, Number(code.slice(1)));
}

/** A type as numpy writes it. */
function descrOf(code: StoredCode): string {
  return code === 'b1' ? '|b1' : `<${code}`;
}

/** A `.npy` file. */
export function npyLayout({ shape, code }: PlannedArray): FileLayout {
  const header = npyHeader(shape, descrOf(code));
  return { places: [{ at: header.length, crc: 0 }], seal: () => [{ at: 0, bytes: header }] };
}

/** A `.npz` file of entries that are not compressed; ZIP64 where it needs to be. @throws DataError */
export function npzLayout(arrays: readonly PlannedArray[]): FileLayout {
  if (arrays.length === 0) throw new DataError('there are no arrays to write');
  let at = 0;
  const entries = arrays.map((array) => {
    const { name, shape, code } = array;
    if (name.includes('\0') || name.length > 10000) {
      throw new DataError(`${JSON.stringify(name.slice(0, 40))} cannot be the name of an array in a .npz`);
    }
    const header = npyHeader(shape, descrOf(code));
    const entry = { name: `${name}.npy`, size: header.length + bytesOf(array), at };
    const start = at + localHeader({ ...entry, crc: 0 }).length;
    at = start + entry.size;
    return { ...entry, header, start };
  });
  return {
    places: entries.map(({ header, start }) => ({ at: start + header.length, crc: crc32(header) })),
    seal: (crcs) => {
      const sealed = entries.map((entry, i) => ({ ...entry, crc: crcs[i] }));
      const central = sealed.map(centralHeader);
      const length = central.reduce((sum, { length: own }) => sum + own, 0);
      const end = endRecords({ count: sealed.length, start: at, length });
      let next = at;
      return [
        ...sealed.flatMap((entry) => [
          { at: entry.at, bytes: localHeader(entry) },
          { at: entry.start, bytes: entry.header },
        ]),
        ...[...central, end].map((bytes) => {
          next += bytes.length;
          return { at: next - bytes.length, bytes };
        }),
      ];
    },
  };
}

const SAFETENSORS: Readonly<Record<StoredCode, string>> = { b1: 'BOOL', f2: 'F16', f4: 'F32', f8: 'F64' };

/** A `.safetensors` file. @throws DataError */
export function safetensorsLayout(arrays: readonly PlannedArray[]): FileLayout {
  const header = safetensorsHeader(
    arrays.map((array) => ({ ...array, dtype: SAFETENSORS[array.code], bytes: bytesOf(array) })),
  );
  let at = header.length;
  const places = arrays.map((array) => {
    at += bytesOf(array);
    return { at: at - bytesOf(array), crc: 0 };
  });
  return { places, seal: () => [{ at: 0, bytes: header }] };
}

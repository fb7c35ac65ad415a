/**
 * `.safetensors`: named tensors behind a JSON header, as PyTorch and JAX users save them.
 *
 * @module
 */
import { DataError, FormatError } from '../errors.js';
import { answer, plainBytes } from './ask.js';
import { codeOf, encode } from './encode.js';
import { decode } from './elements.js';
import { checkArray } from './npy.js';
import type { NpyArray, NpySource } from './npy.js';
import { MAX_HEADER, readSafetensorsHeader } from './safetensors-header.js';
import type { TensorEntry } from './safetensors-header.js';

/** An opened file; tensors are decoded when they are read. */
export interface SafetensorsFile {
  /** Names of the tensors in the order of the header. */
  readonly names: readonly string[];
  /** What `__metadata__` holds. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Shape and type of one tensor. @throws DataError for an unknown name */
  describe(name: string): Pick<NpyArray, 'shape' | 'dtype'>;
  /** Reads one tensor. @throws DataError for an unknown name; FormatError for one that is not of real numbers */
  read(name: string): NpyArray;
}

/**
 * Opens a `.safetensors` file and lists its tensors, decoding none.
 *
 * @param bytes - the whole file; kept, and seen through by float32 and float64 tensors that are aligned in it.
 * @param name - how messages call it.
 * @throws FormatError, with the byte offset: cut off, a header that is not what the format says, a name that occurs twice,
 * tensors that overlap or leave gaps.
 */
export function openSafetensors(bytes: Uint8Array, name = 'safetensors'): SafetensorsFile {
  const file = plainBytes(bytes, name);
  const { tensors, metadata } = answer(readSafetensorsHeader(file.length, name), file);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const find = (key: string): TensorEntry => {
    const found = byName.get(key);
    if (found !== undefined) return found;
    throw new DataError(`${name} has no tensor '${key}': it has ${[...byName.keys()].join(', ') || 'none'}`);
  };
  return {
    names: [...byName.keys()],
    metadata,
    describe: (key) => {
      const { shape, dtype, element } = find(key);
      return { shape, dtype: element?.name ?? dtype };
    },
    read: (key) => {
      const tensor = find(key);
      const element = elementOf(tensor, name);
      const { shape, start, end } = tensor;
      const data = decode(file.subarray(start, end), element, `${name}: ${key}`, start);
      return { shape, data, dtype: element.name };
    },
  };
}

/** How a tensor's values are read. @throws FormatError for one that is not of real numbers */
export function elementOf({ element, dtype, name, offset }: TensorEntry, file: string) {
  if (element !== undefined) return element;
  throw new FormatError(
    `${file}: tensor '${name}' is of ${dtype}, which is not read as real numbers; save x.float() of it`,
    { offset },
  );
}

/**
 * Reads every tensor of a `.safetensors` file: BOOL, integers of 8 to 64 bits, F16, BF16, F32, F64, F8_E4M3 and F8_E5M2.
 * JavaScript puts keys that are whole numbers first; {@link openSafetensors} has the file's own order.
 *
 * @param bytes - the whole file.
 * @param name - how messages call it.
 * @throws FormatError as {@link openSafetensors}, and for tensors of other types and 64-bit integers beyond ±2⁵³.
 */
export function readSafetensors(bytes: Uint8Array, name = 'safetensors'): Record<string, NpyArray> {
  const file = openSafetensors(bytes, name);
  return Object.fromEntries(file.names.map((key) => [key, file.read(key)]));
}

/** Options of {@link writeSafetensors}. */
export interface SafetensorsOptions {
  /** Kept in the file beside the tensors. @defaultValue none */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Writes named arrays of float32 or float64 as a `.safetensors` file, in their order.
 *
 * @throws DataError if there are none, or data of another type; ShapeError if a shape does not fit its values.
 */
export function writeSafetensors(
  arrays: Readonly<Record<string, NpySource>>,
  options: SafetensorsOptions = {},
): Uint8Array<ArrayBuffer> {
  const parts = Object.entries(arrays).map(([name, array]) => ({ name, ...checkArray(array) }));
  const header = safetensorsHeader(
    parts.map(({ name, shape, data }) => ({
      name,
      shape,
      dtype: data instanceof Float32Array ? 'F32' : 'F64',
      bytes: data.byteLength,
    })),
    options.metadata,
  );
  const out = new Uint8Array(header.length + parts.reduce((sum, { data }) => sum + data.byteLength, 0));
  out.set(header);
  let at = header.length;
  for (const { data } of parts) {
    out.set(encode(data, codeOf(data)), at);
    at += data.byteLength;
  }
  return out;
}

/** The header of a file that holds these tensors one after another. @throws DataError */
export function safetensorsHeader(
  tensors: readonly { name: string; shape: readonly number[]; dtype: string; bytes: number }[],
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  if (tensors.length === 0) throw new DataError('there are no arrays to write');
  const fields: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) fields.push(['__metadata__', metadata]);
  let at = 0;
  for (const { name, shape, dtype, bytes } of tensors) {
    if (name === '__metadata__' || name.length > 10000) {
      throw new DataError(`'${name.slice(0, 40)}' cannot be the name of a tensor in a .safetensors`);
    }
    fields.push([name, { dtype, shape, data_offsets: [at, at + bytes] }]);
    at += bytes;
  }
  // Not an object made of all fields: it would put names that are whole numbers first.
  const text = `{${fields.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;
  const json = new TextEncoder().encode(text);
  // Blanks up to a multiple of 8 bytes, so that a reader can map the values without copying.
  const size = Math.ceil(json.length / 8) * 8;
  if (size > MAX_HEADER) throw new DataError(`${tensors.length} arrays are too many for one .safetensors`);
  const out = new Uint8Array(8 + size).fill(0x20);
  new DataView(out.buffer).setBigUint64(0, BigInt(size), true);
  out.set(json, 8);
  return out;
}

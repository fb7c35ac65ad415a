/**
 * The header of `.safetensors` files: what is stored, and where.
 *
 * @module
 */
import { FormatError } from '../errors.js';
import { ask, viewOf } from './ask.js';
import type { Asking } from './ask.js';
import { littleEndian } from './elements.js';
import type { ElementType } from './elements.js';
import { parseFields } from './json-header.js';
import type { Json, Placed } from './json-header.js';

/** A tensor as the header has it. */
export interface TensorEntry {
  readonly name: string;
  readonly shape: number[];
  /** The format's name, for example `BF16`. */
  readonly dtype: string;
  /** Nothing for types that are not read as numbers. */
  readonly element: ElementType | undefined;
  /** Bytes of the file where the values begin and end. */
  readonly start: number;
  readonly end: number;
  /** Byte where the header describes it. */
  readonly offset: number;
}

/** What a header says. */
export interface SafetensorsHeader {
  /** In the order of the header. */
  readonly tensors: readonly TensorEntry[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** The limit of the format's own reader. */
export const MAX_HEADER = 100_000_000;

/** Bits of a value by dtype, and how it is read where it is a number. */
const DTYPES: Readonly<Record<string, { readonly bits: number; readonly element?: ElementType }>> = {
  BOOL: number(8, 'b1', 'bool'),
  U8: number(8, 'u1', 'uint8'),
  I8: number(8, 'i1', 'int8'),
  F8_E5M2: number(8, 'e5m2', 'float8_e5m2'),
  F8_E4M3: number(8, 'e4m3', 'float8_e4m3fn'),
  U16: number(16, 'u2', 'uint16'),
  I16: number(16, 'i2', 'int16'),
  F16: number(16, 'f2', 'float16'),
  BF16: number(16, 'bf2', 'bfloat16'),
  U32: number(32, 'u4', 'uint32'),
  I32: number(32, 'i4', 'int32'),
  F32: number(32, 'f4', 'float32'),
  U64: number(64, 'u8', 'uint64'),
  I64: number(64, 'i8', 'int64'),
  F64: number(64, 'f8', 'float64'),
  // Known by their length, so that the tensors beside them can be read.
  C64: { bits: 64 },
  F8_E8M0: { bits: 8 },
  F8_E4M3FNUZ: { bits: 8 },
  F8_E5M2FNUZ: { bits: 8 },
  F6_E2M3: { bits: 6 },
  F6_E3M2: { bits: 6 },
  F4: { bits: 4 },
};

function number(bits: number, code: string, name: string) {
  return { bits, element: { name, size: bits / 8, swapped: bits > 8 && !littleEndian, code } };
}

/** Reads the header of a file of `length` bytes, checked as the format demands. @throws FormatError with the byte offset */
export function* readSafetensorsHeader(length: number, name: string): Asking<SafetensorsHeader> {
  const fail = (message: string, offset: number) => new FormatError(`${name}: ${message}`, { offset });
  if (length === 0) throw fail('the file is empty', 0);
  if (length < 8) throw fail(`cut off after ${length} bytes, inside the length of the header`, length);
  const prefix = yield* ask(0, 8);
  const size = Number(viewOf(prefix).getBigUint64(0, true));
  const start = 8 + size;
  if (size > MAX_HEADER || start > length) {
    const isZip = prefix[0] === 0x50 && prefix[1] === 0x4b;
    const way = isZip
      ? 'it is a zip archive: .npz, or a checkpoint of torch.save; save the tensors with safetensors.torch.save_file'
      : size > MAX_HEADER
        ? `a header has at most ${MAX_HEADER} bytes`
        : `the file ends at byte ${length}; it was cut off`;
    throw fail(`not a .safetensors file: its header would have ${size} bytes; ${way}`, 0);
  }
  const bytes = yield* ask(8, start);
  if (bytes[0] !== 0x7b) throw fail("the header must begin with '{'", 8);
  const tensors: TensorEntry[] = [];
  let metadata: Record<string, string> = {};
  for (const [key, field] of parseFields(bytes, 8, name)) {
    if (key === '__metadata__') metadata = metadataOf(field, fail);
    else tensors.push(tensorOf(key, field, start, fail));
  }
  checkRanges(tensors, start, length, fail);
  return { tensors, metadata };
}

type Fail = (message: string, offset: number) => FormatError;

function metadataOf({ value, offset }: Placed, fail: Fail): Record<string, string> {
  if (!(value instanceof Map)) throw fail("'__metadata__' must map text to text", offset);
  return Object.fromEntries(
    [...(value as ReadonlyMap<string, Placed>)].map(([key, { value: text, offset: at }]) => {
      if (typeof text !== 'string') throw fail(`'__metadata__' must map text to text; '${key}' is not`, at);
      return [key, text] as const;
    }),
  );
}

function tensorOf(name: string, { value, offset }: Placed, base: number, fail: Fail): TensorEntry {
  const what = `tensor '${name}'`;
  if (!(value instanceof Map)) throw fail(`${what} must be described by an object`, offset);
  const fields = value as ReadonlyMap<string, Placed>;
  for (const [key, field] of fields) {
    if (!['dtype', 'shape', 'data_offsets'].includes(key))
      throw fail(`${what} has an unknown field '${key}'`, field.offset);
  }
  const field = (key: string): Placed => {
    const found = fields.get(key);
    if (found === undefined) throw fail(`${what} has no '${key}'`, offset);
    return found;
  };
  const dtype = field('dtype');
  const known =
    typeof dtype.value === 'string' && Object.hasOwn(DTYPES, dtype.value) ? DTYPES[dtype.value] : undefined;
  if (known === undefined) throw fail(`${what} has the unknown dtype ${shown(dtype.value)}`, dtype.offset);
  const shape = numbersOf(field('shape'), `the shape of ${what}`, fail);
  const range = numbersOf(field('data_offsets'), `data_offsets of ${what}`, fail);
  const [from, to] = range;
  if (range.length !== 2 || from > to) {
    throw fail(`data_offsets of ${what} must be a beginning and an end`, field('data_offsets').offset);
  }
  const count = shape.includes(0) ? 0 : shape.reduce((product, axis) => product * axis, 1);
  const bits = count * known.bits;
  if (!Number.isSafeInteger(bits) || bits !== 8 * (to - from)) {
    throw fail(
      `${what} of ${dtype.value as string} and shape [${shape.join(', ')}] needs ${bits / 8} bytes, its data_offsets span ${to - from}`,
      field('data_offsets').offset,
    );
  }
  return {
    name,
    shape,
    dtype: dtype.value as string,
    element: known.element,
    start: base + from,
    end: base + to,
    offset,
  };
}

function numbersOf({ value, offset }: Placed, what: string, fail: Fail): number[] {
  const list = Array.isArray(value) ? (value as readonly Placed[]).map((item) => item.value) : undefined;
  if (list?.every((item) => typeof item === 'number' && Number.isSafeInteger(item))) return list as number[];
  throw fail(`${what} must be a list of whole numbers`, offset);
}

/** Tensors lie one after another, without gaps, to the end of the file. */
function checkRanges(tensors: readonly TensorEntry[], base: number, length: number, fail: Fail): void {
  let covered = base;
  for (const { name, start, end, offset } of tensors.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    if (start < covered) throw fail(`tensor '${name}' begins at byte ${start}, inside another one`, offset);
    if (start > covered) throw fail(`no tensor covers bytes ${covered} to ${start - 1}`, covered);
    covered = end;
  }
  if (covered > length)
    throw fail(`the tensors need ${covered} bytes, the file has ${length}; it was cut off`, length);
  if (covered < length) throw fail(`no tensor covers bytes ${covered} to ${length - 1}`, covered);
}

function shown(value: Json): string {
  return typeof value === 'string' ? `'${value.slice(0, 40)}'` : 'of another kind than text';
}

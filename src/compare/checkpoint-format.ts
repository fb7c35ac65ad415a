/**
 * The bytes of a checkpoint: records of facts and numbers, each with its checksum, in the order in which they are read back.
 *
 * @module
 */
import { FormatError } from '../errors.js';
import { crc32 } from '../io/crc32.js';
import type { FloatArray } from '../matrix.js';

/** One thing that a comparison found, or was in the middle of. */
export interface StateRecord {
  readonly kind: string;
  /** Anything that JSON can say, with float arrays anywhere in it. */
  readonly value: unknown;
}

const MAGIC = new TextEncoder().encode('svcca/checkpoint@1\n');

/** What stands before each record: length and CRC-32 of its description, CRC-32 of its numbers. */
const HEAD = 12;

interface Description {
  readonly kind: string;
  /** With `{ "$array": number }` in place of each array. */
  readonly value: unknown;
  readonly arrays: readonly { readonly type: 'f4' | 'f8'; readonly length: number }[];
}

/** Writes records; the numbers are little-endian, as all machines with JavaScript have them. */
export async function* encodeRecords(records: AsyncIterable<StateRecord>): AsyncGenerator<Uint8Array> {
  yield MAGIC;
  for await (const record of records) yield* encodeRecord(record);
  yield* encodeRecord({ kind: 'end', value: null });
}

function* encodeRecord({ kind, value }: StateRecord): Generator<Uint8Array> {
  const arrays: FloatArray[] = [];
  const replace = (_key: string, part: unknown): unknown => {
    if (!(part instanceof Float64Array || part instanceof Float32Array)) return part;
    return { $array: arrays.push(part) - 1 };
  };
  // `arrays` is asked for last, when all have been found.
  const described = (): Description['arrays'] =>
    arrays.map((data) => ({ type: data instanceof Float32Array ? 'f4' : 'f8', length: data.length }));
  const description = JSON.stringify({ kind, value, arrays: { toJSON: described } }, replace);
  const text = new TextEncoder().encode(description);
  const head = new DataView(new ArrayBuffer(HEAD));
  head.setUint32(0, text.length, true);
  head.setUint32(4, crc32(text), true);
  head.setUint32(
    8,
    arrays.reduce((crc, data) => crc32(bytesOf(data), crc), 0),
    true,
  );
  yield new Uint8Array(head.buffer);
  yield text;
  for (const data of arrays) yield bytesOf(data);
}

/**
 * Reads records back.
 *
 * @throws FormatError, with the offset, where the bytes are not those of a checkpoint, or not as they were written
 */
export async function* decodeRecords(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<StateRecord> {
  const reader = new Reader(pieces);
  try {
    const magic = await reader.take(MAGIC.length);
    if (!magic.every((byte, i) => byte === MAGIC[i])) {
      throw new FormatError('a checkpoint does not begin as one of this version', { offset: 0 });
    }
    for (;;) {
      const record = await readRecord(reader);
      if (record.kind === 'end') return;
      yield record;
    }
  } finally {
    await reader.close();
  }
}

async function readRecord(reader: Reader): Promise<StateRecord> {
  const { offset } = reader;
  const damaged = (): FormatError => new FormatError('a checkpoint is damaged', { offset });
  const head = new DataView((await reader.take(HEAD)).buffer);
  const text = await reader.take(head.getUint32(0, true));
  if (crc32(text) !== head.getUint32(4, true)) throw damaged();
  // What the checksum confirms was written here.
  const { kind, value, arrays } = JSON.parse(new TextDecoder().decode(text)) as Description;
  const numbers: FloatArray[] = [];
  let crc = 0;
  for (const { type, length } of arrays) {
    const bytes = await reader.take(length * (type === 'f4' ? 4 : 8));
    crc = crc32(bytes, crc);
    numbers.push(type === 'f4' ? new Float32Array(bytes.buffer) : new Float64Array(bytes.buffer));
  }
  if (crc !== head.getUint32(8, true)) throw damaged();
  return { kind, value: filled(value, numbers) };
}

/** The value with its arrays. */
function filled(value: unknown, arrays: readonly FloatArray[]): unknown {
  if (Array.isArray(value)) return value.map((part) => filled(part, arrays));
  if (typeof value !== 'object' || value === null) return value;
  if ('$array' in value) return arrays[value.$array as number];
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, filled(part, arrays)]));
}

/** Takes bytes from pieces of any size. */
class Reader {
  offset = 0;
  private readonly pieces: AsyncIterator<Uint8Array>;
  private piece: Uint8Array = new Uint8Array(0);

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.pieces = pieces[Symbol.asyncIterator]();
  }

  /** The next bytes, in memory that grows no faster than they come: a length may be damaged. */
  async take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const start = this.offset;
    let taken = new Uint8Array(Math.min(length, 1 << 20));
    for (let at = 0; at < length;) {
      if (this.piece.length === 0) {
        const next = await this.pieces.next();
        if (next.done) throw new FormatError('a checkpoint ends too early', { offset: start + at });
        this.piece = next.value;
      }
      const part = this.piece.subarray(0, length - at);
      if (at + part.length > taken.length) {
        const larger = new Uint8Array(Math.min(length, 2 * (at + part.length)));
        larger.set(taken.subarray(0, at));
        taken = larger;
      }
      taken.set(part, at);
      this.piece = this.piece.subarray(part.length);
      at += part.length;
      this.offset += part.length;
    }
    return taken;
  }

  async close(): Promise<void> {
    await this.pieces.return?.();
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: FloatArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/**
 * Parsers that ask for the bytes they need, so that each is written once for files in memory and files on disk.
 *
 * @module
 */
import { FormatError } from '../errors.js';

/** A parser: it yields ranges of bytes, `from … to − 1`, is sent them, and returns what it made of them. */
export type Asking<T> = Generator<readonly [from: number, to: number], T, Uint8Array>;

/** Bytes that are read by position; `read` gives exactly as many as were asked for. */
export interface ByteSource {
  readonly length: number;
  read(from: number, to: number): Promise<Uint8Array>;
}

/** Asks for one range. */
export function* ask(from: number, to: number): Asking<Uint8Array> {
  return yield [from, to];
}

/** Lets a parser read from `base` on what it takes for the start of a file. */
export function* shifted<T>(asking: Asking<T>, base: number): Asking<T> {
  let step = asking.next();
  while (step.done !== true) {
    const [from, to] = step.value;
    step = asking.next(yield [base + from, base + to]);
  }
  return step.value;
}

/** Runs a parser over bytes in memory. */
export function answer<T>(asking: Asking<T>, bytes: Uint8Array): T {
  let step = asking.next();
  while (step.done !== true) step = asking.next(bytes.subarray(...step.value));
  return step.value;
}

/** Runs a parser over bytes that are read as it asks for them. */
export async function answerFrom<T>(asking: Asking<T>, source: ByteSource): Promise<T> {
  let step = asking.next();
  while (step.done !== true) step = asking.next(await source.read(...step.value));
  return step.value;
}

/**
 * The bytes of a file as a plain view: methods of subclasses (`slice` of Node's Buffer) differ in what they copy.
 *
 * @throws FormatError for what is none
 */
export function plainBytes(bytes: Uint8Array, name: string): Uint8Array {
  if (ArrayBuffer.isView(bytes)) return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  throw new FormatError(`${name}: give the bytes of the file as a Uint8Array`);
}

/** Parts one after another. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A view of bytes as numbers. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

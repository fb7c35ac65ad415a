/**
 * The content of one array, read from its beginning on: bytes as they lie in a file, or as they come out of deflate.
 *
 * @module
 */
import { once } from 'node:events';
import { Readable, pipeline } from 'node:stream';
import { createInflateRaw } from 'node:zlib';
import { joined } from '../io/ask.js';
import type { ByteSource } from '../io/ask.js';
import { checkContent, damaged } from '../io/zip-content.js';
import type { ZipEntry } from '../io/zip.js';
import { crc32 } from './checksum.js';

/** A place in some content that moves on as it is read. */
export interface Content {
  /** The next bytes, in a buffer that the caller may keep. */
  read(length: number): Promise<Uint8Array>;
  /** Passes over bytes. */
  skip(length: number): Promise<void>;
  /** At the end of the content: throws where what was read cannot be what was written. @throws FormatError */
  finish(): Promise<void>;
  close(): Promise<void>;
}

const CHUNK = 1 << 16;

/** Bytes `start …` of a source. */
export function plainContent(source: ByteSource, start: number): Content {
  let at = start;
  return {
    async read(length) {
      at += length;
      return source.read(at - length, at);
    },
    skip(length) {
      at += length;
      return Promise.resolve();
    },
    finish: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

/** The content of an entry of a zip archive; its checksum is checked where no byte was passed over unread. */
export function entryContent(source: ByteSource, entry: ZipEntry, archive: string): Content {
  return entry.deflated ? inflatedContent(source, entry, archive) : storedContent(source, entry, archive);
}

function storedContent(source: ByteSource, entry: ZipEntry, archive: string): Content {
  const plain = plainContent(source, entry.start);
  let [crc, whole] = [0, true];
  return {
    ...plain,
    async read(length) {
      const bytes = await plain.read(length);
      if (whole) crc = crc32(bytes, crc);
      return bytes;
    },
    skip(length) {
      if (length > 0) whole = false;
      return plain.skip(length);
    },
    finish: async () => {
      if (whole) checkContent(entry, entry.size, crc, archive);
    },
  };
}

function inflatedContent(source: ByteSource, entry: ZipEntry, archive: string): Content {
  const inflate = createInflateRaw({ chunkSize: CHUNK });
  const packed = Readable.from(chunksOf(source, entry), { objectMode: false, highWaterMark: CHUNK });
  // Faults reach the reader through the iterator.
  pipeline(packed, inflate, () => undefined);
  const chunks = inflate[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  let [crc, length] = [0, 0];
  let rest: Uint8Array = new Uint8Array(0);

  /** The next part, at most `most` bytes; none at the end. */
  async function next(most: number): Promise<Uint8Array> {
    if (rest.length === 0) {
      const step = await chunks.next().catch((error: unknown) => {
        const { code, message } = error as NodeJS.ErrnoException;
        throw code?.startsWith('Z_')
          ? damaged(entry, `cannot be inflated: ${message}`, archive, error)
          : error;
      });
      if (step.done === true) return new Uint8Array(0);
      rest = step.value;
      crc = crc32(rest, crc);
      length += rest.length;
      if (length > entry.size) checkContent(entry, length, crc, archive);
    }
    const part = rest.subarray(0, most);
    rest = rest.subarray(part.length);
    return part;
  }

  async function take(count: number, use: (part: Uint8Array) => void): Promise<void> {
    for (let left = count; left > 0;) {
      const part = await next(left);
      if (part.length === 0) throw damaged(entry, `ends after ${length} bytes`, archive);
      use(part);
      left -= part.length;
    }
  }

  return {
    async read(count) {
      // Room is taken as content comes: a declared size alone is no reason to believe in it.
      const parts: Uint8Array[] = [];
      await take(count, (part) => parts.push(part));
      return joined(parts);
    },
    skip: (count) => take(count, () => undefined),
    async finish() {
      // What follows would be more than the entry declares.
      await next(1);
      checkContent(entry, length, crc, archive);
    },
    async close() {
      inflate.destroy();
      packed.destroy();
      // The file may be closed once nothing reads it any more.
      if (!packed.closed) await once(packed, 'close');
    },
  };
}

async function* chunksOf(source: ByteSource, { start, end }: ZipEntry): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end; at += CHUNK) yield await source.read(at, Math.min(at + CHUNK, end));
}

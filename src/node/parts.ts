/**
 * Parts of a comparison as files.
 *
 * @module
 */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { FormatError } from '../errors.js';
import { Part } from '../compare/shards/part.js';
import type { PartSource } from '../compare/shards/part.js';
import { PART_PREFIX, partHeaderLength, readPartHeader } from '../compare/shards/part-bytes.js';
import { fileError, readBytes, writeAtomic } from './files.js';

/** Writes a part, atomically. @throws DataError if it cannot be written */
export async function savePart(path: string, part: Part): Promise<void> {
  await writeAtomic(path, part.toBytes());
}

/** Reads a part, all of it. @throws DataError if it cannot be read; FormatError if it is not a part, or damaged */
export async function loadPart(path: string): Promise<Part> {
  return Part.fromBytes(await readBytes(path), path);
}

/**
 * Reads what a part says of itself; its numbers are read when it is merged, so that any number of parts take the memory of one.
 *
 * @throws as {@link loadPart}; a damaged number is noticed when it is read
 */
export async function openPart(path: string): Promise<PartSource> {
  const { info } = readPartHeader(...(await headerOf(path)), path);
  return {
    name: path,
    info,
    read: async () => {
      const part = await loadPart(path);
      if (JSON.stringify(part.info) === JSON.stringify(info)) return part.joint;
      throw new FormatError(`${path} has changed while it was merged: merge again`);
    },
  };
}

async function headerOf(path: string): Promise<[header: Uint8Array, size: number]> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const { size } = await file.stat();
    const prefix = await readStart(file, 0, Math.min(PART_PREFIX, size));
    return [await readStart(file, PART_PREFIX, partHeaderLength(prefix, size, path)), size];
  } catch (error) {
    throw error instanceof FormatError ? error : fileError(error, path, 'read');
  } finally {
    await file?.close();
  }
}

async function readStart(file: FileHandle, start: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  const { bytesRead } = await file.read(bytes, 0, length, start);
  return bytes.subarray(0, bytesRead);
}

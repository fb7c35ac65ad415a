/**
 * A checkpoint in a file.
 *
 * @module
 */
import { open, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import type { Checkpoint } from '../compare/checkpoint.js';
import { fileError, replaceFile } from './files.js';

/** Bytes that are read at a time. */
const CHUNK = 1 << 20;

/** Options of {@link checkpointFile}. */
export interface CheckpointFileOptions {
  /** Seconds from one saving to the next within a pass. @defaultValue `60` */
  readonly seconds?: number;
}

/**
 * Keeps the state of a comparison in a file, which is replaced as a whole: an interruption while it is written leaves the one
 * before. A comparison that finds the file goes on from there, and removes it when it is done.
 *
 * @returns for the option `checkpoint`. While it is used: DataError where the file cannot be read or written, or is of another
 * comparison; FormatError where it is damaged
 * @example
 * ```ts
 * import { compare } from 'svcca';
 * import { checkpointFile } from 'svcca/node';
 *
 * await compare(a, b, images, { checkpoint: checkpointFile('long.checkpoint') });
 * ```
 */
export function checkpointFile(path: string, { seconds }: CheckpointFileOptions = {}): Checkpoint {
  return {
    ...(seconds !== undefined && { seconds }),

    async load() {
      const file = await openIfThere(path);
      return file && chunksOf(file, path);
    },

    save: (pieces) =>
      replaceFile(path, async (file) => {
        for await (const piece of pieces) await file.writeFile(piece);
      }),

    async remove() {
      await rm(path, { force: true }).catch((error: unknown) => {
        throw fileError(error, path, 'write');
      });
    },
  };
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(error, path, 'read');
  }
}

async function* chunksOf(file: FileHandle, path: string): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const { bytesRead, buffer } = await file
        .read(new Uint8Array(CHUNK), 0, CHUNK)
        .catch((error: unknown) => {
          throw fileError(error, path, 'read');
        });
      if (bytesRead === 0) return;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

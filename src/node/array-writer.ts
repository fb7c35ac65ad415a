/**
 * Arrays written to files piece by piece, several side by side.
 *
 * @module
 */
import { mkdir, open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DataError } from '../errors.js';
import { npyLayout } from '../io/file-layout.js';
import type { FileLayout, PlannedArray } from '../io/file-layout.js';
import { crc32 } from './checksum.js';

/** Takes the values of some arrays, each from its beginning to its end. */
export interface ArrayWriter {
  /** Adds bytes to array number `array`. */
  append(array: number, bytes: Uint8Array): Promise<void>;
  /** After all values: writes what is still missing. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

/** Writes all arrays to one file as its layout has them. */
export function oneFile(file: FileHandle, layout: FileLayout): ArrayWriter {
  const next = layout.places.map(({ at }) => at);
  const crcs = layout.places.map(({ crc }) => crc);
  return {
    async append(array, bytes) {
      crcs[array] = crc32(bytes, crcs[array]);
      await writeAt(file, bytes, next[array]);
      next[array] += bytes.length;
    },
    async finish() {
      for (const { at, bytes } of layout.seal(crcs)) await writeAt(file, bytes, at);
    },
    close: () => Promise.resolve(),
  };
}

/** Writes each array to a `.npy` file of its own in a folder, by its name as a path. @throws DataError for names that cannot be */
export async function fileEach(folder: string, arrays: readonly PlannedArray[]): Promise<ArrayWriter> {
  const files: { readonly file: FileHandle; readonly writer: ArrayWriter }[] = [];
  const close = async (): Promise<void> => {
    for (const { file } of files) await file.close();
  };
  try {
    for (const array of arrays) {
      checkPath(array.name);
      const path = join(folder, `${array.name}.npy`);
      await mkdir(dirname(path), { recursive: true });
      const file = await open(path, 'wx');
      files.push({ file, writer: oneFile(file, npyLayout(array)) });
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    append: (array, bytes) => files[array].writer.append(0, bytes),
    async finish() {
      for (const { file, writer } of files) {
        await writer.finish();
        await file.sync();
      }
    },
    close,
  };
}

/** A name of a layer becomes a path only where it leads nowhere else, on any system. */
function checkPath(name: string): void {
  const parts = name.split('/');
  // eslint-disable-next-line no-control-regex -- that is what is looked for
  const isPlain = (part: string) => part !== '' && !/^\.|[. ]$|[\u0000-\u001f<>:"\\|?*]/.test(part);
  if (parts.every(isPlain) && name.length <= 200) return;
  throw new DataError(
    `layer '${name}' cannot be the name of a file on every system: write .npz or .safetensors, or leave it out by layers`,
  );
}

async function writeAt(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, Math.min(bytes.length - done, 1 << 30), at + done);
    done += bytesWritten;
  }
}

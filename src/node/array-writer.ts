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
  checkPaths(arrays.map(({ name }) => name));
  try {
    for (const array of arrays) {
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

const WAY_OUT = 'write .npz or .safetensors, or leave it out by layers';

/** Names of layers become paths only where they lead nowhere else, and to files of their own, on any system. */
function checkPaths(names: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    if (!name.split('/').every(isPlain) || name.length > 200) {
      throw new DataError(`layer '${name}' cannot be the name of a file on every system: ${WAY_OUT}`);
    }
    const other = seen.get(name.toLowerCase());
    if (other !== undefined) {
      throw new DataError(`layers '${other}' and '${name}' would be one file on some systems: ${WAY_OUT}`);
    }
    seen.set(name.toLowerCase(), name);
  }
}

function isPlain(part: string): boolean {
  // eslint-disable-next-line no-control-regex -- that is what is looked for
  if (part === '' || /^\.|[. ]$|[\u0000-\u001f<>:"\\|?*]/.test(part)) return false;
  // Windows has devices by these names in every folder, with any extension.
  return !/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(part);
}

async function writeAt(file: FileHandle, bytes: Uint8Array, at: number): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await file.write(bytes, done, Math.min(bytes.length - done, 1 << 30), at + done);
    done += bytesWritten;
  }
}

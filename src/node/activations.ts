/**
 * Arrays from files, whole: `.npy`, `.npz`, `.safetensors`, one array of an archive as `file.npz:key`.
 *
 * @module
 */
import { readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { OptionError } from '../errors.js';
import type { NpyArray } from '../io/npy.js';
import { isArrays, listPath, splitKey } from './array-list.js';
import type { ArrayHeader, ListedArray } from './array-list.js';
import { OpenFiles, openPass } from './array-pass.js';
import { fileError } from './files.js';

/**
 * Whether a path names arrays rather than a model: by its extension, or as a folder with such files and no model.
 *
 * @throws DataError if a folder cannot be read
 */
export function isArrayFile(path: string): boolean {
  const { file } = splitKey(path);
  if (isArrays(file)) return true;
  if (!isFolder(file)) return false;
  const names = namesIn(file);
  return !names.includes('model.json') && !names.includes('saved_model.pb') && holdsArrays(file, new Set());
}

/** Looks until one is found; not by `recursive`, which follows links in circles. */
function holdsArrays(folder: string, seen: Set<string>): boolean {
  const real = realpathSync(folder);
  if (seen.has(real)) return false;
  seen.add(real);
  const visible = namesIn(folder).filter((name) => !name.startsWith('.'));
  const paths = visible.map((name) => join(folder, name));
  return paths.some(isArrays) || paths.some((path) => isFolder(path) && holdsArrays(path, seen));
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw fileError(error, folder, 'read');
  }
}

/** Reads one array whole. */
export async function loadListed(array: ListedArray): Promise<NpyArray> {
  const header = await headerOf(array);
  const pass = await openPass([{ array, header }], 0);
  try {
    const data = await pass.rows[0].read(header.shape[0] ?? 1);
    await pass.finish(true);
    return { shape: [...header.shape], data, dtype: header.element.name };
  } finally {
    await pass.close();
  }
}

/** Reads what an array is. @throws FormatError for one that is malformed or not of numbers */
export async function headerOf(array: ListedArray): Promise<ArrayHeader> {
  const files = new OpenFiles();
  try {
    return await array.header(await files.of(array));
  } finally {
    await files.close();
  }
}

/**
 * Reads the one array of a file, or the one that `file.npz:key` names.
 *
 * @throws DataError if the file cannot be read; FormatError if it is malformed; OptionError for an unknown key or kind, and where
 * there are several arrays.
 */
export async function loadArray(
  path: string,
): Promise<{ name: string; array: NpyArray; fingerprint: string }> {
  const { arrays, fingerprint } = await listPath(path);
  const names = arrays.map(({ name }) => name);
  if (names.length !== 1) {
    const first = names[0] ?? 'key';
    throw new OptionError(
      `${path} holds ${names.length} arrays (${names.join(', ')}): name one, as ${path}:${first}`,
    );
  }
  return { name: names[0], array: await loadListed(arrays[0]), fingerprint };
}

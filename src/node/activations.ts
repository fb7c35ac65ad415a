/**
 * Arrays from files, whole: `.npy`, `.npz`, `.safetensors`, one array of an archive as `file.npz:key`.
 *
 * @module
 */
import { readdirSync, statSync } from 'node:fs';
import { extname } from 'node:path';
import { OptionError } from '../errors.js';
import type { NpyArray } from '../io/npy.js';
import { ARRAY_FILES, listPath, splitKey } from './array-list.js';
import type { ArrayHeader, ListedArray } from './array-list.js';
import { OpenFiles, openPass } from './array-pass.js';

export { splitKey } from './array-list.js';

/** Whether a path names arrays rather than a model: by its extension, or as a folder with such files and no model. */
export function isArrayFile(path: string): boolean {
  const { file } = splitKey(path);
  if (ARRAY_FILES.includes(extname(file).toLowerCase())) return true;
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() !== true) return false;
  const inside = readdirSync(file);
  if (inside.includes('model.json') || inside.includes('saved_model.pb')) return false;
  return readdirSync(file, { recursive: true, encoding: 'utf8' }).some((name) =>
    ARRAY_FILES.includes(extname(name).toLowerCase()),
  );
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

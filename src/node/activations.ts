/**
 * Activations and inputs from files: `.npy`, `.npz`, one array of an archive as `file.npz:key`.
 *
 * @module
 */
import { basename, extname } from 'node:path';
import { OptionError } from '../errors.js';
import { readNpy } from '../io/npy.js';
import type { NpyArray } from '../io/npy.js';
import { readNpz } from '../io/npz.js';
import { fingerprint, readBytes } from './files.js';

/** Arrays of a file by name, in the order of the file. */
export interface LoadedArrays {
  readonly arrays: Readonly<Record<string, NpyArray>>;
  readonly fingerprint: string;
}

/** Splits `file.npz:key`; a path without a key has none. */
export function splitKey(path: string): { file: string; key?: string } {
  const match = /^(.+\.npz):(.+)$/i.exec(path);
  return match ? { file: match[1], key: match[2] } : { file: path };
}

/** Whether a path names arrays rather than a model. */
export function isArrayFile(path: string): boolean {
  return ['.npy', '.npz'].includes(extname(splitKey(path).file).toLowerCase());
}

/**
 * Reads every array of a `.npy` or `.npz` file, or the one that `file.npz:key` names.
 *
 * @throws DataError if the file cannot be read; FormatError if it is malformed; OptionError for an unknown key or kind.
 */
export async function loadArrays(path: string): Promise<LoadedArrays> {
  const { file, key } = splitKey(path);
  const kind = extname(file).toLowerCase();
  if (kind !== '.npy' && kind !== '.npz') {
    throw new OptionError(`${path}: arrays are read from .npy and .npz (of one array: file.npz:key)`);
  }
  const bytes = await readBytes(file);
  const print = fingerprint(bytes);
  if (kind === '.npy')
    return { arrays: { [basename(file, extname(file))]: readNpy(bytes, file) }, fingerprint: print };
  const all = readNpz(bytes, file);
  if (key === undefined) return { arrays: all, fingerprint: print };
  const array = all[key];
  if (array === undefined)
    throw new OptionError(`${file} has no array '${key}': it has ${Object.keys(all).join(', ')}`);
  return { arrays: { [key]: array }, fingerprint: print };
}

/** Reads the one array of a file. @throws as {@link loadArrays}; OptionError when there are several */
export async function loadArray(
  path: string,
): Promise<{ name: string; array: NpyArray; fingerprint: string }> {
  const { arrays, fingerprint } = await loadArrays(path);
  const names = Object.keys(arrays);
  if (names.length !== 1) {
    const first = names[0] ?? 'key';
    throw new OptionError(
      `${path} holds ${names.length} arrays (${names.join(', ')}): name one, as ${path}:${first}`,
    );
  }
  return { name: names[0], array: arrays[names[0]], fingerprint };
}

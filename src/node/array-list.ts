/**
 * The arrays that a path names, listed without reading them.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { DataError, FormatError, OptionError } from '../errors.js';
import { answerFrom } from '../io/ask.js';
import type { ByteSource } from '../io/ask.js';
import type { ElementType } from '../io/elements.js';
import { listArrays, peekArray, readNpyHeader } from '../io/npz-list.js';
import { readSafetensorsHeader } from '../io/safetensors-header.js';
import { elementOf } from '../io/safetensors.js';
import { entryContent, plainContent } from './array-content.js';
import type { Content } from './array-content.js';
import { fileError } from './files.js';
import { filesBelow } from './folder-files.js';
import { OpenFile } from './open-file.js';
import type { FileState } from './open-file.js';

/** An array as its header describes it. */
export interface ArrayHeader {
  readonly shape: readonly number[];
  readonly element: ElementType;
  readonly fortran: boolean;
  /** Bytes of the content before the values. */
  readonly start: number;
}

/** An array that can be read. */
export interface ListedArray {
  readonly name: string;
  /** How messages call it. */
  readonly label: string;
  readonly file: FileState;
  /** Reads what it is. @throws FormatError for one that is malformed or not of numbers */
  header(source: ByteSource): Promise<ArrayHeader>;
  /** A new reading of the header and the values after it. */
  content(source: ByteSource): Content;
}

/** The arrays of a path. */
export interface ArrayList {
  readonly arrays: readonly ListedArray[];
  readonly fingerprint: string;
}

/** Extensions of files of arrays. */
const ARRAY_FILES: readonly string[] = ['.npy', '.npz', '.safetensors'];

/** Whether a path is that of a file of arrays, by its extension. */
export function isArrays(path: string): boolean {
  return ARRAY_FILES.includes(extname(path).toLowerCase());
}

/** Splits `file.npz:key`; a path without a key has none. */
export function splitKey(path: string): { file: string; key?: string } {
  const match = /^(.+\.(?:npz|safetensors)):(.+)$/i.exec(path);
  return match ? { file: match[1], key: match[2] } : { file: path };
}

/**
 * Lists the arrays of a file, the one that `file.npz:key` names, or those of the files in a folder.
 *
 * @throws DataError if something cannot be read or a folder holds no arrays; FormatError for a malformed file; OptionError for
 * an unknown key or another kind of file.
 */
export async function listPath(path: string): Promise<ArrayList> {
  const { file, key } = splitKey(path);
  const status = await stat(file).catch((error: unknown) => {
    throw fileError(error, file, 'read');
  });
  if (status.isDirectory()) return listFolder(file);
  if (!isArrays(file)) {
    throw new OptionError(
      `${path}: arrays are read from .npy, .npz and .safetensors files (of one array: file.npz:key) and folders of them`,
    );
  }
  const { arrays, fingerprint } = await listFile(file, basename(file, extname(file)));
  return { arrays: key === undefined ? arrays : [findArray(arrays, key, file)], fingerprint };
}

/** The array of that name. @throws OptionError with the names that there are */
export function findArray(arrays: readonly ListedArray[], key: string, file: string): ListedArray {
  const found = arrays.find(({ name }) => name === key);
  if (found !== undefined) return found;
  throw new OptionError(`${file} has no array '${key}': it has ${arrays.map(({ name }) => name).join(', ')}`);
}

/** The arrays of one file; that of a `.npy` is called `name`. */
async function listFile(path: string, name: string): Promise<ArrayList> {
  const source = await OpenFile.open(path);
  try {
    const fingerprint = await source.fingerprint();
    switch (extname(path).toLowerCase()) {
      case '.npy':
        return { arrays: [npyArray(name, source.state)], fingerprint };
      case '.npz':
        return { arrays: await npzArrays(source), fingerprint };
      default:
        return { arrays: await tensors(source), fingerprint };
    }
  } finally {
    await source.close();
  }
}

function npyArray(name: string, file: FileState): ListedArray {
  return {
    name,
    label: file.path,
    file,
    header: (source) => answerFrom(readNpyHeader(source.length, file.path), source),
    content: (source) => plainContent(source, 0),
  };
}

async function npzArrays(source: OpenFile): Promise<ListedArray[]> {
  const file = source.state;
  const entries = await answerFrom(listArrays(source.length, file.path), source);
  return [...entries].map(([name, found]) => {
    const { entry, archive, inner } = found;
    return {
      name,
      label: `${archive}: ${entry.name}`,
      file,
      header: (from) => answerFrom(peekArray(found), from),
      content: (from) => entryContent(inner === undefined ? from : inMemory(inner), entry, archive),
    };
  });
}

async function tensors(source: OpenFile): Promise<ListedArray[]> {
  const file = source.state;
  const { tensors: found } = await answerFrom(readSafetensorsHeader(source.length, file.path), source);
  const arrays = found.map((tensor): ListedArray => ({
    name: tensor.name,
    label: `${file.path}: ${tensor.name}`,
    file,
    header: async () => ({
      shape: tensor.shape,
      element: elementOf(tensor, file.path),
      fortran: false,
      start: 0,
    }),
    content: (from) => plainContent(from, tensor.start),
  }));
  // The safetensors package sorts names as text, which says nothing: numbers in them do.
  const isSorted = arrays.every(({ name }, i) => i === 0 || arrays[i - 1].name <= name);
  return isSorted ? arrays.sort((a, b) => byNumbers(a.name, b.name)) : arrays;
}

/** The arrays of all files below a folder, by their paths without extension. */
async function listFolder(folder: string): Promise<ArrayList> {
  const found = await filesBelow(folder, isArrays);
  const files = found.map(({ path }) => path).sort(byNumbers);
  const hash = createHash('sha256');
  const arrays: ListedArray[] = [];
  for (const file of files) {
    const name = file.slice(0, -extname(file).length);
    const list = await listFile(join(folder, file), name);
    hash.update(`${file}\n${list.fingerprint}\n`);
    const single = list.arrays.length === 1;
    arrays.push(...list.arrays.map((array) => ({ ...array, name: single ? name : `${name}/${array.name}` })));
  }
  if (arrays.length === 0) {
    throw new DataError(
      `'${folder}' holds no arrays: one ${ARRAY_FILES.join(', ')} file per layer is needed`,
    );
  }
  const names = new Set<string>();
  for (const { name, file } of arrays) {
    if (names.has(name)) throw new FormatError(`${file.path}: '${folder}' has two arrays '${name}'`);
    names.add(name);
  }
  return { arrays, fingerprint: hash.digest('hex').slice(0, 16) };
}

const { compare: byValue } = new Intl.Collator('en', { numeric: true });

/** `layer2` before `layer10`. */
function byNumbers(a: string, b: string): number {
  return byValue(a, b) || (a < b ? -1 : 1);
}

function inMemory(bytes: Uint8Array): ByteSource {
  return {
    length: bytes.length,
    // A copy: the caller may keep it, and decoding wants it aligned.
    read: (from, to) => Promise.resolve(bytes.slice(from, to)),
  };
}

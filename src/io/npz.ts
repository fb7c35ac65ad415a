/**
 * `.npz`: numpy's archive of named arrays, a zip of `.npy` files.
 *
 * @module
 */
import { zipSync } from 'fflate';
import { DataError } from '../errors.js';
import { flag, knownKeys } from '../options.js';
import { answer, plainBytes } from './ask.js';
import { readNpy, writeNpy } from './npy.js';
import type { NpyArray, NpySource } from './npy.js';
import { listArrays, peekArray, readArrayEntry } from './npz-list.js';
import type { NpzEntry } from './npz-list.js';

/** An opened archive; arrays are inflated when they are read. */
export interface NpzArchive {
  /**
   * Names of the arrays, without `.npy`, in the archive's order; those of a `.npz` in the archive as `outer/inner`. A `/` in one
   * is part of the name, never a path.
   */
  readonly names: readonly string[];
  /** Shape and type of one array, from its header alone. @throws DataError for an unknown name; FormatError */
  describe(name: string): Pick<NpyArray, 'shape' | 'dtype'>;
  /** Reads one array, its checksum checked. @throws DataError for an unknown name; FormatError */
  read(name: string): NpyArray;
}

/** Options of {@link writeNpz}. */
export interface NpzOptions {
  /** Deflates, as `np.savez_compressed`. Activations shrink little unless many are zero. @defaultValue `false` */
  readonly compress?: boolean;
}

/**
 * Opens a `.npz` archive and lists its arrays, inflating none.
 *
 * @param bytes - the whole file; kept, and seen through by arrays that are stored uncompressed.
 * @param name - how messages call it.
 * @throws FormatError, with the byte offset: not a zip archive, cut off, encrypted, with entries that are no arrays,
 * that appear twice, or that declare more than they can hold.
 */
export function openNpz(bytes: Uint8Array, name = 'npz'): NpzArchive {
  const file = plainBytes(bytes, name);
  const arrays = answer(listArrays(file.length, name), file);
  const find = (key: string): NpzEntry => {
    const found = arrays.get(key);
    if (found !== undefined) return found;
    throw new DataError(`${name} has no array '${key}': it has ${[...arrays.keys()].join(', ') || 'none'}`);
  };
  return {
    names: [...arrays.keys()],
    describe: (key) => {
      const { shape, element } = answer(peekArray(find(key)), file);
      return { shape, dtype: element.name };
    },
    read: (key) => {
      const found = find(key);
      return readNpy(answer(readArrayEntry(found), file), `${found.archive}: ${found.entry.name}`);
    },
  };
}

/**
 * Reads every array of a `.npz` archive; keys are the names that were given to `np.savez`. JavaScript puts keys that
 * are whole numbers first; {@link openNpz} has the archive's own order, and reads one array at a time.
 *
 * @param bytes - the whole file.
 * @param name - how messages call it.
 * @throws FormatError as {@link openNpz} and {@link readNpy} do; offsets inside an array count from its entry's start.
 */
export function readNpz(bytes: Uint8Array, name = 'npz'): Record<string, NpyArray> {
  const archive = openNpz(bytes, name);
  return Object.fromEntries(archive.names.map((key) => [key, archive.read(key)]));
}

/**
 * Writes named arrays as a `.npz` archive, which `np.load` reads. The same arrays give the same bytes.
 *
 * @throws DataError if there are none, a name holds NUL, or the archive would pass 4 GiB; ShapeError if a shape does
 * not fit its values; OptionError for an unknown option.
 */
export function writeNpz(
  arrays: Readonly<Record<string, NpySource>>,
  options: NpzOptions = {},
): Uint8Array<ArrayBuffer> {
  knownKeys('writeNpz', options, ['compress']);
  const compress = flag('compress', options.compress ?? false);
  const names = Object.keys(arrays);
  if (names.length === 0) throw new DataError('there are no arrays to write');
  if (names.length > 0xfffe)
    throw new DataError(`${names.length} arrays: a .npz written here holds up to 65534`);
  const files: Record<string, Uint8Array> = {};
  let total = 0;
  for (const name of names) {
    if (name.includes('\0') || name.length > 10000) {
      throw new DataError(`${JSON.stringify(name.slice(0, 40))} cannot be the name of an array in a .npz`);
    }
    const file = writeNpy(arrays[name]);
    total += file.length + 1000 + 6 * name.length;
    // fflate writes no ZIP64: above this, it would write a broken archive.
    if (total > 0xffffffff) {
      throw new DataError(
        'the arrays need more than the 4 GiB of a .npz written here: write fewer to each file',
      );
    }
    files[`${name}.npy`] = file;
  }
  // A fixed date, the first that zip knows, so that equal arrays give equal files.
  return zipSync(files, { level: compress ? 6 : 0, mtime: new Date(1980, 0, 1, 12) });
}

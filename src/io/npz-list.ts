/**
 * The arrays of a `.npz`, without reading them.
 *
 * @module
 */
import { FormatError } from '../errors.js';
import { answer, ask, shifted } from './ask.js';
import type { Asking } from './ask.js';
import { PREFIX, checkLength, headerEnd, readHeader } from './npy-header.js';
import type { NpyHeader } from './npy-header.js';
import { readEntry, readStart } from './zip-content.js';
import { listEntries } from './zip.js';
import type { ZipEntry } from './zip.js';

/** Archives in archives that are compressed are inflated whole: up to this size, or ten times their compressed one. */
const MOST_INFLATED = 64 << 20;

/** Where an array of an archive lies. */
export interface NpzEntry {
  readonly entry: ZipEntry;
  /** What messages call the archive that holds it. */
  readonly archive: string;
  /** That archive's bytes where it was deflated inside another one; `entry` is a place in them. */
  readonly inner?: Uint8Array;
}

/**
 * Lists the arrays of an archive by name, in its order. An entry that is itself a `.npz` gives its arrays as `outer/inner`;
 * archives within that one are refused.
 *
 * @throws FormatError, with the byte offset: not a zip archive, cut off, encrypted, with entries that are no arrays,
 * that appear twice, or that declare more than they can hold.
 */
export function listArrays(length: number, archive: string): Asking<Map<string, NpzEntry>> {
  return listWithin(length, archive, '');
}

function* listWithin(length: number, archive: string, path: string): Asking<Map<string, NpzEntry>> {
  const arrays = new Map<string, NpzEntry>();
  const add = (key: string, found: NpzEntry): void => {
    if (arrays.has(key)) {
      throw new FormatError(`${archive}: there are two arrays '${key}'`, { offset: found.entry.start });
    }
    arrays.set(key, found);
  };
  for (const entry of yield* listEntries(length, archive)) {
    if (entry.name.endsWith('/') && entry.size === 0) continue;
    if (path === '' && entry.name.endsWith('.npz')) {
      for (const [key, found] of yield* listNested(entry, archive)) add(key, found);
      continue;
    }
    if (!entry.name.endsWith('.npy')) {
      throw new FormatError(
        `${archive}: entry '${entry.name}' is not a .npy array, so this is not a .npz archive` +
          (path === '' ? '; write it with np.savez' : ' of arrays; archives are read one level deep'),
        { offset: entry.start },
      );
    }
    add(`${path}${entry.name.slice(0, -4)}`, { entry, archive });
  }
  return arrays;
}

/** The arrays of an archive in an archive. */
function* listNested(entry: ZipEntry, archive: string): Asking<Map<string, NpzEntry>> {
  const name = `${archive}: ${entry.name}`;
  const path = `${entry.name.slice(0, -4)}/`;
  if (entry.deflated) {
    if (entry.size > Math.max(MOST_INFLATED, 10 * (entry.end - entry.start))) {
      throw new FormatError(
        `${name} would inflate to ${entry.size} bytes, which are all needed to read in it: refused; add it uncompressed (zip -0)`,
        { offset: entry.start },
      );
    }
    const inner = yield* readEntry(entry, archive);
    const arrays = answer(listWithin(inner.length, name, path), inner);
    return new Map([...arrays].map(([key, found]) => [key, { ...found, inner }]));
  }
  const arrays = yield* shifted(listWithin(entry.size, name, path), entry.start);
  const moved = ({ entry: found }: NpzEntry): ZipEntry => ({
    ...found,
    start: entry.start + found.start,
    end: entry.start + found.end,
  });
  return new Map([...arrays].map(([key, found]) => [key, { ...found, entry: moved(found) }]));
}

/** Reads the header of one array and checks that its entry has the length it needs. @throws FormatError */
export function peekArray({ entry, archive, inner }: NpzEntry): Asking<NpyHeader> {
  return inside(peekEntry(entry, archive), inner);
}

/** The bytes of an array's entry, its checksum checked. @throws FormatError */
export function readArrayEntry({ entry, archive, inner }: NpzEntry): Asking<Uint8Array> {
  return inside(readWhole(entry, archive), inner);
}

function* peekEntry(entry: ZipEntry, archive: string): Asking<NpyHeader> {
  const name = `${archive}: ${entry.name}`;
  const end = headerEnd(yield* readStart(entry, PREFIX, archive), name);
  const header = readHeader(yield* readStart(entry, end, archive), name);
  checkLength(header, entry.size, name);
  return header;
}

function* readWhole(entry: ZipEntry, archive: string): Asking<Uint8Array> {
  // The header first: an entry that is not what it says is refused before it takes memory.
  yield* peekEntry(entry, archive);
  return yield* readEntry(entry, archive);
}

/** Asks the archive's own bytes where they are at hand. */
function* inside<T>(asking: Asking<T>, inner: Uint8Array | undefined): Asking<T> {
  return inner === undefined ? yield* asking : answer(asking, inner);
}

/** The header of a `.npy` file of `length` bytes, which must have the length that the header needs. @throws FormatError */
export function* readNpyHeader(length: number, name: string): Asking<NpyHeader> {
  const end = headerEnd(yield* ask(0, Math.min(length, PREFIX)), name);
  const header = readHeader(yield* ask(0, Math.min(length, end)), name);
  checkLength(header, length, name);
  return header;
}

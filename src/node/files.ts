/**
 * Files: arrays in and out, and writing that leaves nothing half-written.
 *
 * @module
 */
import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, open, readdir, realpath, rename, rm, rmdir, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { DataError, SvccaError } from '../errors.js';
import { readNpy, writeNpy } from '../io/npy.js';
import type { NpyArray, NpySource } from '../io/npy.js';
import { readNpz, writeNpz } from '../io/npz.js';
import type { NpzOptions } from '../io/npz.js';

/** Reads a `.npy` file. @throws DataError if it cannot be read; FormatError if it is not a `.npy` of numbers */
export async function loadNpy(path: string): Promise<NpyArray> {
  return readNpy(await readBytes(path), path);
}

/**
 * Reads every array of a `.npz` file; keys are the names that were given to `np.savez`.
 *
 * @throws DataError if it cannot be read; FormatError if it is not a `.npz` of numbers
 */
export async function loadNpz(path: string): Promise<Record<string, NpyArray>> {
  return readNpz(await readBytes(path), path);
}

/** Writes an array as a `.npy` file, atomically. @throws DataError if it cannot be written; ShapeError */
export async function saveNpy(path: string, array: NpySource): Promise<void> {
  await writeAtomic(path, writeNpy(array));
}

/**
 * Writes named arrays as a `.npz` file, atomically.
 *
 * @throws DataError if it cannot be written or there are no arrays; ShapeError; OptionError
 */
export async function saveNpz(
  path: string,
  arrays: Readonly<Record<string, NpySource>>,
  options: NpzOptions = {},
): Promise<void> {
  await writeAtomic(path, writeNpz(arrays, options));
}

/** Reads a whole file, of any size that memory holds. @throws DataError naming the path and the way out */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'r');
    const status = await file.stat();
    // Pipes and devices do not know their size.
    if (!status.isFile()) return new Uint8Array(await file.readFile());
    const bytes = new Uint8Array(status.size);
    let at = 0;
    while (at < bytes.length) {
      // readFile stops at 2 GiB, and so does a single read.
      const { bytesRead } = await file.read(bytes, at, Math.min(bytes.length - at, 1 << 30), at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return at === bytes.length ? bytes : bytes.slice(0, at);
  } catch (error) {
    throw fileError(error, path, 'read');
  } finally {
    await file?.close();
  }
}

/**
 * Writes a file so that `path` holds either its old content or all of the new, whatever happens: into a temporary file
 * beside it, flushed to disk, then renamed. Missing folders are made; a link's target is replaced, not the link; the
 * file keeps the permissions it had. Devices and pipes, which cannot be replaced, are written directly.
 *
 * @throws DataError naming the path and the way out; no temporary file is left.
 */
export async function writeAtomic(path: string, content: Uint8Array | string): Promise<void> {
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
  const existing = await stat(path).catch(() => undefined);
  if (existing !== undefined && !existing.isFile() && !existing.isDirectory()) {
    try {
      await writeTo(path, bytes);
    } catch (error) {
      throw fileError(error, path, 'write');
    }
    return;
  }
  await replaceFile(path, (file) => file.writeFile(bytes));
}

/**
 * Writes a file as {@link writeAtomic} does, by a function that may write anywhere in it.
 *
 * @throws DataError naming the path and the way out, and whatever `write` throws that is not of the file system.
 */
export async function replaceFile(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  let temporary: string | undefined;
  try {
    const target = await realpath(path).catch(() => resolve(path));
    const existing = await stat(target).catch(() => undefined);
    if (existing?.isDirectory()) throw Object.assign(new Error('is a directory'), { code: 'EISDIR' });
    if (existing?.isFile() === false) {
      throw new DataError(
        `cannot write '${path}': it is a device or a pipe, and is written in no order; name a file`,
      );
    }
    await mkdir(dirname(target), { recursive: true });
    temporary = temporaryBeside(target);
    const file = await open(temporary, 'wx');
    try {
      await write(file);
      await file.sync();
    } finally {
      await file.close();
    }
    if (existing !== undefined) await chmod(temporary, existing.mode & 0o7777);
    await rename(temporary, target);
    await syncFolder(dirname(target));
  } catch (error) {
    if (temporary !== undefined) await rm(temporary, { force: true }).catch(() => undefined);
    throw ofTheSystem(error) ? fileError(error, path, 'write') : error;
  }
}

/**
 * Makes a folder that either is complete or is not there: filled under another name, then renamed.
 *
 * @throws DataError if `path` is there and is not an empty folder, or cannot be written; whatever `fill` throws.
 */
export async function replaceFolder(path: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const target = resolve(path);
  await checkNewFolder(path);
  const temporary = temporaryBeside(target);
  try {
    await mkdir(temporary, { recursive: true });
    await fill(temporary);
    // An empty folder would be in the way on some systems.
    await rmdir(target).catch(() => undefined);
    await rename(temporary, target);
    await syncFolder(dirname(target));
  } catch (error) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    throw ofTheSystem(error) ? fileError(error, path, 'write') : error;
  }
}

/** @throws DataError unless `path` is free, or an empty folder */
export async function checkNewFolder(path: string): Promise<void> {
  const status = await stat(path).catch(() => undefined);
  if (status === undefined) return;
  if (status.isDirectory() && (await readdir(path)).length === 0) return;
  throw new DataError(`cannot write the folder '${path}': it is there already; name a new one, or remove it`);
}

function temporaryBeside(target: string): string {
  return join(dirname(target), `.svcca-${randomBytes(6).toString('hex')}.tmp`);
}

/** Errors of Node have a code that is text; those of the library say already what to do. */
function ofTheSystem(error: unknown): boolean {
  return !(error instanceof SvccaError) && typeof (error as { code?: unknown } | null)?.code === 'string';
}

/** SHA-256 of the parts one after another, its first 16 hexadecimal digits: tells versions of a file apart. */
export function fingerprint(...parts: readonly (Uint8Array | string)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 16);
}

/** An error of the file system as one that says what to do. */
export function fileError(error: unknown, path: string, doing: 'read' | 'write'): DataError {
  const { code, message } = error as NodeJS.ErrnoException;
  return new DataError(`cannot ${doing} '${path}': ${explain(code, message, path, doing)}`, { cause: error });
}

function explain(code: string | undefined, message: string, path: string, doing: 'read' | 'write'): string {
  switch (code) {
    case 'ENOENT':
      return `there is no such file; the path is taken from ${process.cwd()}`;
    case 'EISDIR':
      return doing === 'read'
        ? 'it is a directory; name a file in it'
        : 'it is a directory; name a file to write';
    case 'ENOTDIR':
    case 'EEXIST':
      return `a part of '${dirname(path)}' is a file, not a directory`;
    case 'EACCES':
    case 'EPERM':
      return doing === 'read'
        ? 'permission denied; make the file readable for this user'
        : `permission denied; make '${dirname(path)}' writable for this user, or write elsewhere`;
    case 'EROFS':
      return 'the file system is read-only; write elsewhere';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full; free some space, or write elsewhere';
    case 'EMFILE':
    case 'ENFILE':
      return 'too many files are open; close some';
    case 'ENAMETOOLONG':
      return 'the name is too long for the file system; shorten it';
    default:
      return message;
  }
}

/** Pipes, devices and terminals: they cannot be replaced, nor flushed. */
async function writeTo(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(bytes);
  } finally {
    await file.close();
  }
}

/** Makes the renaming itself survive a power cut, where the system can. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

/**
 * A spool in a temporary file.
 *
 * @module
 */
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, open, rm, statfs } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OpenSpool, Spool } from '../capture/spool.js';
import { DataError } from '../errors.js';
import { fileError } from './files.js';

/** Bytes that one call of the system moves. */
const CHUNK = 1 << 30;

/** `f_type` of a Linux file system that lives in memory. */
const TMPFS = 0x01021994;

/**
 * Spools in temporary files of a folder, which is made where it is missing. A file loses its name as soon as it is open, so
 * that nothing is left of it even where the process is killed; where the system refuses that, it is removed when the spool is
 * closed or the process exits.
 *
 * @param directory - on a disk with room for what is spooled. @defaultValue `TMPDIR`, else the system's temporary folder, or
 * `/var/tmp` where that one lives in memory
 * @returns a function that opens a new spool. @throws DataError where the folder cannot be written or the disk is full
 * @example
 * ```ts
 * import { compare } from 'svcca';
 * import { spoolTo } from 'svcca/node';
 *
 * await compare(a, b, images, { memory: 500e6, spool: spoolTo('/scratch') });
 * ```
 */
export function spoolTo(directory?: string): OpenSpool {
  return async () => {
    const parent = directory ?? process.env['TMPDIR'] ?? (await onDisk([tmpdir(), '/var/tmp']));
    let folder: string | undefined;
    try {
      await mkdir(parent, { recursive: true });
      folder = await mkdtemp(join(parent, 'svcca-'));
      const path = join(folder, 'spool');
      const file = await open(path, 'wx+', 0o600);
      const unlinked = await rm(folder, { recursive: true }).then(
        () => true,
        () => false,
      );
      return new FileSpool(file, path, unlinked ? undefined : folder);
    } catch (error) {
      if (folder !== undefined) await rm(folder, { recursive: true, force: true }).catch(() => undefined);
      throw spoolError(error, folder ?? parent);
    }
  };
}

/** The first of the folders that does not live in memory, else the first. */
export async function onDisk(folders: readonly string[]): Promise<string> {
  for (const folder of folders) {
    const type = await statfs(folder).then(
      (status) => status.type,
      () => TMPFS,
    );
    if (type !== TMPFS) return folder;
  }
  return folders[0];
}

class FileSpool implements Spool {
  private end = 0;
  private closed: Promise<void> | undefined;
  private readonly running = new Set<Promise<unknown>>();
  private readonly atExit = (): void => {
    if (this.folder !== undefined) rmSync(this.folder, { recursive: true, force: true });
  };

  constructor(
    private readonly file: FileHandle,
    private readonly path: string,
    /** Where it could not be removed at once. */
    private readonly folder: string | undefined,
  ) {
    if (folder !== undefined) process.once('exit', this.atExit);
  }

  async append(bytes: Uint8Array): Promise<number> {
    const start = this.end;
    this.end += bytes.length;
    await this.during(() => this.write(bytes, start));
    return start;
  }

  async read(start: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(length);
    await this.during(() => this.fill(bytes, start));
    return bytes;
  }

  close(): Promise<void> {
    this.closed ??= this.free();
    return this.closed;
  }

  private async write(bytes: Uint8Array, start: number): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const size = Math.min(bytes.length - at, CHUNK);
      at += (await this.file.write(bytes, at, size, start + at)).bytesWritten;
    }
  }

  private async fill(bytes: Uint8Array, start: number): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const size = Math.min(bytes.length - at, CHUNK);
      const { bytesRead } = await this.file.read(bytes, at, size, start + at);
      if (bytesRead === 0) throw new DataError(`the spool '${this.path}' ends at byte ${start + at}`);
      at += bytesRead;
    }
  }

  /** Work on the file, which closing waits for. */
  private async during(start: () => Promise<void>): Promise<void> {
    if (this.closed) throw new DataError('the spool is closed');
    const work = start();
    const settled = work.catch(() => undefined);
    this.running.add(settled);
    try {
      await work;
    } catch (error) {
      throw spoolError(error, this.path);
    } finally {
      this.running.delete(settled);
    }
  }

  private async free(): Promise<void> {
    await Promise.all(this.running);
    await this.file.close();
    if (this.folder === undefined) return;
    await rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
    process.removeListener('exit', this.atExit);
  }
}

function spoolError(error: unknown, path: string): DataError {
  if (error instanceof DataError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code !== 'ENOSPC' && code !== 'EDQUOT' && code !== 'EFBIG') return fileError(error, path, 'write');
  return new DataError(
    `cannot write '${path}': the disk is full, and what does not fit in memory is spooled there; name a folder with room ` +
      "(spoolTo(directory), --spool), raise 'memory', or give fewer samples or layers",
    { cause: error },
  );
}

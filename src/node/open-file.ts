/**
 * A file that is read by position, and must stay what it was.
 *
 * @module
 */
import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { DataError } from '../errors.js';
import type { ByteSource } from '../io/ask.js';
import { fileError } from './files.js';

/** What tells a file from a changed one without reading it. */
export interface FileState {
  readonly path: string;
  readonly size: number;
  readonly changed: bigint;
}

/** A single read of the system moves less than 2 GiB. */
const MOST_AT_ONCE = 1 << 30;
/** Files up to this size are hashed whole. */
const HASHED_WHOLE = 64 << 20;
const PIECE = 1 << 20;

/** A file that is open for reading. */
export class OpenFile implements ByteSource {
  private constructor(
    private readonly handle: FileHandle,
    readonly state: FileState,
  ) {}

  /**
   * @param expected - what the file was when it was opened before.
   * @throws DataError if it cannot be read, is no file, or has changed.
   */
  static async open(path: string, expected?: FileState): Promise<OpenFile> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, 'r');
      const stats = await handle.stat({ bigint: true });
      if (stats.isDirectory()) throw Object.assign(new Error('is a directory'), { code: 'EISDIR' });
      if (!stats.isFile())
        throw new Error('it is not a file on disk, and is read more than once; copy it to one');
      const state = stateOf(path, stats);
      if (expected !== undefined) checkSame(state, expected);
      return new OpenFile(handle, state);
    } catch (error) {
      await handle?.close();
      throw error instanceof DataError ? error : fileError(error, path, 'read');
    }
  }

  get length(): number {
    return this.state.size;
  }

  async read(from: number, to: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = new Uint8Array(to - from);
    const { path } = this.state;
    let at = 0;
    while (at < bytes.length) {
      const length = Math.min(bytes.length - at, MOST_AT_ONCE);
      const { bytesRead } = await this.handle.read(bytes, at, length, from + at).catch((error: unknown) => {
        throw fileError(error, path, 'read');
      });
      if (bytesRead === 0) throw new DataError(`'${path}' became shorter while it was read`);
      at += bytesRead;
    }
    return bytes;
  }

  /** @throws DataError if the file has changed since it was opened first. */
  async checkUnchanged(): Promise<void> {
    checkSame(stateOf(this.state.path, await this.handle.stat({ bigint: true })), this.state);
  }

  /**
   * Hash of the content, as 16 hexadecimal digits of SHA-256: of the whole file up to 64 MiB, beyond that of its length and 64
   * pieces of 1 MiB spread evenly from the first byte to the last (the end of a .npz lists the checksums of all its arrays).
   */
  async fingerprint(): Promise<string> {
    const hash = createHash('sha256');
    const pieces = Math.ceil(Math.min(this.length, HASHED_WHOLE) / PIECE);
    const whole = this.length <= HASHED_WHOLE;
    if (!whole) hash.update(`${this.length}\n`);
    for (let i = 0; i < pieces; i++) {
      const from = whole ? i * PIECE : Math.floor(((this.length - PIECE) * i) / (pieces - 1));
      hash.update(await this.read(from, Math.min(from + PIECE, this.length)));
    }
    return hash.digest('hex').slice(0, 16);
  }

  async close(): Promise<void> {
    await this.handle.close();
  }
}

function stateOf(path: string, { size, mtimeNs }: BigIntStats): FileState {
  return { path, size: Number(size), changed: mtimeNs };
}

function checkSame(now: FileState, before: FileState): void {
  if (now.size === before.size && now.changed === before.changed) return;
  throw new DataError(
    `'${now.path}' was changed while it was in use: all passes must read the same samples; start again when it is complete`,
  );
}

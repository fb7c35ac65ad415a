/** What is damaged and read: one kind of file. */

import type { ErrorCode } from '../../src/errors.js';

/** A damaged file, or a folder of files one of which is damaged. */
export interface Case {
  /** Files by name; the first is the one to open. */
  readonly files: Readonly<Record<string, Uint8Array>>;
  /** The undamaged file that it comes from. */
  readonly seed: string;
  /** What an archive was put together of. */
  readonly members?: Readonly<Record<string, Uint8Array>>;
}

/** A read that gave something else than the file holds. */
export class WrongRead extends Error {
  override readonly name = 'WrongRead';
}

export interface Kind {
  /** The damaged file of a number, always the same. */
  make(number: number): Case;
  /**
   * Reads it and checks what was read against an independent reading. Resolves where it could be read, else rejects with what the reader threw.
   *
   * @throws WrongRead
   */
  read(damaged: Case, path: string): Promise<void> | void;
  /** Whether the files are to be on disk, `path` being the first. */
  readonly onDisk?: boolean;
  /** Codes of errors that it may be refused with, besides FORMAT, DATA and UNSUPPORTED. */
  readonly codes?: readonly ErrorCode[];
  /** A refusal must name a byte. */
  needsOffset(damaged: Case): boolean;
  /** The most bytes that one allocation may take. */
  most(damaged: Case): number;
}

/** Total bytes of the files. */
export function sizeOf({ files }: Case): number {
  return Object.values(files).reduce((sum, bytes) => sum + bytes.length, 0);
}

/** Bytes of work buffers of fixed size, whatever the file's. */
export const FLOOR = 4096;

/** fflate has a window of 32 KiB, and makes room for 128 KiB and a step's worth, at most as much again, at a time. */
export const INFLATE = 3 << 17;

/** Bytes that an archive's members inflate to where they are known, else those of the files: offsets count in either. */
export function inflatedSize(damaged: Case): number {
  const members = Object.values(damaged.members ?? {}).reduce((sum, { length }) => sum + length, 0);
  return Math.max(members, sizeOf(damaged));
}

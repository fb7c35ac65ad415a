/**
 * A place outside memory for what is read twice and does not fit in it.
 *
 * @module
 */

/** Bytes that are kept while a call runs; `svcca/node` has one in a temporary folder. */
export interface Spool {
  /** Adds bytes at the end. @returns where they begin */
  append(bytes: Uint8Array): Promise<number>;
  /** Bytes that were added before; the copy is the caller's. */
  read(start: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Frees the place; nothing is left of it. */
  close(): Promise<void>;
}

/** Opens a new, empty place. */
export type OpenSpool = () => Promise<Spool>;

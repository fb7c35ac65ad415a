/**
 * Where a comparison puts what it has found so far, so that it can go on after an interruption.
 *
 * @module
 */

/** A place for the state of one comparison; `checkpointFile` of `svcca/node` is one on disk. */
export interface Checkpoint {
  /** What was saved last, in pieces of any size; nothing where nothing was. */
  load(): Promise<AsyncIterable<Uint8Array> | undefined>;
  /**
   * Replaces what was saved, as a whole or not at all. The pieces are made as they are asked for, so that no more than one is in
   * memory.
   */
  save(pieces: AsyncIterable<Uint8Array>): Promise<void>;
  /** Removes what was saved, as the comparison is done. */
  remove(): Promise<void>;
  /** Seconds from one saving to the next within a pass; the end of a pass is always saved. @defaultValue `60` */
  readonly seconds?: number;
}

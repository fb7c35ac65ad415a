/**
 * The lockstep stream of the networks' activations, read several times: from memory where it fits, from a spool where one is
 * given, else by running again.
 *
 * @module
 */
import type { ActivationBatch } from '../capture/activations.js';
import type { DeviceBatch } from '../capture/device.js';
import type { OpenSpool } from '../capture/spool.js';
import { Kept } from './kept.js';
import type { Sources } from './sources.js';

/** A batch in host memory or on the device where the models run. */
export type Batch = ActivationBatch | DeviceBatch;

/** The same samples of every side. */
export type Batches = readonly Batch[];

/** Which layers of which side a pass needs; others may be missing from its batches. */
export type Wanted = (side: number, layer: string) => boolean;

/** One pass over a stream. */
export interface Pass {
  /** The first sample, which must begin a batch. @defaultValue `0` */
  readonly from?: number;
  /** @defaultValue all layers */
  readonly wanted?: Wanted;
}

/** A stream that can be read again. One pass at a time. */
export interface LockstepStream {
  /** The first batch, where there is one; the first pass goes on from it. */
  first(): Promise<Batches | undefined>;
  /** Bytes of activations that may be held in memory from the first complete pass on. */
  keepUpTo(bytes: number): void;
  /** A new pass, always in the same order and in the same batches. */
  read(pass?: Pass): AsyncIterable<Batches>;
  /** Whether a further pass runs no model. */
  again(): boolean;
  /** Frees what is held. */
  close(): Promise<void>;
}

/** The stream of all sides. */
export function openStream(
  sources: Pick<Sources, 'read' | 'inMemory' | 'seekable'>,
  spool: OpenSpool | undefined,
): LockstepStream {
  return new Replayed(sources, spool);
}

class Replayed implements LockstepStream {
  /** A pass that has given its first batch and no more. */
  private begun: { readonly first: Batches; readonly rest: AsyncIterator<Batches> } | undefined;
  private kept: Kept | undefined;
  private limit = 0;

  constructor(
    private readonly sources: Pick<Sources, 'read' | 'inMemory' | 'seekable'>,
    private readonly spool: OpenSpool | undefined,
  ) {}

  async first(): Promise<Batches | undefined> {
    const rest = this.sources.read()[Symbol.asyncIterator]();
    const next = await rest.next();
    if (next.done === true) return undefined;
    this.begun = { first: next.value, rest };
    return next.value;
  }

  keepUpTo(bytes: number): void {
    this.limit = bytes;
  }

  async *read({ from = 0, wanted }: Pass = {}): AsyncGenerator<Batches> {
    if (this.kept?.complete) {
      yield* this.kept.read(from, wanted);
      return;
    }
    // What is in memory already need not be held again.
    if (from > 0 || this.sources.inMemory) {
      yield* this.fromSource(from);
      return;
    }
    await this.kept?.close();
    const kept = new Kept(this.limit, this.spool);
    this.kept = kept;
    for await (const batches of this.fromSource(0)) {
      await kept.add(batches);
      yield batches;
    }
    kept.finish();
  }

  again(): boolean {
    if (this.sources.inMemory) return true;
    // Of a comparison that goes on after an interruption nothing has been kept yet.
    return this.kept ? this.kept.complete : this.limit > 0 || this.spool !== undefined;
  }

  async close(): Promise<void> {
    const { begun, kept } = this;
    [this.begun, this.kept] = [undefined, undefined];
    try {
      await begun?.rest.return?.();
    } finally {
      await kept?.close();
    }
  }

  private async *fromSource(from: number): AsyncGenerator<Batches> {
    const { begun } = this;
    this.begun = undefined;
    if (from > 0 || begun === undefined) {
      await begun?.rest.return?.();
      for await (const batches of this.sources.read(this.sources.seekable ? { from } : {})) {
        if (batches[0].start >= from) yield batches;
      }
      return;
    }
    try {
      yield begun.first;
      for (;;) {
        const next = await begun.rest.next();
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      await begun.rest.return?.();
    }
  }
}

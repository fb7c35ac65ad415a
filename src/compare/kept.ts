/**
 * The batches of a pass, kept for the next: in memory up to a limit, beyond it in a spool.
 *
 * @module
 */
import { release, retain } from '../capture/device.js';
import type { OpenSpool } from '../capture/spool.js';
import { bytesOf } from './batches.js';
import { SpooledBatches } from './spooled.js';
import type { Batches, Wanted } from './stream.js';

/** What a pass leaves for the next. */
export class Kept {
  private held: Batches[] = [];
  private bytes = 0;
  private spooled: SpooledBatches | undefined;
  /** Whether the pass came to its end, and all of it is here. */
  complete = false;
  /** Whether something did not fit, so that nothing is kept. */
  lost = false;

  /** @param limit - bytes in memory. */
  constructor(
    private readonly limit: number,
    private readonly openSpool: OpenSpool | undefined,
  ) {}

  /** Adds a batch, which stays the caller's. */
  async add(batches: Batches): Promise<void> {
    if (this.lost) return;
    if (this.spooled) return this.spooled.add(batches);
    this.bytes += bytesOf(batches);
    if (this.bytes <= this.limit) {
      this.held.push(batches.map(retain));
      return;
    }
    if (this.openSpool === undefined) {
      this.lost = true;
      this.drop();
      return;
    }
    this.spooled = new SpooledBatches(await this.openSpool());
    for (const before of this.held) await this.spooled.add(before);
    this.drop();
    await this.spooled.add(batches);
  }

  /** The pass came to its end. */
  finish(): void {
    this.complete = !this.lost;
  }

  async *read(from: number, wanted: Wanted | undefined): AsyncGenerator<Batches> {
    if (this.spooled) {
      yield* this.spooled.read(from, wanted);
      return;
    }
    for (const batches of this.held) if (batches[0].start >= from) yield batches;
  }

  async close(): Promise<void> {
    this.complete = false;
    this.drop();
    await this.spooled?.close();
    this.spooled = undefined;
  }

  private drop(): void {
    for (const batches of this.held) batches.forEach(release);
    this.held = [];
  }
}

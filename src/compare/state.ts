/**
 * The state of a comparison in a checkpoint: written while it runs, and read back in the same order.
 *
 * @module
 */
import { DataError, FormatError } from '../errors.js';
import type { Checkpoint } from './checkpoint.js';
import { decodeRecords, encodeRecords } from './checkpoint-format.js';
import type { StateRecord } from './checkpoint-format.js';

/** Parts of the state, in the order in which they are written. */
const PARTS = ['views', 'reading', 'cells', 'crossing'] as const;

/** What of a comparison is saved: its finished views, the views being read, its finished cells, the cells being computed. */
export type StatePart = (typeof PARTS)[number];

/** What tells one comparison from another: anything that JSON can say, under names that messages use. */
export type Identity = Readonly<Record<string, unknown>>;

/** The state of one comparison; of one without a checkpoint it is empty, and nothing is saved. */
export class RunState {
  private readonly parts = new Map<StatePart, () => AsyncIterable<StateRecord>>();
  private readonly identity: string;
  private before: AsyncIterator<StateRecord> | undefined;
  private ahead: StateRecord | undefined;
  private last = performance.now();

  private constructor(
    private readonly checkpoint: Checkpoint | undefined,
    identity: Identity,
  ) {
    // As JSON gives it back, to be compared with what was saved.
    this.identity = JSON.stringify(identity);
  }

  /**
   * Opens a checkpoint, and goes on from what it holds.
   *
   * @throws FormatError if it is damaged; DataError if it is of another comparison, naming what differs
   */
  static async open(
    checkpoint: Checkpoint | undefined,
    identity: () => Promise<Identity>,
  ): Promise<RunState> {
    if (checkpoint === undefined) return new RunState(undefined, {});
    const state = new RunState(checkpoint, await identity());
    const pieces = await checkpoint.load();
    if (pieces === undefined) return state;
    state.before = decodeRecords(pieces);
    try {
      const header = await state.take('comparison');
      if (header === undefined) throw new FormatError('a checkpoint has no comparison');
      checkSame(header.value as Identity, JSON.parse(state.identity) as Identity);
    } catch (error) {
      await state.close();
      throw error;
    }
    return state;
  }

  /** Whether there is a checkpoint. */
  get saves(): boolean {
    return this.checkpoint !== undefined;
  }

  /** The next record from before, if it is of this kind. */
  async take(kind: string): Promise<StateRecord | undefined> {
    if (this.ahead === undefined && this.before) {
      const next = await this.before.next();
      if (next.done) this.before = undefined;
      else this.ahead = next.value;
    }
    if (this.ahead?.kind !== kind) return undefined;
    const record = this.ahead;
    this.ahead = undefined;
    return record;
  }

  /** Says how a part is written from now on. */
  set(part: StatePart, records: () => AsyncIterable<StateRecord>): void {
    this.parts.set(part, records);
  }

  /** Leaves a part out from now on. */
  unset(part: StatePart): void {
    this.parts.delete(part);
  }

  /** Saves, if it is time to, or at the end of a pass in any case. */
  async save(inAnyCase = false): Promise<void> {
    if (this.checkpoint === undefined) return;
    const { seconds = 60 } = this.checkpoint;
    if (!inAnyCase && performance.now() - this.last < 1000 * seconds) return;
    await this.checkpoint.save(encodeRecords(this.records()));
    this.last = performance.now();
  }

  /** The comparison is done. */
  async remove(): Promise<void> {
    await this.checkpoint?.remove();
  }

  /** Ends the reading of what was saved. */
  async close(): Promise<void> {
    const { before } = this;
    this.before = undefined;
    await before?.return?.();
  }

  private async *records(): AsyncGenerator<StateRecord> {
    yield { kind: 'comparison', value: JSON.parse(this.identity) };
    for (const part of PARTS) yield* this.parts.get(part)?.() ?? [];
  }
}

function checkSame(saved: Identity, own: Identity): void {
  const names = [...new Set([...Object.keys(saved), ...Object.keys(own)])];
  const differs = names.find((name) => JSON.stringify(saved[name]) !== JSON.stringify(own[name]));
  if (differs === undefined) return;
  throw new DataError(
    `the checkpoint is of another comparison (${differs}: ${excerpt(saved[differs])} there, ${excerpt(own[differs])} here): ` +
      'repeat the call that it is of, or remove it',
  );
}

function excerpt(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

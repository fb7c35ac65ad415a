/**
 * Times participants in turns: one run of each, again and again, so that whatever else the machine does falls on all of them alike.
 */

/** What a computation found, for comparison with the others: a score, or a list of numbers. */
export type Value = readonly number[];

/** One run: its time in milliseconds, and what it found. */
export interface Run {
  readonly ms: number;
  readonly value: Value;
}

/** Whoever takes part in a case. */
export interface Participant {
  /** As tables name it, for example `wasm` or `numpy: Gram + eigh`. */
  readonly name: string;
  /** `svcca` for an engine of this library, `peer` for another library. */
  readonly kind: 'svcca' | 'peer';
  /** Largest relative difference to the first engine that counts as the same answer. */
  readonly tolerance: number;
  /** It gives the score alone, which comes first in the numbers of the others. */
  readonly scoreOnly?: boolean;
  readonly note?: string;
  run(): Promise<Run>;
}

/** How a participant fared. */
export interface Timing {
  readonly name: string;
  readonly kind: Participant['kind'];
  /** Of the measured runs; the warm-up is not among them, unless it took so long that it is the only one. */
  readonly min: number;
  readonly median: number;
  readonly runs: readonly number[];
  /** Largest difference to what the first engine found, relative to numbers above 1. */
  readonly difference: number;
  readonly tolerance: number;
  readonly agrees: boolean;
  readonly note?: string;
}

/** A participant that could not take part. */
export interface Absence {
  readonly name: string;
  readonly reason: string;
}

/** How long a case may take. */
export interface Budget {
  /** Runs of each participant after its warm-up. */
  readonly rounds: number;
  /** Milliseconds after which a participant is not run again. */
  readonly each: number;
  /** A warm-up that takes longer than this, in milliseconds, counts as the one run. */
  readonly single: number;
}

/** Runs all participants in turns. */
export async function alternate(
  participants: readonly Participant[],
  budget: Budget,
): Promise<{ timings: Timing[]; absent: Absence[] }> {
  const absent: Absence[] = [];
  const active: { participant: Participant; runs: number[]; value: Value; spent: number }[] = [];
  for (const participant of participants) {
    try {
      const { ms, value } = await settled(participant);
      const long = ms > budget.single;
      active.push({ participant, value, runs: long ? [ms] : [], spent: long ? Infinity : 0 });
    } catch (error) {
      absent.push({ name: participant.name, reason: reasonOf(error) });
    }
  }
  for (let round = 0; round < budget.rounds; round++) {
    for (const entry of active) {
      if (entry.spent > budget.each) continue;
      const { ms } = await settled(entry.participant);
      entry.runs.push(ms);
      entry.spent += ms;
    }
  }
  const truth =
    active.find(({ participant }) => participant.kind === 'svcca')?.value ?? active[0]?.value ?? [];
  const timings = active.map(({ participant, runs, value }): Timing => {
    const { name, kind, tolerance, scoreOnly, note } = participant;
    const difference = differenceOf(value, scoreOnly ? truth.slice(0, 1) : truth);
    return {
      name,
      kind,
      min: Math.min(...runs),
      median: median(runs),
      runs,
      difference,
      tolerance,
      agrees: difference <= tolerance,
      ...(note !== undefined && { note }),
    };
  });
  return { timings, absent };
}

/**
 * A pause before each run: the threads of the one before have gone to sleep then. No forced garbage collection: V8 throws
 * optimised code away with it, and plain JavaScript is then measured 30 times too slow.
 */
async function settled(participant: Participant): Promise<Run> {
  await new Promise((resolve) => setTimeout(resolve, 60));
  return participant.run();
}

/** Milliseconds that `work` takes. */
export async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const start = performance.now();
  const result = await work();
  return { ms: performance.now() - start, result };
}

/** The middle one; the mean of the middle two where there is none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Largest difference, relative to the larger of 1 and the expected number; infinite where the lengths differ. */
export function differenceOf(value: Value, expected: Value): number {
  if (value.length !== expected.length) return Infinity;
  // Math.max hands on NaN, and NaN is no answer.
  return value.reduce(
    (most, v, i) => Math.max(most, Math.abs(v - expected[i]) / Math.max(1, Math.abs(expected[i]))),
    0,
  );
}

/** First line of what went wrong. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0];
}

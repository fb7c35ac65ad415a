/**
 * What a run found, as data.
 */
import type { Bar } from './bars.js';
import type { CaseResult } from './case.js';
import type { MemoryResult } from './cases/memory.js';
import type { LargeResult } from './cases/pairwise.js';
import type { ScalingResult } from './cases/scaling.js';
import type { StartResult } from './cases/start.js';
import type { StreamResult } from './cases/stream.js';
import type { Absence } from './harness.js';
import type { Machine } from './machine.js';

/** Identifies the JSON form. */
export const BENCH_FORMAT = 'svcca/bench@1';

/** One run of the bench. */
export interface Report {
  readonly format: typeof BENCH_FORMAT;
  readonly date: string;
  readonly quick: boolean;
  readonly threads: number;
  readonly machine: Machine;
  /** Versions of Python and its packages; empty without. */
  readonly python: Readonly<Record<string, string>>;
  /** The threaded libraries of each module of peers, as they report themselves. */
  readonly blas: Readonly<Record<string, readonly object[]>>;
  /** Engines and packages that were not there, and why. */
  readonly absent: readonly Absence[];
  readonly cases: readonly CaseResult[];
  readonly large?: LargeResult;
  readonly stream?: StreamResult;
  readonly memory?: MemoryResult;
  readonly scaling: readonly ScalingResult[];
  readonly start?: StartResult;
  readonly bars: readonly Bar[];
}

/**
 * What a study finds: its runs, and the exhibits made of them.
 *
 * @module
 */
import type { Condition } from './conditions.js';
import type {
  ConvergenceExhibit,
  Estimate,
  FilterExhibit,
  HybridPoint,
  MovementExhibit,
  PerformanceRow,
  RepresentationExhibit,
  StartAndEndExhibit,
} from './exhibit-records.js';
import type { Stage } from './stages.js';
import type { StudyPlan } from './plan.js';
import type { TrainResult } from './training.js';

/** The `format` of a study's JSON. */
export const STUDY_FORMAT = 'svcca/study@1';

/** One training: an architecture from one condition with one seed. */
export interface StudyRun {
  readonly model: string;
  readonly condition: Condition;
  readonly seed: number;
  /** Hash of everything that decides its numbers; its files are under `runs/KEY/`. */
  readonly key: string;
  readonly parameters: number;
  readonly training: TrainResult;
  /** On the test images. */
  readonly test: {
    readonly loss: number;
    /** With DeLong's 95 % interval. */
    readonly auc: Estimate;
    /** One class or label against the rest; absent of two classes. */
    readonly perClass?: readonly { readonly name: string; readonly auc: Estimate }[];
  };
}

/** Images that a study used. */
export interface DataSummary {
  readonly from: string;
  readonly fingerprint: string;
  readonly shape: readonly [number, number, number];
  readonly classes: readonly string[];
  /** Images of each class (or with each label) of each part. */
  readonly counts: Readonly<Record<'train' | 'validation' | 'test', readonly number[]>>;
}

/** Everything: plan, runs and exhibits. Times are not in it, so that a study run again is the same to the byte. */
export interface StudyResult {
  readonly format: typeof STUDY_FORMAT;
  readonly version: string;
  /** tfjs backend on which the networks were trained. */
  readonly backend: string;
  readonly plan: StudyPlan;
  readonly data: { readonly target: DataSummary; readonly source?: DataSummary };
  readonly models: readonly {
    readonly name: string;
    readonly parameters: number;
    readonly stages: readonly Stage[];
    /** The training on the source data, whose files are under `runs/KEY/`, or the file that the weights came from. */
    readonly pretrained?: { readonly from: string; readonly key?: string; readonly training?: TrainResult };
  }[];
  readonly runs: readonly StudyRun[];
  readonly performance: readonly PerformanceRow[];
  readonly representations: readonly RepresentationExhibit[];
  readonly movement: readonly MovementExhibit[];
  readonly startAndEnd: readonly StartAndEndExhibit[];
  readonly filters: readonly FilterExhibit[];
  readonly convergence: readonly ConvergenceExhibit[];
  readonly hybrid: readonly HybridPoint[];
  /** Runs that the budget left out, and what else the reader should know. */
  readonly warnings: readonly string[];
}

/**
 * What a study finds: the exhibits of the paper for the user's own models, as data.
 *
 * @module
 */
import type { Condition } from './conditions.js';
import type { Stage } from './stages.js';
import type { StudyPlan } from './plan.js';
import type { Evaluation, TrainResult } from './training.js';

/** The `format` of a study's JSON. */
export const STUDY_FORMAT = 'svcca/study@1';

/** A number with its interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

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

/** (a) The table: one row per architecture and condition. */
export interface PerformanceRow {
  readonly model: string;
  readonly condition: Condition;
  readonly parameters: number;
  /** Test AUC of each seed, in the order of the plan. */
  readonly aucs: readonly Estimate[];
  /** Mean over seeds; the interval says what `interval` names. */
  readonly mean: Estimate;
  readonly interval: string;
  /** Mean paired difference to `random` of the same architecture; absent for random itself. */
  readonly gain?: Estimate & { readonly p: number };
}

/** (b) Are two trainings from scratch more alike than one from scratch and one pretrained? */
export interface RepresentationExhibit {
  readonly model: string;
  readonly parameters: number;
  readonly layers: readonly {
    readonly layer: string;
    readonly stage: string;
    readonly scratchScratch: number;
    readonly scratchPretrained: number;
    readonly samples: number;
    readonly neurons: number;
    /** Expected score of unrelated representations of these sizes, where the measure tells it. */
    readonly chance?: number;
  }[];
  /** Averaged over the top two stages before the classifier: the paper's headline. */
  readonly top: {
    readonly layers: readonly string[];
    readonly scratchScratch: number;
    readonly scratchPretrained: number;
    readonly difference: number;
    /** Permutation test over which networks are called pretrained. */
    readonly p: number;
    readonly labellings: number;
  };
}

/** (c) Each trained network against its own initialisation. */
export interface MovementExhibit {
  readonly model: string;
  readonly condition: Condition;
  readonly layers: readonly {
    readonly layer: string;
    readonly stage: string;
    readonly scores: readonly number[];
  }[];
}

/** (d) Similarity at initialisation against similarity after training, of conv1's and every other stage's layer. */
export interface StartAndEndExhibit {
  readonly model: string;
  readonly points: readonly {
    readonly layer: string;
    readonly a: { readonly condition: Condition; readonly seed: number };
    readonly b: { readonly condition: Condition; readonly seed: number };
    readonly initial: number;
    readonly trained: number;
  }[];
  /** Pearson correlation over the points, absent where it is undefined. */
  readonly correlation?: Estimate;
}

/** (e) Filters of conv1 before and after training. */
export interface FilterExhibit {
  readonly model: string;
  readonly condition: Condition;
  readonly seed: number;
  /** `[height, width, channels, filters]` */
  readonly shape: readonly [number, number, number, number];
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Correlation of each filter with itself before training. */
  readonly unchanged: readonly number[];
}

/** (f) Convergence of one architecture from one condition. */
export interface ConvergenceExhibit {
  readonly model: string;
  readonly condition: Condition;
  readonly curves: readonly { readonly seed: number; readonly history: readonly Evaluation[] }[];
  /** First step at which the validation AUC reached the plan's target, of each seed; null where it never did. */
  readonly stepsToTarget: readonly (number | null)[];
  /** Of `transfuse`: mean AUC at the end and steps saved against reusing one stage less. */
  readonly marginal?: { readonly than: Condition; readonly auc: number; readonly steps: number | null };
}

/** (g) What part is enough: AUC against parameters. */
export interface HybridPoint {
  readonly model: string;
  readonly condition: Condition;
  readonly parameters: number;
  readonly auc: Estimate;
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
    /** The training on the source data, or the file that the weights came from. */
    readonly pretrained?: { readonly from: string; readonly training?: TrainResult };
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

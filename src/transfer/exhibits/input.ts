/**
 * What the exhibits of a study are made of.
 *
 * @module
 */
import type { LayersModel } from '@tensorflow/tfjs';
import type { Labelled } from '../auc-classes.js';
import type { CaptureData } from '../../capture/capture.js';
import type { RunOptions } from '../../options.js';
import type { Stage } from '../stages.js';
import type { StudyPlan } from '../plan.js';
import type { StudyResult, StudyRun } from '../study-result.js';

/** Which weights of a run: before its first step or after its last. */
export type Moment = 'initial' | 'final';

/** Finished runs and the ways to what was kept of them. */
export interface ExhibitsInput extends RunOptions {
  readonly plan: Pick<StudyPlan, 'models' | 'conditions' | 'seeds' | 'similarity' | 'targetAuc'>;
  /** Architectures in the order of the plan. */
  readonly models: readonly {
    readonly name: string;
    readonly parameters: number;
    readonly stages: readonly Stage[];
  }[];
  /** Finished runs, in any order. */
  readonly runs: readonly StudyRun[];
  /** Labels of the test images. */
  readonly test: Labelled;
  /** Logits of a run's final weights on the test images, `[images, classes]` row by row. */
  readonly logits: (run: StudyRun) => Promise<ArrayLike<number>>;
  /** A new model with the weights of a run; it is disposed of here. */
  readonly load: (run: StudyRun, moment: Moment) => Promise<LayersModel>;
  /** Images that representations are compared on, as the networks of an architecture (by name) take them: resized and scaled. A tensor stays the caller's. */
  readonly images: (model: string) => Promise<CaptureData>;
}

/** The seven exhibits, and what their reader should know. */
export type Exhibits = Pick<
  StudyResult,
  | 'performance'
  | 'representations'
  | 'movement'
  | 'startAndEnd'
  | 'filters'
  | 'convergence'
  | 'hybrid'
  | 'warnings'
>;

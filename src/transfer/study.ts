/**
 * The transfer study: every run of a plan, and what they show together.
 *
 * @module
 */
import type { LayersModel } from '@tensorflow/tfjs';
import type { Progress } from '../options.js';
import type { Splits } from './labelled-images.js';
import type { Store } from './store.js';
import type { StudyPlan } from './plan.js';
import type { StudyResult, StudyRun } from './study-result.js';

/** What a study needs beside its plan. */
export interface StudyOptions {
  /** As the plan's `data` says; `openStudy` of `svcca/node` reads them. */
  readonly data: { readonly target: Splits; readonly source?: Splits };
  /** Pretrained networks of the models whose `pretrained` is not `'source'`, by the name of the model. They stay as they are. */
  readonly pretrained?: Readonly<Record<string, LayersModel>>;
  /** Keeps every run: a study that is run again on the same store trains nothing twice, one that was killed goes on. */
  readonly store: Store;
  /** Minutes after which no new run begins, in place of the plan's. */
  readonly minutes?: number;
  readonly signal?: AbortSignal;
  /** Called as work proceeds; `stage` names the run. */
  readonly onProgress?: (progress: Progress & { readonly loss?: number; readonly auc?: number }) => void;
  /** Called after each run. */
  readonly onRun?: (run: StudyRun, how: { readonly cached: boolean }) => void;
}

/** Everything of a study but the exhibits. */
export type TrainedStudy = Pick<
  StudyResult,
  'format' | 'version' | 'backend' | 'plan' | 'data' | 'models' | 'runs' | 'warnings'
>;

export type { StudyPlan };

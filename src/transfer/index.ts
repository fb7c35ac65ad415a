/**
 * The transfer study: models, initialisation and transfusion, training, and the exhibits of *Transfusion* (Raghu, Zhang,
 * Kleinberg, Bengio: NeurIPS 2019, arXiv 1902.07208) for the user's own networks and data.
 *
 * @module
 */

// Data.
export type { LabelledImages, Splits, Task } from './labelled-images.js';

// Networks.
export type { Family, ModelSpec } from './models.js';
export type { Stage } from './stages.js';

// How they start.
export type { Condition } from './conditions.js';

// Training.
export type {
  Augmentation,
  Evaluation,
  PixelScale,
  Schedule,
  TrainOptions,
  TrainResult,
  TrainingSpec,
} from './training.js';

// The study.
export { PLAN_FORMAT } from './plan.js';
export type { DataSpec, PlanModel, StudyPlan } from './plan.js';
export { STUDY_FORMAT } from './study-result.js';
export type {
  ConvergenceExhibit,
  DataSummary,
  Estimate,
  FilterExhibit,
  HybridPoint,
  MovementExhibit,
  PerformanceRow,
  RepresentationExhibit,
  StartAndEndExhibit,
  StudyResult,
  StudyRun,
} from './study-result.js';
export { memoryStore } from './store.js';
export type { Store } from './store.js';

/**
 * The transfer study: networks, how they start, training, and the exhibits of *Transfusion* (Raghu, Zhang, Kleinberg, Bengio:
 * NeurIPS 2019, arXiv 1902.07208) for the user's own networks and data.
 *
 * ```ts
 * import { compare } from 'svcca';
 * import { cbr, train, transfuse } from 'svcca/transfer';
 *
 * const model = await cbr('Tiny', { inputShape: [28, 28, 1], classes: 2, seed: 1 });
 * await transfuse(pretrained, model, { upTo: 'block2' }); // the rest stays as it is
 * const { kept } = await train(model, { train: images, validation }, { epochs: 4 });
 * ```
 *
 * @packageDocumentation
 */

// A whole study.
export { runStudy, trainStudy } from './study.js';
export type { StudyOptions, TrainedStudy } from './study.js';
export { checkPlan } from './plan-check.js';
export { PLAN_FORMAT } from './plan.js';
export type {
  DataSpec,
  PlanModel,
  PlannedTraining,
  PretrainingSpec,
  ResolvedModel,
  ResolvedPlan,
  StudyPlan,
} from './plan.js';
export { STUDY_FORMAT } from './study-result.js';
export type {
  ConvergenceExhibit,
  Estimate,
  FilterExhibit,
  HybridPoint,
  MovementExhibit,
  PairedDifference,
  PerformanceRow,
  RepresentationExhibit,
  StartAndEndExhibit,
  StudyNet,
} from './exhibit-records.js';
export type { DataSummary, StudyResult, StudyRun } from './study-result.js';
export { exhibits } from './exhibits/exhibits.js';
export type { Exhibits, ExhibitsInput, Moment } from './exhibits/input.js';

// Networks.
export { cbr } from './cbr.js';
export type { CbrName, CbrOptions } from './cbr.js';
export { efficientNetLite0 } from './efficientnet-lite0.js';
export { resNet50 } from './resnet50.js';
export type { ResNet50Options } from './resnet50.js';
export type { NetworkOptions } from './build.js';
export { buildModel, families } from './models.js';
export type { Family, ModelSpec } from './models.js';
export { stages } from './stages.js';
export type { Stage } from './stages.js';

// How they start.
export { initialise } from './initialise.js';
export type { InitialiseOptions, Written } from './initialise.js';
export { transfuse } from './transfuse.js';
export type { TransfuseOptions } from './transfuse.js';
export { meanVar } from './mean-var.js';
export type { MeanVarOptions } from './mean-var.js';
export { gabor } from './gabor.js';
export { gaborFilters, gaborKernel } from './gabor-kernels.js';
export type { GaborFilter } from './gabor-kernels.js';
export type { GaborOptions, GaborResult } from './gabor.js';
export { slim } from './slim.js';
export type { SlimOptions } from './slim.js';
export { startFrom } from './start.js';
export type { StartOptions } from './start.js';
export { needsPretrained, parseCondition } from './conditions.js';
export type { Condition, ParsedCondition } from './conditions.js';

// Training, and what a network is worth.
export { train } from './train.js';
export type {
  Augmentation,
  Evaluation,
  PixelScale,
  Schedule,
  TrainOptions,
  TrainResult,
  TrainingSpec,
} from './training.js';
export { evaluate } from './evaluate.js';
export type { Performance } from './evaluate.js';
export { predict } from './predict.js';
export type { PredictOptions } from './predict.js';
export { auc } from './auc.js';
export { aucPerClass, meanAuc } from './auc-classes.js';
export type { ClassAuc, Labelled, MeanAuc } from './auc-classes.js';
export { delong, delongTest } from './delong.js';
export type { DeLong, DeLongOptions, DeLongTest } from './delong.js';

// Labelled images.
export { checkLabelled, classCounts, pickImages } from './labelled-images.js';
export type { LabelledImages, Splits, Task } from './labelled-images.js';
export { splitOff, subset } from './labelled-draw.js';
export { resizeImages, toChannels } from './labelled-resize.js';
export { labelledFingerprint } from './labelled-fingerprint.js';

// Where runs are kept.
export { memoryStore } from './store.js';
export type { Store } from './store.js';
export { loadStoredModel, saveModel } from './stored-model.js';

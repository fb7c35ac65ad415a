/**
 * What a training is told and what it tells: options, history and result.
 *
 * @module
 */
import type { Progress } from '../options.js';
import type { Store } from './store.js';

/** How the learning rate goes over the steps of a training. */
export interface Schedule {
  /** @defaultValue `'cosine'`, to nearly zero at the last step: it would be zero one step later */
  readonly kind?: 'constant' | 'linear' | 'cosine' | 'steps';
  /** Steps at the beginning in which the rate grows linearly from zero. @defaultValue 0 */
  readonly warmup?: number;
  /** Of `'steps'`: the rate is multiplied by `factor` at each of these steps. */
  readonly at?: readonly number[];
  readonly factor?: number;
}

/** Random changes of the training images. */
export interface Augmentation {
  /** Mirrors an image left to right with probability ½. @defaultValue false */
  readonly flip?: boolean;
  /** Shifts by up to this many pixels along both axes, edges repeated. @defaultValue 0 */
  readonly shift?: number;
}

/** What the pixels become before the network sees them: `(value − offset) / scale`. */
export interface PixelScale {
  readonly offset: number;
  readonly scale: number;
}

/** The part of a training's options that JSON can say; together with data, model and seed it decides every number. */
export interface TrainingSpec {
  /** Optimizer steps; or `epochs`. */
  readonly steps?: number;
  readonly epochs?: number;
  /** @defaultValue 32 */
  readonly batchSize?: number;
  /** @defaultValue `'adam'` */
  readonly optimizer?: 'adam' | 'sgd' | 'momentum';
  /** @defaultValue 1e-3 */
  readonly learningRate?: number;
  readonly schedule?: Schedule;
  readonly augment?: Augmentation;
  /** @defaultValue `{ offset: 0, scale: 255 }` */
  readonly pixels?: PixelScale;
  /** Steps between two evaluations on the validation images. @defaultValue one epoch */
  readonly evaluateEvery?: number;
  /** Ends when the validation AUC has not risen for this many evaluations. @defaultValue never */
  readonly patience?: number;
  /** Weights kept at the end: of the last step or of the best validation AUC. @defaultValue `'last'` */
  readonly keep?: 'last' | 'best';
  /** Stages whose weights stay as they are. @defaultValue none */
  readonly frozen?: readonly string[];
}

/** Options of `train`. */
export interface TrainOptions extends TrainingSpec {
  /** Order of the images and every change of them. @defaultValue 0 */
  readonly seed?: number;
  /** Where checkpoints go, under which name; a training that finds one there goes on from it, with the same numbers. */
  readonly checkpoint?: { readonly store: Store; readonly name: string; readonly every?: number };
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress & { readonly loss?: number; readonly auc?: number }) => void;
}

/** One evaluation. */
export interface Evaluation {
  /** Steps done before it; the first is at 0. */
  readonly step: number;
  /** Mean training loss since the evaluation before; absent at 0. */
  readonly trainLoss?: number;
  /** Mean loss of the validation images. */
  readonly loss: number;
  /** Area under the ROC curve; of several classes the mean of one against the rest. */
  readonly auc: number;
}

/** What `train` returns; the weights are in the model. */
export interface TrainResult {
  readonly steps: number;
  readonly history: readonly Evaluation[];
  /** The evaluation whose weights the model has. */
  readonly kept: Evaluation;
  readonly stopped: 'done' | 'patience';
  readonly warnings: readonly string[];
}

/**
 * The plan of a study: one JSON that says everything, so that anyone can run it again.
 *
 * @module
 */
import type { Keep } from '../factor/keep.js';
import type { Condition } from './conditions.js';
import type { Family } from './models.js';
import type { TrainingSpec } from './training.js';

/** The `format` of a plan. */
export const PLAN_FORMAT = 'svcca/plan@1';

/** Where images come from and how many are taken of each part. */
export interface DataSpec {
  /** An npz (`train_images`, `train_labels`, `val_…`, `test_…`), a folder with one subfolder a class, `'mnist'`, or a URL of an npz. */
  readonly from: string;
  /** Only images of these classes, by name, in this order; their counts are taken after that. @defaultValue all */
  readonly only?: readonly string[];
  /** Names of the classes or labels, in the order of their numbers. @defaultValue as the data tell, else `'class 0'` and so on */
  readonly classes?: readonly string[];
  /** Images are resized to this. @defaultValue as they are; a folder whose images differ in size needs it */
  readonly size?: readonly [height: number, width: number];
  /** Images of each part. @defaultValue all there are */
  readonly train?: number;
  readonly validation?: number;
  readonly test?: number;
  /** Seed of the choice. @defaultValue 0 */
  readonly seed?: number;
}

/** One architecture of the plan. */
export interface PlanModel {
  readonly family: Family;
  readonly width?: number;
  readonly momentum?: number;
  /** Images are resized to this and repeated over 3 channels where the network wants them. @defaultValue the data's own */
  readonly inputShape?: readonly [height: number, width: number, channels: number];
  /**
   * Where the pretrained weights come from: a model.json (ImageNet weights: `npm run imagenet`), or a training on the plan's
   * source data, once per architecture. @defaultValue `'source'` where the plan has source data
   */
  readonly pretrained?: string;
  /** The conditions of this architecture. @defaultValue the plan's */
  readonly conditions?: readonly Condition[];
  /** Differs from the plan's training in these. */
  readonly training?: TrainingSpec;
  /** Its training on the source data, where it differs from the plan's `pretraining`. */
  readonly pretraining?: PretrainingSpec;
}

/** A training on the source data. */
export type PretrainingSpec = TrainingSpec & {
  /** Of the weights that it starts from and of the order of the images. @defaultValue 0 */
  readonly seed?: number;
};

/** The plan as a user writes it. */
export interface StudyPlan {
  readonly format?: typeof PLAN_FORMAT;
  readonly title?: string;
  readonly data: { readonly target: DataSpec; readonly source?: DataSpec };
  /** Architectures under the names that the exhibits use. */
  readonly models: Readonly<Record<string, PlanModel>>;
  readonly conditions: readonly Condition[];
  /** One run each. */
  readonly seeds: readonly number[];
  readonly training: TrainingSpec;
  /** Training on the source data, where it differs from `training`; of that it does not take `frozen`. */
  readonly pretraining?: PretrainingSpec;
  /** How representations are compared. */
  readonly similarity?: {
    /** @defaultValue `'svcca'` */
    readonly measure?: string;
    readonly keep?: Keep;
    /** Images of the target data that are captured. @defaultValue the test images */
    readonly images?: number;
    /** Datapoints drawn of each image of a grid. */
    readonly positions?: number;
    /** Seed of the draw. */
    readonly seed?: number;
  };
  /** AUC whose first step is told per condition (the paper's is 0.91). */
  readonly targetAuc?: number;
  readonly budget?: { readonly minutes?: number };
}

/** A training in which nothing is left open but what the data decide: the steps of an epoch. */
export type PlannedTraining = TrainingSpec &
  Required<
    Pick<
      TrainingSpec,
      'batchSize' | 'optimizer' | 'learningRate' | 'schedule' | 'augment' | 'pixels' | 'keep' | 'frozen'
    >
  >;

/** An architecture with everything that the plan says for it. */
export interface ResolvedModel extends PlanModel {
  readonly width: number;
  readonly conditions: readonly Condition[];
  readonly training: PlannedTraining;
  /** Where `pretrained` is `'source'`. */
  readonly pretraining?: PlannedTraining & { readonly seed: number };
}

/** A plan with every default in its place, which is a plan again. */
export interface ResolvedPlan extends StudyPlan {
  readonly format: typeof PLAN_FORMAT;
  readonly title: string;
  readonly models: Readonly<Record<string, ResolvedModel>>;
  readonly similarity: NonNullable<StudyPlan['similarity']> & {
    readonly measure: string;
    readonly seed: number;
  };
}

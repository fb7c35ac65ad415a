/**
 * The exhibits of the paper for the user's own models, as data.
 *
 * @module
 */
import type { Condition } from './conditions.js';
import type { Evaluation } from './training.js';

/** A number with its interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** (a) The table: one row per architecture and condition, in the order of the plan. */
export interface PerformanceRow {
  readonly model: string;
  readonly condition: Condition;
  readonly parameters: number;
  /** Seeds that have a run, in the order of the plan; `aucs` are in the same order. */
  readonly seeds: readonly number[];
  /** Test AUC of each seed, with DeLong's interval. */
  readonly aucs: readonly Estimate[];
  /** Mean over seeds; the interval says what `interval` names. */
  readonly mean: Estimate;
  /**
   * What the intervals of `mean` and `gain` cover: `'seeds and test images'` (Obuchowski and Rockette 1995, Hillis 2007: other seeds
   * and other test images; never narrower than of the images alone), or with a single seed `'test images'` alone (DeLong: this network, other test images).
   */
  readonly interval: 'seeds and test images' | 'test images';
  /** The mean with the interval of either part alone. */
  readonly parts: {
    /** These networks on other test images (DeLong's covariance). */
    readonly images: Estimate;
    /** Other seeds on these test images (Student's t over the seeds); absent with a single seed. */
    readonly seeds?: Estimate;
  };
  /** To `random` of the same architecture; absent for random itself and where no seed is common. */
  readonly gain?: PairedDifference;
}

/**
 * Mean difference of test AUC between two conditions of an architecture, over the seeds that both have. The networks of a seed are
 * paired, and all of them saw the same test images.
 */
export interface PairedDifference extends Estimate {
  /** Two-sided, of no difference. */
  readonly p: number;
  readonly seeds: readonly number[];
  /** As that of the row, of the common seeds. */
  readonly interval: PerformanceRow['interval'];
}

/** Seed and condition of a network. */
export interface StudyNet {
  readonly condition: Condition;
  readonly seed: number;
}

/**
 * (b) Are two trainings from scratch more alike than one from scratch and one pretrained? Of architectures with two `random` runs
 * and a `pretrained` one at least, after training.
 */
export interface RepresentationExhibit {
  readonly model: string;
  readonly parameters: number;
  /** `scratch` are the `random` runs; in this order the pairs of `scores` are told. */
  readonly seeds: { readonly scratch: readonly number[]; readonly pretrained: readonly number[] };
  readonly layers: readonly {
    readonly layer: string;
    readonly stage: string;
    /** Means over the pairs. */
    readonly scratchScratch: number;
    readonly scratchPretrained: number;
    /** Absent with a single pretrained run. Pretrained networks share their start. */
    readonly pretrainedPretrained?: number;
    /** Every pair: within a group (0,1), (0,2), …, (1,2), …; between them scratch by scratch. */
    readonly scores: {
      readonly scratchScratch: readonly number[];
      readonly scratchPretrained: readonly number[];
      readonly pretrainedPretrained: readonly number[];
    };
    /** Datapoints: images times positions drawn of each. */
    readonly samples: number;
    readonly neurons: number;
    /** Most directions that entered of any network, of measures that keep directions. */
    readonly kept?: number;
    /**
     * Mean score of unrelated representations of these sizes over the pairs, where the measure tells it; it takes datapoints for
     * independent, which positions of one image are not.
     */
    readonly chance?: number;
    /**
     * Mean over the scratch–scratch pairs when each image of one meets another image of the other (a seeded permutation of whole
     * images): what neighbouring positions and few datapoints give without any likeness of what the networks see.
     */
    readonly unmatched?: number;
    /** As of `top`, of this layer alone. */
    readonly p: number;
  }[];
  /** Averaged over the last two stages before the classifier that could be compared: the paper's headline. */
  readonly top: {
    readonly layers: readonly string[];
    readonly scratchScratch: number;
    readonly scratchPretrained: number;
    readonly pretrainedPretrained?: number;
    /** `scratchScratch − scratchPretrained`. */
    readonly difference: number;
    /**
     * Permutation test over which networks are called pretrained, one-sided (scratch networks are closer to one another). With as
     * many of both, and pretrained ones still closer to one another, the exchange of all names reaches what was seen too: p is
     * then two labellings at least.
     */
    readonly p: number;
    /** Labellings counted. */
    readonly labellings: number;
    /** Whether these are all there are. */
    readonly exact: boolean;
    /** The smallest p that so few networks can give: one of the labellings. */
    readonly smallestP: number;
  };
}

/** (c) Each trained network against its own initialisation. */
export interface MovementExhibit {
  readonly model: string;
  readonly condition: Condition;
  /** One score each in `scores`, in this order. */
  readonly seeds: readonly number[];
  readonly layers: readonly {
    readonly layer: string;
    readonly stage: string;
    readonly scores: readonly number[];
    readonly mean: number;
    readonly samples: number;
    readonly neurons: number;
    /** As in {@link RepresentationExhibit}. */
    readonly chance?: number;
  }[];
}

/**
 * (d) Similarity at initialisation against similarity after training, of the first stage's layer (conv1) and every other stage's, for
 * pairs of `random` runs and pairs of a `random` and a `pretrained` one. (Two pretrained ones begin as one network.)
 */
export interface StartAndEndExhibit {
  readonly model: string;
  readonly points: readonly {
    readonly layer: string;
    readonly stage: string;
    readonly a: StudyNet;
    readonly b: StudyNet;
    readonly initial: number;
    readonly trained: number;
  }[];
  /**
   * Pearson correlation over all points, absent where it is undefined. Points share networks: the 95 % interval is a jackknife over
   * networks, in Fisher's z; it is −1 … 1 where too few networks leave it open.
   */
  readonly correlation?: Estimate;
  /** The same of each layer by itself, where pairs alone make the difference. */
  readonly byLayer: readonly {
    readonly layer: string;
    readonly stage: string;
    readonly correlation?: Estimate;
  }[];
}

/** (e) Filters of the first convolution before and after training, of the first seed of each condition. */
export interface FilterExhibit {
  readonly model: string;
  readonly condition: Condition;
  readonly seed: number;
  /** Name of the convolution. */
  readonly layer: string;
  /** `[height, width, channels, filters]` */
  readonly shape: readonly [number, number, number, number];
  /** The kernel, row by row as `shape` has it, to 5 significant digits. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Pearson correlation of each filter with itself before training; null of a constant one. */
  readonly unchanged: readonly (number | null)[];
}

/** (f) Convergence of one architecture from one condition. */
export interface ConvergenceExhibit {
  readonly model: string;
  readonly condition: Condition;
  readonly curves: readonly { readonly seed: number; readonly history: readonly Evaluation[] }[];
  /** The validation AUC asked for; absent where the plan has none, and `stepsToTarget` is empty then. */
  readonly target?: number;
  /** Step of the first evaluation that reached the target, of each curve; null where none did. */
  readonly stepsToTarget: readonly (number | null)[];
  /** Steps done by each run, up to which a null is known. */
  readonly steps: readonly number[];
  /**
   * Median over seeds, runs that never reached the target counted as later than all that did (a mean over those that did would
   * favour conditions that fail); null where half of them did not.
   */
  readonly medianSteps: number | null;
  /**
   * Of `transfuse` and `pretrained`: against the condition that reuses the next fewer stages (`random` reuses none), over the seeds
   * that both have.
   */
  readonly marginal?: {
    readonly than: Condition;
    readonly seeds: readonly number[];
    /** Mean gain of test AUC. */
    readonly auc: number;
    /** Steps to the target saved: difference of the medians; null where either is. */
    readonly steps: number | null;
  };
}

/** (g) What part is enough: AUC against parameters, of `random`, `pretrained`, `gabor` and every `hybrid` of all architectures. */
export interface HybridPoint {
  readonly model: string;
  readonly condition: Condition;
  readonly parameters: number;
  /** The mean of the row of (a), with its interval. */
  readonly auc: Estimate;
  readonly interval: PerformanceRow['interval'];
  /** To `pretrained` of the same architecture, full transfer: is it as good? Absent for that itself and where no seed is common. */
  readonly toPretrained?: PairedDifference;
}

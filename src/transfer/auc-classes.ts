/**
 * Areas under ROC curves of a network's outputs: class by class, label by label, and their mean.
 *
 * @module
 */
import { DataError, ShapeError } from '../errors.js';
import { knownKeys } from '../options.js';
import { auc } from './auc.js';
import { aucInterval, checkLevel, delong, placements } from './delong.js';
import { twoGroups } from './midranks.js';
import { classCounts } from './labelled-images.js';
import type { LabelledImages } from './labelled-images.js';

/** AUC of one class against the rest, or of one label. */
export interface ClassAuc {
  /** Of the class or label. */
  readonly name: string;
  readonly auc: number;
  readonly low: number;
  readonly high: number;
}

/** What {@link meanAuc} finds. */
export interface MeanAuc {
  /** The mean over `perClass`, each counting once. */
  readonly auc: number;
  readonly low: number;
  readonly high: number;
  readonly level: number;
  /** Of two classes one entry, of the second class. */
  readonly perClass: readonly ClassAuc[];
  /** Classes and labels that were left out, and intervals that say little. */
  readonly warnings: readonly string[];
}

/** What both functions need of the data. */
export type Labelled = Pick<LabelledImages, 'labels' | 'task' | 'classes'>;

/**
 * The AUC of each output.
 *
 * - Of `'classes'` each class against the rest, scored by its probability (log-odds of the softmax, which do not saturate as
 *   probabilities do). Of two classes one number: the second against the first.
 * - Of `'labels'` each label, scored by its logit.
 *
 * A class or label that all images have, or none, has no AUC: it is named in a warning. One that a single image has (or lacks)
 * has an AUC and the interval 0 to 1.
 *
 * @param logits - `count × classes.length` outputs of the network before softmax or sigmoid, row by row.
 * @param options - `level`: probability that each of DeLong's intervals covers (0.95).
 * @throws ShapeError where there are not as many logits; DataError for logits that are not finite
 */
export function aucPerClass(
  logits: ArrayLike<number>,
  data: Labelled,
  options: { readonly level?: number } = {},
): { readonly perClass: readonly ClassAuc[]; readonly warnings: readonly string[] } {
  knownKeys('aucPerClass', options, ['level']);
  const level = checkLevel(options.level);
  const { curves, warnings } = curvesOf(logits, data);
  const perClass = curves.map(({ name, scores, labels, interval }) => {
    if (!interval) return { name, auc: auc(scores, labels), low: 0, high: 1 };
    const { auc: area, low, high } = delong(scores, labels, { level });
    return { name, auc: area, low, high };
  });
  return { perClass, warnings };
}

/**
 * The mean of {@link aucPerClass} with an interval that takes into account that all AUCs are of the same images: what an image
 * says of each area (DeLong's structural components) is added up over the areas before it is squared. Of one area it is DeLong's
 * interval.
 *
 * @param logits - `count × classes.length` outputs of the network before softmax or sigmoid, row by row.
 * @param options - `level`: probability that the interval covers (0.95).
 * @throws as {@link aucPerClass}; DataError where no class or label has an AUC
 */
export function meanAuc(
  logits: ArrayLike<number>,
  data: Labelled,
  options: { readonly level?: number } = {},
): MeanAuc {
  knownKeys('meanAuc', options, ['level']);
  const level = checkLevel(options.level);
  const { perClass, warnings } = aucPerClass(logits, data, { level });
  if (perClass.length === 0) throw noAuc(warnings);
  if (perClass.length === 1) {
    const [{ auc: only, low, high }] = perClass;
    return { auc: only, low, high, level, perClass, warnings };
  }
  const mean = perClass.reduce((sum, one) => sum + one.auc, 0) / perClass.length;
  return { auc: mean, ...meanInterval(logits, data, level), level, perClass, warnings };
}

/** One ROC curve. */
interface Curve {
  readonly name: string;
  readonly scores: Float64Array;
  readonly labels: Uint8Array;
  /** Whether there are two samples of each kind. */
  readonly interval: boolean;
}

function curvesOf(logits: ArrayLike<number>, data: Labelled): { curves: Curve[]; warnings: string[] } {
  const { task, classes, labels } = data;
  const width = classes.length;
  const count = task === 'classes' ? labels.length : labels.length / width;
  if (logits.length !== count * width) {
    throw new ShapeError(
      `there are ${logits.length} logits, and ${count} images of ${width} ${task} need ${count * width}`,
    );
  }
  checkFinite(logits, width);
  const curves: Curve[] = [];
  const warnings: string[] = [];
  for (let k = firstCurve(data); k < width; k++) {
    const own = Uint8Array.from({ length: count }, (_, i) =>
      task === 'classes' ? Number(labels[i] === k) : labels[i * width + k],
    );
    const positives = own.reduce((sum, label) => sum + label, 0);
    const negatives = count - positives;
    const name = classes[k];
    const doubt = doubtOf(name, positives, negatives);
    if (doubt !== undefined) warnings.push(doubt.warning);
    if (doubt?.leftOut) continue;
    curves.push({ name, scores: scoresOf(logits, k, width, task), labels: own, interval: !doubt });
  }
  return { curves, warnings };
}

interface Doubt {
  readonly leftOut: boolean;
  readonly warning: string;
}

function doubtOf(name: string, positives: number, negatives: number): Doubt | undefined {
  if (positives === 0 || negatives === 0) {
    const warning = `${positives === 0 ? 'no' : 'every'} image has '${name}': it has no AUC and is left out`;
    return { leftOut: true, warning };
  }
  if (positives > 1 && negatives > 1) return undefined;
  const which = positives === 1 ? 'has' : 'lacks';
  return { leftOut: false, warning: `a single image ${which} '${name}': the interval of its AUC is 0 to 1` };
}

/**
 * What {@link meanAuc} would warn of, which the labels alone decide.
 *
 * @param intervals - also of intervals that say little.
 * @throws DataError where no class or label has an AUC
 */
export function labelWarnings(data: Labelled, { intervals }: { readonly intervals: boolean }): string[] {
  const { task, classes, labels } = data;
  const count = task === 'classes' ? labels.length : labels.length / classes.length;
  const first = firstCurve(data);
  const doubts = classCounts(data)
    .slice(first)
    .map((positives, k) => doubtOf(classes[first + k], positives, count - positives));
  const found = doubts.filter((doubt) => doubt !== undefined);
  const missing = found.filter(({ leftOut }) => leftOut);
  if (missing.length === doubts.length) throw noAuc(missing.map(({ warning }) => warning));
  return found.filter(({ leftOut }) => leftOut || intervals).map(({ warning }) => warning);
}

/** Of two classes the second stands for both. */
function firstCurve({ task, classes }: Pick<Labelled, 'task' | 'classes'>): number {
  return task === 'classes' && classes.length === 2 ? 1 : 0;
}

function noAuc(warnings: readonly string[]): DataError {
  return new DataError(`there is no AUC: ${warnings.join('; ')}; take more images`);
}

function checkFinite(logits: ArrayLike<number>, width: number): void {
  for (let i = 0; i < logits.length; i++) {
    if (Number.isFinite(logits[i])) continue;
    throw new DataError(
      `the logits of image ${Math.floor(i / width)} have ${logits[i]}: they cannot be ranked; did the training diverge?`,
    );
  }
}

/** Of labels the logit; of classes `ln(p / (1 − p))` with the p of softmax. */
function scoresOf(logits: ArrayLike<number>, k: number, width: number, task: Labelled['task']): Float64Array {
  return Float64Array.from({ length: logits.length / width }, (_, i) => {
    const row = i * width;
    if (task === 'labels') return logits[row + k];
    let most = -Infinity;
    for (let j = 0; j < width; j++) if (j !== k) most = Math.max(most, logits[row + j]);
    let sum = 0;
    for (let j = 0; j < width; j++) if (j !== k) sum += Math.exp(logits[row + j] - most);
    return logits[row + k] - most - Math.log(sum);
  });
}

/** Areas without an interval of their own can be anything from 0 to 1. */
function meanInterval(
  logits: ArrayLike<number>,
  data: Labelled,
  level: number,
): { readonly low: number; readonly high: number } {
  const { curves } = curvesOf(logits, data);
  const known = curves.filter(({ interval }) => interval);
  if (known.length === 0) return { low: 0, high: 1 };
  const mean = known.reduce((sum, { scores, labels }) => sum + auc(scores, labels) / known.length, 0);
  const variance = influenceOf(known).reduce((sum, value) => sum + value ** 2, 0);
  const { low, high } = aucInterval(mean, variance, level, 'plain');
  const share = known.length / curves.length;
  return { low: low * share, high: high * share + 1 - share };
}

/**
 * What each image says of the mean AUC ({@link meanAuc}), so that areas of several networks on the same images can be put
 * together: the inner product of two networks' vectors is DeLong's covariance of their mean AUCs (DeLong et al. 1988, eq. 5:
 * structural components about their mean, over `m(m − 1)` of the positives and `n(n − 1)` of the negatives).
 *
 * @param logits - `count × classes.length` outputs of the network, row by row.
 * @returns one number an image; nothing where no class has an AUC, or one has a single positive or negative: the variance is not
 * known then.
 * @throws as {@link aucPerClass}
 */
export function aucInfluence(logits: ArrayLike<number>, data: Labelled): Float64Array | undefined {
  const { curves } = curvesOf(logits, data);
  return curves.length > 0 && curves.every(({ interval }) => interval) ? influenceOf(curves) : undefined;
}

function influenceOf(curves: readonly Curve[]): Float64Array {
  const influence = new Float64Array(curves[0].labels.length);
  for (const { scores, labels } of curves) {
    const { auc: area, placed, unplaced } = placements(twoGroups(scores, labels));
    const [m, n] = [placed.length, unplaced.length];
    let [p, q] = [0, 0];
    for (let i = 0; i < labels.length; i++) {
      influence[i] +=
        labels[i] === 1
          ? (placed[p++] - area) / Math.sqrt(m * (m - 1))
          : (unplaced[q++] - area) / Math.sqrt(n * (n - 1));
    }
  }
  return influence.map((value) => value / curves.length);
}

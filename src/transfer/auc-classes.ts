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
  if (perClass.length === 0) {
    throw new DataError(`there is no AUC: ${warnings.join('; ')}; take more images`);
  }
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
  const first = task === 'classes' && width === 2 ? 1 : 0;
  for (let k = first; k < width; k++) {
    const own = Uint8Array.from({ length: count }, (_, i) =>
      task === 'classes' ? Number(labels[i] === k) : labels[i * width + k],
    );
    const positives = own.reduce((sum, label) => sum + label, 0);
    const negatives = count - positives;
    const name = classes[k];
    if (positives === 0 || negatives === 0) {
      warnings.push(`${positives === 0 ? 'no' : 'every'} image has '${name}': it has no AUC and is left out`);
      continue;
    }
    const interval = positives > 1 && negatives > 1;
    if (!interval) {
      const which = positives === 1 ? 'has' : 'lacks';
      warnings.push(`a single image ${which} '${name}': the interval of its AUC is 0 to 1`);
    }
    curves.push({ name, scores: scoresOf(logits, k, width, task), labels: own, interval });
  }
  return { curves, warnings };
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
  const influence = new Float64Array(known[0].labels.length);
  let mean = 0;
  for (const { scores, labels } of known) {
    const { auc: area, placed, unplaced } = placements(twoGroups(scores, labels));
    mean += area / known.length;
    const [m, n] = [placed.length, unplaced.length];
    let [p, q] = [0, 0];
    for (let i = 0; i < labels.length; i++) {
      influence[i] +=
        labels[i] === 1
          ? (placed[p++] - area) / Math.sqrt(m * (m - 1))
          : (unplaced[q++] - area) / Math.sqrt(n * (n - 1));
    }
  }
  const variance = influence.reduce((sum, value) => sum + (value / known.length) ** 2, 0);
  const { low, high } = aucInterval(mean, variance, level, 'plain');
  const share = known.length / curves.length;
  return { low: low * share, high: high * share + 1 - share };
}

/**
 * What each test image says of an AUC, so that AUCs of several networks on the same images can be put together.
 *
 * @module
 */
import { placements } from '../delong.js';
import type { Labelled } from '../auc-classes.js';
import { twoGroups } from '../midranks.js';

/**
 * For each image its part in the mean AUC over classes (or labels), scaled so that the inner product of two networks' vectors is
 * DeLong's covariance of their AUCs (DeLong et al. 1988, eq. 5: structural components about their mean, over `m(m − 1)` of the
 * positives and `n(n − 1)` of the negatives). Of several classes what an image says of each is added up first, as `meanAuc` has it.
 *
 * @param logits - `[images, classes]` row by row.
 * @returns nothing where a class has a single positive or negative: the variance is not known then.
 */
export function aucInfluence(
  logits: ArrayLike<number>,
  { labels, task, classes }: Labelled,
): Float64Array | undefined {
  const width = classes.length;
  const count = logits.length / width;
  const influence = new Float64Array(count);
  let curves = 0;
  for (let k = task === 'classes' && width === 2 ? 1 : 0; k < width; k++) {
    const own = Uint8Array.from({ length: count }, (_, i) =>
      task === 'classes' ? Number(labels[i] === k) : labels[i * width + k],
    );
    const m = own.reduce((sum, label) => sum + label, 0);
    const n = count - m;
    // A class of all images or of none has no AUC.
    if (m === 0 || n === 0) continue;
    if (m === 1 || n === 1) return undefined;
    curves++;
    const scores = Float64Array.from({ length: count }, (_, i) => scoreOf(logits, i * width, k, width, task));
    const { auc, placed, unplaced } = placements(twoGroups(scores, own));
    let [p, q] = [0, 0];
    for (let i = 0; i < count; i++) {
      influence[i] +=
        own[i] === 1
          ? (placed[p++] - auc) / Math.sqrt(m * (m - 1))
          : (unplaced[q++] - auc) / Math.sqrt(n * (n - 1));
    }
  }
  return curves === 0 ? undefined : influence.map((value) => value / curves);
}

/** Of labels the logit; of classes the log-odds of softmax, which do not saturate. */
function scoreOf(
  logits: ArrayLike<number>,
  row: number,
  k: number,
  width: number,
  task: Labelled['task'],
): number {
  if (task === 'labels') return logits[row + k];
  let most = -Infinity;
  for (let j = 0; j < width; j++) if (j !== k) most = Math.max(most, logits[row + j]);
  let sum = 0;
  for (let j = 0; j < width; j++) if (j !== k) sum += Math.exp(logits[row + j] - most);
  return logits[row + k] - most - Math.log(sum);
}

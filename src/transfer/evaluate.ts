/**
 * How well a network classifies: loss and AUC.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { meanAuc } from './auc-classes.js';
import type { LabelledImages } from './labelled-images.js';
import { logitLoss } from './logits.js';
import { checkFit } from './model-shape.js';
import { predict, type PredictOptions } from './predict.js';

/** What {@link evaluate} finds. */
export interface Performance {
  /** Mean cross-entropy of the images (of the labels of an image, of several each), natural logarithm. */
  readonly loss: number;
  /** Area under the ROC curve; of several classes or labels the mean of one against the rest. */
  readonly auc: number;
  /** `count × outputs` */
  readonly logits: Float32Array;
  /** Classes or labels that have no AUC. */
  readonly warnings: readonly string[];
}

/**
 * Loss and AUC of a network whose outputs are logits.
 *
 * @throws ShapeError, NumericalError as {@link predict}; DataError for wrong labels, or where no class has an AUC.
 */
export async function evaluate(
  model: tf.LayersModel,
  data: LabelledImages,
  options: PredictOptions = {},
): Promise<Performance> {
  checkFit(model, data, 'given');
  const logits = await predict(model, data, options);
  const { auc, warnings } = meanAuc(logits, data);
  return { loss: logitLoss(logits, data), auc, logits, warnings };
}

/**
 * How a network starts: the conditions that a study compares.
 *
 * @module
 */

/**
 * - `random`: every weight fresh.
 * - `pretrained`: every weight but the classifier's from the pretrained network (full transfer).
 * - `meanVar`: every weight tensor drawn with the mean and variance of the pretrained one.
 * - `gabor`: conv1 of synthetic Gabor filters, the rest fresh.
 * - `transfuse:STAGE`: pretrained up to and with that stage, the rest fresh.
 * - `hybrid:STAGE:FACTOR`: as `transfuse`, and the stages after it have FACTOR of the channels.
 */
export type Condition =
  'random' | 'pretrained' | 'meanVar' | 'gabor' | `transfuse:${string}` | `hybrid:${string}:${number}`;

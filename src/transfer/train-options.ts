/**
 * Options of a training, checked and with nothing left open.
 *
 * @module
 */
import { OptionError } from '../errors.js';
import { keyword, knownKeys, show, wholeNumber } from '../options.js';
import { augmentation } from './augment.js';
import type { LabelledImages } from './labelled-images.js';
import { pixelScale } from './pixel-scale.js';
import { schedule, type ResolvedSchedule } from './schedule.js';
import type { Augmentation, PixelScale, TrainOptions } from './training.js';

/** What decides the numbers of a training, besides data and first weights. */
export interface ResolvedTraining {
  readonly steps: number;
  readonly batchSize: number;
  readonly optimizer: 'adam' | 'sgd' | 'momentum';
  readonly learningRate: number;
  readonly schedule: ResolvedSchedule;
  readonly augment: Required<Augmentation> | undefined;
  readonly pixels: PixelScale;
  readonly evaluateEvery: number;
  readonly patience: number | undefined;
  readonly keep: 'last' | 'best';
  readonly frozen: readonly string[];
  readonly seed: number;
}

const KEYS = [
  ...['steps', 'epochs', 'batchSize', 'optimizer', 'learningRate', 'schedule', 'augment', 'pixels'],
  ...['evaluateEvery', 'patience', 'keep', 'frozen', 'seed', 'checkpoint', 'signal', 'onProgress'],
];

/** @throws OptionError that names the option and what it takes */
export function resolveTraining(options: TrainOptions, images: LabelledImages): ResolvedTraining {
  knownKeys('train', options, KEYS);
  const [count, height, width] = images.shape;
  const batchSize = wholeNumber('batchSize', options.batchSize ?? 32);
  const epoch = Math.ceil(count / batchSize);
  const steps = stepsOf(options, epoch);
  const { learningRate = 1e-3, patience, frozen = [], seed = 0 } = options;
  if (typeof learningRate !== 'number' || !(Number.isFinite(learningRate) && learningRate > 0)) {
    throw new OptionError(`learningRate is ${show(learningRate)}: give a number above 0`);
  }
  if (!Number.isSafeInteger(seed)) throw new OptionError(`seed is ${show(seed)}: give a whole number`);
  if (!Array.isArray(frozen)) throw new OptionError(`frozen is ${show(frozen)}: give a list of stages`);
  return {
    steps,
    batchSize,
    optimizer: keyword('optimizer', options.optimizer ?? 'adam', ['adam', 'sgd', 'momentum']),
    learningRate,
    schedule: schedule(options.schedule, steps),
    augment: augmentation(options.augment, [height, width]),
    pixels: pixelScale(options.pixels),
    evaluateEvery: wholeNumber('evaluateEvery', options.evaluateEvery ?? epoch),
    patience: patience === undefined ? undefined : wholeNumber('patience', patience),
    keep: keyword('keep', options.keep ?? 'last', ['last', 'best']),
    frozen: [...new Set(frozen as readonly string[])].sort(),
    seed,
  };
}

function stepsOf({ steps, epochs }: TrainOptions, epoch: number): number {
  if ((steps === undefined) === (epochs === undefined)) {
    throw new OptionError(
      steps === undefined
        ? 'train needs to know how long: give steps or epochs'
        : 'train takes either steps or epochs, and both are given',
    );
  }
  return steps === undefined ? wholeNumber('epochs', epochs) * epoch : wholeNumber('steps', steps);
}

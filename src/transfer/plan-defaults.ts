/**
 * What a plan leaves open about a training.
 *
 * @module
 */
import type { Family } from './models.js';
import type { PlannedTraining } from './plan.js';
import type { PixelScale, TrainingSpec } from './training.js';

/** What the pixels become where the plan does not say it: as the ImageNet weights of the family want them, else 0 … 1. */
function pixelsOf(family: Family): PixelScale {
  return family === 'efficientNetLite0' ? { offset: 127, scale: 128 } : { offset: 0, scale: 255 };
}

/** The training of a family by several specs, each differing from those before it in what it names. */
export function plannedTraining(
  family: Family,
  specs: readonly (TrainingSpec | undefined)[],
): PlannedTraining {
  const merged = specs.reduce<TrainingSpec>((before, spec) => {
    const { steps, epochs, ...rest } = before;
    // Steps given here take the place of epochs given before, and the other way round.
    const length = spec?.steps ?? spec?.epochs ?? undefined;
    return {
      ...rest,
      ...(length === undefined && { ...(steps && { steps }), ...(epochs && { epochs }) }),
      ...spec,
    };
  }, {});
  const { steps, epochs, evaluateEvery, patience } = merged;
  return {
    ...(steps !== undefined && { steps }),
    ...(epochs !== undefined && { epochs }),
    batchSize: merged.batchSize ?? 32,
    optimizer: merged.optimizer ?? 'adam',
    learningRate: merged.learningRate ?? 1e-3,
    schedule: { kind: 'cosine', warmup: 0, ...merged.schedule },
    augment: { flip: false, shift: 0, ...merged.augment },
    pixels: merged.pixels ?? pixelsOf(family),
    ...(evaluateEvery !== undefined && { evaluateEvery }),
    ...(patience !== undefined && { patience }),
    keep: merged.keep ?? 'last',
    frozen: merged.frozen ?? [],
  };
}

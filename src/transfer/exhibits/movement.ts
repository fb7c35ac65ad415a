/**
 * (c) How far training takes a network from where it began.
 *
 * @module
 */
import type { MovementExhibit } from '../exhibit-records.js';
import type { LayerScores } from './layer-scores.js';
import { mean } from './mean.js';
import type { Net } from './networks.js';

/** One run: its two networks and where they were compared. */
export interface MovedNet {
  /** Without their activations. */
  readonly initial: Omit<Net, 'activations'>;
  readonly final: Omit<Net, 'activations'>;
  readonly layers: readonly LayerScores[];
}

/** Of the runs of one condition, layers where all of them could be compared. */
export function movement(
  { model, condition }: Pick<MovementExhibit, 'model' | 'condition'>,
  moved: readonly MovedNet[],
): MovementExhibit {
  const shared = moved[0].layers.filter(({ layer }) =>
    moved.every(({ layers }) => layers.some((other) => other.layer === layer)),
  );
  return {
    model,
    condition,
    seeds: moved.map(({ final }) => final.run.seed),
    layers: shared.map(({ layer, stage, samples, neurons }) => {
      const pairs = moved.map(({ initial, final, layers }) =>
        layers.find((other) => other.layer === layer)!.of(initial, final),
      );
      const chances = pairs.flatMap(({ chance }) => chance ?? []);
      return {
        layer,
        stage,
        scores: pairs.map(({ score }) => score),
        mean: mean(pairs.map(({ score }) => score)),
        ...{ samples, neurons },
        ...(chances.length > 0 && { chance: mean(chances) }),
      };
    }),
  };
}

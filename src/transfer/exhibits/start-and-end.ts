/**
 * (d) Are networks that begin alike still alike after training?
 *
 * @module
 */
import type { StartAndEndExhibit } from '../exhibit-records.js';
import { correlationOf } from './correlation.js';
import type { MovedNet } from './movement.js';
import type { Named } from './layer-scores.js';

/**
 * @param pairs - pairs of runs whose initial and final networks were compared.
 */
export function startAndEnd(
  model: string,
  pairs: readonly (readonly [MovedNet, MovedNet])[],
): StartAndEndExhibit {
  const layers = pairs.length === 0 ? [] : pairs[0][0].layers;
  const points = layers.flatMap(({ layer, stage, of }) =>
    pairs.map(([a, b]) => ({
      layer,
      stage,
      a: netOf(a.final),
      b: netOf(b.final),
      initial: of(a.initial, b.initial).score,
      trained: of(a.final, b.final).score,
    })),
  );
  const correlation = correlationOver(points);
  return {
    model,
    points,
    ...(correlation && { correlation }),
    byLayer: layers.map(({ layer, stage }) => {
      const own = correlationOver(points.filter((point) => point.layer === layer));
      return { layer, stage, ...(own && { correlation: own }) };
    }),
  };
}

function netOf({ run: { condition, seed } }: Named) {
  return { condition, seed };
}

function correlationOver(points: StartAndEndExhibit['points']) {
  return correlationOf(
    points.map(({ a, b, initial, trained }) => ({
      nets: [`${a.condition} ${a.seed}`, `${b.condition} ${b.seed}`] as const,
      x: initial,
      y: trained,
    })),
  );
}

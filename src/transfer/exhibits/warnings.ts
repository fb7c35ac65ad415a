/**
 * Where scores are largely chance, and where so few networks cannot show anything.
 *
 * @module
 */
import { samplesNeeded } from '../../inference/samples-needed.js';
import type { MovementExhibit, RepresentationExhibit } from '../exhibit-records.js';

/** Score of unrelated networks above which a layer is named. */
const MOSTLY_CHANCE = 0.5;
/** Score of unrelated networks that advice aims at. */
const LITTLE_CHANCE = 0.2;
/** The usual level of significance. */
const SIGNIFICANT = 0.05;

/** What a reader of (b) and (c) should know of their reach. */
export function reachWarnings(
  model: string,
  exhibit: RepresentationExhibit | undefined,
  moved: readonly MovementExhibit[],
): string[] {
  const warnings: string[] = [];
  const told = new Set<string>();
  for (const { layer, samples, chance = 0, kept } of exhibit?.layers ?? []) {
    if (chance <= MOSTLY_CHANCE) continue;
    told.add(layer);
    const needed =
      kept && `; ${samplesNeeded(kept, kept, LITTLE_CHANCE)} would bring that to ${LITTLE_CHANCE}`;
    warnings.push(
      `${model}: at layer '${layer}' unrelated networks score ${chance.toFixed(2)} with ${samples} datapoints and ${kept ?? 'so many'} ` +
        `directions${needed ?? ''}.`,
    );
  }
  for (const { layer, unmatched = 0 } of exhibit?.layers ?? []) {
    if (unmatched <= MOSTLY_CHANCE || told.has(layer)) continue;
    warnings.push(
      `${model}: at layer '${layer}' networks score ${unmatched.toFixed(2)} even where each image meets another: read scores there ` +
        'against that, or take more images.',
    );
  }
  for (const { layer, samples, chance = 0, of } of movementLayers(moved)) {
    if (chance <= MOSTLY_CHANCE || told.has(layer)) continue;
    told.add(layer);
    warnings.push(
      `${model} ${of}: at layer '${layer}' unrelated networks score ${chance.toFixed(2)} with ${samples} datapoints.`,
    );
  }
  const top = exhibit?.top;
  if (top !== undefined && top.smallestP > SIGNIFICANT) {
    warnings.push(
      `${model}: ${top.labellings} labellings of so few networks give no p below ${top.smallestP.toFixed(2)}; more seeds would.`,
    );
  }
  return warnings;
}

function movementLayers(moved: readonly MovementExhibit[]) {
  return moved.flatMap(({ condition, layers }) => layers.map((layer) => ({ ...layer, of: condition })));
}

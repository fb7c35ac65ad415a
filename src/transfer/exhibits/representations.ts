/**
 * (b) Are trainings from scratch closer to one another than to one that began pretrained?
 *
 * @module
 */
import { groupTest } from '../../inference/group-test.js';
import { matrix } from '../../matrix.js';
import type { RepresentationExhibit } from '../exhibit-records.js';
import type { LayerScores, Named, PairScore } from './layer-scores.js';
import { mean } from './mean.js';

/** Stages of the headline: the paper's top two. */
const TOP = 2;

/**
 * @param scratch - final networks of `random`, two at least.
 * @param pretrained - those of `pretrained`, one at least.
 * @param layers - with the score of every pair of them, and of scratch pairs whose second is unmatched; one layer at least.
 */
export function representations(
  { model, parameters }: Pick<RepresentationExhibit, 'model' | 'parameters'>,
  scratch: readonly Named[],
  pretrained: readonly Named[],
  layers: readonly LayerScores[],
): RepresentationExhibit {
  const nets = [...scratch, ...pretrained];
  const labels = nets.map((_, i) => (i < scratch.length ? 'scratch' : 'pretrained'));
  const test = (some: readonly LayerScores[]) => {
    const scores = nets.flatMap((a) =>
      nets.map((b) => (a === b ? 1 : mean(some.map((at) => at.of(a, b).score)))),
    );
    return groupTest(matrix(nets.length, nets.length, Float64Array.from(scores)), labels, {
      within: 'scratch',
    });
  };
  const pairs = {
    scratchScratch: pairsWithin(scratch),
    scratchPretrained: scratch.flatMap((a) => pretrained.map((b) => [a, b] as const)),
    pretrainedPretrained: pairsWithin(pretrained),
  };
  const told = layers.map((at) => {
    const of = (kind: keyof typeof pairs): PairScore[] => pairs[kind].map(([a, b]) => at.of(a, b));
    const all = [...of('scratchScratch'), ...of('scratchPretrained'), ...of('pretrainedPretrained')];
    const chances = all.flatMap(({ chance }) => chance ?? []);
    const kept = all.flatMap((pair) => pair.kept ?? []);
    const scores = {
      scratchScratch: of('scratchScratch').map(({ score }) => score),
      scratchPretrained: of('scratchPretrained').map(({ score }) => score),
      pretrainedPretrained: of('pretrainedPretrained').map(({ score }) => score),
    };
    return {
      layer: at.layer,
      stage: at.stage,
      ...meansOf(scores),
      scores,
      samples: at.samples,
      neurons: at.neurons,
      ...(kept.length > 0 && { kept: Math.max(...kept) }),
      ...(chances.length > 0 && { chance: mean(chances) }),
      unmatched: mean(pairs.scratchScratch.map(([a, b]) => at.of(a, { ...b, unmatched: true }).score)),
      p: test([at]).p,
    };
  });
  const top = told.slice(-TOP);
  const { p, labellings, exact, difference } = test(layers.slice(-TOP));
  const over = (kind: keyof typeof pairs) => top.flatMap(({ scores }) => scores[kind]);
  return {
    model,
    parameters,
    seeds: {
      scratch: scratch.map(({ run }) => run.seed),
      pretrained: pretrained.map(({ run }) => run.seed),
    },
    layers: told,
    top: {
      layers: top.map(({ layer }) => layer),
      ...meansOf({
        scratchScratch: over('scratchScratch'),
        scratchPretrained: over('scratchPretrained'),
        pretrainedPretrained: over('pretrainedPretrained'),
      }),
      ...{ difference, p, labellings, exact },
      smallestP: 1 / labellings,
    },
  };
}

/** Means over pairs; pretrained ones where there are any. */
function meansOf(scores: RepresentationExhibit['layers'][number]['scores']) {
  const { scratchScratch, scratchPretrained, pretrainedPretrained } = scores;
  return {
    scratchScratch: mean(scratchScratch),
    scratchPretrained: mean(scratchPretrained),
    ...(pretrainedPretrained.length > 0 && { pretrainedPretrained: mean(pretrainedPretrained) }),
  };
}

/** Every two of them, the first before the second. */
export function pairsWithin<T>(all: readonly T[]): (readonly [T, T])[] {
  return all.flatMap((a, i) => all.slice(i + 1).map((b) => [a, b] as const));
}

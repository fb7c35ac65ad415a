/**
 * Similarities of networks of one architecture, stage by stage: each is factored once, however many partners it has.
 *
 * @module
 */
import { askedMeasures } from '../../compare/asked.js';
import type { Asked } from '../../compare/asked.js';
import { runComparison } from '../../compare/run.js';
import { isDistance } from '../../compare/similarity.js';
import type { Engine } from '../../engines/engine.js';
import { OptionError, SvccaError } from '../../errors.js';
import type { SimilarityResult } from '../../measures/measure.js';
import type { StudyPlan } from '../plan.js';
import { runName } from '../runs.js';
import { mean } from './mean.js';
import type { Net, StageLayer } from './networks.js';

/** One comparison of two networks at a layer. */
export interface PairScore {
  readonly score: number;
  readonly chance?: number;
  /** Directions that entered, of the side with more. */
  readonly kept?: number;
}

/** A network without what is read of it. */
export type Named = Pick<Net, 'run' | 'moment' | 'unmatched'>;

/** The comparisons of one layer. */
export interface LayerScores extends StageLayer {
  readonly samples: number;
  readonly neurons: number;
  /** Of a pair that was asked for, in either order. */
  readonly of: (a: Named, b: Named) => PairScore;
}

/** How networks are compared. */
export interface Comparing {
  readonly asked: Asked;
  readonly engine: Engine;
  readonly signal: AbortSignal | undefined;
}

/** The one measure of a plan. @throws OptionError for none or several, a distance, or an option it does not have */
export function measureOf({ similarity }: Pick<StudyPlan, 'similarity'>): Asked {
  const { measure = 'svcca', keep } = similarity ?? {};
  const asked = askedMeasures(measure, keep === undefined ? {} : { keep });
  if (asked.length > 1) {
    throw new OptionError(`similarity.measure names ${asked.length} measures: a study takes one`);
  }
  if (isDistance({ measure: asked[0].measure.name, options: asked[0].options })) {
    throw new OptionError(`similarity.measure is '${measure}', a distance: a study takes a similarity`);
  }
  return asked[0];
}

/**
 * Compares the pairs at every stage that all of the networks have.
 *
 * @param model - name of the architecture, for warnings.
 * @returns layers in order of execution; those with too few datapoints are left out, and named by `warn`.
 */
export async function compareNets(
  model: string,
  nets: readonly Net[],
  pairs: readonly (readonly [Net, Net])[],
  { asked, engine, signal }: Comparing,
  warn: (text: string) => void,
): Promise<LayerScores[]> {
  if (pairs.length === 0) return [];
  const symmetric = asked.measure.symmetricWith?.(asked.options) ?? asked.measure.symmetric;
  const found: LayerScores[] = [];
  for (const { stage, layer } of nets[0].layers) {
    const { rows: samples, cols: neurons } = nets[0].activations[layer];
    const at = (net: Net) => ({ side: nets.indexOf(net), layer });
    const asIs = pairs.map(([a, b]) => ({ a: at(a), b: at(b) }));
    const wanted = symmetric ? asIs : [...asIs, ...asIs.map(({ a, b }) => ({ a: b, b: a }))];
    const inputs = nets.map((net) => ({ side: { [layer]: net.activations[layer] }, label: nameOf(net) }));
    try {
      const { results } = await runComparison(inputs, undefined, () => wanted, [asked], {
        engine,
        ...(signal && { signal }),
      });
      const scores = pairs.map(([a, b], i) => {
        const orders = [results[0][i], ...(symmetric ? [] : [results[0][pairs.length + i]])];
        for (const [net, { dead }] of [[a, results[0][i].x] as const, [b, results[0][i].y] as const]) {
          if (dead === neurons) warn(stillText(net, layer));
        }
        return [keyOf(a, b), scoreOf(orders)] as const;
      });
      found.push({ stage, layer, samples, neurons, of: reader(new Map(scores)) });
    } catch (error) {
      if (!(error instanceof SvccaError) || error.code !== 'TOO_FEW_SAMPLES') throw error;
      warn(
        `${model}: layer '${layer}' is not compared, since ${samples} datapoints are too few for its directions; ` +
          'raise similarity.images or similarity.positions, or set similarity.keep to { "dims": … }.',
      );
    }
  }
  return found;
}

function stillText({ run, moment }: Named, layer: string): string {
  const when = moment === 'initial' ? 'before' : 'after';
  return `${runName(run)}: ${when} training layer '${layer}' is the same for every image, so that its scores are 0.`;
}

/** Made apart, so that a score does not keep the activations it came from. */
function reader(scores: ReadonlyMap<string, PairScore>): LayerScores['of'] {
  return (a, b) => scores.get(keyOf(a, b)) ?? scores.get(keyOf(b, a))!;
}

function keyOf(a: Named, b: Named): string {
  return `${nameOf(a)}, ${nameOf(b)}`;
}

/** No other network of the architecture has it. */
function nameOf({ run: { condition, seed }, moment, unmatched }: Named): string {
  return `${condition} ${seed} ${moment}${unmatched ? ' unmatched' : ''}`;
}

/** The mean of both orders of an asymmetric measure. */
function scoreOf(results: readonly SimilarityResult[]): PairScore {
  const chances = results.flatMap(({ chance }) => chance ?? []);
  const kept = results.flatMap(({ x, y }) => [x.kept ?? [], y.kept ?? []].flat());
  return {
    score: mean(results.map(({ score }) => score)),
    ...(chances.length > 0 && { chance: mean(chances) }),
    ...(kept.length > 0 && { kept: Math.max(...kept) }),
  };
}

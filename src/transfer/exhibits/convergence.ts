/**
 * (f) How fast each condition gets there, and what each further reused stage adds.
 *
 * @module
 */
import { parseCondition } from '../conditions.js';
import type { Condition } from '../conditions.js';
import type { ConvergenceExhibit } from '../exhibit-records.js';
import { pairedBySeed } from './groups.js';
import type { RunGroup } from './groups.js';
import type { ExhibitsInput } from './input.js';
import { mean } from './mean.js';

/** One exhibit per architecture and condition. */
export function convergence(
  groups: readonly RunGroup[],
  { plan, models }: Pick<ExhibitsInput, 'plan' | 'models'>,
): ConvergenceExhibit[] {
  const target = plan.targetAuc;
  return groups.map((group) => {
    const { model, condition, runs } = group;
    const stages = models.find(({ name }) => name === model)?.stages.map(({ name }) => name) ?? [];
    const stepsToTarget = stepsOf(group, target);
    const own = reused(condition, stages);
    const fewer = groups
      .filter((other) => other.model === model && reused(other.condition, stages) < own)
      .sort((a, b) => reused(a.condition, stages) - reused(b.condition, stages));
    const next = fewer.at(-1);
    const marginal = next && marginalOver(next, group, target);
    return {
      model,
      condition,
      curves: runs.map(({ seed, training }) => ({ seed, history: training.history })),
      ...(target !== undefined && { target }),
      stepsToTarget,
      steps: runs.map(({ training }) => training.steps),
      medianSteps: medianWithNever(stepsToTarget),
      ...(marginal && { marginal }),
    };
  });
}

/** How many stages a condition reuses, of those that only differ in that; NaN of others. */
function reused(condition: Condition, stages: readonly string[]): number {
  const parsed = parseCondition(condition);
  if (parsed.kind === 'random') return 0;
  // The last one is the classifier.
  if (parsed.kind === 'pretrained') return stages.length - 1;
  return parsed.kind === 'transfuse' ? stages.indexOf(parsed.stage) + 1 : NaN;
}

function stepsOf({ runs }: Pick<RunGroup, 'runs'>, target: number | undefined): (number | null)[] {
  if (target === undefined) return [];
  return runs.map(({ training }) => training.history.find(({ auc }) => auc >= target)?.step ?? null);
}

function marginalOver(
  less: RunGroup,
  more: RunGroup,
  target: number | undefined,
): ConvergenceExhibit['marginal'] {
  const pairs = pairedBySeed(more, less);
  if (pairs.length === 0) return undefined;
  const gains = pairs.map(([own, other]) => own.test.auc.value - other.test.auc.value);
  const [own, other] = [0, 1].map((side) =>
    medianWithNever(stepsOf({ runs: pairs.map((pair) => pair[side]) }, target)),
  );
  return {
    than: less.condition,
    seeds: pairs.map(([{ seed }]) => seed),
    auc: mean(gains),
    steps: own === null || other === null ? null : other - own,
  };
}

/** Median in which null is later than every step; null where the middle is, and of nothing. */
export function medianWithNever(steps: readonly (number | null)[]): number | null {
  const ordered = steps.map((step) => step ?? Infinity).sort((a, b) => a - b);
  if (ordered.length === 0) return null;
  const middle =
    (ordered[Math.floor((ordered.length - 1) / 2)] + ordered[Math.floor(ordered.length / 2)]) / 2;
  return middle === Infinity ? null : middle;
}

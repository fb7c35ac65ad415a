/**
 * (f) How fast each condition gets there, and what each further reused stage adds.
 *
 * @module
 */
import type { Condition } from '../conditions.js';
import type { ConvergenceExhibit } from '../study-result.js';
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
    const chain = groups
      .filter((other) => other.model === model && reused(other.condition, stages) !== undefined)
      .sort((a, b) => reused(a.condition, stages)! - reused(b.condition, stages)!);
    const place = chain.indexOf(group);
    const marginal = place > 0 && marginalOver(chain[place - 1], group, target);
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

/** How many stages a condition reuses, of those that only differ in that; nothing of others. */
function reused(condition: Condition, stages: readonly string[]): number | undefined {
  if (condition === 'random') return 0;
  if (condition === 'pretrained') return Infinity;
  if (!condition.startsWith('transfuse:')) return undefined;
  const at = stages.indexOf(condition.slice('transfuse:'.length));
  return at < 0 ? undefined : at + 1;
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

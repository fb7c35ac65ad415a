/**
 * Runs by architecture and condition, in the order of the plan.
 *
 * @module
 */
import type { Condition } from '../conditions.js';
import type { StudyRun } from '../study-result.js';
import type { ExhibitsInput } from './input.js';

/** The runs of one architecture from one condition, in the order of the plan's seeds. */
export interface RunGroup {
  readonly model: string;
  readonly condition: Condition;
  readonly runs: readonly StudyRun[];
}

/** Conditions without a run are left out. */
export function groupRuns({
  plan,
  models,
  runs,
}: Pick<ExhibitsInput, 'plan' | 'models' | 'runs'>): RunGroup[] {
  return models.flatMap(({ name }) => {
    const own = runs.filter(({ model }) => model === name);
    const order = [
      ...(plan.models[name]?.conditions ?? plan.conditions),
      ...own.map(({ condition }) => condition),
    ];
    return [...new Set(order)].flatMap((condition) => {
      const found = own
        .filter((run) => run.condition === condition)
        .sort((a, b) => plan.seeds.indexOf(a.seed) - plan.seeds.indexOf(b.seed));
      return found.length > 0 ? [{ model: name, condition, runs: found }] : [];
    });
  });
}

/** Runs of two groups with the same seed, in the order of the first. */
export function pairedBySeed(a: RunGroup, b: RunGroup): (readonly [a: StudyRun, b: StudyRun])[] {
  return a.runs.flatMap((run) => {
    const partner = b.runs.find(({ seed }) => seed === run.seed);
    return partner === undefined ? [] : [[run, partner] as const];
  });
}

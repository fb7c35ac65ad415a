/**
 * The runs of a plan, in their order, and what is kept of each.
 *
 * @module
 */
import { FormatError, SvccaError } from '../errors.js';
import type { Condition } from './conditions.js';
import type { ResolvedPlan } from './plan.js';
import type { Store } from './store.js';
import type { StudyRun } from './study-result.js';

/** One run that a plan asks for. */
export interface PlannedRun {
  readonly model: string;
  readonly condition: Condition;
  readonly seed: number;
}

/**
 * The runs seed by seed, within a seed architecture by architecture: wherever the order is cut, every condition has as many
 * seeds as every other, but for the last seed.
 */
export function plannedRuns({ models, seeds }: ResolvedPlan): PlannedRun[] {
  return seeds.flatMap((seed) =>
    Object.entries(models).flatMap(([model, { conditions }]) =>
      conditions.map((condition) => ({ model, condition, seed })),
    ),
  );
}

/** How messages call a run. */
export function runName({ model, condition, seed }: PlannedRun): string {
  return `${model}, ${condition}, seed ${seed}`;
}

/** The order in which a result lists runs: as the plan does, architecture by architecture. */
export function inPlanOrder<T extends PlannedRun>(plan: ResolvedPlan, runs: readonly T[]): T[] {
  const models = Object.keys(plan.models);
  const place = ({ model, condition, seed }: T): readonly number[] => [
    models.indexOf(model),
    plan.models[model].conditions.indexOf(condition),
    plan.seeds.indexOf(seed),
  ];
  return [...runs].sort((a, b) => {
    const [before, after] = [place(a), place(b)];
    const at = before.findIndex((value, i) => value !== after[i]);
    return at < 0 ? 0 : before[at] - after[at];
  });
}

/** What a finished run found; the name of the model is the plan's, which may change it. */
export type RunRecord = Omit<StudyRun, 'model'>;

/** A run that ended, or one that cannot end: its network diverged, and would each time. */
export type Outcome = { readonly run: RunRecord } | { readonly failed: string };

/** Where the files of a run are. */
export const runFolder = (key: string): string => `runs/${key}`;

/** The weights of a run before its first step and after its last; the logits of its test images. */
export const runFiles = (key: string) => ({
  initial: `${runFolder(key)}/initial`,
  final: `${runFolder(key)}/final`,
  checkpoint: `${runFolder(key)}/checkpoint`,
  logits: `${runFolder(key)}/test-logits.npy`,
  record: `${runFolder(key)}/run.json`,
});

/** Reads a JSON of the store, if it is there. @throws FormatError */
export async function readJson<T>(store: Store, name: string): Promise<T | undefined> {
  const bytes = await store.read(name);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as T;
  } catch (cause) {
    throw damaged(name, cause);
  }
}

/** A record that is not what this library writes. */
export function damaged(name: string, cause?: unknown): FormatError {
  return new FormatError(`'${name}' of the study's store is damaged: remove it, and the run is done again`, {
    cause,
  });
}

/**
 * Reads what a finished run has left.
 *
 * @throws FormatError that says how to have it again
 */
export async function readKept<T>(key: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (!(cause instanceof SvccaError)) throw cause;
    throw new FormatError(
      `${cause.message}; remove '${runFiles(key).record}' of the study's store, and the run is done again`,
      { cause },
    );
  }
}

/** Writes a JSON to the store. */
export async function writeJson(store: Store, name: string, value: unknown): Promise<void> {
  await store.write(name, new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`));
}

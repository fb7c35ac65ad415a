/**
 * The runs of a study, one after another.
 *
 * @module
 */
import type { LayersModel } from '@tensorflow/tfjs';
import { budgetOf } from './budget.js';
import { needsPretrained } from './conditions.js';
import type { ResolvedPlan } from './plan.js';
import { fingerprintModel, runKey } from './run-key.js';
import { doneBefore, pretrain, trainRun } from './run-training.js';
import type { Job, Pretrained, RunJob, Session } from './run-training.js';
import { inPlanOrder, plannedRuns, readKept, runFiles, runName } from './runs.js';
import type { Outcome, PlannedRun } from './runs.js';
import { loadStoredModel } from './stored-model.js';
import type { StudyData } from './study-data.js';
import type { StudyModel } from './study-models.js';
import type { StudyResult, StudyRun } from './study-result.js';
import { resolveTraining } from './train-options.js';

/** A study that is ready to run. */
export interface StudyContext extends Session {
  readonly plan: ResolvedPlan;
  readonly backend: string;
  readonly target: StudyData;
  readonly source?: StudyData;
  readonly models: readonly StudyModel[];
  readonly pretrained: Readonly<Record<string, LayersModel>>;
  readonly minutes: number | undefined;
  /** Of the data. */
  readonly warnings: readonly string[];
  readonly onRun?: (run: StudyRun, how: { readonly cached: boolean }) => void;
}

/** Where the weights of an architecture come from, as a result tells it. */
type Source = NonNullable<StudyResult['models'][number]['pretrained']>;

/** What {@link performRuns} finds. */
export interface PerformedRuns {
  /** In the order of the plan. */
  readonly runs: readonly StudyRun[];
  readonly sources: ReadonlyMap<string, Source>;
  readonly warnings: readonly string[];
}

/** Pretrained weights of an architecture, or why there are none. */
type Weights =
  | { readonly fingerprint: string; readonly load: NonNullable<RunJob['pretrained']>; readonly from: Source }
  | { readonly missing: string };

/** Does every run that is not in the store yet, while the budget lasts. */
export async function performRuns(context: StudyContext): Promise<PerformedRuns> {
  const { plan, store, onRun } = context;
  const budget = budgetOf(context.minutes);
  const planned = plannedRuns(plan);
  const weights = new Map<string, Weights>();
  const failed = new Map<string, string>();
  const left: string[] = [];
  for (const model of context.models) {
    if (!model.plan.conditions.some(needsPretrained)) continue;
    weights.set(model.name, await weightsOf(model, context, budget));
  }
  const runs: StudyRun[] = [];
  const missing = new Map<string, string[]>();
  for (const [i, run] of planned.entries()) {
    context.signal?.throwIfAborted();
    const own = needsPretrained(run.condition) ? weights.get(run.model)! : undefined;
    if (own && 'missing' in own) {
      missing.set(own.missing, [...(missing.get(own.missing) ?? []), runName(run)]);
      continue;
    }
    const job = await jobOf(run, own, context, `${runName(run)} (${i + 1} of ${planned.length})`);
    const before = await doneBefore<Outcome>(store, job.key);
    if (before === undefined && budget.spent()) {
      left.push(runName(run));
      continue;
    }
    const outcome = before ?? (await trainRun(job, context));
    if ('failed' in outcome) {
      failed.set(runName(run), outcome.failed);
      continue;
    }
    const done: StudyRun = { model: run.model, ...outcome.run, condition: run.condition };
    runs.push(done);
    onRun?.(done, { cached: before !== undefined });
  }
  return {
    runs: inPlanOrder(plan, runs),
    sources: new Map(
      [...weights].flatMap(([name, own]) => ('from' in own ? [[name, own.from] as const] : [])),
    ),
    warnings: [
      ...context.warnings,
      ...(left.length === 0
        ? []
        : [`the budget of ${context.minutes} minutes was spent before these runs: ${left.join('; ')}`]),
      ...Array.from(missing, ([reason, names]) => `${reason}; left out: ${names.join('; ')}`),
      ...Array.from(failed, ([name, reason]) => `${name} has no result: ${reason}`),
    ],
  };
}

async function jobOf(
  run: PlannedRun,
  weights: Exclude<Weights, { readonly missing: string }> | undefined,
  { models, target, backend }: StudyContext,
  name: string,
): Promise<RunJob> {
  const { spec, plan } = models.find((model) => model.name === run.model)!;
  const { condition, seed } = run;
  const data = target.as(spec.inputShape);
  const key = await runKey({
    spec,
    condition,
    training: resolveTraining({ ...plan.training, seed }, data.train),
    data: target.summary.fingerprint,
    ...(weights && { pretrained: weights.fingerprint }),
    backend,
  });
  return {
    key,
    name,
    spec,
    seed,
    training: plan.training,
    data,
    condition,
    ...(weights && { pretrained: weights.load }),
  };
}

/** The pretrained weights of an architecture, trained on the source data where the plan says so. */
async function weightsOf(
  model: StudyModel,
  context: StudyContext,
  budget: ReturnType<typeof budgetOf>,
): Promise<Weights> {
  const { name, plan } = model;
  if (plan.pretraining === undefined) {
    const given = context.pretrained[name];
    return {
      fingerprint: await fingerprintModel(given),
      load: () => Promise.resolve({ model: given, dispose: () => undefined }),
      from: { from: plan.pretrained! },
    };
  }
  const { store, source, backend } = context;
  const { seed, ...training } = plan.pretraining;
  const data = source!.as(plan.inputShape);
  const spec = { ...model.spec, classes: source!.summary.classes.length };
  const key = await runKey({
    spec,
    training: resolveTraining({ ...training, seed }, data.train),
    data: source!.summary.fingerprint,
    backend,
  });
  const before = await doneBefore<Pretrained>(store, key);
  if (before === undefined && budget.spent()) {
    return { missing: `the budget of ${context.minutes} minutes was spent before ${name} was pretrained` };
  }
  const job: Job = { key, name: `${name}, pretraining`, spec, seed, training, data };
  const outcome = before ?? (await pretrain(job, context));
  if ('failed' in outcome) return { missing: `pretraining of ${name} has no result: ${outcome.failed}` };
  return {
    fingerprint: key,
    load: async () => {
      const loaded = await readKept(key, () => loadStoredModel(store, runFiles(key).final));
      return {
        model: loaded,
        dispose: () => {
          loaded.dispose();
        },
      };
    },
    from: { from: source!.summary.from, key, training: outcome.training },
  };
}

/**
 * One run: start, training, test; everything of it is kept, and what is kept is not done again.
 *
 * @module
 */
import type { LayersModel } from '@tensorflow/tfjs';
import { NumericalError, OptionError, ShapeError, UnsupportedError } from '../errors.js';
import { writeNpy } from '../io/npy.js';
import type { Progress } from '../options.js';
import { meanAuc } from './auc-classes.js';
import type { ClassAuc } from './auc-classes.js';
import { timed } from './budget.js';
import type { Condition } from './conditions.js';
import { evaluate } from './evaluate.js';
import type { Splits } from './labelled-images.js';
import { buildModel } from './models.js';
import type { ModelSpec } from './models.js';
import type { PlannedTraining } from './plan.js';
import { damaged, readJson, runFiles, writeJson } from './runs.js';
import type { Outcome, RunRecord } from './runs.js';
import { startFrom } from './start.js';
import type { Store } from './store.js';
import { saveModel } from './stored-model.js';
import { train } from './train.js';
import type { TrainResult } from './training.js';

/** What trainings of a study have in common. */
export interface Session {
  readonly store: Store;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress & { readonly loss?: number; readonly auc?: number }) => void;
}

/** A training, ready to begin. */
export interface Job {
  readonly key: string;
  /** How messages and progress call it. */
  readonly name: string;
  readonly spec: ModelSpec;
  readonly seed: number;
  readonly training: PlannedTraining;
  readonly data: Splits;
}

/** A {@link Job} of a condition. */
export interface RunJob extends Job {
  readonly condition: Condition;
  /** Loads the pretrained network; called where the condition needs it. */
  readonly pretrained?: () => Promise<{ readonly model: LayersModel; readonly dispose: () => void }>;
}

/** What is kept of a job that ended, or nothing. @throws FormatError */
export async function doneBefore<T extends Outcome | Pretrained>(
  store: Store,
  key: string,
): Promise<T | undefined> {
  const { record, checkpoint } = runFiles(key);
  const found = await readJson<T>(store, record);
  if (found === undefined) return undefined;
  const isObject = typeof (found as unknown) === 'object' && (found as unknown) !== null;
  if (!isObject || !['run', 'training', 'failed'].some((field) => field in found)) throw damaged(record);
  // Left by a process that was killed at the very end.
  await store.remove(checkpoint);
  return found;
}

/**
 * Trains a network of the plan from its condition and tests it.
 *
 * @returns also what failed: a network that diverges, which is kept, or a condition that does not fit the network.
 */
export async function trainRun(job: RunJob, session: Session): Promise<Outcome> {
  let model: LayersModel;
  try {
    model = await started(job);
  } catch (error) {
    const isUnfit =
      error instanceof OptionError || error instanceof ShapeError || error instanceof UnsupportedError;
    if (isUnfit) return { failed: error.message };
    throw error;
  }
  const { store } = session;
  try {
    const outcome = await timed(store, job.key, job.name, () =>
      attempt(async () => ({ run: await finishedRun(model, job, session) })),
    );
    // Last: where it is, all else is.
    await writeJson(store, runFiles(job.key).record, outcome);
    await store.remove(runFiles(job.key).checkpoint);
    return outcome;
  } finally {
    model.dispose();
  }
}

async function started({ condition, spec, seed, pretrained }: RunJob): Promise<LayersModel> {
  const from = await pretrained?.();
  try {
    return await startFrom(condition, {
      build: () => buildModel(spec, { seed }),
      seed,
      ...(from && { pretrained: from.model }),
    });
  } finally {
    from?.dispose();
  }
}

async function finishedRun(model: LayersModel, job: RunJob, session: Session): Promise<RunRecord> {
  const { key, condition, seed } = job;
  const { store, signal } = session;
  const files = runFiles(key);
  await saveModel(model, store, files.initial);
  const training = await trained(model, job, session);
  await saveModel(model, store, files.final);
  const { batchSize, pixels } = job.training;
  const { test } = job.data;
  const { loss, logits } = await evaluate(model, test, { batchSize, pixels, ...(signal && { signal }) });
  await store.write(files.logits, writeNpy({ shape: [test.shape[0], test.classes.length], data: logits }));
  const { perClass, ...mean } = meanAuc(logits, test);
  return {
    condition,
    seed,
    key,
    parameters: model.countParams(),
    training,
    test: {
      loss,
      auc: estimate(mean),
      ...(perClass.length > 1 && {
        perClass: perClass.map((one) => ({ name: one.name, auc: estimate(one) })),
      }),
    },
  };
}

/** What is kept of a training on the source data. */
export type Pretrained = { readonly training: TrainResult } | { readonly failed: string };

/** Trains a network on the source data. */
export async function pretrain(job: Job, session: Session): Promise<Pretrained> {
  const { key, name, seed, spec } = job;
  const files = runFiles(key);
  const model = await buildModel(spec, { seed });
  try {
    const outcome = await timed(session.store, key, name, () =>
      attempt(async () => {
        const training = await trained(model, job, session);
        await saveModel(model, session.store, files.final);
        return { training };
      }),
    );
    await writeJson(session.store, files.record, outcome);
    await session.store.remove(files.checkpoint);
    return outcome;
  } finally {
    model.dispose();
  }
}

function trained(model: LayersModel, job: Job, { store, signal, onProgress }: Session): Promise<TrainResult> {
  const { train: images, validation } = job.data;
  return train(
    model,
    { train: images, validation },
    {
      ...job.training,
      seed: job.seed,
      checkpoint: { store, name: runFiles(job.key).checkpoint },
      ...(signal && { signal }),
      ...(onProgress && {
        onProgress: (progress) => {
          onProgress({ ...progress, stage: job.name });
        },
      }),
    },
  );
}

/** A training that diverges does so each time: that is its outcome. What the store or the data do wrong is not. */
async function attempt<T>(work: () => Promise<T>): Promise<T | { readonly failed: string }> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof NumericalError) return { failed: error.message };
    throw error;
  }
}

function estimate({ auc, low, high }: Pick<ClassAuc, 'auc' | 'low' | 'high'>) {
  return { value: auc, low, high };
}

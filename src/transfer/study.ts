/**
 * The transfer study: every run of a plan, and what they show together.
 *
 * @module
 */
import type { LayersModel } from '@tensorflow/tfjs';
import packageJson from '../../package.json';
import { loadTfjs } from '../capture/tfjs.js';
import { DataError, OptionError } from '../errors.js';
import { readNpy } from '../io/npy.js';
import { knownKeys } from '../options.js';
import { exhibits } from './exhibits/exhibits.js';
import { pixelScale } from './pixel-scale.js';
import { imageBatch } from './image-batch.js';
import { subset } from './labelled-draw.js';
import type { Splits } from './labelled-images.js';
import { checkPlan } from './plan-check.js';
import type { StudyPlan } from './plan.js';
import { readKept, runFiles } from './runs.js';
import type { Session } from './run-training.js';
import type { Store } from './store.js';
import { loadStoredModel } from './stored-model.js';
import { studyData } from './study-data.js';
import { studyModels } from './study-models.js';
import { STUDY_FORMAT } from './study-result.js';
import type { StudyResult, StudyRun } from './study-result.js';
import { performRuns } from './study-runs.js';
import type { StudyContext } from './study-runs.js';

/** What a study needs beside its plan. */
export interface StudyOptions extends Pick<Session, 'signal' | 'onProgress'> {
  /** As the plan's `data` says; `openStudy` of `svcca/node` reads them. */
  readonly data: { readonly target: Splits; readonly source?: Splits };
  /** Pretrained networks of the models whose `pretrained` is not `'source'`, by the name of the model. They stay as they are. */
  readonly pretrained?: Readonly<Record<string, LayersModel>>;
  /** Keeps every run: a study that is run again on the same store trains nothing twice, one that was killed goes on. */
  readonly store: Store;
  /** Minutes after which no new run begins, in place of the plan's; 0 takes only what is kept. */
  readonly minutes?: number;
  /** What was found when the data were opened; the result repeats it. */
  readonly warnings?: readonly string[];
  /** Called after each run. */
  readonly onRun?: (run: StudyRun, how: { readonly cached: boolean }) => void;
}

/** Everything of a study but the exhibits. */
export type TrainedStudy = Pick<
  StudyResult,
  'format' | 'version' | 'backend' | 'plan' | 'data' | 'models' | 'runs' | 'warnings'
>;

/**
 * Trains and tests every run of a plan: pretraining first, then seed by seed. On the active tfjs backend, which has to have the
 * kernels of training: `tensorflow`, `cpu`, `webgl`; `wasm` for networks whose gradients it has.
 *
 * Every run is kept in the store under a key of what decides its numbers; a run that is there is read, not done again. A run that
 * was stopped goes on from its checkpoint and ends with the same numbers.
 *
 * @throws OptionError for a bad plan, or data that are not there; the signal's reason. A network that diverges is no error: it is
 * named in `warnings`, and the study goes on.
 */
export async function trainStudy(plan: StudyPlan, options: StudyOptions): Promise<TrainedStudy> {
  const context = await openContext(plan, options);
  return trainedStudy(context, await performRuns(context));
}

/**
 * Runs a plan as {@link trainStudy} does, and makes the exhibits of *Transfusion* (Raghu et al., NeurIPS 2019) of the runs. The
 * result has no times in it: run again, or stopped and continued, it is the same to the byte.
 *
 * @throws as {@link trainStudy}
 * @example
 * ```ts
 * const { plan, data, pretrained } = await openStudy('plan.json');
 * const result = await runStudy(plan, { data, pretrained, store: folderStore('out') });
 * ```
 */
export async function runStudy(plan: StudyPlan, options: StudyOptions): Promise<StudyResult> {
  const context = await openContext(plan, options);
  const study = trainedStudy(context, await performRuns(context));
  const { target, models, store, signal, onProgress } = context;
  const { similarity } = context.plan;
  const { test } = options.data.target;
  const images = similarity.images ?? test.shape[0];
  const { warnings, ...shown } = await exhibits({
    plan: study.plan,
    models,
    runs: study.runs,
    test,
    logits: ({ key }) => readKept(key, () => readLogits(store, runFiles(key).logits)),
    load: ({ key }, moment) => readKept(key, () => loadStoredModel(store, runFiles(key)[moment])),
    images: (name) => {
      const { plan: own } = models.find((model) => model.name === name)!;
      const drawn = subset(target.as(own.inputShape).test, Math.min(images, test.shape[0]), similarity.seed);
      const rows = Uint32Array.from({ length: drawn.shape[0] }, (_, i) => i);
      return Promise.resolve({
        shape: drawn.shape,
        data: imageBatch(drawn, rows, pixelScale(own.training.pixels)),
      });
    },
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
  });
  return { ...study, ...shown, warnings: [...study.warnings, ...warnings] };
}

async function readLogits(store: Store, name: string): Promise<ArrayLike<number>> {
  const bytes = await store.read(name);
  if (bytes === undefined) throw new DataError(`the store has no '${name}'`);
  return readNpy(bytes, name).data;
}

async function openContext(json: StudyPlan, options: StudyOptions): Promise<StudyContext> {
  knownKeys('a study', options, [
    ...['data', 'pretrained', 'store', 'minutes', 'warnings', 'signal', 'onProgress', 'onRun'],
  ]);
  const plan = checkPlan(json);
  const { data, pretrained = {}, store, minutes = plan.budget?.minutes, signal, onProgress, onRun } = options;
  const needsSource = Object.values(plan.models).some((model) => model.pretraining !== undefined);
  if (needsSource && data.source === undefined) {
    throw new OptionError('the plan trains on data.source: give data.source');
  }
  const tf = await loadTfjs();
  await tf.ready();
  const target = await studyData(data.target, plan.data.target.from, 'data.target', ['validation', 'test']);
  const source =
    plan.data.source && data.source
      ? await studyData(data.source, plan.data.source.from, 'data.source', needsSource ? ['validation'] : [])
      : undefined;
  return {
    plan,
    backend: tf.getBackend(),
    target,
    ...(source && { source }),
    models: await studyModels(plan, target, source, pretrained),
    pretrained,
    store,
    minutes,
    warnings: [...(options.warnings ?? []), ...target.warnings, ...(source?.warnings ?? [])],
    ...(signal && { signal }),
    ...(onProgress && { onProgress }),
    ...(onRun && { onRun }),
  };
}

function trainedStudy(
  { plan, backend, target, source, models }: StudyContext,
  { runs, sources, warnings }: Awaited<ReturnType<typeof performRuns>>,
): TrainedStudy {
  return {
    format: STUDY_FORMAT,
    version: packageJson.version,
    backend,
    plan: { ...plan, models: Object.fromEntries(models.map((model) => [model.name, model.plan])) },
    data: { target: target.summary, ...(source && { source: source.summary }) },
    models: models.map(({ name, parameters, stages }) => {
      const from = sources.get(name);
      return { name, parameters, stages, ...(from && { pretrained: from }) };
    }),
    runs,
    warnings,
  };
}

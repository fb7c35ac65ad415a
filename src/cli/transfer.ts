/**
 * `svcca transfer`: a transfer study from a plan.
 *
 * @module
 */
import { join } from 'node:path';
import { writeAtomic } from '../node/files.js';
import { folderStore, lockFolder } from '../node/study-store.js';
import { openStudy, readPlan } from '../node/study.js';
import type { OpenedStudy } from '../node/study.js';
import { studyReport } from '../report/study.js';
import { runStudy, trainStudy } from '../transfer/study.js';
import type { StudyOptions, TrainedStudy } from '../transfer/study.js';
import type { StudyResult, StudyRun } from '../transfer/study-result.js';
import { InterruptedError, UsageError } from './arguments.js';
import type { Command, Values } from './arguments.js';
import { trainingBackend } from './backend.js';
import { progressBar, table } from './output.js';

/** The command. */
export const transferCommand: Command = {
  name: 'transfer',
  description: 'Run a transfer study: train the networks of a plan, compare them, and write a report.',
  args: {
    plan: {
      type: 'positional',
      description: 'plan.json: data, networks, conditions, seeds, training',
      required: true,
    },
    out: {
      type: 'string',
      description: 'folder of the runs, study.json and report.html; a study that is there goes on',
      valueHint: 'folder',
    },
    only: { type: 'string', description: 'networks of the plan to take, by name', valueHint: 'a,b' },
    budget: {
      type: 'string',
      description: "minutes after which no new run begins, in place of the plan's; 0: only what is there",
      valueHint: 'minutes',
    },
    runsOnly: {
      type: 'boolean',
      description: 'train and test, and leave comparing and the report for later',
    },
    backend: {
      type: 'string',
      description: 'tensorflow, wasm or cpu; the first that works and has the gradients',
      valueHint: 'name',
    },
    json: { type: 'boolean', description: 'print JSON' },
  },

  async run(values, signal) {
    const out = values['out'];
    if (typeof out !== 'string' || out === '') {
      throw new UsageError('--out is missing: name the folder in which the runs are kept');
    }
    const minutes = minutesOf(values);
    const { models } = await readPlan(String(values['plan']));
    const depthwise = Object.values(models).some(({ family }) => family === 'efficientNetLite0');
    const backend = await trainingBackend(values, depthwise);
    note(backend.warning);
    const lock = await lockFolder(out);
    const { onProgress, onRun, stop } = progress();
    try {
      const study = await openStudy(String(values['plan']), {
        signal,
        onProgress,
        ...(values['only'] !== undefined && { only: String(values['only']).split(',') }),
      });
      try {
        const options: StudyOptions = {
          ...studyInputs(study),
          store: folderStore(out),
          signal,
          onProgress,
          onRun,
          ...(minutes !== undefined && { minutes }),
        };
        if (values['runsOnly']) {
          const trained = await trainStudy(study.plan, options);
          stop();
          await finish(values, trained, runTable(trained.runs), [
            [join(out, 'runs.json'), studyJson(trained)],
          ]);
        } else {
          const result = await runStudy(study.plan, options);
          stop();
          await finish(values, result, performanceTable(result), [
            [join(out, 'study.json'), studyJson(result)],
            [join(out, 'report.html'), studyReport(result)],
          ]);
        }
      } finally {
        study.close();
      }
    } catch (error) {
      if (!signal.aborted) throw error;
      throw new InterruptedError(
        `what was trained is kept in '${out}', and the same command goes on from there`,
        {
          cause: error,
        },
      );
    } finally {
      stop();
      await lock.release();
    }
  },
};

function studyInputs({
  data,
  pretrained,
  warnings,
}: OpenedStudy): Pick<StudyOptions, 'data' | 'pretrained' | 'warnings'> {
  return { data, pretrained, warnings };
}

function minutesOf(values: Values): number | undefined {
  if (values['budget'] === undefined) return undefined;
  const minutes = values['budget'] === '' ? NaN : Number(values['budget']);
  if (Number.isFinite(minutes) && minutes >= 0) return minutes;
  throw new UsageError(`--budget is '${values['budget']}': give minutes, 0 or more`);
}

async function finish(
  values: Values,
  result: Pick<StudyResult, 'warnings'>,
  text: string,
  files: readonly (readonly [path: string, content: string])[],
): Promise<void> {
  for (const [path, content] of files) await writeAtomic(path, content);
  if (values['json']) process.stdout.write(files[0][1]);
  else
    process.stdout.write([text, ...result.warnings.map((warning) => `warning: ${warning}`), ''].join('\n'));
  for (const [path] of files) process.stderr.write(`wrote ${path}\n`);
}

function performanceTable({ performance }: StudyResult): string {
  const rows = performance.map(({ model, condition, parameters, mean, aucs, gain }) => [
    model,
    condition,
    String(parameters),
    String(aucs.length),
    ...[mean.value, mean.low, mean.high].map((value) => value.toFixed(4)),
    gain === undefined ? '' : gain.value.toFixed(4),
    gain === undefined ? '' : gain.p.toPrecision(2),
  ]);
  const head = ['model', 'condition', 'parameters', 'seeds', 'AUC', 'low', 'high', 'gain', 'p'];
  return table(head, rows);
}

function runTable(runs: TrainedStudy['runs']): string {
  const rows = runs.map(({ model, condition, seed, training, test: { auc }, key }) => [
    ...[model, condition, String(seed), String(training.steps)],
    ...[auc.value, auc.low, auc.high].map((value) => value.toFixed(4)),
    key,
  ]);
  return table(['model', 'condition', 'seed', 'steps', 'AUC', 'low', 'high', 'key'], rows);
}

/** Indented JSON, lists of numbers on a line of their own. */
function studyJson(result: TrainedStudy | StudyResult): string {
  const text = JSON.stringify(result, null, 2);
  const flat = text.replace(
    /\[\n\s+([^[\]{}"]*?)\n\s+\]/g,
    (_, inner: string) => `[${inner.replace(/\n\s+/g, ' ')}]`,
  );
  return `${flat}\n`;
}

function note(text: string | undefined): void {
  if (text !== undefined) process.stderr.write(`svcca: ${text}\n`);
}

/** Seconds from one line of progress to the next, where there is no terminal. */
const LINE_EVERY = 30;

type OnProgress = NonNullable<StudyOptions['onProgress']>;

/** A bar on a terminal, else a line now and then; a line for each run that ends. */
function progress(): {
  readonly onProgress: OnProgress;
  readonly onRun: NonNullable<StudyOptions['onRun']>;
  readonly stop: () => void;
} {
  const bar = progressBar();
  const isTerminal = process.stderr.isTTY;
  let [stage, last, began] = ['', -Infinity, performance.now()];
  return {
    onProgress: (report) => {
      if (isTerminal) {
        bar.onProgress(report);
        return;
      }
      const now = performance.now();
      if (report.stage === stage && now - last < LINE_EVERY * 1000) return;
      if (report.stage !== stage) began = now;
      [stage, last] = [report.stage, now];
      process.stderr.write(`${lineOf(report)}\n`);
    },
    onRun: ({ model, condition, seed, test: { auc } }: StudyRun, { cached }) => {
      bar.stop();
      const took = cached ? 'was there' : `${((performance.now() - began) / 1000).toFixed(0)} s`;
      const interval = `${auc.low.toFixed(4)} to ${auc.high.toFixed(4)}`;
      process.stderr.write(
        `${model}, ${condition}, seed ${seed}: AUC ${auc.value.toFixed(4)} (${interval}), ${took}\n`,
      );
      stage = '';
    },
    stop: bar.stop,
  };
}

function lineOf({ stage, done, total, loss, auc }: Parameters<OnProgress>[0]): string {
  return [
    `${stage}: ${done}${total === undefined ? '' : `/${total}`}`,
    ...(loss === undefined ? [] : [`loss ${loss.toFixed(4)}`]),
    ...(auc === undefined ? [] : [`validation AUC ${auc.toFixed(4)}`]),
  ].join(', ');
}

/**
 * Opening a study: the plan in a file, its data and its pretrained networks.
 *
 * @module
 */
import { dirname, resolve } from 'node:path';
import type { LayersModel } from '@tensorflow/tfjs';
import { FormatError, OptionError, UnsupportedError } from '../errors.js';
import { knownKeys } from '../options.js';
import { checkPlan } from '../transfer/plan-check.js';
import type { ResolvedPlan } from '../transfer/plan.js';
import type { Splits } from '../transfer/labelled-images.js';
import { readBytes } from './files.js';
import { openLabelled } from './labelled.js';
import type { LabelledOptions } from './labelled.js';
import { loadModel } from './models.js';

/** A study that `runStudy` can run. */
export interface OpenedStudy {
  readonly plan: ResolvedPlan;
  readonly data: { readonly target: Splits; readonly source?: Splits };
  /** By the name of the model in the plan. */
  readonly pretrained: Readonly<Record<string, LayersModel>>;
  readonly warnings: readonly string[];
  /** Gives up the pretrained networks. */
  close(): void;
}

/** Options of {@link openStudy}. */
export interface OpenStudyOptions extends Omit<LabelledOptions, 'base'> {
  /** Architectures that are taken of the plan, by name. @defaultValue all */
  readonly only?: readonly string[];
}

/** Reads a plan. @throws DataError, FormatError, OptionError that name the file, and the place in it */
export async function readPlan(path: string): Promise<ResolvedPlan> {
  const text = new TextDecoder().decode(await readBytes(path));
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new FormatError(`'${path}' is not JSON: ${(cause as Error).message}`, { cause });
  }
  try {
    return checkPlan(json);
  } catch (error) {
    if (error instanceof OptionError) throw new OptionError(`${path}: ${error.message}`, { cause: error });
    throw error;
  }
}

/**
 * Reads a plan, its data and its pretrained networks, on the active tfjs backend. Paths in the plan are taken from its folder.
 *
 * @throws as {@link readPlan}, `openLabelled` and {@link loadModel}; OptionError for a name in `only` that the plan has not
 */
export async function openStudy(path: string, options: OpenStudyOptions = {}): Promise<OpenedStudy> {
  knownKeys('openStudy', options, ['only', 'cache', 'signal', 'onProgress']);
  const { only, ...opening } = options;
  const plan = restrict(await readPlan(path), only, path);
  const base = dirname(path);
  const { target, source } = plan.data;
  const opened = await openLabelled(target, { ...opening, base });
  const sourced = Object.values(plan.models).some((model) => model.pretraining !== undefined);
  const other = source && sourced ? await openLabelled(source, { ...opening, base }) : undefined;
  const pretrained: Record<string, LayersModel> = {};
  const close = (): void => {
    for (const model of Object.values(pretrained)) model.dispose();
  };
  try {
    for (const [name, model] of Object.entries(plan.models)) {
      if (model.pretrained === undefined || model.pretrained === 'source') continue;
      pretrained[name] = await loadPretrained(model.pretrained, base, `models.${name}.pretrained`);
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    plan,
    data: { target: splitsOf(opened), ...(other && { source: splitsOf(other) }) },
    pretrained,
    warnings: [
      ...opened.warnings.map((warning) => `data.target: ${warning}`),
      ...(other?.warnings ?? []).map((warning) => `data.source: ${warning}`),
    ],
    close,
  };
}

function restrict(plan: ResolvedPlan, only: readonly string[] | undefined, path: string): ResolvedPlan {
  if (only === undefined) return plan;
  const names = Object.keys(plan.models);
  const stranger = only.find((name) => !names.includes(name));
  if (stranger !== undefined) {
    throw new OptionError(`${path} has no model '${stranger}': there are ${names.join(', ')}`);
  }
  const models = Object.entries(plan.models).filter(([name]) => only.includes(name));
  return { ...plan, models: Object.fromEntries(models) };
}

async function loadPretrained(from: string, base: string, place: string): Promise<LayersModel> {
  const { kind, model } = await loadModel(/^(https?|file):/i.test(from) ? from : resolve(base, from));
  if (kind === 'layers') return model;
  model.dispose();
  throw new UnsupportedError(
    `${place} is '${from}', a graph model, whose weights cannot be told by layer: give a layers model`,
  );
}

function splitsOf({ train, validation, test }: Splits): Splits {
  return { train, validation, test };
}

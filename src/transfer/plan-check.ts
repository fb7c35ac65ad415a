/**
 * Reading a plan: everything is checked before anything is computed, and every default is put in its place.
 *
 * @module
 */
import { OptionError } from '../errors.js';
import { checkKeep } from '../factor/keep.js';
import type { Keep } from '../factor/keep.js';
import { measures } from '../measures/registry.js';
import { show, without } from '../options.js';
import { needsPretrained, parseCondition } from './conditions.js';
import type { Condition } from './conditions.js';
import type { Family } from './models.js';
import { fields, finite, list, named, oneOf, positive, share, text, whole, yesOrNo } from './plan-fields.js';
import type { Check } from './plan-fields.js';
import { checkSize } from './labelled-resize.js';
import { plannedTraining } from './plan-defaults.js';
import { PLAN_FORMAT } from './plan.js';
import type { DataSpec, PlanModel, PretrainingSpec, ResolvedModel, ResolvedPlan, StudyPlan } from './plan.js';
import type { Augmentation, PixelScale, Schedule, TrainingSpec } from './training.js';

const FAMILIES: readonly Family[] = [
  'cbr-LargeT',
  'cbr-LargeW',
  'cbr-Small',
  'cbr-Tiny',
  'efficientNetLite0',
  'resNet50',
];

const condition: Check<Condition> = (place, value) => {
  try {
    parseCondition(value as string);
    return value as Condition;
  } catch (error) {
    if (error instanceof OptionError) throw new OptionError(`${place}: ${error.message}`, { cause: error });
    throw error;
  }
};

const keep: Check<Keep> = (place, value) => {
  try {
    const checked = checkKeep(value);
    if (checked !== 'all') return checked;
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
  }
  throw new OptionError(
    `${place} is ${show(value)}: give one of { "variance": 0.99 }, { "singularValueMass": 0.99 }, { "dims": 20 }`,
  );
};

const shape: Check<readonly [number, number, number]> = (place, value) => {
  if (Array.isArray(value) && value.length === 3) {
    return value.map((size, i) => whole(1)(`${place}[${i}]`, size)) as [number, number, number];
  }
  throw new OptionError(`${place} is ${show(value)}: give [height, width, channels]`);
};

const data = fields(
  {
    from: text,
    only: list(text, 2),
    classes: list(text, 1),
    size: (place, value) => checkSize(value, place),
    train: whole(1),
    validation: whole(1),
    test: whole(1),
    seed: whole(0),
  } satisfies Record<keyof DataSpec, Check<unknown>>,
  ['from'],
) as Check<DataSpec>;

const schedule: Check<Schedule> = fields<Schedule>({
  kind: oneOf(['constant', 'linear', 'cosine', 'steps']),
  warmup: whole(0),
  at: list(whole(1), 1),
  factor: positive,
});

const trainingFields: { readonly [K in keyof TrainingSpec]-?: Check<TrainingSpec[K]> } = {
  steps: whole(1),
  epochs: whole(1),
  batchSize: whole(1),
  optimizer: oneOf(['adam', 'sgd', 'momentum']),
  learningRate: positive,
  schedule,
  augment: fields<Augmentation>({ flip: yesOrNo, shift: whole(0) }),
  pixels: fields<PixelScale>({ offset: finite, scale: positive }, ['offset', 'scale']),
  evaluateEvery: whole(1),
  patience: whole(1),
  keep: oneOf(['last', 'best']),
  frozen: list(text),
};

/** Steps and epochs say the same thing twice. */
function once<T extends TrainingSpec>(check: Check<T>): Check<T> {
  return (place, value) => {
    const checked = check(place, value);
    if (checked.steps === undefined || checked.epochs === undefined) return checked;
    throw new OptionError(`${place} has both steps and epochs: give one of them`);
  };
}

const training = once(fields<TrainingSpec>(trainingFields));
const pretraining = once(fields<PretrainingSpec>({ ...trainingFields, seed: whole(0) }));

const model = fields<PlanModel>(
  {
    family: oneOf(FAMILIES),
    width: positive,
    momentum: share,
    inputShape: shape,
    pretrained: text,
    conditions: list(condition, 1),
    training,
    pretraining,
  },
  ['family'],
);

const plan = fields<StudyPlan>(
  {
    format: oneOf<typeof PLAN_FORMAT>([PLAN_FORMAT]),
    title: text,
    data: fields<StudyPlan['data']>({ target: data, source: data }, ['target']),
    models: named(model, (place, key) => {
      if (/^[\p{L}\p{N}][\p{L}\p{N} ._+×-]*$/u.test(key)) return;
      throw new OptionError(`${place} has the name ${show(key)}: use letters, digits, spaces and . _ + -`);
    }),
    conditions: list(condition, 1),
    seeds: list(whole(0), 1),
    training,
    pretraining,
    similarity: fields<NonNullable<StudyPlan['similarity']>>({
      measure: oneOf(Object.keys(measures)),
      keep,
      images: whole(1),
      positions: whole(1),
      seed: whole(0),
    }),
    targetAuc: share,
    budget: fields<NonNullable<StudyPlan['budget']>>({ minutes: positive }),
  },
  ['data', 'models', 'conditions', 'seeds', 'training'],
);

/**
 * Checks a plan and fills in every default. What comes out is a plan again, and checking it once more changes nothing.
 *
 * @param json - a parsed plan.
 * @throws OptionError that names the place, as `models.large.conditions[2]`, and the way out. Stages that a condition names are
 * checked when the network is there: by `runStudy`, before its first run.
 */
export function checkPlan(json: unknown): ResolvedPlan {
  const checked = plan('the plan', json);
  const { data: given, models, conditions, similarity } = checked;
  if (checked.training.steps === undefined && checked.training.epochs === undefined) {
    throw new OptionError('training says neither steps nor epochs: give one of them');
  }
  return {
    format: PLAN_FORMAT,
    title: checked.title ?? 'Transfer study',
    data: {
      target: { ...given.target, seed: given.target.seed ?? 0 },
      ...(given.source && { source: { ...given.source, seed: given.source.seed ?? 0 } }),
    },
    models: Object.fromEntries(
      Object.entries(models).map(([name, one]) => [name, resolveModel(name, one, checked)]),
    ),
    conditions,
    seeds: checked.seeds,
    training: checked.training,
    ...(checked.pretraining && { pretraining: checked.pretraining }),
    similarity: { ...similarity, measure: similarity?.measure ?? 'svcca', seed: similarity?.seed ?? 0 },
    ...(checked.targetAuc !== undefined && { targetAuc: checked.targetAuc }),
    ...(checked.budget && { budget: checked.budget }),
  };
}

function resolveModel(name: string, model: PlanModel, whole: StudyPlan): ResolvedModel {
  const { family, momentum, inputShape } = model;
  const conditions = model.conditions ?? whole.conditions;
  const pretrained = model.pretrained ?? (whole.data.source === undefined ? undefined : 'source');
  const place = model.conditions === undefined ? 'conditions' : `models.${name}.conditions`;
  const needing = conditions.findIndex(needsPretrained);
  if (needing >= 0 && pretrained === undefined) {
    throw new OptionError(
      `${place}[${needing}] is '${conditions[needing]}', and model '${name}' has nothing to start from: give data.source, or ` +
        `models.${name}.pretrained a model.json`,
    );
  }
  if (pretrained === 'source' && whole.data.source === undefined) {
    throw new OptionError(`models.${name}.pretrained is 'source', and the plan has no data.source: add it`);
  }
  const sourced = pretrained === 'source' && needing >= 0;
  return {
    family,
    width: model.width ?? 1,
    ...(momentum !== undefined && { momentum }),
    ...(inputShape && { inputShape }),
    ...(pretrained !== undefined && { pretrained }),
    conditions,
    training: plannedTraining(family, [whole.training, model.training]),
    ...(sourced && {
      pretraining: {
        // What stays as it is in the target's training is learned here.
        ...plannedTraining(family, [
          ...[without(whole.training, ['frozen']), without(model.training ?? {}, ['frozen'])],
          ...[whole.pretraining, model.pretraining],
        ]),
        seed: model.pretraining?.seed ?? whole.pretraining?.seed ?? 0,
      },
    }),
  };
}

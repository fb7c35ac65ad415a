/**
 * The architectures of a study, checked against the plan before anything is trained.
 *
 * @module
 */
import type { LayersModel } from '@tensorflow/tfjs';
import { OptionError, SvccaError } from '../errors.js';
import { parseCondition } from './conditions.js';
import { buildModel } from './models.js';
import type { ModelSpec } from './models.js';
import type { PlannedTraining, ResolvedModel, ResolvedPlan } from './plan.js';
import type { Stage } from './stages.js';
import { stages } from './stages.js';
import type { ImageShape, StudyData } from './study-data.js';
import { resolveTraining } from './train-options.js';

/** An architecture as it is built. */
export interface StudyModel {
  readonly name: string;
  readonly plan: ResolvedModel & { readonly inputShape: ImageShape };
  readonly spec: ModelSpec;
  readonly parameters: number;
  readonly stages: readonly Stage[];
}

/**
 * Builds every architecture once, and holds conditions and frozen stages to its stages.
 *
 * @throws OptionError that names the place in the plan; what the builders throw
 */
export async function studyModels(
  plan: ResolvedPlan,
  target: StudyData,
  source: StudyData | undefined,
  pretrained: Readonly<Record<string, LayersModel>>,
): Promise<StudyModel[]> {
  const found: StudyModel[] = [];
  for (const [name, model] of Object.entries(plan.models)) {
    const own = pretrained[name] as LayersModel | undefined;
    if (model.pretrained !== undefined && model.pretrained !== 'source' && own === undefined) {
      throw new OptionError(
        `models.${name}.pretrained is '${model.pretrained}': give that network as pretrained['${name}']`,
      );
    }
    const inputShape = model.inputShape ?? shapeFor(target.shape, own);
    const { family, width, momentum } = model;
    const classes = target.summary.classes.length;
    const spec: ModelSpec = {
      family,
      inputShape,
      classes,
      width,
      ...(momentum !== undefined && { momentum }),
    };
    const place = `models.${name}`;
    const network = await at(place, () => buildModel(spec));
    try {
      const names = stages(network).map((stage) => stage.name);
      for (const [i, condition] of model.conditions.entries()) {
        await at(`${place}.conditions[${i}]`, () => Promise.resolve(parseCondition(condition, names)));
      }
      const { training, pretraining } = model;
      checkFrozen(`${place}.training`, training.frozen, names);
      checkFrozen(`${place}.pretraining`, pretraining?.frozen ?? [], names);
      await at(`${place}.training`, () => checkTraining(training, target, inputShape));
      if (pretraining && source) {
        await at(`${place}.pretraining`, () => checkTraining(pretraining, source, inputShape));
      }
      found.push({
        name,
        plan: { ...model, inputShape },
        spec,
        parameters: network.countParams(),
        stages: stages(network),
      });
    } finally {
      network.dispose();
    }
  }
  return found;
}

/** The size of the images, in the channels of the network that weights come from. */
function shapeFor([height, width, channels]: ImageShape, pretrained: LayersModel | undefined): ImageShape {
  return [height, width, pretrained?.inputs[0].shape[3] ?? channels];
}

function checkFrozen(place: string, frozen: readonly string[], names: readonly string[]): void {
  const at = frozen.findIndex((name) => !names.includes(name));
  if (at < 0) return;
  throw new OptionError(
    `${place}.frozen[${at}] is '${frozen[at]}', and the stages of the network are ${names.join(', ')}`,
  );
}

/** Against the images: a schedule within the steps, shifts within the image. */
async function checkTraining(training: PlannedTraining, data: StudyData, shape: ImageShape): Promise<void> {
  await Promise.resolve(resolveTraining(training, data.as(shape).train));
}

/** Says where in the plan an error comes from. */
async function at<T>(place: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SvccaError) throw new OptionError(`${place}: ${error.message}`, { cause: error });
    throw error;
  }
}

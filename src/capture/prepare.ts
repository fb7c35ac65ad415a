/**
 * One batch of the data made ready for every model that reads it.
 *
 * @module
 */
import type * as tf from '@tensorflow/tfjs';
import { OptionError, ShapeError } from '../errors.js';
import { Print } from './fingerprint.js';
import type { ImageBatch } from './images.js';
import { ofImages } from './prepare-images.js';
import { recipeOf } from './preprocess.js';
import type { Preprocess, Recipe } from './preprocess.js';
import { called, prepareTensor } from './preprocess-tensor.js';
import type { InputInfo } from './probe.js';
import { isTensor } from './recognise.js';
import type { Tfjs } from './tfjs.js';

/** Samples of one input: a tensor, or images that are still to be decoded. */
export type Cut = tf.Tensor | ImageBatch;

/** What one model does to the data and takes of them. */
export interface Preparation {
  readonly preprocess: Recipe | ((batch: tf.Tensor, input: string) => tf.Tensor) | undefined;
  readonly inputs: readonly InputInfo[];
  /** For each array of the data the place of the input that takes it. @defaultValue in order */
  readonly takes?: readonly number[];
}

/** Checks what one model is to do to the data. @param name - how messages call the option. @throws OptionError */
export function preparationOf(
  name: string,
  preprocess: Preprocess | undefined,
  inputs: readonly InputInfo[],
): Preparation {
  if (preprocess === undefined || typeof preprocess === 'function') return { preprocess, inputs };
  const recipe = recipeOf(name, preprocess);
  if (inputs.length === 1) return { preprocess: recipe, inputs };
  throw new OptionError(
    `${name} has steps, and the model has ${inputs.length} inputs (${inputs.map((input) => input.name).join(', ')}): give a ` +
      'function (batch, input) that says what is done to each',
  );
}

/**
 * Finds out which input of each model takes which array of the data, which are in the order of the first model: inputs of the
 * same names by name, others in order.
 *
 * @throws ShapeError where models differ in their number of inputs
 */
export function inLockstep(preparations: readonly Preparation[]): Preparation[] {
  const namesOf = ({ inputs }: Preparation): string[] => inputs.map(({ name }) => name);
  const [first] = preparations.map(namesOf);
  return preparations.map((one) => {
    const names = namesOf(one);
    if (names.length !== first.length) {
      throw new ShapeError(
        `one model takes ${first.length} inputs (${first.join(', ')}) and another ${names.length} (${names.join(', ')}): models ` +
          'that are run on the same data need as many inputs',
      );
    }
    const takes = first.map((name) => names.indexOf(name));
    return { ...one, takes: takes.includes(-1) ? first.map((_, i) => i) : takes };
  });
}

/** Inputs of all models for a batch. */
export interface PreparedBatch {
  /** For each preparation one tensor per input; two that do the same share theirs. */
  readonly inputs: readonly (readonly tf.Tensor[])[];
  /** Of the data as they were given, where it was asked for. */
  readonly print: number | undefined;
  /** Of what functions made of them, where there are any. */
  readonly outcome: number | undefined;
  /** Frees the tensors. */
  dispose(): void;
}

/**
 * Prepares a batch. Images are decoded one by one, each for all models.
 *
 * @param cuts - the samples of each input; they stay the caller's.
 * @param options - `printed`: whether a fingerprint is taken; `signal` is heard between images.
 * @throws ShapeError where the data do not fit what is to be done, or the model; whatever decoding throws.
 */
export async function prepareBatch(
  tf: Tfjs,
  cuts: readonly Cut[],
  preparations: readonly Preparation[],
  { printed, signal }: { readonly printed: boolean; readonly signal?: AbortSignal },
): Promise<PreparedBatch> {
  const made = new Set<tf.Tensor>();
  const dispose = (): void => {
    for (const tensor of made) tensor.dispose();
  };
  const print = printed ? new Print() : undefined;
  const whose = preparations.map((one) => preparations.findIndex((other) => same(one, other)));
  const distinct = [...new Set(whose)];
  const outcome = preparations.some(isCalled) ? new Print() : undefined;
  try {
    const inputs: tf.Tensor[][] = preparations.map(() => []);
    for (const [i, cut] of cuts.entries()) {
      const sides = distinct.map((k): Side => {
        const { preprocess, inputs: infos, takes } = preparations[k];
        const place = takes?.[i] ?? i;
        return { preprocess, place, input: infos[place] };
      });
      const tensors = isTensor(cut)
        ? await ofTensor(tf, cut, sides, print)
        : await ofImages(tf, cut, sides, print, signal);
      for (const tensor of tensors) if (tensor !== cut) made.add(tensor);
      for (const [s, tensor] of tensors.entries()) {
        inputs[distinct[s]][sides[s].place] = tensor;
        if (isCalled(sides[s])) await outcome?.tensor(tf, tensor);
      }
    }
    return {
      inputs: whose.map((k) => inputs[k]),
      print: print?.value,
      outcome: outcome?.value,
      dispose,
    };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** One input of a model, and what is done to the data for it. */
export interface Side {
  readonly preprocess: Preparation['preprocess'];
  readonly place: number;
  readonly input: InputInfo;
}

function isCalled({ preprocess }: Pick<Preparation, 'preprocess'>): boolean {
  return typeof preprocess === 'function';
}

/** Whether two models get the same tensors. A function may depend on the name of the input. */
function same(a: Preparation, b: Preparation): boolean {
  const facts = ({ preprocess, inputs, takes }: Preparation) =>
    JSON.stringify([inputs.map(({ name, shape }) => [isCalled({ preprocess }) && name, shape]), takes]);
  if (facts(a) !== facts(b)) return false;
  return a.preprocess === b.preprocess || (!isCalled(a) && stepsOf(a) === stepsOf(b));
}

/** As text, in which a function is as nothing. */
function stepsOf({ preprocess }: Preparation): string | undefined {
  return JSON.stringify(preprocess);
}

async function ofTensor(
  tf: Tfjs,
  cut: tf.Tensor,
  sides: readonly Side[],
  print: Print | undefined,
): Promise<tf.Tensor[]> {
  await print?.tensor(tf, cut);
  const out: tf.Tensor[] = [];
  try {
    for (const { preprocess, input } of sides) {
      if (preprocess === undefined) out.push(cut);
      else if (typeof preprocess === 'function') out.push(called(tf, cut, preprocess, input.name));
      else out.push(tf.tidy(() => prepareTensor(tf, cut, preprocess, input).clone()));
    }
    return out;
  } catch (error) {
    for (const tensor of out) if (tensor !== cut) tensor.dispose();
    throw error;
  }
}

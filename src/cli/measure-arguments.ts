/**
 * Arguments that choose measures and set their options, by the names of the API.
 *
 * @module
 */
import type { ArgsDef } from 'citty';
import { askedMeasures } from '../compare/asked.js';
import type { Convention, MeasureChoices } from '../compare/asked.js';
import { OptionError } from '../errors.js';
import { presets } from '../measures/presets.js';
import type { PresetName } from '../measures/presets.js';
import { measures } from '../measures/registry.js';
import type { MeasureName } from '../measures/registry.js';
import { UsageError } from './arguments.js';
import type { Values } from './arguments.js';

/** What each option of a measure takes: a hint, and the choices in words. */
const options: Record<string, { readonly hint?: string; readonly text: string }> = {
  keep: { hint: 'rule', text: 'variance=0.99, singularValueMass=0.99, dims=20 or all' },
  crossing: { hint: 'how', text: 'kept or dropped' },
  directions: { hint: 'which', text: 'centred or raw' },
  summary: { hint: 'how', text: 'mean, meanSquared, sum, thresholded, thresholded=0.98 or top=5' },
  divisor: { hint: 'what', text: 'kept, neurons or x' },
  centred: { text: 'centre the activations (--no-centred: raw)' },
  variant: { hint: 'name', text: 'paper, google or anatome' },
  side: { hint: 'which', text: 'auto, x or y' },
  kernel: { hint: 'name', text: 'linear, polynomial, rbf or cosine' },
  sigma: { hint: 'width', text: 'of rbf: medianFraction=0.5 or fixed=3' },
  degree: { hint: 'n', text: 'of polynomial' },
  coefficient: { hint: 'c', text: 'of polynomial' },
  gamma: { hint: 'factor', text: 'of polynomial: auto or a number' },
  estimator: { hint: 'name', text: 'biased or debiased' },
  minibatch: { hint: 'n', text: 'average over minibatches of so many samples' },
  minibatchWeights: { hint: 'how', text: 'of a shorter last minibatch: samples or equal' },
  output: {
    hint: 'name',
    text: 'similarity, distance, squaredDistance, euclideanDistance or angle',
  },
  alpha: { hint: 'share', text: 'from 0 (CCA) to 1 (Procrustes)' },
  scaling: { hint: 'how', text: 'of alpha: variance or none' },
  from: { hint: 'side', text: 'what predicts, x or y' },
  modified: { text: 'without the diagonals' },
  dissimilarity: {
    hint: 'name',
    text: 'correlation, cosine, euclidean, squaredEuclidean, mahalanobis or squaredMahalanobis',
  },
  correlation: {
    hint: 'name',
    text: 'spearman, rhoA, pearson, kendall, kendallTauB, cosine, whitenedPearson or whitenedCosine',
  },
  squared: { text: 'the squared coefficient' },
  exponent: { hint: 'power', text: 'of the distances, above 0 and at most 2' },
  k: { hint: 'n', text: 'neighbours of each sample' },
  metric: { hint: 'name', text: 'cosine or euclidean' },
  overlap: { hint: 'name', text: 'mutual or jaccard' },
  allowFewSamples: { text: 'compute even where every correlation is 1' },
};

/** Arguments of every command that takes a measure. */
export const measureArgs: ArgsDef = {
  measure: {
    type: 'string',
    description: `one, or several by commas: ${Object.keys(measures).join(', ')}`,
    valueHint: 'names',
  },
  preset: {
    type: 'string',
    description: `the options of another tool, of its measures or of those named: ${Object.keys(presets).join(', ')}`,
    valueHint: 'tool',
  },
  ...Object.fromEntries(
    Object.entries(options).map(([name, { hint, text }]) => [
      name,
      {
        description: `${takenBy(name).join(', ')}: ${text}`,
        ...(hint === undefined ? { type: 'boolean' as const } : { type: 'string' as const, valueHint: hint }),
      },
    ]),
  ),
};

function takenBy(option: string): string[] {
  return Object.values(measures).flatMap(({ name, defaults }) => (option in defaults ? [name] : []));
}

/** The measures that were asked for, and the options given for them. @throws UsageError for an option of another measure */
export function measureOf(
  values: Values,
  fallback: MeasureName,
): { readonly measure: MeasureChoices; readonly options: Record<string, unknown> } {
  const named = values['measure'] === undefined ? undefined : String(values['measure']);
  const measure =
    values['preset'] === undefined
      ? ((named ?? fallback) as MeasureName)
      : presetOf(String(values['preset']), named);
  const given = Object.keys(options).filter((name) => values[name] !== undefined);
  const parsed = Object.fromEntries(given.map((name) => [name, parseValue(values[name]!)]));
  try {
    askedMeasures(measure, parsed);
  } catch (error) {
    if (error instanceof OptionError) throw new UsageError(error.message);
    throw error;
  }
  return { measure, options: parsed };
}

/** The measures of a preset, all or those named, with its options. @throws UsageError where it has no such measure */
function presetOf(preset: string, named: string | undefined): Convention[] {
  if (!(preset in presets)) {
    throw new UsageError(`preset is '${preset}': choose one of ${Object.keys(presets).join(', ')}`);
  }
  const own: Readonly<Partial<Record<string, object>>> = presets[preset as PresetName];
  const wanted = named?.split(',').map((name) => name.trim()) ?? Object.keys(own);
  const missing = wanted.find((name) => !(name in own));
  if (missing !== undefined) {
    throw new UsageError(`preset '${preset}' has no '${missing}': it has ${Object.keys(own).join(', ')}`);
  }
  return wanted.map((name) => ({
    label: `${name} (${preset})`,
    measure: name as MeasureName,
    options: { ...own[name] },
  }));
}

/** `variance=0.99` as `{ variance: 0.99 }`, numbers as numbers, all else as it stands. */
function parseValue(value: string | boolean): unknown {
  if (typeof value !== 'string') return value;
  const [rule, amount] = value.split('=', 2) as [string, string?];
  if (amount !== undefined) return { [rule]: Number(amount) };
  return value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
}

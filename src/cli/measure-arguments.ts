/**
 * Arguments that choose measures and set their options, by the names of the API.
 *
 * @module
 */
import type { ArgsDef } from 'citty';
import { askedMeasures } from '../compare/asked.js';
import type { MeasureChoices } from '../compare/asked.js';
import { OptionError } from '../errors.js';
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
  output: {
    hint: 'name',
    text: 'similarity, distance, squaredDistance, euclideanDistance or angle',
  },
  allowFewSamples: { text: 'compute even where every correlation is 1' },
};

/** Arguments of every command that takes a measure. */
export const measureArgs: ArgsDef = {
  measure: {
    type: 'string',
    description: `one, or several by commas: ${Object.keys(measures).join(', ')}`,
    valueHint: 'names',
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
  const measure = String(values['measure'] ?? fallback) as MeasureName;
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

/** `variance=0.99` as `{ variance: 0.99 }`, numbers as numbers, all else as it stands. */
function parseValue(value: string | boolean): unknown {
  if (typeof value !== 'string') return value;
  const [rule, amount] = value.split('=', 2) as [string, string?];
  if (amount !== undefined) return { [rule]: Number(amount) };
  return value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
}

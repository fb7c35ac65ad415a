/**
 * Arguments of the commands: citty parses them, here they are held to what is declared.
 *
 * @module
 */
import { parseArgs } from 'citty';
import type { ArgDef, ArgsDef } from 'citty';
import { OptionError } from '../errors.js';
import { measures } from '../measures/registry.js';
import type { MeasureName } from '../measures/registry.js';

/** The command line itself is wrong; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Values of arguments by name. */
export type Values = Readonly<Record<string, string | boolean | undefined>>;

/** A subcommand. */
export interface Command {
  readonly name: string;
  readonly description: string;
  readonly args: ArgsDef;
  run(values: Values, signal: AbortSignal): Promise<void>;
}

/** Parses and refuses what is not declared: citty alone would ignore a misspelt option. @throws UsageError */
export function parseStrictly(command: Command, argv: readonly string[]): Values {
  const declared = Object.entries(command.args);
  const kebab = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const kinds = new Map<string, ArgDef>(
    declared.flatMap(([name, def]) => [
      [`--${kebab(name)}`, def],
      ...('alias' in def && typeof def.alias === 'string'
        ? [[`-${def.alias}`, def] as [string, ArgDef]]
        : []),
    ]),
  );
  let positionals = 0;
  for (let i = 0; i < argv.length; i++) {
    const [flag, inline] = argv[i].split('=', 2) as [string, string?];
    if (!/^-[^\d.]/.test(flag)) {
      positionals++;
      continue;
    }
    const def = kinds.get(flag) ?? kinds.get(flag.replace(/^--no-/, '--'));
    if (def === undefined || def.type === 'positional') {
      throw new UsageError(`${command.name} has no option '${flag}'`);
    }
    if (def.type === 'boolean' || inline !== undefined) continue;
    if (argv[++i] === undefined) throw new UsageError(`option '${flag}' needs a value`);
  }
  const places = declared.filter(([, def]) => def.type === 'positional').length;
  if (positionals > places) {
    throw new UsageError(
      `${command.name} takes ${places} argument${places === 1 ? '' : 's'}, got ${positionals}`,
    );
  }
  try {
    const parsed = parseArgs([...argv], command.args);
    return Object.fromEntries(declared.map(([name]) => [name, parsed[name] as string | boolean | undefined]));
  } catch (error) {
    // eslint-disable-next-line no-control-regex -- citty colours its messages
    throw new UsageError((error as Error).message.replace(/\u001b\[\d+m/g, ''));
  }
}

/** Arguments that choose the measure and its options, by the names of the API. */
export const measureArgs = {
  measure: { type: 'string', description: `one of ${Object.keys(measures).join(', ')}`, valueHint: 'name' },
  keep: {
    type: 'string',
    description: 'svcca, pwcca: variance=0.99, singularValueMass=0.99, dims=20 or all',
    valueHint: 'rule',
  },
  crossing: { type: 'string', description: 'svcca, pwcca: kept or dropped', valueHint: 'how' },
  directions: { type: 'string', description: 'svcca: centred or raw', valueHint: 'which' },
  summary: {
    type: 'string',
    description: 'cca, svcca: mean, meanSquared, sum, thresholded, thresholded=0.98 or top=5',
    valueHint: 'how',
  },
  divisor: { type: 'string', description: 'cca, svcca: kept, neurons or x', valueHint: 'what' },
  centred: { type: 'boolean', description: 'cca: centre the activations (--no-centred: raw)' },
  variant: { type: 'string', description: 'pwcca: paper, google or anatome', valueHint: 'name' },
  side: { type: 'string', description: 'pwcca: auto, x or y', valueHint: 'which' },
  estimator: { type: 'string', description: 'cka: biased or debiased', valueHint: 'name' },
  output: {
    type: 'string',
    description: 'procrustes: similarity, distance, squaredDistance, euclideanDistance or angle',
    valueHint: 'name',
  },
  allowFewSamples: { type: 'boolean', description: 'cca family: compute even where every correlation is 1' },
} satisfies ArgsDef;

/** Arguments of every command that computes. */
export const runArgs = {
  engine: {
    type: 'string',
    description: "where the linear algebra runs; 'auto' by default",
    valueHint: 'name',
  },
  threads: {
    type: 'string',
    description: 'threads of engines that have them; all cores by default',
    valueHint: 'n',
  },
  method: { type: 'string', description: 'auto, moments or direct', valueHint: 'route' },
  memory: {
    type: 'string',
    description: 'bytes for activations in memory, e.g. 500MB; 1GiB by default',
    valueHint: 'size',
  },
} satisfies ArgsDef;

/** The measure that was asked for, and the options given for it. @throws UsageError for an option of another measure */
export function measureOf(
  values: Values,
  fallback: MeasureName,
): { measure: MeasureName; options: Record<string, unknown> } {
  const measure = (values['measure'] ?? fallback) as MeasureName;
  if (!(measure in measures)) {
    throw new UsageError(
      `measure '${measure}' is unknown: choose one of ${Object.keys(measures).join(', ')}`,
    );
  }
  const given = Object.keys(measureArgs).filter((name) => name !== 'measure' && values[name] !== undefined);
  const known = Object.keys(measures[measure].defaults);
  const foreign = given.find((name) => !known.includes(name));
  if (foreign !== undefined) {
    throw new UsageError(
      `${measure} has no option '${foreign}'${known.length ? `: it takes ${known.join(', ')}` : ''}`,
    );
  }
  const options = Object.fromEntries(given.map((name) => [name, parseValue(name, values[name]!)]));
  try {
    measures[measure].resolve(options);
  } catch (error) {
    if (error instanceof OptionError) throw new UsageError(error.message);
    throw error;
  }
  return { measure, options };
}

function parseValue(name: string, value: string | boolean): unknown {
  if (typeof value !== 'string' || (name !== 'keep' && name !== 'summary')) return value;
  const [rule, amount] = value.split('=', 2) as [string, string?];
  return amount === undefined ? value : { [rule]: Number(amount) };
}

/** Run options by the names of the API. @throws UsageError */
export function runOptionsOf(values: Values): Record<string, unknown> {
  return {
    ...(values['engine'] !== undefined && { engine: values['engine'] }),
    ...(values['method'] !== undefined && { method: values['method'] }),
    ...(values['threads'] !== undefined && { threads: countOf('threads', values) }),
    ...(values['memory'] !== undefined && { memory: bytesOf(String(values['memory'])) }),
  };
}

/** A whole number of at least `least`. @throws UsageError */
export function countOf(name: string, values: Values, least = 1): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(`--${name} is '${values[name]}': give a whole number of at least ${least}`);
}

function bytesOf(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kMGT])(i?)B?|B)?$/i.exec(text);
  if (!match) throw new UsageError(`--memory is '${text}': give bytes, or a size such as 500MB or 2GiB`);
  const power = match[2] ? 'kmgt'.indexOf(match[2].toLowerCase()) + 1 : 0;
  return Math.floor(Number(match[1]) * (match[3] ? 1024 : 1000) ** power);
}

/**
 * Arguments of the commands: citty parses them, here they are held to what is declared.
 *
 * @module
 */
import { parseArgs } from 'citty';
import type { ArgDef, ArgsDef } from 'citty';

/** The command line itself is wrong; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The user stopped a command that has kept something, which the message says; exit code 130. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

/** Values of arguments by name. */
export type Values = Readonly<Record<string, string | boolean | undefined>>;

/** A subcommand. */
export interface Command {
  readonly name: string;
  readonly description: string;
  readonly args: ArgsDef;
  /** Name of the arguments that may follow the declared ones, any number of them. */
  readonly more?: string;
  /** `rest`: the arguments beyond the declared ones. */
  run(values: Values, signal: AbortSignal, rest: readonly string[]): Promise<void>;
}

/** Parses and refuses what is not declared: citty alone would ignore a misspelt option. @throws UsageError */
export function parseStrictly(
  command: Command,
  argv: readonly string[],
): { readonly values: Values; readonly rest: readonly string[] } {
  const declared = Object.entries(command.args);
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
  if (positionals > places && command.more === undefined) {
    throw new UsageError(
      `${command.name} takes ${places} argument${places === 1 ? '' : 's'}, got ${positionals}`,
    );
  }
  try {
    const parsed = parseArgs([...argv], command.args);
    return {
      values: Object.fromEntries(
        declared.map(([name]) => [name, parsed[name] as string | boolean | undefined]),
      ),
      rest: parsed._.slice(places),
    };
  } catch (error) {
    // eslint-disable-next-line no-control-regex -- citty colours its messages
    throw new UsageError((error as Error).message.replace(/\u001b\[\d+m/g, ''));
  }
}

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
    description: 'bytes that a comparison may hold, e.g. 500MB; 1GiB by default',
    valueHint: 'size',
  },
} satisfies ArgsDef;

/** Run options by the names of the API. @throws UsageError */
export function runOptionsOf(values: Values): Record<string, unknown> {
  return {
    ...(values['engine'] !== undefined && { engine: values['engine'] }),
    ...(values['method'] !== undefined && { method: values['method'] }),
    ...(values['threads'] !== undefined && { threads: countOf('threads', values) }),
    ...(values['memory'] !== undefined && { memory: bytesOf(String(values['memory'])) }),
  };
}

/** The flag of an argument, without its dashes: `batchSize` is typed `--batch-size`. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** A whole number of at least `least`. @throws UsageError */
export function countOf(name: string, values: Values, least = 1): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(`--${kebab(name)} is '${values[name]}': give a whole number of at least ${least}`);
}

function bytesOf(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kMGT])(i?)B?|B)?$/i.exec(text);
  if (!match) throw new UsageError(`--memory is '${text}': give bytes, or a size such as 500MB or 2GiB`);
  const power = match[2] ? 'kmgt'.indexOf(match[2].toLowerCase()) + 1 : 0;
  return Math.floor(Number(match[1]) * (match[3] ? 1024 : 1000) ** power);
}

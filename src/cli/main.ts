#!/usr/bin/env node
/**
 * The `svcca` command: finds the subcommand, turns errors into one line and an exit code.
 *
 * Exit codes: 0 done, 1 bad input or data, 2 wrong usage, 130 interrupted.
 *
 * @module
 */
import { renderUsage } from 'citty';
import type { CommandDef } from 'citty';
import packageJson from '../../package.json';
import { SvccaError } from '../errors.js';
import { InterruptedError, UsageError, kebab, parseStrictly } from './arguments.js';
import type { Command } from './arguments.js';

const commands: Record<string, () => Promise<Command>> = {
  compare: async () => (await import('./compare.js')).compareCommand,
  score: async () => (await import('./score.js')).scoreCommand,
  many: async () => (await import('./many.js')).manyCommand,
  moments: async () => (await import('./moments.js')).momentsCommand,
  merge: async () => (await import('./merge.js')).mergeCommand,
  capture: async () => (await import('./capture.js')).captureCommand,
  transfer: async () => (await import('./transfer.js')).transferCommand,
  measures: async () => (await import('./measures.js')).measuresCommand,
  layers: async () => (await import('./layers.js')).layersCommand,
  doctor: async () => (await import('./doctor.js')).doctorCommand,
};

/** Runs the command line; the result is the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  const interrupted = new AbortController();
  const stop = () => {
    interrupted.abort();
  };
  process.once('SIGINT', stop);
  try {
    if (name === '--version' || name === '-v') return print(packageJson.version);
    if (name === undefined || name === '--help' || name === '-h') {
      print(await overview());
      return name === undefined ? 2 : 0;
    }
    const load = commands[name];
    if (load === undefined)
      throw new UsageError(`no command '${name}': there are ${Object.keys(commands).join(', ')}`);
    const command = await load();
    if (rest.includes('--help') || rest.includes('-h')) return print(await usage(command));
    const parsed = parseStrictly(command, rest);
    await command.run(parsed.values, interrupted.signal, parsed.rest);
    return 0;
  } catch (error) {
    return report(error, name, interrupted.signal);
  } finally {
    process.removeListener('SIGINT', stop);
  }
}

function report(error: unknown, command: string | undefined, signal: AbortSignal): number {
  if (signal.aborted) {
    const kept = error instanceof InterruptedError ? error.message : 'nothing was written';
    process.stderr.write(`svcca: interrupted; ${kept}\n`);
    return 130;
  }
  if (error instanceof UsageError) {
    process.stderr.write(
      `svcca: ${error.message}\nTry: svcca ${command && command in commands ? `${command} ` : ''}--help\n`,
    );
    return 2;
  }
  if (error instanceof SvccaError) {
    process.stderr.write(`svcca: ${error.message}\n`);
    return 1;
  }
  process.stderr.write(
    `svcca: this is a bug, please report it\n${error instanceof Error ? error.stack : String(error)}\n`,
  );
  return 1;
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

async function overview(): Promise<string> {
  const subCommands: Record<string, CommandDef> = {};
  for (const [name, load] of Object.entries(commands)) subCommands[name] = definition(await load());
  return renderUsage({
    meta: {
      name: 'svcca',
      version: packageJson.version,
      description: 'Compare representations of neural networks.',
    },
    subCommands,
  });
}

function usage(command: Command): Promise<string> {
  return renderUsage(definition(command), { meta: { name: 'svcca', version: packageJson.version } });
}

function definition(command: Command): CommandDef {
  // Flags as they are typed: citty shows the names of its arguments as they are.
  const args = Object.fromEntries(Object.entries(command.args).map(([name, def]) => [kebab(name), def]));
  return { meta: { name: command.name, description: command.description }, args };
}

process.exitCode = await main(process.argv.slice(2));

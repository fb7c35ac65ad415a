/** Runs the commands of an example's README as they stand there, and holds what they print to what it shows. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Block, Ran } from '../docs/blocks.js';
import { blocksOf, commandsOf, root, trimmed, wordsOf } from '../docs/blocks.js';

/** The `sh` blocks of an example's README, in order. */
export function shellBlocks(example: string): Block[] {
  return blocksOf(`examples/${example}/README.md`).filter(({ language }) => language === 'sh');
}

/** How a command of a README runs here. */
export interface RunOptions {
  /** What `python` stands for. */
  readonly python?: string;
  /** Added to the environment. Without it no tfjs-node is used, so that every machine prints the same digits. */
  readonly env?: Readonly<Record<string, string>>;
  /** Added to the command, to make it short. */
  readonly also?: readonly string[];
}

/** Runs one line of a shell block in the root of the project: `npx tsx`, `npx svcca` and `python`. */
export function runLine(line: string, { python, env = {}, also = [] }: RunOptions = {}): Promise<Ran> {
  const [program, ...rest] = [...wordsOf(line), ...also];
  if (program === 'python') return run(python!, rest, env);
  expect(program).toBe('npx');
  const [name, ...args] = rest;
  if (name === 'tsx') return run(process.execPath, ['--import', 'tsx', ...args], env);
  expect(name).toBe('svcca');
  return run(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], env);
}

/** Runs the lines of a block one after another; what they print together. @throws Error where one fails */
export async function runBlock({ text }: Block, options: RunOptions = {}): Promise<string> {
  let printed = '';
  for (const line of commandsOf(text).flatMap((command) => command.split(' && '))) {
    const { code, stdout, stderr } = await runLine(line, options);
    if (code !== 0) throw new Error(`${line} ended with ${code}:\n${stderr}`);
    printed += stdout;
  }
  return trimmed(printed);
}

/** Numbers with a decimal point. */
const NUMBER = /-?\d+\.\d+/g;

/** Holds printed text to the text of a README: the same words, and numbers that differ by no more than a tolerance. */
export function expectPrinted(printed: string, shown: string, tolerance: number): void {
  const words = (text: string) => trimmed(text).replaceAll(NUMBER, '#').replaceAll(/[ ]+/g, ' ');
  expect(words(printed.replace(/engine \S+,/, 'engine wasm,'))).toBe(words(shown));
  const [found, wanted] = [printed, shown].map((text) => (text.match(NUMBER) ?? []).map(Number));
  found.forEach((value, i) => {
    const what = `number ${i + 1}: ${value}, and the README says ${wanted[i]}\n\n${printed}`;
    expect(Math.abs(value - wanted[i]), what).toBeLessThanOrEqual(tolerance);
  });
}

/** A path of the project where it exists. */
export function present(...path: string[]): string | undefined {
  const full = join(root, ...path);
  return existsSync(full) ? full : undefined;
}

function run(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  return new Promise((done, failed) => {
    const child = spawn(program, args, {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1', SVCCA_TFJS_NODE: '', PYTHONDONTWRITEBYTECODE: '1', ...env },
    });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
    child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
    child.on('error', failed);
    child.on('close', (code) => {
      done({ code, stdout, stderr });
    });
  });
}

/** A command run in this process: what it prints, or the error that it ends with. */
import { vi } from 'vitest';
import { parseStrictly } from '../../src/cli/arguments.js';
import type { Command } from '../../src/cli/arguments.js';

export async function runHere(command: Command, ...args: string[]): Promise<{ out: string; err: string }> {
  let [out, err] = ['', ''];
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true)),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((err += String(text)), true)),
  ];
  try {
    const { values, rest } = parseStrictly(command, args);
    await command.run(values, new AbortController().signal, rest);
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return { out, err };
}

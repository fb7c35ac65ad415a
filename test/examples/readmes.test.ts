/** The examples' pages: what they name and link to exists. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseStrictly } from '../../src/cli/arguments.js';
import { captureCommand } from '../../src/cli/capture.js';
import { compareCommand } from '../../src/cli/compare.js';
import { mergeCommand } from '../../src/cli/merge.js';
import { momentsCommand } from '../../src/cli/moments.js';
import { scoreCommand } from '../../src/cli/score.js';
import { transferCommand } from '../../src/cli/transfer.js';
import { commandsOf, wordsOf } from '../docs/blocks.js';
import { root } from '../support.js';
import { shellBlocks } from './support.js';

const commands = [
  ...[captureCommand, compareCommand, mergeCommand, momentsCommand],
  ...[scoreCommand, transferCommand],
];
const folders = readdirSync(join(root, 'examples'), { withFileTypes: true });
const examples = folders.filter((entry) => entry.isDirectory()).map(({ name }) => name);
const pages = ['examples/README.md', ...examples.map((name) => `examples/${name}/README.md`)];
const lines = examples.flatMap((name) =>
  shellBlocks(name).flatMap(({ text }) =>
    commandsOf(text)
      .flatMap((line) => line.split(' && '))
      .map((line) => [line, name] as const),
  ),
);

describe('the examples', () => {
  it('are all in the table of contents', () => {
    const contents = readFileSync(join(root, 'examples/README.md'), 'utf8');
    for (const name of examples) expect(contents).toContain(`](${name}/README.md)`);
  });

  it.each(pages)('link to files that exist: %s', (page) => {
    const text = readFileSync(join(root, page), 'utf8');
    for (const [, target] of text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
      if (/^https?:/.test(target)) continue;
      expect(existsSync(join(root, page, '..', target)), target).toBe(true);
    }
  });

  it.each(lines)('name programs, scripts and options that exist: %s (%s)', (line) => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: object };
    const [program, name, ...rest] = wordsOf(line);
    if (program === 'npm' && name === 'run') expect(scripts).toHaveProperty([rest[0]]);
    if (program === 'npx' && name === 'tsx') expect(existsSync(join(root, rest[0])), rest[0]).toBe(true);
    if (program === 'python') expect(existsSync(join(root, name)), name).toBe(true);
    if (program !== 'npx' || name !== 'svcca') return;
    const command = commands.find((one) => one.name === rest[0]);
    expect(command, `the command ${rest[0]}`).toBeDefined();
    parseStrictly(command!, rest.slice(1));
  });
});

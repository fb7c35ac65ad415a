/** The page on activations from elsewhere: its `ts` blocks; test/peers/ runs those in Python. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseStrictly, type Command } from '../../src/cli/arguments.js';
import { captureCommand } from '../../src/cli/capture.js';
import { compareCommand } from '../../src/cli/compare.js';
import { layersCommand } from '../../src/cli/layers.js';
import * as docs from './blocks.js';

const FILE = 'docs/activations.md';
const commands: readonly Command[] = [captureCommand, compareCommand, layersCommand];

describe(FILE, () => {
  const blocks = docs.blocksOf(FILE).filter(({ language }) => language === 'ts');
  let folder: string;
  let printed: string[];

  beforeAll(async () => {
    folder = docs.makeFolder();
    printed = await docs.runBlocks(folder, blocks);
  }, 120_000);

  afterAll(() => {
    docs.removeFolder(folder);
  });

  it.each(blocks.map((block, i) => [block.line, block.output ?? '', i] as const))(
    'prints at line %i what it says',
    (_, output, i) => {
      expect(printed).toHaveLength(blocks.length);
      expect(printed[i]).toBe(docs.trimmed(output));
    },
  );

  it('is right in its types', () => {
    expect(docs.checkTypes(docs.writeModule(folder, blocks))).toEqual([]);
  });

  const shell = docs
    .blocksOf(FILE)
    .flatMap(({ language, text }) => (language === 'sh' ? docs.commandsOf(text) : []));

  it.each(shell)('names a command and options that exist: %s', (line) => {
    const [program, name, chosen, ...rest] = docs.wordsOf(line);
    expect([program, name]).toEqual(['npx', 'svcca']);
    const command = commands.find((one) => one.name === chosen);
    expect(command, `the command ${chosen}`).toBeDefined();
    parseStrictly(command!, rest);
  });

  it('links to files that exist', () => {
    const text = readFileSync(join(docs.root, FILE), 'utf8');
    const links = [...text.matchAll(/\]\(([^)#]*)/g)].map(([, target]) => target);
    expect(links.length).toBeGreaterThan(0);
    for (const target of links) expect(existsSync(join(docs.root, 'docs', target)), target).toBe(true);
  });
});

import { copyFileSync, cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { saveNpy } from 'svcca/node';
import { mnistTest } from '../../examples/compare-checkpoints/mnist.js';
import { parseStrictly } from '../../src/cli/arguments.js';
import { captureCommand } from '../../src/cli/capture.js';
import { compareCommand } from '../../src/cli/compare.js';
import { doctorCommand } from '../../src/cli/doctor.js';
import { manyCommand } from '../../src/cli/many.js';
import { measuresCommand } from '../../src/cli/measures.js';
import { layersCommand } from '../../src/cli/layers.js';
import { mergeCommand } from '../../src/cli/merge.js';
import { momentsCommand } from '../../src/cli/moments.js';
import { scoreCommand } from '../../src/cli/score.js';
import { transferCommand } from '../../src/cli/transfer.js';
import * as docs from './blocks.js';

const commands = [
  ...[compareCommand, scoreCommand, manyCommand, measuresCommand, layersCommand, doctorCommand],
  ...[captureCommand, momentsCommand, mergeCommand, transferCommand],
];
const checkpoints = join(docs.root, 'examples/compare-checkpoints/checkpoints');
const reference = join(docs.root, '../shared/reference');
const arrays = ['mnist_lay04_model0.npy', 'mnist_lay04_model1.npy'];

describe('the README', () => {
  const all = docs.blocksOf('README.md');
  const blocks = all.filter(({ language }) => language === 'ts');
  const shell = [
    ...['README.md', 'docs/getting-started.md', 'docs/conventions.md'],
    ...['docs/inference.md', 'docs/many-models.md', 'docs/measures.md'],
    ...['docs/capturing.md', 'docs/large.md', 'docs/transfer.md'],
  ]
    .flatMap((file) => docs.blocksOf(file).map((block) => ({ ...block, file })))
    .filter(({ language }) => language === 'sh');
  const scripts = (JSON.parse(readFileSync(join(docs.root, 'package.json'), 'utf8')) as { scripts: object })
    .scripts;
  let folder: string;
  let printed: string[];

  beforeAll(async () => {
    folder = docs.makeFolder();
    // What the README calls its files: checkpoints and digits of the demo.
    cpSync(checkpoints, folder, { recursive: true });
    const { images } = await mnistTest(1000);
    await saveNpy(join(folder, 'digits.npy'), { shape: [1000, 28, 28, 1], data: images });
    printed = await docs.runBlocks(folder, blocks);
  }, 180_000);

  afterAll(() => {
    docs.removeFolder(folder);
  });

  it('has blocks that run', () => {
    expect(blocks.length).toBeGreaterThan(1);
    expect(printed).toHaveLength(blocks.length);
  });

  it.each(blocks.map((block, i) => [block.line, block.output ?? '', i] as const))(
    'prints at line %i what it says',
    (_, output, i) => {
      expect(printed[i]).toBe(docs.trimmed(output));
    },
  );

  it('is right in its types', () => {
    expect(docs.checkTypes(docs.writeModule(folder, blocks))).toEqual([]);
  });

  it.each(shell.flatMap(({ file, text }) => docs.commandsOf(text).map((line) => [line, file] as const)))(
    'names commands and options that exist: %s (%s)',
    (line) => {
      for (const part of line.split('&&')) {
        const [program, name, ...rest] = docs.wordsOf(part);
        if (program === 'npm' && name === 'run') expect(scripts).toHaveProperty(rest[0]);
        if (program !== 'npx' || name !== 'svcca') continue;
        const command = commands.find((one) => one.name === rest[0]);
        expect(command, `the command ${rest[0]}`).toBeDefined();
        parseStrictly(command!, rest.slice(1));
      }
    },
  );

  const shown = all.filter(({ language, text, output }) => {
    return language === 'sh' && output !== undefined && /^npx svcca (layers|compare|many)/.test(text);
  });

  it.each(shown.map((block) => [block.text, block.output!] as const))(
    'shows what %s prints',
    async (text, output) => {
      const words = docs.wordsOf(docs.commandsOf(text)[0]);
      const ran = await docs.runTsx(folder, join(docs.root, 'src/cli/main.ts'), words.slice(2));
      expect(ran.code, ran.stderr).toBe(0);
      expect(docs.trimmed(ran.stdout)).toBe(docs.trimmed(output));
    },
    120_000,
  );

  const has = arrays.every((name) => existsSync(join(reference, name)));
  it.skipIf(!has)(
    `shows what svcca score prints${has ? '' : ' [skipped: ../shared/reference is not here]'}`,
    async () => {
      for (const name of arrays) copyFileSync(join(reference, name), join(folder, name));
      const scored = all.filter(
        ({ text, output }) => text.startsWith('npx svcca score') && output !== undefined,
      );
      expect(scored.length).toBeGreaterThan(1);
      for (const block of scored) {
        const words = docs.wordsOf(docs.commandsOf(block.text)[0]);
        const ran = await docs.runTsx(folder, join(docs.root, 'src/cli/main.ts'), words.slice(2));
        expect(ran.code, ran.stderr).toBe(0);
        // A machine with a system LAPACK takes another engine, and prints the same scores.
        const onWasm = ran.stdout.replace(/engine \S+,/, 'engine wasm,');
        expect(docs.trimmed(onWasm)).toBe(docs.trimmed(block.output!));
      }
    },
    120_000,
  );

  it('shows a picture that exists, and links to files that exist', () => {
    for (const file of [
      'README.md',
      'docs/getting-started.md',
      'docs/conventions.md',
      'docs/engines.md',
      'docs/inference.md',
      'docs/many-models.md',
      'docs/measures.md',
      'examples/README.md',
    ]) {
      const text = readFileSync(join(docs.root, file), 'utf8');
      for (const [, target] of text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) {
        if (!/^https?:/.test(target))
          expect(existsSync(join(docs.root, file, '..', target)), target).toBe(true);
      }
    }
  });
});

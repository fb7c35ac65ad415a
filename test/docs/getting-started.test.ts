import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, checkTypes, makeFolder, removeFolder, runBlocks, trimmed, writeModule } from './blocks.js';

const FILE = 'docs/getting-started.md';

describe('the getting-started guide', () => {
  const blocks = blocksOf(FILE).filter(({ language }) => language === 'ts');
  let folder: string;
  let printed: string[];

  beforeAll(async () => {
    folder = makeFolder();
    printed = await runBlocks(folder, blocks);
  }, 120_000);

  afterAll(() => {
    removeFolder(folder);
  });

  it('has blocks that run', () => {
    expect(blocks.length).toBeGreaterThan(8);
    expect(printed).toHaveLength(blocks.length);
  });

  it.each(blocks.map((block, i) => [block.line, block.output ?? '', i] as const))(
    'prints at line %i what it says',
    (_, output, i) => {
      expect(printed[i]).toBe(trimmed(output));
    },
  );

  it('is right in its types', () => {
    expect(checkTypes(writeModule(folder, blocks))).toEqual([]);
  });
});

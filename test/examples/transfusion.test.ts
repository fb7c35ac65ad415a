/** Weight transfusion: the program and the plan of the example, as its README shows what they print. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../support.js';
import { expectPrinted, runBlock, runLine, shellBlocks } from './support.js';

describe('examples/transfusion', () => {
  const readme = readFileSync(join(root, 'examples/transfusion/README.md'), 'utf8');

  it('transfuses by hand and prints what it says', async () => {
    const block = shellBlocks('transfusion').find(({ output }) => output !== undefined)!;
    const printed = await runBlock(block);
    expectPrinted(printed, block.output!, 0.0011);
    // Reused blocks are exactly those of the pretrained network before training.
    expect(printed).toMatch(/^block4(?: +1\.000){4} /m);
  }, 300_000);

  it('runs the quick study to the AUCs that it shows', async () => {
    const out = mkdtempSync(join(tmpdir(), 'svcca-example-'));
    try {
      const line = `npx svcca transfer examples/transfusion/plan.json --out ${out}`;
      const { code, stdout, stderr } = await runLine(line);
      expect(code, stderr).toBe(0);
      const shown = rowsOf(readme);
      expect(shown).toHaveLength(7);
      const found = rowsOf(stdout);
      expect(found.map(([condition, parameters]) => [condition, parameters])).toEqual(
        shown.map(([condition, parameters]) => [condition, parameters]),
      );
      found.forEach(([condition, , ...numbers], i) => {
        numbers.forEach((value, k) => {
          expect(Math.abs(Number(value) - Number(shown[i][k + 2])), condition).toBeLessThan(0.005);
        });
      });
      expect(readFileSync(join(out, 'report.html'), 'utf8')).toContain('id="exhibit-g"');
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  }, 300_000);
});

/** Condition, parameters, AUC and its interval of each row of exhibit (a). */
function rowsOf(text: string): string[][] {
  return [...text.matchAll(/^narrow CBR-Tiny +(\S+) +(\d+) +\d+ +(\d\.\d+) +(\d\.\d+) +(\d\.\d+)/gm)].map(
    (row) => row.slice(1),
  );
}

/** The demo as the README has it, and what it writes. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { Similarity } from '../../src/compare/similarity.js';
import { chromiumPath, root } from '../support.js';

describe('the demo', () => {
  let out = '';
  let err = '';
  beforeAll(async () => {
    const script = join(root, 'examples/compare-checkpoints/demo.ts');
    const child = spawn(process.execPath, ['--import', 'tsx', script], { cwd: root });
    child.stdout.on('data', (text) => (out += String(text)));
    child.stderr.on('data', (text) => (err += String(text)));
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code, err).toBe(0);
  }, 400_000);

  it('prints both diagonals side by side', () => {
    expect(out).toMatch(/layer +scratch–scratch +scratch–pretrained/);
    expect(out).toMatch(/relu1 +0\.\d{4} +0\.\d{4}/);
    expect(out).toContain('Wrote demo/report.html and demo/similarity.json');
  });

  it.each(['README.md', 'examples/compare-checkpoints/README.md'])(
    'prints the scores that %s shows',
    (file) => {
      const rows = (text: string) =>
        [...text.matchAll(/^(relu\d|gap|logits) +(0\.\d{4}) +(0\.\d{4})$/gm)].map(([, layer, ...scores]) => {
          return [layer, ...scores.map(Number)] as [string, number, number];
        });
      const shown = rows(readFileSync(join(root, file), 'utf8'));
      const printed = rows(out);
      expect(printed.map(([layer]) => layer)).toEqual(shown.map(([layer]) => layer));
      expect(shown).toHaveLength(6);
      // Backends round differently.
      printed.forEach(([layer, ...scores], i) => {
        scores.forEach((score, k) =>
          expect(Math.abs(score - Number(shown[i][k + 1])), layer).toBeLessThan(2e-3),
        );
      });
    },
  );

  it('writes both comparisons, every layer named, every score in (0, 1]', () => {
    const json = JSON.parse(readFileSync(join(root, 'demo/similarity.json'), 'utf8'));
    expect(json.format).toBe('svcca/similarities@1');
    const similarities: Similarity[] = json.comparisons.map((one: object) => Similarity.fromJSON(one));
    expect(similarities.map(({ names }) => names)).toEqual([
      { a: 'scratch-1', b: 'scratch-2' },
      { a: 'scratch-1', b: 'pretrained' },
    ]);
    const layers = ['relu1', 'relu2', 'relu3', 'relu4', 'gap', 'logits'];
    for (const { rows, cols, scores, samples } of similarities) {
      expect({ rows, cols, samples }).toEqual({ rows: layers, cols: layers, samples: 1000 });
      expect(scores).toHaveLength(36);
      for (const score of scores) expect(score > 0 && score <= 1, String(score)).toBe(true);
    }
  });

  it.skipIf(chromiumPath === undefined)(
    'writes a report that opens quietly in Chromium (set CHROMIUM_PATH if it is not found)',
    async () => {
      const browser = await chromium.launch({
        executablePath: chromiumPath!,
        args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
      });
      try {
        const page = await browser.newPage();
        const complaints: string[] = [];
        page.on('console', (message) => complaints.push(message.text()));
        page.on('pageerror', (error) => complaints.push(error.message));
        await page.goto(pathToFileURL(join(root, 'demo/report.html')).href);
        expect(await page.title()).toContain('pretraining');
        expect(await page.locator('svg').count()).toBeGreaterThan(1);
        expect(complaints).toEqual([]);
      } finally {
        await browser.close();
      }
    },
  );
});

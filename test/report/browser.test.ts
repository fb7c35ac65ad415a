import { chromium } from 'playwright-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diagonalCurve, heatmap, report, svgFile } from '../../src/report/index.js';
import { chromiumPath } from '../support.js';
import { studyFigures } from '../../src/report/study-figures.js';
import { studyReport } from '../../src/report/study.js';
import { awkward, layers, similarity } from './fixtures.js';
import { study } from './study-fixtures.js';

const quiet = [
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

const studies = {
  'two architectures': study(),
  'one seed and colour': study({ seeds: [7], conditions: ['random', 'gabor'], kernel: [3, 3, 3, 96] }),
  'awkward names': study({
    models: { [awkward[0]]: 1000, [awkward[5]]: 2500 },
    conditions: ['random', 'pretrained', `transfuse:${awkward[0]}`, `hybrid:${awkward[5]}:0.5`],
    layers: awkward,
    classes: awkward,
  }),
};

const long = { a: 'a/rather/long/path/to/a/checkpoint/model.json', b: 'b' };
const inputs = {
  'five layers': [similarity(layers(5), layers(5))],
  'forty layers': [similarity(layers(40, 'block_conv'), layers(40, 'block_conv'))],
  'several comparisons': [
    similarity(awkward, awkward),
    similarity(['x'], ['x'], undefined, { names: long }),
    similarity(layers(3, 'encoder/layer_'), layers(20, 'h.')),
    similarity(layers(4), layers(4), (r, c) => 12345.678 * (r - c), { measure: 'pls', options: {} }),
  ],
};

describe.skipIf(chromiumPath === undefined)('in Chromium (set CHROMIUM_PATH if it is not found)', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath: chromiumPath!,
      args: ['--no-sandbox', '--disable-gpu', ...quiet],
    });
  });
  afterAll(async () => browser?.close());

  /** Opens a page, runs `look` in it, and returns what it complained about and asked for. */
  async function visit(
    html: string,
    look: (page: Page) => Promise<void>,
    colorScheme: 'light' | 'dark' = 'light',
    width = 1280,
  ) {
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 900 } });
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => complaints.push(`request for ${request.url()}`));
    await page.route('**/*', (route) =>
      route.fulfill({ contentType: 'text/html; charset=utf-8', body: html }),
    );
    await page.goto('http://report.test/');
    await look(page);
    await page.close();
    return complaints;
  }

  describe.each(Object.entries(inputs))('the page of %s', (_, similarities) => {
    it.each([
      ['light', 1280, 'rgb(255, 255, 255)'],
      ['dark', 1280, 'rgb(20, 22, 26)'],
      ['dark', 420, 'rgb(20, 22, 26)'],
    ] as const)('is quiet, self-contained and fits, in %s at %d px', async (scheme, width, paper) => {
      const complaints = await visit(
        report(similarities),
        async (page) => {
          const seen = await page.evaluate(() => ({
            overflow: document.documentElement.scrollWidth - window.innerWidth,
            paper: getComputedStyle(document.body).backgroundColor,
            heatmaps: document.querySelectorAll('svg[aria-label^="Heat map"]').length,
          }));
          expect(seen).toEqual({ overflow: 0, paper, heatmaps: similarities.length });
        },
        scheme,
        width,
      );
      expect(complaints).toEqual(['request for http://report.test/']);
    });
  });

  describe.each(Object.entries(studies))('the page of a study of %s', (_, result) => {
    it.each([
      ['light', 1280],
      ['dark', 420],
    ] as const)('is quiet, self-contained and fits, in %s at %d px', async (scheme, width) => {
      const complaints = await visit(
        studyReport(result),
        async (page) => {
          const seen = await page.evaluate(() => ({
            overflow: document.documentElement.scrollWidth - window.innerWidth,
            pictures: [...document.querySelectorAll('image')].length,
            misread: document.querySelectorAll('svg svg, p > table, tr > div').length,
          }));
          expect(seen).toEqual({ overflow: 0, pictures: 2 * result.filters.length, misread: 0 });
        },
        scheme,
        width,
      );
      expect(complaints).toEqual(['request for http://report.test/']);
    });

    it('has drawings whose text stays inside, no name over another', async () => {
      const drawings = Object.values(studyFigures(result)).map((svg) => svg.replace(/^<\?xml[^>]*>\n/, ''));
      await visit(
        `<!DOCTYPE html><meta charset="utf-8"><link rel="icon" href="data:,">${drawings.join('')}`,
        async (page) => {
          expect(await page.evaluate(misplaced)).toEqual([]);
        },
      );
    });
  });

  it('reads every drawing as XML', async () => {
    const drawings = Object.values(inputs)
      .flatMap((all) => [
        diagonalCurve(all),
        ...all.map((one) => heatmap(one)),
        ...all.map((one) => svgFile(one)),
      ])
      .concat(Object.values(studies).flatMap((one) => Object.values(studyFigures(one))));
    await visit('<!DOCTYPE html><title>x</title>', async (page) => {
      const errors = await page.evaluate(
        (texts) =>
          texts.map(
            (text) =>
              new DOMParser().parseFromString(text, 'image/svg+xml').querySelector('parsererror')
                ?.textContent,
          ),
        drawings,
      );
      expect(errors.filter((error) => error !== undefined && error !== null)).toEqual([]);
    });
  });

  it('shows all text inside its drawing, values inside their cells, and no name over another', async () => {
    for (const all of Object.values(inputs)) {
      const drawings = [diagonalCurve(all), ...all.map((one) => heatmap(one))];
      await visit(
        `<!DOCTYPE html><meta charset="utf-8"><link rel="icon" href="data:,">${drawings.join('')}`,
        async (page) => {
          expect(await page.evaluate(misplaced)).toEqual([]);
        },
      );
    }
  });
});

/** Runs in the page: texts that leave their drawing or their cell, or cross a straight neighbour. */
function misplaced(): string[] {
  const faults: string[] = [];
  for (const svg of document.querySelectorAll('svg')) {
    const outer = svg.getBoundingClientRect();
    const inside = (text: Element, box: DOMRect): boolean => {
      const { left, right, top, bottom } = text.getBoundingClientRect();
      return left >= box.left - 1 && right <= box.right + 1 && top >= box.top - 1 && bottom <= box.bottom + 1;
    };
    const texts = [...svg.querySelectorAll('text')];
    faults.push(
      ...texts
        .filter((text) => !inside(text, outer))
        .map((text) => `leaves its drawing: ${text.textContent}`),
    );
    for (const text of svg.querySelectorAll('.cell > text')) {
      const box = text.parentElement!.querySelector('rect')!.getBoundingClientRect();
      if (!inside(text, box)) faults.push(`leaves its cell: ${text.textContent}`);
    }
    const straight = texts.filter((text) => !(text.getAttribute('transform') ?? '').includes('rotate'));
    const boxes = straight.map((text) => text.getBoundingClientRect());
    boxes.forEach((a, i) =>
      boxes.slice(i + 1).forEach((b, j) => {
        const [across, down] = [
          Math.min(a.right, b.right) - Math.max(a.left, b.left),
          Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top),
        ];
        if (across > 1 && down > 3)
          faults.push(`${straight[i].textContent} over ${straight[i + 1 + j].textContent}`);
      }),
    );
  }
  return faults;
}

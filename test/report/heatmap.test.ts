import { describe, expect, it } from 'vitest';
import { heatmap, svgFile } from '../../src/report/index.js';
import { colourScale, luminance } from '../../src/report/colour.js';
import { awkward, cell, layers, similarity } from './fixtures.js';
import { all, parseXml, visible } from './well-formed.js';
import type { Node } from './well-formed.js';

const cellsOf = (svg: Node): Node[] => all(svg, 'g').filter(({ attributes }) => attributes.class === 'cell');
const hoverOf = (node: Node): string => all(node, 'title')[0].text;
const marked = (node: Node): boolean =>
  node.children.filter(({ name }) => name !== 'title' && name !== 'text').length === 2;

describe.each([
  ['5 × 5', layers(5), layers(5)],
  ['1 × 1', ['x'], ['x']],
  ['40 × 40', layers(40), layers(40)],
  ['3 × 7', layers(3), layers(7, 'block')],
  ['60 × 2', layers(60), layers(2)],
  ['awkward names', awkward, awkward],
])('a heat map of %s', (_, rows, cols) => {
  const input = similarity(rows, cols);
  const svg = parseXml(heatmap(input));

  it('has a cell per pair of layers, with value, kept directions and samples on hover', () => {
    const cells = cellsOf(svg);
    expect(cells).toHaveLength(rows.length * cols.length);
    const last = hoverOf(cells[cells.length - 1]);
    expect(last).toContain(`${rows.at(-1)} (scratch) × ${cols.at(-1)} (pretrained)`);
    expect(last).toContain(`SVCCA ${Number(input.scores.at(-1)!.toPrecision(7))}`);
    expect(last).toContain('kept 31 of rank 64, 28 of rank 62');
    expect(last).toContain('1,000 samples');
  });

  it('prints the values while there is room', () => {
    const texts = cellsOf(svg).flatMap((node) => all(node, 'text'));
    expect(texts).toHaveLength(cols.length <= 24 ? rows.length * cols.length : 0);
    if (texts.length > 0) expect(Number(texts[0].text)).toBeCloseTo(input.scores[0], 2);
  });

  it('marks one best match in each row', () => {
    const cells = cellsOf(svg);
    rows.forEach((row, r) => {
      const line = cells.slice(r * cols.length, (r + 1) * cols.length);
      expect(line.filter(marked)).toHaveLength(1);
      expect(cols[line.findIndex(marked)]).toBe(input.best(row).layer);
    });
  });

  it('names itself, the measure and every layer, the long ones on hover', () => {
    expect(svg.attributes).toMatchObject({ role: 'img', xmlns: 'http://www.w3.org/2000/svg' });
    expect(svg.attributes['aria-label']).toMatch(
      /^Heat map of SVCCA: .+ of scratch by .+ of pretrained, from 0\.\d+ to 0\.\d+$/,
    );
    expect(visible(svg)).toContain('SVCCA');
    const texts = all(svg, 'text').map((node) => (node.children[0] ?? node).text);
    for (const name of [...rows, ...cols, 'scratch', 'pretrained']) expect(texts).toContain(name);
  });
});

describe('colours', () => {
  const two = (scores: number[], more = {}) =>
    similarity(['r'], layers(scores.length), (_, c) => scores[c], more);
  const fills = (svg: string): string[] =>
    cellsOf(parseXml(svg)).map((node) => all(node, 'rect')[0].attributes.fill);

  it('leave a contrast of at least 4.5 to the ink everywhere on the scale', () => {
    const scale = colourScale(similarity(['x'], ['x']));
    for (let at = 0; at <= 1; at += 1 / 256) {
      const [paper, ink] = [luminance(scale.colour(at)), luminance(scale.ink(at))];
      expect((Math.max(paper, ink) + 0.05) / (Math.min(paper, ink) + 0.05)).toBeGreaterThan(4.5);
    }
  });

  it('run over [0, 1], over the extent where scores lie outside, and over the domain that is asked for', () => {
    expect(fills(heatmap(two([0, 1])))).toEqual(['#440154', '#fde725']);
    expect(fills(heatmap(two([2, 3, 4])))[1]).toBe(fills(heatmap(two([0, 0.5, 1])))[1]);
    expect(fills(heatmap(two([0.5, 0.6]), { domain: [0.5, 0.6] }))).toEqual(['#440154', '#fde725']);
    expect(fills(heatmap(two([1 + 1e-15]))).length).toBe(1);
  });

  it('turn round for distances, where the smallest is the best match', () => {
    const angle = two([0, 1.5], { measure: 'procrustes', options: { output: 'angle' } });
    const svg = heatmap(angle);
    expect(fills(svg)).toEqual(['#fde725', '#440154']);
    expect(cellsOf(parseXml(svg)).map(marked)).toEqual([true, false]);
    expect(visible(parseXml(svg))).toContain('Procrustes angle');
    expect(visible(parseXml(svg))).toContain('brighter is closer');
  });

  it('are grey where there is no score', () => {
    const svg = heatmap(two([Number.NaN, 0.5]));
    expect(fills(svg)[0]).toBe('#9a9a9a');
    expect(visible(parseXml(svg))).toContain('–');
  });
});

describe('heatmap', () => {
  it('keeps large and negative values in their cells', () => {
    const svg = parseXml(
      heatmap(similarity(layers(4), layers(4), (r, c) => (r + 1) * 12345.678 - c * 40000)),
    );
    expect(visible(svg)).toContain('12,346');
    expect(visible(svg)).toContain('−27,654');
  });

  it('says how many samples a cell of its own has', () => {
    const one = similarity(['x'], ['x'], undefined, { cells: [cell(0.5, { samples: 1 })] });
    expect(hoverOf(cellsOf(parseXml(heatmap(one)))[0])).toMatch(/1 sample$/);
  });

  it('refuses what it cannot draw', () => {
    expect(() => heatmap(similarity([], []))).toThrow('a similarity of 0 × 0 layers cannot be drawn');
    expect(() => heatmap(similarity(['x'], ['x']), { domain: [1, 0] })).toThrow(
      'domain is [1,0]: give two numbers',
    );
    expect(() => heatmap(similarity(['x'], ['x']), { domian: [0, 1] } as object)).toThrow(
      "no option 'domian'",
    );
  });
});

describe('svgFile', () => {
  it('is the heat map with a prologue, margins and colours of its own', () => {
    const file = svgFile(similarity(awkward, layers(3)));
    expect(file).toMatch(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n<svg /);
    const svg = parseXml(file);
    expect(svg.attributes.viewBox).toMatch(/^-16 -16 /);
    expect(all(svg, 'style')[0].text).toContain('prefers-color-scheme:dark');
    expect(cellsOf(svg)).toHaveLength(awkward.length * 3);
  });
});
